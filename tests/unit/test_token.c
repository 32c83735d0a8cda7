/* test_token.c - the shelf of tokens: who is kept, who goes, and what is refused. */
#include "token.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct secret *token(const char *text)
{
	struct secret *s;

	assert_int_equal(secret_new(text, strlen(text), &s), 0);
	return s;
}

static void put(struct token_shelf *s, const char *cloud, uint64_t login)
{
	char text[32];

	snprintf(text, sizeof(text), "token-%u", (unsigned)login);
	assert_int_equal(token_put(s, cloud, login, token(text)), 0);
}

static void expect(const struct token_shelf *s, uint64_t login, bool there)
{
	const struct secret *t = token_get(s, login);
	char text[32];

	if (!there) {
		assert_null(t);
		return;
	}
	snprintf(text, sizeof(text), "token-%u", (unsigned)login);
	assert_non_null(t);
	assert_string_equal(secret_bytes(t), text);
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
		struct secret *t = token(table[i].text);

		assert_int_equal(token_put(s, "north", table[i].login, t), table[i].error);
		secret_free(t); /* still ours */
	}
	assert_null(token_get(s, 0));
	assert_null(token_get(s, 2));
	expect(s, 1, true);
}

static void test_nothing_to_free(void **state _unused_)
{
	assert_null(token_shelf_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_goes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nothing_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
