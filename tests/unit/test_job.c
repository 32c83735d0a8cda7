/* test_job.c - the verdict is derived from the record, in one order; stale is a flag beside it; a record's
 * copy owns what it has. */
#include "job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WALL INT64_C(1795575600000)

static struct job_settings set = {.interval = MINUTES(30), .stale_after = HOURS(1), .check = true};

static struct report *make(enum item_result worst, int rate, int result)
{
	struct item ok = {.name = (char *)"a", .checked = true, .result = ITEM_PASSED};
	struct item bad = {.name = (char *)"b", .checked = true, .result = worst};
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = 100;
	r->rate = rate;
	r->result = result;
	assert_int_equal(report_add(r, &ok), 0);
	assert_int_equal(report_add(r, &bad), 0);
	report_seal(r);
	return r;
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(verdict_name(VERDICT_UNKNOWN), "unknown");
	assert_string_equal(verdict_name(VERDICT_PASSED), "passed");
	assert_string_equal(verdict_name(VERDICT_ALARMED), "alarmed");
	assert_string_equal(verdict_name(VERDICT_FAILED), "failed");
	assert_string_equal(verdict_name(VERDICT_REFUSED), "refused");
	assert_string_equal(verdict_name(VERDICT_STARTED), "started");
	assert_string_equal(verdict_name(VERDICT_ENDED), "ended");
	assert_string_equal(verdict_name(_VERDICT_MAX), "unknown");
	assert_string_equal(verdict_name((enum verdict) - 1), "unknown");
}

/* ended > started > refused > by the last report > unknown */
static void test_verdict_in_order(void **state)
{
	static const struct {
		bool gone;
		const char *status;
		enum outcome refusal;
		int report; /* item_result, or -1: none */
		enum verdict want;
	} rows[] = {
		{false, "", OUTCOME_OK, -1, VERDICT_UNKNOWN},
		{false, "CONFIGURATION", OUTCOME_OK, -1, VERDICT_UNKNOWN},
		{false, "CONFIGURATION", OUTCOME_OK, ITEM_PASSED, VERDICT_PASSED},
		{false, "CONFIGURATION", OUTCOME_OK, ITEM_ALARM, VERDICT_ALARMED},
		{false, "CONFIGURATION", OUTCOME_OK, ITEM_OTHER, VERDICT_ALARMED},
		{false, "CONFIGURATION", OUTCOME_OK, ITEM_FAILED, VERDICT_FAILED},
		{false, "", OUTCOME_OK, ITEM_FAILED, VERDICT_FAILED},
		{false, "CONFIGURATION", OUTCOME_NOT_READY, ITEM_FAILED, VERDICT_REFUSED},
		{false, "CONFIGURATION", OUTCOME_WRONG_STATE, ITEM_PASSED, VERDICT_REFUSED},
		{false, "", OUTCOME_GONE, -1, VERDICT_REFUSED},
		{false, "CREATING", OUTCOME_OK, ITEM_PASSED, VERDICT_REFUSED},
		{false, "TELEPORTING", OUTCOME_OK, ITEM_PASSED, VERDICT_REFUSED},
		{false, "WAITING_FOR_START", OUTCOME_NOT_READY, ITEM_FAILED, VERDICT_STARTED},
		{false, "STARTJOBING", OUTCOME_OK, ITEM_FAILED, VERDICT_STARTED},
		{false, "FULL_TRANSFER_FAILED", OUTCOME_OK, ITEM_PASSED, VERDICT_STARTED},
		{false, "INCRE_TRANSFER_STARTED", OUTCOME_DENIED, -1, VERDICT_STARTED},
		{false, "RELEASE_RESOURCE_COMPLETE", OUTCOME_DENIED, ITEM_FAILED, VERDICT_ENDED},
		{false, "CREATE_FAILED", OUTCOME_OK, -1, VERDICT_ENDED},
		{false, "DELETED", OUTCOME_OK, ITEM_PASSED, VERDICT_ENDED},
		{true, "CONFIGURATION", OUTCOME_NOT_READY, ITEM_FAILED, VERDICT_ENDED},
		{true, "STARTJOBING", OUTCOME_OK, -1, VERDICT_ENDED},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct job_record r = {.gone = rows[i].gone, .refusal.outcome = rows[i].refusal};

		snprintf(r.status, sizeof(r.status), "%s", rows[i].status);
		if (rows[i].report >= 0)
			r.report = make((enum item_result)rows[i].report, -1, -1);
		if (job_verdict(&r, &set, WALL) != rows[i].want)
			fail_msg("row %zu: %s", i, verdict_name(job_verdict(&r, &set, WALL)));
		report_unref(r.report);
	}
}

static void test_not_passed_without_a_bad_item(void **state)
{
	struct job_record r = {.status = "CONFIGURATION"};

	(void)state;
	r.report = make(ITEM_PASSED, 99, -1);
	assert_int_equal(job_verdict(&r, &set, WALL), VERDICT_FAILED);
	report_unref(r.report);
	r.report = make(ITEM_PASSED, 100, 0);
	assert_int_equal(job_verdict(&r, &set, WALL), VERDICT_FAILED);
	report_unref(r.report);
	r.report = make(ITEM_PASSED, 100, 1);
	assert_int_equal(job_verdict(&r, &set, WALL), VERDICT_PASSED);
	report_unref(r.report);
}

static void test_stale(void **state)
{
	struct job_record r = {.status = "CONFIGURATION", .confirmed = WALL};

	(void)state;
	r.report = make(ITEM_PASSED, -1, -1);
	assert_false(job_stale(&r, &set, WALL));
	assert_false(job_stale(&r, &set, WALL + HOURS(1)));
	assert_true(job_stale(&r, &set, WALL + HOURS(1) + 1));
	assert_false(job_stale(&r, &set, WALL - DAYS(1)));
	snprintf(r.status, sizeof(r.status), "STARTJOBING");
	assert_true(job_stale(&r, &set, WALL + HOURS(2)));
	snprintf(r.status, sizeof(r.status), "DELETED");
	assert_false(job_stale(&r, &set, WALL + DAYS(9))); /* ended ones never are */
	snprintf(r.status, sizeof(r.status), "CONFIGURATION");
	r.confirmed = 0;
	assert_false(job_stale(&r, &set, WALL + DAYS(9))); /* never confirmed */
	report_unref(r.report);
}

/* Asked by the hour or the day only: not stale before its next turn is missed. */
static void test_held_refusals_are_not_stale(void **state)
{
	struct job_record r = {.status = "CONFIGURATION",
		.refusal.outcome = OUTCOME_PARENT,
		.confirmed = WALL,
		.due = WALL + DAYS(1)};

	(void)state;
	assert_false(job_stale(&r, &set, WALL + HOURS(24)));
	assert_true(job_stale(&r, &set, WALL + HOURS(25)));
}

static void test_copy_owns_what_it_has(void **state)
{
	struct job_record a = {.drs = strdup("https://drs.example"),
		.task = "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101",
		.name = strdup("orders"),
		.status = "CONFIGURATION",
		.seen = true,
		.report_run = 7,
		.run = {.state = RUN_GOING, .number = 8, .have_baseline = true, .baseline = 99},
		.last_news = 5};
	struct job_record b;

	(void)state;
	a.report = make(ITEM_FAILED, -1, -1);
	a.told_report = report_ref(a.report);
	assert_int_equal(job_record_copy(&b, &a), 0);
	assert_ptr_not_equal(a.drs, b.drs);
	assert_ptr_not_equal(a.name, b.name);
	assert_int_equal(a.report->refs, 4);
	job_record_done(&a);
	assert_null(a.drs);
	assert_null(a.report);
	assert_string_equal(b.drs, "https://drs.example");
	assert_string_equal(b.name, "orders");
	assert_int_equal(b.report->refs, 2);
	assert_int_equal(b.run.state, RUN_GOING);
	assert_int_equal(b.run.number, 8);
	assert_int_equal(b.run.baseline, 99);
	assert_int_equal(b.last_news, 5);
	job_record_done(&b);
	job_record_done(&b); /* once more does no harm */
}

static void test_copy_of_an_empty_record(void **state)
{
	struct job_record a = {0}, b;

	(void)state;
	assert_int_equal(job_record_copy(&b, &a), 0);
	assert_string_equal(b.drs, "");
	assert_string_equal(b.name, "");
	assert_null(b.report);
	job_record_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_verdict_in_order),
		cmocka_unit_test(test_not_passed_without_a_bad_item),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_held_refusals_are_not_stale),
		cmocka_unit_test(test_copy_owns_what_it_has),
		cmocka_unit_test(test_copy_of_an_empty_record),
	};

	return cmocka_run_group_tests_name("job: the record and its verdict", tests, NULL, NULL);
}
