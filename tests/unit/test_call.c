/* test_call.c - every call kind and outcome has its own name; a reply owns what it carries. */
#include "call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_kind_names(void **state)
{
	(void)state;
	assert_string_equal(call_kind_name(CALL_LOGIN), "login");
	assert_string_equal(call_kind_name(CALL_STATUS), "batch-status");
	assert_string_equal(call_kind_name(CALL_SUBMIT), "batch-precheck");
	assert_string_equal(call_kind_name(CALL_RESULT), "batch-precheck-result");
	assert_string_equal(call_kind_name(CALL_DETAIL), "batch-detail");
	assert_string_equal(call_kind_name(_CALL_KIND_MAX), "unknown");
}

static void test_outcome_names(void **state)
{
	(void)state;
	for (int o = 0; o < _OUTCOME_MAX; o++) {
		assert_non_null(outcome_name((enum outcome)o));
		for (int p = 0; p < o; p++)
			assert_string_not_equal(
				outcome_name((enum outcome)o), outcome_name((enum outcome)p));
	}
	assert_string_equal(outcome_name(OUTCOME_OK), "ok");
	assert_string_equal(outcome_name(OUTCOME_BUSY), "busy");
	assert_string_equal(outcome_name(OUTCOME_TOKEN), "token");
	assert_string_equal(outcome_name(OUTCOME_TRANSPORT), "transport");
	assert_string_equal(outcome_name(_OUTCOME_MAX), "unknown");
}

static void test_reply(void **state)
{
	struct reply *r;
	struct report *report;

	(void)state;
	assert_int_equal(reply_new(7, 2, &r), 0);
	assert_int_equal(r->call, 7);
	assert_int_equal(r->retry_after, -1);
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_false(r->maybe_done);
	assert_int_equal(r->n, 2);
	assert_string_equal(r->answers[1].task, "");
	assert_null(r->answers[1].report);

	/* the reply's reference goes with it, ours stays */
	assert_int_equal(report_new(&report), 0);
	r->answers[1].report = report_ref(report);
	assert_null(reply_free(r));
	assert_int_equal(report->refs, 1);
	report_unref(report);

	assert_int_equal(reply_new(8, 0, &r), 0);
	assert_int_equal(r->n, 0);
	assert_null(r->answers);
	reply_free(r);
	assert_null(reply_free(NULL));
}

static void test_refusal_names_project(void **state)
{
	(void)state;
	assert_true(refusal_names_project("IAM.0004", ""));
	assert_true(refusal_names_project("", "Could not find Project: x."));
	assert_false(refusal_names_project("", ""));
	assert_false(refusal_names_project("IAM.0062", "The username or password is wrong."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusal_names_project),
		cmocka_unit_test(test_kind_names),
		cmocka_unit_test(test_outcome_names),
		cmocka_unit_test(test_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
