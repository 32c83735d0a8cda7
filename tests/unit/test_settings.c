/* test_settings.c - references, look-ups, task ids. */
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_refs(void **state)
{
	struct settings *s = settings_new();

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->refs, 1);
	assert_ptr_equal(settings_ref(s), s);
	assert_int_equal(s->refs, 2);
	assert_null(settings_unref(s));
	assert_int_equal(s->refs, 1);
	assert_null(settings_unref(s));
	assert_null(settings_unref(NULL));
}

static void test_lookup(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = settings_new();

	(void)state;
	assert_null(settings_cloud(s, "a"));
	assert_null(settings_job(s, "a"));
	s->clouds = calloc(2, sizeof(*s->clouds));
	s->jobs = calloc(2, sizeof(*s->jobs));
	s->n_clouds = s->n_jobs = 2;
	s->clouds[0].name = strdup("a");
	s->clouds[1].name = strdup("b");
	s->jobs[0].name = strdup("b");
	s->jobs[1].name = strdup("a");
	assert_ptr_equal(settings_cloud(s, "a"), &s->clouds[0]);
	assert_ptr_equal(settings_cloud(s, "b"), &s->clouds[1]);
	assert_ptr_equal(settings_job(s, "a"), &s->jobs[1]);
	assert_null(settings_cloud(s, "A"));
	assert_null(settings_job(s, "ab"));
	assert_null(settings_job(s, ""));
}

static void test_task_id(void **state)
{
	static const struct {
		const char *id;
		bool valid;
	} table[] = {
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb101", true},
		{"00000000-0000-0000-0000-000000000000", true},
		{"zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", true},
		{"", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb10", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb1011", false},
		{"8A7f0d5e-1c2b-4f3a-9e8d-0123456jb101", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb10 ", false},
		{"8a7f0d5e11c2b-4f3a-9e8d-0123456jb101", false},
		{"8a7f0d5-e1c2b-4f3a-9e8d-0123456jb101", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb-01", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb1\xc3\xa4", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb10/", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb10:", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb10`", false},
		{"8a7f0d5e-1c2b-4f3a-9e8d-0123456jb10{", false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (task_id_valid(table[i].id) != table[i].valid)
			fail_msg("'%s'", table[i].id);
}

static void test_auth_name(void **state)
{
	(void)state;
	for (int m = 0; m < _AUTH_METHOD_MAX; m++)
		assert_string_not_equal(auth_method_name((enum auth_method)m), "unknown");
	assert_string_equal(auth_method_name(_AUTH_METHOD_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refs),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_task_id),
		cmocka_unit_test(test_auth_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
