/* test_json.c - what is JSON and what is not, and that no getter ever guesses. */
#include "json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct json *parse(const char *text)
{
	struct json *root;

	if (json_parse(text, strlen(text), &root) < 0)
		fail_msg("not taken: %s", text);
	return root;
}

static void test_accepted(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{}\n",
		" \r\n\t{\"a\":1} \n",
		"{\"a\":\"\xc3\xa4\xe4\xb8\xad\xe6\x96\x87\"}", /* German and Chinese */
		"{\"a\":null,\"b\":[null,{}]}",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		json_free(parse(texts[i]));
	assert_null(json_free(NULL));
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"null",
		"[]",
		"[{}]",
		"1",
		"\"a\"",
		"true",
		"{",
		"{}x",
		"{}{}",
		"{\"a\":1,}",
		"{\"a\"}",
		"{\"a\":01}",
		"{\"a\":truE}",
		"{a:1}",
		"/* c */{}",
		"{\"a\":\"\xff\"}",
		"\xef\xbb\xbf{}",
		"<html><body>502 Bad Gateway</body></html>",
	};
	struct json *root = (struct json *)1;
	char deep[256];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		if (json_parse(texts[i], strlen(texts[i]), &root) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	assert_int_equal(json_parse("{}\0{}", 5, &root), -EINVAL);
	assert_int_equal(json_parse("{}\0", 3, &root), -EINVAL);
	for (int levels = 1; levels <= 100; levels++) {
		int n = snprintf(deep, sizeof(deep), "{\"a\":");

		memset(deep + n, '[', (size_t)levels);
		memset(deep + n + levels, ']', (size_t)levels);
		memcpy(deep + n + 2 * levels, "}", 2);
		if (levels <= 10) {
			assert_int_equal(json_parse(deep, strlen(deep), &root), 0);
			json_free(root);
			root = (struct json *)1;
		} else if (levels > 16) {
			assert_int_equal(json_parse(deep, strlen(deep), &root), -EINVAL);
		}
	}
	assert_ptr_equal(root, (struct json *)1); /* untouched on failure */
}

static void test_types(void **state)
{
	struct json *root = parse(
		"{\"s\":\"text\",\"e\":\"\",\"z\":\"a\\u0000b\",\"n\":null,\"i\":7,"
		"\"neg\":-7,\"d\":1.0,\"big\":12345678901234567890,"
		"\"huge\":123456789012345678901234567890,\"nan\":NaN,"
		"\"t\":true,\"f\":false,\"ts\":\"true\",\"fs\":\"false\","
		"\"tS\":\"True\",\"one\":\"1\","
		"\"o\":{\"x\":\"y\"},\"a\":[{\"x\":1},null,5,[],\"s\"],"
		"\"twice\":1,\"twice\":2}");
	static const char *const all[] = {"s", "e", "z", "n", "i", "neg", "d", "big", "huge", "nan",
		"t", "f", "ts", "fs", "tS", "one", "o", "a", "absent"};
	size_t len = 99;
	int64_t number = 99;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(all); i++) {
		const char *k = all[i];
		bool string = strchr("sez", k[0]) || strcmp(k, "ts") == 0 || strcmp(k, "fs") == 0 ||
			      strcmp(k, "tS") == 0 || strcmp(k, "one") == 0;
		bool integer = strcmp(k, "i") == 0 || strcmp(k, "neg") == 0;
		int truth = strcmp(k, "t") == 0 || strcmp(k, "ts") == 0   ? 1
			    : strcmp(k, "f") == 0 || strcmp(k, "fs") == 0 ? 0
									  : -1;

		if (!!json_get_string(root, k, &len) != string ||
			!!json_get_word(root, k) != (string && k[0] != 'e' && k[0] != 'z') ||
			json_get_integer(root, k, &number) != integer ||
			json_get_bool(root, k) != truth ||
			!!json_get_object(root, k) != (strcmp(k, "o") == 0) ||
			!!json_get_array(root, k) != (strcmp(k, "a") == 0) ||
			json_has(root, k) != (strcmp(k, "n") != 0 && strcmp(k, "absent") != 0))
			fail_msg("%s", k);
	}
	assert_string_equal(json_get_string(root, "s", &len), "text");
	assert_int_equal(len, 4);
	assert_memory_equal(json_get_string(root, "z", &len), "a\0b", 3);
	assert_int_equal(len, 3);
	assert_true(json_get_integer(root, "neg", &number));
	assert_int_equal(number, -7);
	assert_true(json_get_integer(root, "twice", &number));
	assert_int_equal(number, 2);
	assert_string_equal(json_get_word(json_get_object(root, "o"), "x"), "y");
	assert_int_equal(json_count(json_get_array(root, "a")), 5);
	assert_non_null(json_at(json_get_array(root, "a"), 0));
	for (size_t i = 1; i < 7; i++)
		assert_null(json_at(json_get_array(root, "a"), i));
	assert_int_equal(json_count(root), 0);
	assert_string_equal(json_get_text(root, "a", &len), "[{\"x\":1},null,5,[],\"s\"]");
	assert_int_equal(len, 23);
	assert_string_equal(json_get_text(root, "n", &len), "");
	assert_int_equal(len, 0);
	json_free(root);
}

/* All of it again on things that are no objects. */
static void test_null(void **state)
{
	size_t len;
	int64_t number;

	(void)state;
	assert_null(json_get_object(NULL, "a"));
	assert_null(json_get_array(NULL, "a"));
	assert_null(json_get_string(NULL, "a", &len));
	assert_null(json_get_word(NULL, "a"));
	assert_false(json_get_integer(NULL, "a", &number));
	assert_int_equal(json_get_bool(NULL, "a"), -1);
	assert_int_equal(json_get_percent(NULL, "a"), -1);
	assert_int_equal(json_count(NULL), 0);
	assert_null(json_at(NULL, 0));
	assert_false(json_has(NULL, "a"));
}

static void test_percent(void **state)
{
	static const struct {
		const char *value;
		int percent;
	} rows[] = {
		{"\"0%\"", 0},
		{"\"40%\"", 40},
		{"\"100%\"", 100},
		{"\"100\"", 100},
		{"\" 7 % \"", 7},
		{"\"99.5%\"", 99},
		{"\"99.99\"", 99},
		{"\"100.0%\"", 100},
		{"\"007%\"", 7},
		{"0", 0},
		{"100", 100},
		{"55", 55},
		/* nonsense */
		{"\"\"", -1},
		{"\" \"", -1},
		{"\"%\"", -1},
		{"\"101%\"", -1},
		{"\"1000%\"", -1},
		{"\"100.1%\"", -1},
		{"\"-1%\"", -1},
		{"\"+1%\"", -1},
		{"\"100%x\"", -1},
		{"\"100%%\"", -1},
		{"\"1e2\"", -1},
		{"\"0x64\"", -1},
		{"\"100 0\"", -1},
		{"\".5\"", -1},
		{"\"5.\"", -1},
		{"\"\\u0031\\u0000\"", -1},
		{"\"ten\"", -1},
		{"\"100%\\u0000\"", -1},
		{"\"18446744073709551716%\"", -1},
		{"-1", -1},
		{"101", -1},
		{"99.5", -1},
		{"100.0", -1},
		{"true", -1},
		{"null", -1},
		{"[100]", -1},
		{"{}", -1},
		{"12345678901234567890", -1},
		{"NaN", -1},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char text[64];
		struct json *root;

		snprintf(text, sizeof(text), "{\"p\":%s}", rows[i].value);
		root = parse(text);
		if (json_get_percent(root, "p") != rows[i].percent)
			fail_msg("%s gives %d", rows[i].value, json_get_percent(root, "p"));
		json_free(root);
	}
}

static void test_quote(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\n\x1f\x01", "\"\\u000a\\u001f\\u0001\""},
		{"\xc3\xa4/\x7f", "\"\xc3\xa4/\x7f\""},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char buf[64] = "untouched";
		size_t len = strlen(rows[i].out);

		assert_int_equal(json_quote(buf, len, rows[i].in), len);
		assert_string_equal(buf, "untouched"); /* no room for the NUL */
		assert_int_equal(json_quote(NULL, 0, rows[i].in), len);
		assert_int_equal(json_quote(buf, len + 1, rows[i].in), len);
		assert_string_equal(buf, rows[i].out);
	}
}

/* What we quote, json-c reads back: every byte that may stand in a password. */
static void test_quote_round_trip(void **state)
{
	char all[128], quoted[1024], text[1100];
	struct json *root;

	(void)state;
	for (int i = 0; i < 127; i++)
		all[i] = (char)(i + 1);
	all[127] = '\0';
	assert_true(json_quote(quoted, sizeof(quoted), all) < sizeof(quoted));
	snprintf(text, sizeof(text), "{\"p\":%s}", quoted);
	root = parse(text);
	assert_string_equal(json_get_word(root, "p"), all);
	json_free(root);
}

static void test_writer(void **state)
{
	struct json_writer w = {0};
	char *text = NULL, big[5000];
	struct json *root;
	size_t len;

	(void)state;
	json_open(&w, NULL, '{');
	json_put_string(&w, "s\"", "a\nb");
	json_put_string(&w, "left out", NULL);
	json_put_string(&w, "empty", "");
	json_open(&w, "list", '[');
	json_put_string(&w, NULL, "x=[{");
	json_put_string(&w, NULL, "y");
	json_put_integer(&w, NULL, INT64_MIN);
	json_open(&w, NULL, '{');
	json_close(&w, '}');
	json_close(&w, ']');
	json_put_bool(&w, "t", true);
	json_put_bool(&w, "f", false);
	json_close(&w, '}');
	assert_int_equal(json_take(&w, &text, &len), 0);
	assert_string_equal(text, "{\"s\\\"\":\"a\\u000ab\",\"empty\":\"\","
				  "\"list\":[\"x=[{\",\"y\",-9223372036854775808,{}],"
				  "\"t\":true,\"f\":false}");
	assert_int_equal(len, strlen(text));
	root = parse(text);
	assert_string_equal(json_string_at(json_get_array(root, "list"), 0), "x=[{");
	assert_null(json_string_at(json_get_array(root, "list"), 2));
	assert_null(json_string_at(json_get_array(root, "list"), 4));
	assert_null(json_string_at(NULL, 0));
	json_free(root);
	free(text);

	/* longer than any room it has, and bytes that are no UTF-8 */
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	big[100] = '\xff';
	json_open(&w, NULL, '{');
	for (char key[2] = "a"; *key < 'k'; key[0]++)
		json_put_string(&w, key, big);
	json_close(&w, '}');
	assert_int_equal(json_take(&w, &text, NULL), 0);
	root = parse(text);
	assert_int_equal(strlen(json_get_word(root, "j")), sizeof(big) - 2 + 4);
	json_free(root);
	free(text);
	assert_int_equal(json_take(&w, &text, NULL), -ENOMEM); /* nothing was written */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote_round_trip),
		cmocka_unit_test(test_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
