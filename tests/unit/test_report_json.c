/* test_report_json.c - a report comes back as it was written, and nothing else is taken for one. */
#include "report_json.h"

#include "store_fixture.h"

static void test_form(void **state)
{
	static const char expected[] = "{\"process\":100,\"rate\":50,\"result\":0,\"fingerprint\":"
				       "\"00000000000000ff\",\"items\":["
				       "{\"name\":\"a\",\"result\":\"FAILED\",\"reason\":\"no "
				       "\\\"log\\\"\",\"message\":\"m\","
				       "\"since\":5,\"runs\":2},"
				       "{\"name\":\"b\",\"result\":\"OTHER\",\"said\":\"MAYBE\","
				       "\"group\":\"g\",\"parts\":\"p\","
				       "\"checked\":false},"
				       "{\"name\":\"c\",\"result\":\"PASSED\"}]}";
	struct item items[] = {
		{.name = (char *)"c", .result = ITEM_PASSED, .checked = true},
		{.name = (char *)"a",
			.result = ITEM_FAILED,
			.reason = (char *)"no \"log\"",
			.message = (char *)"m",
			.checked = true,
			.since = 5,
			.runs = 2},
		{.name = (char *)"b",
			.result = ITEM_OTHER,
			.said = (char *)"MAYBE",
			.group = (char *)"g",
			.parts = (char *)"p"},
	};
	struct report *r = NULL;
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(report_new(&r), 0);
	for (size_t i = 0; i < ELEMENTSOF(items); i++)
		assert_int_equal(report_add(r, &items[i]), 0);
	report_seal(r);
	r->process = 100;
	r->rate = 50;
	r->result = 0;
	r->fingerprint = 255;
	assert_int_equal(report_to_json(r, &text, &len), 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	free(text);
	report_unref(r);
}

static void test_round_trip(void **state)
{
	struct dice d = {20261125};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct report *r = roll_report(&d), *back = NULL;
		const char *field;
		char *text = NULL;
		size_t len;

		assert_int_equal(report_to_json(r, &text, &len), 0);
		assert_null(strchr(text, '\n'));
		if (report_from_json(text, len, &back) != 0)
			fail_msg("not read back: %s", text);
		field = report_difference(r, back);
		if (field)
			fail_msg("%s differs: %s", field, text);
		assert_true(report_hash(r) == report_hash(back));
		free(text);
		report_unref(r);
		report_unref(back);
	}
}

/* Whatever bytes come that far, what is written can be read. */
static void test_bytes(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char reason[4] = {'a', (char)c, 'b', 0};
		struct item item = {.name = (char *)"x",
			.result = ITEM_FAILED,
			.reason = reason,
			.checked = true};
		struct report *r = NULL, *back = NULL;
		char *text = NULL;
		size_t len;

		assert_int_equal(report_new(&r), 0);
		assert_int_equal(report_add(r, &item), 0);
		report_seal(r);
		assert_int_equal(report_to_json(r, &text, &len), 0);
		assert_int_equal(report_from_json(text, len, &back), 0);
		assert_non_null(report_item(back, "x"));
		if (c < 128)
			assert_string_equal(report_item(back, "x")->reason, reason);
		free(text);
		report_unref(r);
		report_unref(back);
	}
}

#define HEAD  "{\"process\":100,\"fingerprint\":\"0123456789abcdef\",\"items\":["
#define PLAIN "\"name\":\"a\",\"result\":\"FAILED\""

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"null",
		HEAD,
		HEAD "]",
		"{\"process\":100,\"fingerprint\":\"0123456789abcdef\"}",
		"{\"fingerprint\":\"0123456789abcdef\",\"items\":[]}",
		"{\"process\":100,\"items\":[]}",
		"{\"process\":101,\"fingerprint\":\"0123456789abcdef\",\"items\":[]}",
		"{\"process\":\"100\",\"fingerprint\":\"0123456789abcdef\",\"items\":[]}",
		"{\"process\":100,\"fingerprint\":\"0123456789abcde\",\"items\":[]}",
		"{\"process\":100,\"fingerprint\":\"0123456789abcdeg\",\"items\":[]}",
		"{\"process\":100,\"rate\":101,\"fingerprint\":\"0123456789abcdef\",\"items\":[]}",
		"{\"process\":100,\"result\":2,\"fingerprint\":\"0123456789abcdef\",\"items\":[]}",
		HEAD "1]}",
		HEAD "null]}",
		HEAD "{}]}",
		HEAD "{\"name\":\"a\"}]}",
		HEAD "{\"result\":\"FAILED\"}]}",
		HEAD "{\"name\":\"\",\"result\":\"FAILED\"}]}",
		HEAD "{\"name\":\"a\",\"result\":\"failed\"}]}",
		HEAD "{\"name\":\"a\",\"result\":4}]}",
		HEAD "{" PLAIN ",\"reason\":7}]}",
		HEAD "{" PLAIN ",\"since\":\"7\"}]}",
		HEAD "{" PLAIN ",\"runs\":-1}]}",
		HEAD "{" PLAIN ",\"runs\":4294967296}]}",
		HEAD "{" PLAIN "},]}",
	};
	struct report *r = (struct report *)1, *good = NULL;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		if (report_from_json(texts[i], strlen(texts[i]), &r) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	assert_ptr_equal(r, (struct report *)1);
	assert_int_equal(
		report_from_json(HEAD "{" PLAIN "}]}", strlen(HEAD "{" PLAIN "}]}"), &good), 0);
	assert_int_equal(good->n, 1);
	assert_true(good->items[0].checked);
	report_unref(good);
}

/* A hash that misses a field would leave an old report in the store. */
static void test_hash(void **state)
{
	struct report *r = a_report("a", ITEM_FAILED);
	struct item *item = &r->items[0];
	uint64_t before = report_hash(r);
	char **texts[] = {&item->said, &item->group, &item->reason, &item->message, &item->parts};

	(void)state;
#define CHANGES(field, value)                                                                      \
	do {                                                                                       \
		__typeof__(field) old = field;                                                     \
		field = value;                                                                     \
		if (report_hash(r) == before)                                                      \
			fail_msg("%s", #field);                                                    \
		field = old;                                                                       \
		assert_true(report_hash(r) == before);                                             \
	} while (0)
	CHANGES(r->process, 99);
	CHANGES(r->rate, 99);
	CHANGES(r->result, 1);
	CHANGES(r->pending, true);
	CHANGES(r->fingerprint, 1);
	CHANGES(r->n, 1);
	CHANGES(item->result, ITEM_ALARM);
	CHANGES(item->checked, false);
	CHANGES(item->since, 1);
	CHANGES(item->runs, 1);
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		CHANGES(*texts[i], (char *)"x");
	/* the same text in another field */
	item->said = (char *)"x";
	before = report_hash(r);
	item->said = NULL;
	item->group = (char *)"x";
	assert_false(report_hash(r) == before);
	item->group = NULL;
	report_unref(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
