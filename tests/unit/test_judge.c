/* test_judge.c - what DRS says of a job and what follows: refusals, statuses, gone tasks, busy ones, bad
 * requests, items that come and go. One test for each such row of the event table. */
#include "heart_kit.h"

/* --- refusals --- */

/* Refused by the submit: told once, asked again each interval, told again when the reason changes. */
static void test_submit_not_ready_is_refused_each_interval(void **state)
{
	static const char *const codes[] = {"DRS.M00300", "DRS.M00302", "DRS.M00303"};
	struct kit *k = *state;
	const struct kit_told *t;

	to_submit(k, make_settings(1, 1));
	for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
		do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, codes[i]);
		t = expect_news(k, "refused");
		assert_string_equal(t->code, codes[i]);
		assert_int_equal(t->first, i == 0);
		expect_no_call(k);
		pass(k, MINUTES(30) - SECONDS(5));
		expect_no_call(k);
		pass(k, SECONDS(5));
		do_status(k, "CONFIGURATION");
		do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, codes[i]);
		expect_no_news(k); /* known */
		pass(k, MINUTES(30));
		do_status(k, "CONFIGURATION");
	}
	do_submit(k);
	assert_int_equal(
		stored(k, 0)->refusal.outcome, OUTCOME_OK); /* an accepted submit clears it */
	do_polls(k, "a=P");
	assert_int_equal(expect_news(k, "passed")->previous, VERDICT_REFUSED);
}

static void test_refusal_does_not_erase_the_last_report(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=F:R b=F:S c=P");
	expect_news(k, "failed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, "DRS.M00303");
	t = expect_news(k, "refused");
	assert_int_equal(t->previous, VERDICT_FAILED);
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=F:R b=P c=P");
	t = expect_news(k, "failed");
	assert_string_equal(t->still, "a");
	assert_string_equal(t->fixed, "b");
	assert_string_equal(t->added, "");
}

static void test_submit_wrong_state_reads_the_status(void **state)
{
	static const struct {
		const char *status, *event;
	} rows[] = {
		{"CONFIGURATION", "refused"},
		{"STARTJOBING", "started"},
		{"START_JOB_FAILED", "started"},
		{"RELEASE_RESOURCE_COMPLETE", "ended"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		to_submit(k, make_settings(1, 1));
		do_entries(k, CALL_SUBMIT, OUTCOME_WRONG_STATE, "DRS.M00304");
		expect_no_news(k); /* it is judged by the status */
		do_status(k, rows[i].status);
		expect_news(k, rows[i].event);
		expect_quiet(k, MINUTES(29));
		kit_teardown(&own);
	}
}

static void test_wrong_state_keeps_its_beginning(void **state)
{
	struct kit *k = *state;
	int64_t since;

	to_submit(k, make_settings(1, 1));
	do_entries(k, CALL_SUBMIT, OUTCOME_WRONG_STATE, "DRS.M00304");
	do_status(k, "CONFIGURATION");
	expect_news(k, "refused");
	since = stored(k, 0)->refusal.since;
	assert_true(since > 0);
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_entries(k, CALL_SUBMIT, OUTCOME_WRONG_STATE, "DRS.M00304");
	do_status(k, "CONFIGURATION");
	expect_no_news(k);
	assert_int_equal(stored(k, 0)->refusal.since, since);
}

static void test_parent_is_asked_daily(void **state)
{
	static const char *const codes[] = {"DRS.M00307", "DRS.M00308"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		to_submit(k, make_settings(1, 1));
		do_entries(k, CALL_SUBMIT, OUTCOME_PARENT, codes[i]);
		assert_string_equal(expect_news(k, "refused")->code, codes[i]);
		pass(k, HOURS(23));
		expect_no_call(k);
		pass(k, HOURS(1));
		while (k->taken < k->n_told) /* growing stale meanwhile would be news of its own */
			assert_string_equal(k->told[k->taken++].event, "reminder");
		expect_call(k, CALL_STATUS, 1);
		kit_teardown(&own);
	}
}

static void test_failed_without_a_code_is_refused(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	to_submit(k, make_settings(1, 1));
	do_entries(k, CALL_SUBMIT, OUTCOME_REFUSED, "");
	t = expect_news(k, "refused");
	assert_string_equal(t->code, "");
	assert_non_null(strstr(t->text, "no reason"));
}

static void test_denied_for_one_entry(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;
	const struct kit_told *t;

	to_submit(k, make_settings(1, 2));
	c = expect_call(k, CALL_SUBMIT, 2);
	r = with_outcome(&c, OUTCOME_OK, "");
	answer_fails(answer_of(r, 0), OUTCOME_DENIED, "DRS.M00103");
	kit_send(k, r);
	t = expect_news(k, "refused");
	assert_string_equal(t->job, "job0");
	c = expect_call(k, CALL_RESULT, 1); /* results are still read */
	assert_true(carries(&c, 0));
	kit_send(k, with_result(&c, 100, "a=P"));
	do_polls(k, "a=P");
	assert_string_equal(expect_news(k, "passed")->job, "job1");
	expect_no_news(k);
	/* and the status, each interval */
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	expect_news(k, "started");
}

/* A run that is seen while ours are not permitted is somebody's: followed, and nothing on top of it. */
static void test_denied_submit_adopts_what_it_sees(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_entries(k, CALL_SUBMIT, OUTCOME_DENIED, "DRS.M00103");
	expect_news(k, "refused");
	do_result(k, 30, "a=E");
	expect_news(k, "adopted");
	pass(k, SECONDS(10));
	do_result(k, 100, "a=F:R");
	expect_news(k, "failed");
	assert_true(k->runs[0].foreign);
}

static void test_started_ends_a_refusal(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=F:R");
	expect_news(k, "failed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, "DRS.M00303");
	expect_news(k, "refused");
	pass(k, MINUTES(30));
	do_status(k, "STARTJOBING");
	t = expect_news(k, "started");
	assert_int_equal(t->previous, VERDICT_REFUSED);
	assert_int_equal(stored(k, 0)->refusal.outcome, OUTCOME_OK);
	assert_non_null(stored(k, 0)->report);
}

/* --- gone --- */

static void test_no_such_task_is_refused(void **state)
{
	static const char *const codes[] = {"DRS.M00289", "DRS.M05003", "DRS.M05004"};
	struct kit *k = *state;
	const struct kit_told *t;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
		do_entries(k, CALL_STATUS, OUTCOME_GONE, codes[i]);
		t = expect_news(k, "refused");
		assert_string_equal(t->code, codes[i]);
		assert_non_null(strstr(t->text, "region"));
		pass(k, MINUTES(30));
	}
	assert_false(stored(k, 0)->seen);
	/* it appears: checked as any other */
	do_status(k, "CONFIGURATION");
	do_no_result(k);
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

static void test_gone_twice_is_ended(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;
	int64_t first;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	first = k->now.mono;
	expect_no_news(k); /* once is not believed */
	pass(k, SECONDS(59));
	expect_no_call(k);
	pass(k, SECONDS(2));
	do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	assert_true(k->now.mono - first >= SECONDS(60));
	t = expect_news(k, "ended");
	assert_int_equal(t->previous, VERDICT_PASSED);
	assert_true(stored(k, 0)->gone);
	expect_quiet(k, DAYS(3));
}

static void test_gone_once_is_nothing(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	pass(k, SECONDS(61));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=P");
	expect_no_news(k);
}

static void to_ended(struct kit *k)
{
	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	pass(k, SECONDS(61));
	do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	expect_news(k, "ended");
	expect_quiet(k, HOURS(1));
}

static void test_ended_is_asked_anew(void **state)
{
	struct kit *k = *state;

	to_ended(k);
	kit_configure(k, make_settings(1, 1)); /* reload */
	do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	pass(k, SECONDS(61));
	if (k->n_calls)
		do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05004");
	expect_quiet(k, HOURS(1)); /* known */
	check_now(k, NULL);        /* USR1, and somebody brought it back */
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=P");
	assert_int_equal(expect_news(k, "passed")->previous, VERDICT_ENDED);
	assert_false(stored(k, 0)->gone);
}

static void test_gone_by_result_and_by_submit(void **state)
{
	static const enum call_kind kinds[] = {CALL_SUBMIT, CALL_RESULT};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		to_submit(k, make_settings(1, 1));
		if (kinds[i] == CALL_RESULT) {
			do_submit(k);
			pass(k, SECONDS(20));
		}
		do_entries(k, kinds[i], OUTCOME_GONE, "DRS.M05003");
		expect_no_news(k);
		pass(k, SECONDS(61));
		do_entries(k, CALL_STATUS, OUTCOME_GONE, "DRS.M05003");
		expect_news(k, "ended");
		assert_int_equal(stored(k, 0)->run.state, RUN_NONE);
		kit_teardown(&own);
	}
}

/* --- in mid-run --- */

static void test_result_wrong_state_overtakes_the_run(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	pass(k, SECONDS(20));
	do_entries(k, CALL_RESULT, OUTCOME_WRONG_STATE, "DRS.M00304");
	expect_no_news(k);
	assert_true(k->runs[1].lost);
	assert_false(k->runs[1].report);
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	assert_int_equal(k->n_runs, 2);
}

/* A result entry with an error is never a verdict of the run. */
static void test_result_entry_with_error_is_no_verdict(void **state)
{
	static const enum outcome outcomes[] = {OUTCOME_BUSY, OUTCOME_NOT_READY, OUTCOME_PARENT,
		OUTCOME_REFUSED, OUTCOME_DENIED, OUTCOME_BAD_REQUEST, OUTCOME_SERVER,
		OUTCOME_THROTTLED, OUTCOME_TRANSPORT};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		to_submit(k, make_settings(1, 1));
		do_submit(k);
		pass(k, SECONDS(20));
		do_entries(k, CALL_RESULT, outcomes[i], "DRS.M09999");
		assert_int_equal(k->n_runs, 0);
		assert_null(stored(k, 0)->report);
		for (; k->taken < k->n_told; k->taken++)
			assert_string_equal(k->told[k->taken].event, "refused");
		pass(k, MINUTES(2));
		if (stored(k, 0)->run.state != RUN_NONE) {
			do_result(k, 100, "a=P");
			expect_news(
				k, "passed"); /* of whatever it was, the report is not refused */
		}
		kit_teardown(&own);
	}
}

/* Denied results for a run in progress: refused is told once, stale once, and nothing is "current" again. */
static void test_result_denied_in_mid_run_grows_stale_once(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	while (k->now.mono < 1000000 + HOURS(5)) {
		pass(k, SECONDS(10));
		while (k->n_calls) {
			if (k->calls[0].kind == CALL_STATUS)
				do_status(k, "CONFIGURATION");
			else
				do_entries(k, CALL_RESULT, OUTCOME_DENIED, "DRS.M00103");
		}
	}
	expect_news(k, "refused");
	while (k->taken < k->n_told)
		assert_string_not_equal(k->told[k->taken++].event, "current");
}

/* --- statuses --- */

static void test_started_and_its_statuses(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=F:R");
	expect_news(k, "failed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "WAITING_FOR_START");
	t = expect_news(k, "started");
	assert_int_equal(t->previous, VERDICT_FAILED);
	assert_string_equal(t->status, "WAITING_FOR_START");
	assert_string_equal(t->previous_status, "CONFIGURATION");
	pass(k, MINUTES(30));
	do_status(k, "FULL_TRANSFER_STARTED");
	expect_news(k, "status");
	pass(k, MINUTES(30));
	do_status(k, "FULL_TRANSFER_STARTED");
	expect_no_news(k);
	pass(k, MINUTES(30));
	do_status(k, "FULL_TRANSFER_FAILED");
	t = expect_news(k, "status-trouble");
	assert_int_equal(t->verdict, VERDICT_STARTED);
	pass(k, MINUTES(30));
	do_status(k, "RELEASE_RESOURCE_COMPLETE");
	expect_news(k, "ended");
	expect_quiet(k, DAYS(1));
}

static void test_back_in_configuration_is_checked_again(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=P b=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=P b=F:R");
	t = expect_news(k, "failed");
	assert_int_equal(t->previous, VERDICT_STARTED);
	assert_string_equal(t->added, "b");
	expect_no_news(k);
}

static void test_creating_is_refused_until_configured(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CREATING");
	expect_news(k, "refused");
	expect_no_call(k);
	pass(k, MINUTES(30));
	do_status(k, "CREATING");
	expect_no_news(k);
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_no_result(k);
	do_submit(k);
	do_polls(k, "a=P");
	assert_int_equal(expect_news(k, "passed")->previous, VERDICT_REFUSED);
}

static void test_unknown_status_is_watched_not_checked(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "TELEPORTING");
	t = expect_news(k, "refused");
	assert_non_null(strstr(t->text, "TELEPORTING"));
	expect_quiet(k, MINUTES(29));
	pass(k, MINUTES(1));
	do_status(k, "TELEPORTED");
	expect_news(k, "refused");
	pass(k, MINUTES(30));
	expect_call(k, CALL_STATUS, 1);
}

static void test_status_without_an_entry_is_asked_again(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(1, 2));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 2);
	r = with_status(&c, "STARTJOBING");
	text_copy(r->answers[1].task, sizeof(r->answers[1].task), task_id(77));
	kit_send(k, r);
	expect_news(k, "started");
	c = expect_call(k, CALL_STATUS, 1);
	kit_send(k, with_status(&c, "STARTJOBING"));
	expect_news(k, "started");
}

/* --- busy --- */

static void test_busy_is_this_task_only(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;
	int64_t at[4];

	to_submit(k, make_settings(1, 2));
	c = expect_call(k, CALL_SUBMIT, 2);
	r = with_outcome(&c, OUTCOME_OK, "");
	answer_fails(answer_of(r, 0), OUTCOME_BUSY, "DRS.M01504");
	kit_send(k, r);
	at[0] = k->now.mono;
	for (int i = 1; i < 4; i++) {
		c = expect_call(k, CALL_RESULT, 1); /* its result is looked at */
		assert_true(carries(&c, 0));
		kit_send(k, with_outcome(&c, OUTCOME_WRONG_STATE, "DRS.M00304"));
		while (k->n_calls == 0 || k->calls[0].kind != CALL_SUBMIT) {
			pass(k, 500);
			if (k->n_calls &&
				k->calls[0].kind == CALL_RESULT) { /* the neighbour's polls */
				c = expect_call(k, CALL_RESULT, 1);
				assert_true(carries(&c, 1));
				kit_send(k, with_result(&c, 50, "a=E"));
			}
		}
		at[i] = k->now.mono;
		c = expect_call(k, CALL_SUBMIT, 1);
		kit_send(k, with_outcome(&c, OUTCOME_BUSY, "DRS.M01504"));
	}
	assert_in_range(at[1] - at[0], SECONDS(5), SECONDS(11));
	assert_true(at[3] - at[2] > SECONDS(5)); /* backing off, not hammering */
	assert_in_range(at[3] - at[0], SECONDS(15), MINUTES(2));
	expect_no_news(k);
}

/* --- bad requests --- */

static void test_one_bad_id_among_ten(void **state)
{
	struct kit *k = *state;
	unsigned alone[10] = {0}, submitted = 0;
	struct call c;

	kit_configure(k, make_settings(1, 10));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 10);
	say_whole(k, &c, OUTCOME_BAD_REQUEST, "DRS.M00202");
	expect_no_news(k);
	for (int64_t end = k->now.mono + SECONDS(60); k->now.mono < end; pass(k, 100)) {
		while (k->n_calls) {
			c = k->calls[0];
			expect_call(k, c.kind, 0);
			if (c.kind == CALL_STATUS) {
				assert_int_equal(c.n, 1);
				alone[task_number(c.jobs[0].task)]++;
				if (carries(&c, 3))
					say_whole(k, &c, OUTCOME_BAD_REQUEST, "DRS.M00202");
				else
					kit_send(k, with_status(&c, "CONFIGURATION"));
			} else if (c.kind == CALL_RESULT && submitted < 9) {
				kit_send(k, with_outcome(&c, OUTCOME_WRONG_STATE, "DRS.M00304"));
			} else if (c.kind == CALL_SUBMIT) {
				submitted += c.n;
				kit_send(k, with_outcome(&c, OUTCOME_OK, ""));
			} else {
				kit_send(k, with_result(&c, 50, "a=E"));
			}
		}
	}
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(alone[i], 1); /* each alone, once */
	assert_int_equal(submitted, 9);        /* in the same round */
	assert_string_equal(expect_news(k, "refused")->job, "job3");
	expect_no_news(k);
}

static void test_culprit_is_left_for_an_hour(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_BAD_REQUEST, "DRS.M00202");
	expect_news(k, "refused");
	expect_quiet(k, MINUTES(60) - SECONDS(5));
	pass(k, SECONDS(10));
	do_status(k, "CONFIGURATION");
	do_no_result(k);
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

static void test_bad_submit_leaves_no_run(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 2));
	c = expect_call(k, CALL_SUBMIT, 2);
	say_whole(k, &c, OUTCOME_BAD_REQUEST, "DRS.M00202");
	c = expect_call(k, CALL_SUBMIT, 1);
	say_whole(k, &c, OUTCOME_BAD_REQUEST, "DRS.M00202");
	assert_int_equal(stored(k, task_number(c.jobs[0].task))->run.state, RUN_NONE);
	expect_news(k, "refused");
	c = expect_call(k, CALL_SUBMIT, 1);
	kit_send(k, with_outcome(&c, OUTCOME_OK, ""));
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

/* --- items --- */

static void test_only_passed_fixes(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=F:R b=F:S c=P");
	expect_news(k, "failed");
	next_check(k, "b=F:S c=P"); /* a is missing */
	t = expect_news(k, "failed-items");
	assert_string_equal(t->unchecked, "a");
	assert_string_equal(t->fixed, "");
	next_check(k, "b=F:S c=P");
	expect_no_news(k); /* still missing: known */
	next_check(k, "a=P b=F:S c=P");
	t = expect_news(k, "failed-items");
	assert_string_equal(t->fixed, "a");
	assert_string_equal(t->still, "b");
}

static void test_changed_reason_is_news(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=F:R");
	expect_news(k, "failed");
	next_check(k, "a=F:R");
	expect_no_news(k);
	next_check(k, "a=F:OTHER_REASON");
	assert_string_equal(expect_news(k, "failed-items")->changed, "a");
	next_check(k, "a=A:OTHER_REASON");
	assert_string_equal(expect_news(k, "alarmed")->changed, "a");
	next_check(k, "a=A:OTHER_REASON b=A:X");
	assert_string_equal(expect_news(k, "alarmed-items")->added, "b");
}

static void test_item_named_twice_counts_as_its_worst(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P a=F:R a=A:S");
	assert_string_equal(expect_news(k, "failed")->added, "a");
}

static void test_not_passed_without_a_bad_item_is_failed(void **state)
{
	static const struct {
		int rate, result;
	} rows[] = {{90, -1}, {100, 0}, {-1, 0}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct call c;
		struct reply *r;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		to_submit(k, make_settings(1, 1));
		do_submit(k);
		pass(k, SECONDS(20));
		c = expect_call(k, CALL_RESULT, 1);
		r = reply_to(&c);
		r->answers[0].report = make_report(100, rows[i].rate, rows[i].result, "a=P");
		kit_send(k, r);
		assert_non_null(strstr(expect_news(k, "failed")->text, "names no item"));
		kit_teardown(&own);
	}
}

/* --- check = no --- */

static void test_check_no_reads_only(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	s->jobs[0].check = false;
	kit_configure(k, s);
	do_login(k);
	for (int i = 0; i < 4; i++) {
		do_status(k, "CONFIGURATION");
		do_result(k, 100, i < 2 ? "a=F:R" : "a=P");
		if (i == 0)
			assert_int_equal(expect_news(k, "failed")->run, 0);
		if (i == 2)
			expect_news(k, "passed");
		expect_quiet(k, MINUTES(30) - SECONDS(1));
		pass(k, SECONDS(1));
	}
	assert_int_equal(k->n_runs, 0);
	assert_int_equal(stored(k, 0)->run.number, 0);
}

static void test_check_no_denied_result_is_told(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	s->jobs[0].check = false;
	kit_configure(k, s);
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_entries(k, CALL_RESULT, OUTCOME_DENIED, "DRS.M00103");
	expect_news(k, "refused");
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_entries(k, CALL_RESULT, OUTCOME_DENIED, "DRS.M00103");
	expect_no_news(k);
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	assert_int_equal(expect_news(k, "passed")->previous, VERDICT_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_submit_not_ready_is_refused_each_interval),
		KIT_TEST(test_refusal_does_not_erase_the_last_report),
		cmocka_unit_test(test_submit_wrong_state_reads_the_status),
		KIT_TEST(test_wrong_state_keeps_its_beginning),
		cmocka_unit_test(test_parent_is_asked_daily),
		KIT_TEST(test_failed_without_a_code_is_refused),
		KIT_TEST(test_denied_for_one_entry),
		KIT_TEST(test_denied_submit_adopts_what_it_sees),
		KIT_TEST(test_started_ends_a_refusal),
		KIT_TEST(test_no_such_task_is_refused),
		KIT_TEST(test_gone_twice_is_ended),
		KIT_TEST(test_gone_once_is_nothing),
		KIT_TEST(test_ended_is_asked_anew),
		cmocka_unit_test(test_gone_by_result_and_by_submit),
		KIT_TEST(test_result_wrong_state_overtakes_the_run),
		cmocka_unit_test(test_result_entry_with_error_is_no_verdict),
		KIT_TEST(test_result_denied_in_mid_run_grows_stale_once),
		KIT_TEST(test_started_and_its_statuses),
		KIT_TEST(test_back_in_configuration_is_checked_again),
		KIT_TEST(test_creating_is_refused_until_configured),
		KIT_TEST(test_unknown_status_is_watched_not_checked),
		KIT_TEST(test_status_without_an_entry_is_asked_again),
		KIT_TEST(test_busy_is_this_task_only),
		KIT_TEST(test_one_bad_id_among_ten),
		KIT_TEST(test_culprit_is_left_for_an_hour),
		KIT_TEST(test_bad_submit_leaves_no_run),
		KIT_TEST(test_only_passed_fixes),
		KIT_TEST(test_changed_reason_is_news),
		KIT_TEST(test_item_named_twice_counts_as_its_worst),
		cmocka_unit_test(test_not_passed_without_a_bad_item_is_failed),
		KIT_TEST(test_check_no_reads_only),
		KIT_TEST(test_check_no_denied_result_is_told),
	};

	return cmocka_run_group_tests_name("judge: what DRS's answers mean", tests, NULL, NULL);
}
