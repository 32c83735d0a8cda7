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

static void test_accept(void **state)
{
	struct accept accepts[] = {
		{.item = (char *)"a", .failed_reason = (char *)"R", .until = 1000},
		{.item = (char *)"a", .failed_reason = (char *)"S", .until = 3000},
		{.item = (char *)"a", .until = 2000},
		{.item = (char *)"b", .until = 3000},
	};
	const struct job_settings job = {.n_accepts = ELEMENTSOF(accepts), .accepts = accepts};
	static const struct {
		const char *item, *reason;
		int64_t wall;
		int found; /* -1: none */
	} table[] = {
		{"a", "R", 999, 0},
		{"a", "R", 1000, 2}, /* it ends at `until`; the one for any reason goes on */
		{"a", "R", 1999, 2},
		{"a", "R", 2000, -1},
		{"a", "S", 0, 1},
		{"a", "S", 2999, 1},
		{"a", "S", 3000, -1},
		{"a", "T", 0, 2},
		{"a", "", 0, 2},
		{"a", NULL, 0, 2},
		{"a", NULL, 2000, -1},
		{"b", "R", 0, 3},
		{"b", NULL, 2999, 3},
		{"b", NULL, 3000, -1},
		{"A", NULL, 0, -1},
		{"ab", "R", 0, -1},
		{"", NULL, 0, -1},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		const struct accept *a = settings_accept(
			&job, table[i].item, table[i].reason, table[i].wall);
		const struct accept *want = table[i].found < 0 ? NULL : &accepts[table[i].found];

		if (a != want)
			fail_msg("row %zu", i);
	}
	assert_null(settings_accept(&(struct job_settings){0}, "a", "R", 0));
	assert_null(settings_free_accepts(NULL, 0));
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

static void test_same_cloud(void **state)
{
	struct cloud_settings a = {.iam = (char *)"i",
		.drs = (char *)"d",
		.user = (char *)"u",
		.domain = (char *)"o",
		.project = (char *)"p"};
	struct cloud_settings b = a;

	(void)state;
	assert_true(cloud_settings_same(&a, &b));
	b.domain = (char *)"x";
	assert_false(cloud_settings_same(&a, &b));
	/* agencies of two accounts, assumed by one user */
	a.method = b.method = AUTH_ASSUME_ROLE;
	b.domain = a.domain;
	a.agency = b.agency = (char *)"g";
	a.agency_domain = (char *)"one";
	b.agency_domain = (char *)"two";
	assert_string_equal(cloud_account(&a), "one");
	assert_false(cloud_settings_same(&a, &b));
	b.agency_domain = (char *)"one";
	assert_true(cloud_settings_same(&a, &b));
	/* entries that were not read yet: by where they stand */
	a = b = (struct cloud_settings){
		.method = AUTH_CLOUDS_YAML, .drs = (char *)"d", .entry = (char *)"otc"};
	assert_true(cloud_settings_same(&a, &b));
	b.region = (char *)"eu-nl";
	assert_false(cloud_settings_same(&a, &b));
	b.method = AUTH_PASSWORD;
	b.region = NULL;
	assert_false(cloud_settings_same(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_cloud),
		cmocka_unit_test(test_refs),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_task_id),
		cmocka_unit_test(test_auth_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
