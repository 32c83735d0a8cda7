/* test_auth.c - the table of methods: its words are options of a cloud block, and the option table knows all
 * methods and forms of a signature, in the order of their enumerations. */
#include "auth.h"

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct config_option *cloud_option(const char *name)
{
	for (size_t i = 0; i < config_options_size; i++)
		if (strcmp(config_options[i].block, "cloud") == 0 &&
			strcmp(config_options[i].name, name) == 0)
			return &config_options[i];
	return NULL;
}

static void check_words(enum auth_method m, const char *list)
{
	char text[200], *rest = NULL;

	assert_true((size_t)snprintf(text, sizeof(text), "%s", list) < sizeof(text));
	for (char *p = strtok_r(text, " +|", &rest); p; p = strtok_r(NULL, " +|", &rest)) {
		if (!cloud_option(p))
			fail_msg("%s: '%s' is no option of a cloud", auth_table[m].name, p);
		assert_true(auth_takes(m, p));
		assert_true(auth_any_takes(p));
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < _AUTH_METHOD_MAX; i++) {
		const struct auth_row *row = &auth_table[i];

		assert_non_null(row->name);
		assert_non_null(row->meaning);
		check_words((enum auth_method)i, row->needs);
		check_words((enum auth_method)i, row->takes);
		/* What `secret` is called is said by every method that has it, and by no other. */
		assert_int_equal(row->secret != NULL, auth_takes((enum auth_method)i, "secret"));
		/* What signs has a form for it. */
		if (row->signs)
			assert_true(auth_takes((enum auth_method)i, "signature"));
	}
}

static void test_names(void **state)
{
	char names[200] = "", forms[200] = "";

	(void)state;
	for (size_t i = 0; i < _AUTH_METHOD_MAX; i++) {
		assert_string_equal(auth_method_name((enum auth_method)i), auth_table[i].name);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
			auth_table[i].name);
	}
	for (size_t i = 0; i < _SIGNATURE_MAX; i++)
		snprintf(forms + strlen(forms), sizeof(forms) - strlen(forms), "%s%s", i ? " " : "",
			signature_name((enum signature)i));
	assert_string_equal(cloud_option("auth")->words, names);
	assert_string_equal(cloud_option("signature")->words, forms);
	assert_string_equal(auth_method_name(_AUTH_METHOD_MAX), "unknown");
	assert_string_equal(signature_name(_SIGNATURE_MAX), "unknown");
}

static void test_takes(void **state)
{
	static const struct {
		enum auth_method m;
		const char *option;
		bool takes;
	} table[] = {
		{AUTH_PASSWORD, "user", true},
		{AUTH_PASSWORD, "user_id", true},
		{AUTH_PASSWORD, "domain", true},
		{AUTH_PASSWORD, "access_key", false},
		{AUTH_PASSWORD, "agency", false},
		{AUTH_PASSWORD, "pace", true},
		{AUTH_PASSWORD, "drs", true},
		{AUTH_AKSK, "access_key", true},
		{AUTH_AKSK, "user", false},
		{AUTH_ECS_AGENCY, "iam", true},
		{AUTH_ECS_AGENCY, "secret", false},
		{AUTH_ASSUME_ROLE, "agency_domain", true},
		{AUTH_TOKEN_FILE, "project", true},
		{AUTH_TOKEN_FILE, "domain", false},
		{AUTH_CLOUDS_YAML, "entry", true},
		{AUTH_CLOUDS_YAML, "secret", false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (auth_takes(table[i].m, table[i].option) != table[i].takes)
			fail_msg("%s: %s", auth_method_name(table[i].m), table[i].option);
	assert_true(auth_any_takes("user_id"));
	assert_false(auth_any_takes("user_"));
	assert_false(auth_any_takes("user_id2"));
	assert_false(auth_any_takes(""));
	assert_false(auth_any_takes("pace"));
}

/* The rows of the configuration by which defaults of options depend on the method: `auth` stands before them. */
static void test_auth_goes_first(void **state)
{
	const struct config_option *auth = cloud_option("auth");

	(void)state;
	for (size_t i = 0; i < config_options_size; i++) {
		const struct config_option *o = &config_options[i];

		if (strcmp(o->block, "cloud") == 0 && o->by_default && auth_any_takes(o->name))
			assert_true(o > auth);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_takes),
		cmocka_unit_test(test_auth_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
