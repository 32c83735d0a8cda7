/* test_token.c - the shelf of tokens: who is kept, who goes, and what is refused. */
#include "token.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct secret *secret(const char *text)
{
	struct secret *s;

	assert_int_equal(secret_new(text, strlen(text), &s), 0);
	return s;
}

static struct pass *token(const char *text)
{
	struct pass *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->token = secret(text);
	return p;
}

static void put(struct token_shelf *s, const char *cloud, uint64_t login)
{
	char text[32];

	snprintf(text, sizeof(text), "token-%u", (unsigned)login);
	assert_int_equal(token_put(s, cloud, login, token(text)), 0);
}

static void expect(const struct token_shelf *s, uint64_t login, bool there)
{
	const struct pass *t = token_get(s, login);
	char text[32];

	if (!there) {
		assert_null(t);
		return;
	}
	snprintf(text, sizeof(text), "token-%u", (unsigned)login);
	assert_non_null(t);
	assert_string_equal(secret_bytes(t->token), text);
}

static void test_oldest_goes(void **state _unused_)
{
	_cleanup_(token_shelf_freep) struct token_shelf *s = NULL;

	assert_int_equal(token_shelf_new(&s), 0);
	expect(s, 1, false);
	put(s, "north", 7); /* age is the order of arrival, not the number */
	put(s, "south", 1);
	put(s, "north", 2);
	put(s, "north", 3);
	expect(s, 7, true);
	put(s, "north", 4);
	expect(s, 7, false);
	expect(s, 1, true); /* of another cloud */
	expect(s, 2, true);
	expect(s, 3, true);
	expect(s, 4, true);
	put(s, "north", 5);
	expect(s, 2, false);
	expect(s, 1, true);
}

static void test_refused(void **state _unused_)
{
	_cleanup_(token_shelf_freep) struct token_shelf *s = NULL;
	const struct {
		const char *text;
		uint64_t login;
		int error;
	} table[] = {
		{"", 2, -EINVAL},
		{"x", 0, -EINVAL},
		{"x", 1, -EEXIST},
	};

	assert_int_equal(token_shelf_new(&s), 0);
	put(s, "north", 1);
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct pass *t = token(table[i].text);

		assert_int_equal(token_put(s, "north", table[i].login, t), table[i].error);
		pass_free(t); /* still ours */
	}
	assert_null(token_get(s, 0));
	assert_null(token_get(s, 2));
	expect(s, 1, true);
}

static void test_key(void **state _unused_)
{
	_cleanup_(token_shelf_freep) struct token_shelf *s = NULL;
	struct pass *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(token_shelf_new(&s), 0);
	p->key = secret("key");
	assert_int_equal(token_put(s, "north", 1, p), -EINVAL); /* whose? */
	p->access = strdup("AK");
	p->security_token = secret("st");
	assert_int_equal(token_put(s, "north", 1, p), 0);
	assert_ptr_equal(token_get(s, 1), p);
}

static void test_nothing_to_free(void **state _unused_)
{
	assert_null(token_shelf_free(NULL));
	assert_null(pass_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_goes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
