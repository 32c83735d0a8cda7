/* test_watch.c - the life of a run: baseline, adoption, what 100 % counts for, overdue and unsure runs,
 * restarts, and a wall clock that jumps. One test for each such row of the event table. */
#include "heart_kit.h"

/* --- baseline and adoption --- */

static void test_baseline_before_first_submit(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	c = expect_call(k, CALL_RESULT, 1);
	expect_quiet(k, SECONDS(10)); /* no submit before its answer */
	kit_send(k, with_result(&c, 100, "a=P"));
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
	/* in the same process it is known by now */
	pass(k, MINUTES(30) - SECONDS(30) - SECONDS(10));
	expect_no_call(k);
	pass(k, SECONDS(10));
	do_status(k, "CONFIGURATION");
	do_submit(k);
}

static void test_baseline_in_each_process(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	expect_quiet(k, MINUTES(29));
	pass(k, MINUTES(1));
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	do_submit(k);
}

static void test_foreign_run_is_adopted(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 40, "a=P b=E");
	t = expect_news(k, "adopted");
	assert_int_equal(t->run, 1);
	assert_int_equal(stored(k, 0)->run.state, RUN_FOREIGN);
	pass(k, SECONDS(10));
	do_result(k, 70, "a=P b=E");
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P b=F:R");
	t = expect_news(k, "failed");
	assert_int_equal(t->run, 1);
	assert_string_equal(t->added, "b");
	assert_int_equal(k->n_runs, 1);
	assert_true(k->runs[0].foreign);
	assert_false(k->runs[0].lost);
	/* ours is due one interval after the adoption */
	expect_quiet(k, MINUTES(30) - SECONDS(32));
	pass(k, SECONDS(2));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	expect_no_news(k);
}

static void test_adopted_after_busy(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_entries(k, CALL_SUBMIT, OUTCOME_BUSY, "DRS.M01504");
	do_result(k, 30, "a=E");
	expect_news(k, "adopted");
	assert_int_equal(stored(k, 0)->run.state, RUN_FOREIGN);
}

/* --- what 100 % counts for --- */

static void test_old_result_is_not_the_new_one(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	do_submit(k);
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P"); /* the old one is still shown */
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P");
	expect_no_news(k);
	assert_int_equal(k->n_runs, 0);
	pass(k, SECONDS(40)); /* settle has passed: it is the new one, equal to the old */
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->n_runs, 1);
	assert_true(k->runs[0].report);
	expect_quiet(k, MINUTES(28));
	assert_int_equal(k->n_runs, 1);
}

static void test_lower_process_makes_100_count(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->n_runs, 1);
}

static void test_empty_item_makes_100_count_later(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P b=P");
	do_submit(k);
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P b=E");
	expect_no_news(k);
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P b=P");
	expect_news(k, "passed");
}

static void test_empty_item_never_counts(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	pass(k, SECONDS(20));
	for (int i = 0; i < 5; i++) { /* far beyond settle */
		do_result(k, 100, "a=F b=E");
		pass(k, SECONDS(60));
	}
	expect_no_news(k);
	assert_int_equal(k->n_runs, 0);
}

static void test_different_content_makes_100_count(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P b=P");
	do_submit(k);
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P b=F:R");
	expect_news(k, "failed");
	assert_int_equal(k->n_runs, 1);
}

/* Asked before settle, answered after it: what DRS saw is of before. */
static void test_late_answer_of_an_early_poll_does_not_count(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	do_submit(k);
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P");
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	pass(k, SECONDS(20));
	c = expect_call(k, CALL_RESULT, 1); /* at 50 s */
	pass(k, SECONDS(25));
	kit_send(k, with_result(&c, 100, "a=P"));
	expect_no_news(k);
	assert_int_equal(k->n_runs, 0);
}

static void test_nothing_said_is_polled_on(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	pass(k, SECONDS(20));
	for (int i = 0; i < 5; i++) {
		do_result(k, -1, "");
		pass(k, SECONDS(60));
	}
	expect_no_news(k);
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
}

static void test_poll_delays_double_to_six_fold(void **state)
{
	static const int64_t gaps[] = {20, 10, 20, 40, 60, 60};
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	for (size_t i = 0; i < ELEMENTSOF(gaps); i++) {
		pass(k, SECONDS(gaps[i]) - 1000);
		expect_no_call(k);
		pass(k, 1000);
		assert_int_equal(k->n_calls, 1);
		do_result(k, 50, "a=E");
	}
}

static void test_next_due_is_submit_plus_interval(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	pass(k, SECONDS(20));
	for (int i = 0; i < 10; i++) {
		do_result(k, 50, "a=E");
		pass(k, SECONDS(60));
	}
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	expect_quiet(k, MINUTES(30) - SECONDS(20) - MINUTES(10) - 1000);
	pass(k, 2000);
	expect_call(k, CALL_STATUS, 1);
}

/* --- overdue --- */

/* Up to run_limit, with one poll at least each minute. */
static void to_overdue(struct kit *k)
{
	int64_t end = k->now.mono + MINUTES(30);

	do_submit(k);
	while (k->now.mono < end) {
		pass(k, SECONDS(10));
		while (k->n_calls) {
			expect_no_news(k);
			do_result(k, 50, "a=E");
		}
	}
	pass(k, SECONDS(60));
	if (k->n_calls)
		do_result(k, 50, "a=E");
}

static void test_overdue_told_once_polled_once_per_interval(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	to_submit(k, make_settings(1, 1));
	to_overdue(k);
	t = expect_news(k, "overdue");
	assert_in_range(t->run_age, MINUTES(30), MINUTES(31));
	assert_int_equal(t->run, 1);
	for (int i = 0; i < 5; i++) {
		pass(k, MINUTES(28));
		expect_no_call(k);
		pass(k, MINUTES(2));
		do_status(k, "CONFIGURATION");
		do_result(k, 50, "a=E");
		expect_no_call(k); /* no submit on top */
	}
	expect_no_news(k);
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->n_runs, 1);
	assert_false(k->runs[0].lost);
}

static void test_overdue_ended_by_another_status(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	s->jobs[0].stale_after = HOURS(3);
	first_check(k, s, "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	to_overdue(k);
	expect_news(k, "overdue");
	pass(k, MINUTES(30));
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	expect_no_call(k);
	assert_int_equal(k->n_runs, 2);
	assert_true(k->runs[1].lost);
	assert_int_equal(stored(k, 0)->run.state, RUN_NONE);
}

static void test_overdue_given_up_after_24_h(void **state)
{
	struct kit *k = *state;
	int64_t begun;
	const struct kit_told *t;

	to_submit(k, make_settings(1, 1));
	begun = k->now.mono;
	to_overdue(k);
	expect_news(k, "overdue");
	while (k->now.mono < begun + HOURS(24) - MINUTES(31)) {
		pass(k, MINUTES(30));
		do_status(k, "CONFIGURATION");
		do_result(k, 50, "a=E");
		expect_no_call(k);
		expect_no_news(k);
	}
	while (k->taken == k->n_told && k->now.mono < begun + HOURS(25)) {
		pass(k, MINUTES(30));
		do_status(k, "CONFIGURATION");
		do_result(k, 50, "a=E");
	}
	t = expect_news(k, "lost");
	assert_int_equal(t->run, 1);
	assert_in_range(t->at - begun, HOURS(24), HOURS(24) + MINUTES(31));
	assert_true(k->runs[0].lost);
	/* only now another one */
	do_status(k, "CONFIGURATION");
	do_submit(k);
	assert_int_equal(stored(k, 0)->run.number, 2);
}

/* --- unsure submits --- */

static void to_unclear(struct kit *k)
{
	struct call c;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	c = expect_call(k, CALL_SUBMIT, 1);
	say_unclear(k, &c);
	assert_int_equal(stored(k, 0)->run.state, RUN_UNSURE);
	pass(k, SECONDS(20));
}

static void test_unclear_submit_resolved_by_lower_process(void **state)
{
	struct kit *k = *state;

	to_unclear(k);
	do_result(k, 30, "a=E");
	assert_int_equal(stored(k, 0)->run.state, RUN_GOING);
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->runs[0].number, 1);
	expect_quiet(k, MINUTES(28));
}

static void test_unclear_submit_resolved_by_fresh_content(void **state)
{
	struct kit *k = *state;

	to_unclear(k);
	do_result(k, 100, "a=F:R");
	expect_news(k, "failed");
	assert_int_equal(k->n_runs, 1);
	expect_quiet(k, MINUTES(28));
}

static void test_unclear_submit_sent_once_more(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_unclear(k);
	do_result(k, 100, "a=P");
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P");
	expect_no_call(k);
	pass(k, SECONDS(40)); /* settle is over, nothing new */
	do_result(k, 100, "a=P");
	c = expect_call(k, CALL_SUBMIT, 1);
	expect_no_news(k);
	assert_int_equal(stored(k, 0)->run.number, 2);
	kit_send(k, with_outcome(&c, OUTCOME_OK, ""));
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

static void test_unclear_twice_waits_for_the_next_check(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_unclear(k);
	while (k->n_calls == 0 || k->calls[0].kind == CALL_RESULT) {
		if (k->n_calls)
			do_result(k, 100, "a=P");
		pass(k, SECONDS(1));
	}
	c = expect_call(k, CALL_SUBMIT, 1);
	say_unclear(k, &c);
	for (int64_t end = k->now.mono + MINUTES(3); k->now.mono < end; pass(k, SECONDS(1)))
		if (k->n_calls)
			do_result(k, 100, "a=P");
	expect_quiet(k, MINUTES(20)); /* "once more" is once */
	assert_int_equal(stored(k, 0)->run.state, RUN_NONE);
}

/* An answer that leaves the job out is weak evidence: it takes three of them. */
static void test_unclear_submit_and_blank_answers(void **state)
{
	struct kit *k = *state;
	unsigned blanks = 0;

	to_unclear(k);
	while (k->n_calls == 0 || k->calls[0].kind == CALL_RESULT) {
		if (k->n_calls) {
			blanks += k->now.mono >= 1000000 + SECONDS(60);
			do_result(k, -1, "");
		}
		pass(k, SECONDS(1));
		assert_true(k->now.mono < 1000000 + MINUTES(10));
	}
	/* one answer that leaves it out proves nothing, many for five minutes do */
	assert_true(k->now.mono >= 1000000 + MINUTES(6));
	assert_in_range(blanks, 6, 10);
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

static void test_submit_without_an_entry_is_unsure(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(1, 2));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_no_result(k);
	c = expect_call(k, CALL_SUBMIT, 2);
	r = with_outcome(&c, OUTCOME_OK, "");
	text_copy(
		r->answers[0].task, sizeof(r->answers[0].task), task_id(99)); /* somebody else's */
	kit_send(k, r);
	assert_int_equal(stored(k, task_number(c.jobs[0].task))->run.state, RUN_UNSURE);
	assert_int_equal(stored(k, task_number(c.jobs[1].task))->run.state, RUN_GOING);
	pass(k, SECONDS(20));
	c = expect_call(k, CALL_RESULT, 2);
	kit_send(k, with_result(&c, 50, "a=E"));
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	expect_news(k, "passed");
	expect_no_call(k);
}

/* A run that was seen was accepted: what DRS refused before is over. */
static void test_unclear_submit_that_ran_clears_the_refusal(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, "DRS.M00300");
	expect_news(k, "refused");
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	c = expect_call(k, CALL_SUBMIT, 1);
	say_unclear(k, &c);
	do_polls(k, "a=P");
	assert_int_equal(expect_news(k, "passed")->previous, VERDICT_REFUSED);
}

/* --- restarts --- */

static void test_restart_in_mid_submit(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	expect_call(k, CALL_SUBMIT, 1); /* and the daemon dies */
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_no_result(k);
	expect_no_call(k); /* it may still come */
	while (k->n_calls == 0 || k->calls[0].kind == CALL_RESULT) {
		pass(k, SECONDS(10));
		assert_true(k->now.mono < MINUTES(3));
		if (k->n_calls && k->calls[0].kind == CALL_RESULT)
			do_no_result(k);
	}
	assert_true(k->now.mono >= SECONDS(60));
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

static void test_restart_in_mid_submit_that_arrived(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	expect_call(k, CALL_SUBMIT, 1);
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_result(k, 60, "a=E");
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->runs[0].number, 1);
	expect_quiet(k, MINUTES(29));
}

static void test_restart_in_mid_run(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	k->now.wall += SECONDS(40); /* the daemon was away for a while */
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_result(k, 50, "a=E");
	expect_no_call(k);
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P b=A:R");
	assert_int_equal(expect_news(k, "alarmed")->run, 2);
	assert_int_equal(k->runs[1].number, 2);
	assert_false(k->runs[1].foreign);
	/* one interval after the submit of old */
	pass(k, MINUTES(30) - SECONDS(52));
	expect_no_call(k);
	pass(k, SECONDS(3));
	expect_call(k, CALL_STATUS, 1);
}

static void test_restart_in_adopted_run(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 40, "a=E");
	expect_news(k, "adopted");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_result(k, 80, "a=E");
	expect_no_news(k); /* not adopted twice */
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_true(k->runs[0].foreign);
}

static void test_restart_in_overdue_run_is_not_told_again(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	to_overdue(k);
	expect_news(k, "overdue");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_result(k, 50, "a=E");
	expect_quiet(k, MINUTES(28));
	pass(k, MINUTES(2));
	do_status(k, "CONFIGURATION");
	do_result(k, 50, "a=E");
	expect_no_call(k);
	expect_no_news(k);
}

/* Nothing known is told twice; what changed while away is told once. */
static void test_restart_tells_only_what_changed(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 2), "a=F:R b=P");
	expect_news(k, "failed");
	expect_news(k, "failed");
	k->now.wall += HOURS(3);
	kit_restart(k, make_settings(1, 2));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=F:R b=P");
	expect_no_news(k);
	do_submit(k);
	pass(k, SECONDS(20));
	do_result(k, 50, "a=E");
	pass(k, SECONDS(10));
	{
		struct call c = expect_call(k, CALL_RESULT, 2);
		struct reply *r = with_result(&c, 100, "a=F:R b=P");

		report_unref(answer_of(r, 1)->report);
		answer_of(r, 1)->report = make_report(100, -1, -1, "a=F:R b=F:S");
		kit_send(k, r);
	}
	t = expect_news(k, "failed-items");
	assert_string_equal(t->job, "job1");
	assert_string_equal(t->added, "b");
	assert_string_equal(t->still, "a");
	expect_no_news(k);
}

/* --- clocks --- */

static void test_wall_clock_jumps_change_no_plan(void **state)
{
	static const int64_t jumps[] = {DAYS(1), -DAYS(1), -DAYS(1), DAYS(1)};
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	for (size_t i = 0; i < ELEMENTSOF(jumps); i++) {
		k->now.wall += jumps[i];
		expect_quiet(k, MINUTES(30) - SECONDS(32));
		pass(k, SECONDS(2));
		do_status(k, "CONFIGURATION");
		do_submit(k);
		k->now.wall += jumps[i];
		do_polls(k, "a=P");
		expect_no_news(k);
		assert_int_equal(k->n_runs, i + 2);
	}
}

static void test_wall_clock_jump_before_restart(void **state)
{
	static const int64_t jumps[] = {-DAYS(2), DAYS(1)};
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	for (size_t i = 0; i < ELEMENTSOF(jumps); i++) {
		k->now.wall += jumps[i];
		kit_restart(k, make_settings(1, 1));
		do_login(k);
		for (int n = 0; n < 30 && k->n_calls == 0; n++)
			pass(k, MINUTES(1)); /* never later than one interval */
		do_status(k, "CONFIGURATION");
		do_result(k, 100, "a=P");
		do_submit(k);
		do_polls(k, "a=P");
		expect_no_news(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_baseline_before_first_submit),
		KIT_TEST(test_baseline_in_each_process),
		KIT_TEST(test_foreign_run_is_adopted),
		KIT_TEST(test_adopted_after_busy),
		KIT_TEST(test_old_result_is_not_the_new_one),
		KIT_TEST(test_lower_process_makes_100_count),
		KIT_TEST(test_empty_item_makes_100_count_later),
		KIT_TEST(test_empty_item_never_counts),
		KIT_TEST(test_different_content_makes_100_count),
		KIT_TEST(test_late_answer_of_an_early_poll_does_not_count),
		KIT_TEST(test_nothing_said_is_polled_on),
		KIT_TEST(test_poll_delays_double_to_six_fold),
		KIT_TEST(test_next_due_is_submit_plus_interval),
		KIT_TEST(test_overdue_told_once_polled_once_per_interval),
		KIT_TEST(test_overdue_ended_by_another_status),
		KIT_TEST(test_overdue_given_up_after_24_h),
		KIT_TEST(test_unclear_submit_resolved_by_lower_process),
		KIT_TEST(test_unclear_submit_resolved_by_fresh_content),
		KIT_TEST(test_unclear_submit_sent_once_more),
		KIT_TEST(test_unclear_twice_waits_for_the_next_check),
		KIT_TEST(test_unclear_submit_and_blank_answers),
		KIT_TEST(test_submit_without_an_entry_is_unsure),
		KIT_TEST(test_unclear_submit_that_ran_clears_the_refusal),
		KIT_TEST(test_restart_in_mid_submit),
		KIT_TEST(test_restart_in_mid_submit_that_arrived),
		KIT_TEST(test_restart_in_mid_run),
		KIT_TEST(test_restart_in_adopted_run),
		KIT_TEST(test_restart_in_overdue_run_is_not_told_again),
		KIT_TEST(test_restart_tells_only_what_changed),
		KIT_TEST(test_wall_clock_jumps_change_no_plan),
		KIT_TEST(test_wall_clock_jump_before_restart),
	};

	return cmocka_run_group_tests_name("watch: the life of a run", tests, NULL, NULL);
}
