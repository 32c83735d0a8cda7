/* test_drs_report.c - one entry of a pre-check result: types that lie, words never heard, texts
 * that bite. */
#include "drs.h"
#include "json.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct report *decode(const char *entry)
{
	struct json *root;
	struct report *r;

	if (json_parse(entry, strlen(entry), &root) < 0)
		fail_msg("not JSON: %s", entry);
	assert_int_equal(drs_report(root, &r), 0);
	json_free(root);
	return r;
}

/* A realistic answer, with invented ids: two alarms, a failure and one still open. */
static void test_realistic(void **state)
{
	struct report *r = decode(
		"{\"precheck_id\":\"5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101\",\"result\":false,"
		"\"process\":\"80%\",\"total_passed_rate\":\"75%\","
		"\"rds_instance_id\":\"77aa88bb99cc4d00a1b2c3d4e5f60718in01\","
		"\"job_direction\":\"up\",\"precheck_result\":["
		"{\"item\":\"srcDbConnection\",\"result\":\"PASSED\",\"group\":\"network\","
		"\"failed_reason\":\"\",\"data\":\"\",\"raw_error_msg\":\"\"},"
		"{\"item\":\"dstDbDiskSize\",\"result\":\"ALARM\",\"group\":\"db_disk_size\","
		"\"failed_reason\":\"DST_DB_DISK_SIZE_UP_ALARM\","
		"\"data\":\"{'size': '1024'}\"},"
		"{\"item\":\"srcDbBinlogIsOff\",\"result\":\"FAILED\",\"group\":\"db_params\","
		"\"failed_reason\":\"SOURCE_DB_BINLOG_IS_OFF_FOR_UP\","
		"\"raw_error_msg\":\"Zugriff verweigert f\xc3\xbcr 'x'@'y'\\n\xe4\xb8\xad\","
		"\"failed_sub_jobs\":[{\"id\":\"i1\",\"name\":\"shard-1\","
		"\"check_result\":\"FAILED\"},{\"id\":\"i2\",\"name\":null},"
		"{\"id\":\"i3\",\"name\":\"shard-3\",\"check_result\":\"PASSED\"},null,{}]},"
		"{\"item\":\"dbTimeZoneConsistency\",\"result\":\"\"}]}");
	const struct item *item;

	(void)state;
	assert_int_equal(r->process, 80);
	assert_int_equal(r->rate, 75);
	assert_int_equal(r->result, 0);
	assert_int_equal(r->n, 4);
	assert_true(r->pending);
	assert_false(report_finished(r));
	assert_non_null(item = report_item(r, "srcDbConnection"));
	assert_int_equal(item->result, ITEM_PASSED);
	assert_string_equal(item->group, "network");
	assert_null(item->reason);
	assert_null(item->message);
	assert_true(item->checked);
	assert_non_null(item = report_item(r, "dstDbDiskSize"));
	assert_int_equal(item->result, ITEM_ALARM);
	assert_string_equal(item->reason, "DST_DB_DISK_SIZE_UP_ALARM");
	assert_null(item->message);
	assert_non_null(item = report_item(r, "srcDbBinlogIsOff"));
	assert_int_equal(item->result, ITEM_FAILED);
	assert_string_equal(item->message, "Zugriff verweigert f\xc3\xbcr 'x'@'y'\\n\xe4\xb8\xad");
	assert_string_equal(item->parts, "shard-1, i2");
	assert_non_null(item = report_item(r, "dbTimeZoneConsistency"));
	assert_int_equal(item->result, ITEM_PENDING);
	report_unref(r);
}

/* Fields of the entry, each with a type that json-c's own getters would bend into a pass. */
static void test_fields(void **state)
{
	static const struct {
		const char *entry;
		int process, rate, result;
	} rows[] = {
		{"{\"process\":\"100%\",\"total_passed_rate\":\"100%\",\"result\":true}", 100, 100,
			1},
		{"{\"process\":\"100\",\"total_passed_rate\":\"99.9%\",\"result\":false}", 100, 99,
			0},
		{"{\"process\":100,\"total_passed_rate\":0,\"result\":\"true\"}", 100, 0, 1},
		{"{\"process\":\" 40 % \",\"result\":\"false\"}", 40, -1, 0},
		{"{}", -1, -1, -1},
		{"{\"process\":null,\"total_passed_rate\":null,\"result\":null}", -1, -1, -1},
		{"{\"process\":\"100%x\",\"total_passed_rate\":\"100percent\"}", -1, -1, -1},
		{"{\"process\":\"1000%\",\"total_passed_rate\":\"-5%\"}", -1, -1, -1},
		{"{\"process\":true,\"total_passed_rate\":[100],\"result\":1}", -1, -1, -1},
		{"{\"process\":{},\"total_passed_rate\":100.0,\"result\":\"yes\"}", -1, -1, -1},
		{"{\"process\":\"100%\\u0000\",\"result\":\"true\\u0000\"}", -1, -1, -1},
		{"{\"process\":123456789012345678901234567890,\"result\":\"TRUE\"}", -1, -1, -1},
		{"{\"process\":\"40%\",\"process\":\"60%\"}", 60, -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct report *r = decode(rows[i].entry);

		if (r->process != rows[i].process || r->rate != rows[i].rate ||
			r->result != rows[i].result)
			fail_msg("%s", rows[i].entry);
		assert_int_equal(r->n, 0);
		report_unref(r);
	}
}

static void test_item_results(void **state)
{
	static const struct {
		const char *value;
		enum item_result result;
		const char *said;
	} rows[] = {
		{"\"PASSED\"", ITEM_PASSED, NULL},
		{"\"ALARM\"", ITEM_ALARM, NULL},
		{"\"FAILED\"", ITEM_FAILED, NULL},
		{"\"\"", ITEM_PENDING, NULL},
		{"null", ITEM_PENDING, NULL},
		{"\"passed\"", ITEM_OTHER, "passed"},
		{"\"PASSED \"", ITEM_OTHER, "PASSED "},
		{"\"PASSED\\u0000\"", ITEM_OTHER, "PASSED\\x00"},
		{"\"\\u0000\"", ITEM_OTHER, "\\x00"},
		{"\"SKIPPED\"", ITEM_OTHER, "SKIPPED"},
		{"\"a\\nb\"", ITEM_OTHER, "a\\nb"},
		{"true", ITEM_OTHER, "true"},
		{"0", ITEM_OTHER, "0"},
		{"{\"PASSED\":1}", ITEM_OTHER, "{\"PASSED\":1}"},
		{"[]", ITEM_OTHER, "[]"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char entry[200];
		struct report *r;
		const struct item *item;

		snprintf(entry, sizeof(entry),
			"{\"precheck_result\":[{\"item\":\"x\",\"result\":%s}]}", rows[i].value);
		r = decode(entry);
		assert_non_null(item = report_item(r, "x"));
		if (item->result != rows[i].result)
			fail_msg("%s", rows[i].value);
		if (rows[i].said)
			assert_string_equal(item->said, rows[i].said);
		else
			assert_null(item->said);
		report_unref(r);
	}
	struct report *r = decode("{\"precheck_result\":[{\"item\":\"x\"}]}");

	assert_true(r->pending);
	report_unref(r);
}

/* Whatever cannot be read or named: counted, and never as a clean pass. */
static void test_unnamed(void **state)
{
	static const struct {
		const char *items;
		enum item_result result;
		bool clean;
	} rows[] = {
		{"[{\"result\":\"PASSED\"}]", ITEM_OTHER, false},
		{"[{\"item\":null,\"result\":\"PASSED\"}]", ITEM_OTHER, false},
		{"[{\"item\":\"\",\"result\":\"PASSED\"}]", ITEM_OTHER, false},
		{"[{\"item\":5,\"result\":\"FAILED\"}]", ITEM_FAILED, false},
		{"[{\"result\":\"ALARM\"},{\"result\":\"FAILED\"}]", ITEM_FAILED, false},
		{"[null]", ITEM_OTHER, false},
		{"[\"srcDbConnection\"]", ITEM_OTHER, false},
		{"{\"item\":\"x\",\"result\":\"PASSED\"}", ITEM_OTHER, false},
		{"\"PASSED\"", ITEM_OTHER, false},
		{"[]", _ITEM_RESULT_MAX, true},
		{"null", _ITEM_RESULT_MAX, true},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char entry[300];
		struct report *r;
		const struct item *item;

		snprintf(entry, sizeof(entry),
			"{\"process\":\"100%%\",\"result\":true,\"precheck_result\":%s}",
			rows[i].items);
		r = decode(entry);
		item = report_item(r, "(unnamed)");
		if ((item ? item->result : _ITEM_RESULT_MAX) != rows[i].result ||
			(report_grade(r) == GRADE_PASSED) != rows[i].clean)
			fail_msg("%s", rows[i].items);
		report_unref(r);
	}
}

static void test_double_item(void **state)
{
	struct report *r = decode(
		"{\"process\":\"100%\",\"precheck_result\":["
		"{\"item\":\"x\",\"result\":\"PASSED\"},{\"item\":\"x\",\"result\":"
		"\"FAILED\",\"failed_reason\":\"R\"},{\"item\":\"x\",\"result\":\"PASSED\"}]}");

	(void)state;
	assert_int_equal(r->n, 1);
	assert_int_equal(r->items[0].result, ITEM_FAILED);
	assert_int_equal(report_grade(r), GRADE_FAILED);
	report_unref(r);
}

/* Long and hostile texts: escaped, capped, valid. */
static void test_texts(void **state)
{
	char entry[8000];
	struct report *r;
	const struct item *item;
	int n = snprintf(entry, sizeof(entry),
		"{\"precheck_result\":[{\"item\":\"x\\u001b]0;\\u0007\",\"result\":\"FAILED\","
		"\"group\":\"g\\n\",\"failed_reason\":\"R\\r\\nS\",\"failed_sub_jobs\":["
		"{\"name\":\"p\\nq\"}");

	(void)state;
	for (int i = 0; i < 100; i++)
		n += snprintf(entry + n, sizeof(entry) - (size_t)n, ",{\"name\":\"shard-%d\"}", i);
	n += snprintf(entry + n, sizeof(entry) - (size_t)n, "],\"raw_error_msg\":\"");
	for (int i = 0; i < 1000; i++)
		n += snprintf(entry + n, sizeof(entry) - (size_t)n, "\xe4\xb8\xad");
	snprintf(entry + n, sizeof(entry) - (size_t)n, "\"}]}");

	r = decode(entry);
	assert_int_equal(r->n, 1);
	item = &r->items[0];
	assert_string_equal(item->name, "x\\x1b]0;\\x07");
	assert_string_equal(item->group, "g\\n");
	assert_string_equal(item->reason, "R\\r\\nS");
	assert_true(strlen(item->message) <= ITEM_MESSAGE_MAX);
	assert_true(strlen(item->message) > ITEM_MESSAGE_MAX - 8);
	assert_true(text_utf8_valid(item->message, strlen(item->message)));
	assert_int_equal(strncmp(item->parts, "p\\nq, shard-0, ", 15), 0);
	assert_true(strlen(item->parts) < 512);
	report_unref(r);
}

/* Content changes it, also `data`; progress and other fields do not. */
static void test_fingerprint(void **state)
{
#define BASE "\"precheck_result\":[{\"item\":\"x\",\"result\":\"PASSED\",\"data\":\"1\"}]"
	static const struct {
		const char *entry;
		bool same;
	} rows[] = {
		{"{\"process\":\"10%\"," BASE "}", true},
		{"{\"process\":\"100%\"," BASE "}", true},
		{"{\"process\":\"10%\",\"job_direction\":\"up\"," BASE "}", true},
		{"{\"process\":\"10%\",\"result\":true," BASE "}", false},
		{"{\"process\":\"10%\",\"total_passed_rate\":\"5%\"," BASE "}", false},
		{"{\"process\":\"10%\"}", false},
		{"{\"precheck_result\":[{\"item\":\"x\",\"result\":\"PASSED\",\"data\":\"2\"}]}",
			false},
		{"{\"precheck_result\":[{\"item\":\"x\",\"result\":\"\",\"data\":\"1\"}]}", false},
		{"{\"precheck_result\":[{\"item\":\"y\",\"result\":\"PASSED\",\"data\":\"1\"}]}",
			false},
	};
	struct report *base = decode(rows[0].entry);

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct report *r = decode(rows[i].entry);

		if ((r->fingerprint == base->fingerprint) != rows[i].same)
			fail_msg("%s", rows[i].entry);
		report_unref(r);
	}
	report_unref(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_realistic),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_item_results),
		cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_double_item),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
