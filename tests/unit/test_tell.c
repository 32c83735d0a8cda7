/* test_tell.c - what comes out of the heart and when: order of effects, ids, one piece of news for one
 * event, growing stale; and the doors besides replies: USR1, USR2, reload. */
#include "heart_fake.h"

/* --- effects --- */

static void assert_effects(struct kit *k, const enum effect_kind *kinds, size_t n)
{
	struct effect e;

	for (size_t i = 0; i < n; i++) {
		assert_true(watch_next(k->w, &e));
		assert_int_equal(e.kind, kinds[i]);
	}
	assert_false(watch_next(k->w, &e));
	assert_false(watch_next(k->w, &e));
}

static void test_saves_then_news_then_calls(void **state)
{
	static const enum effect_kind login[] = {EFFECT_SAVE_CLOUD, EFFECT_NEWS, EFFECT_CALL};
	static const enum effect_kind end[] = {EFFECT_SAVE_JOB, EFFECT_SAVE_RUN, EFFECT_NEWS};
	static const enum effect_kind submit[] = {EFFECT_SAVE_JOB, EFFECT_CALL};
	struct kit *k = *state;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(1, 1));
	c = expect_call(k, CALL_LOGIN, 0);
	k->logins[k->n_logins++] = c.id;
	r = reply_to(&c);
	r->life = HOURS(24);
	watch_reply(k->w, r, k->now);
	reply_free(r);
	assert_effects(k, login, ELEMENTSOF(login));
	/* the call was drained by hand: it is number 2, with task 0 */
	c.id = 2;
	c.kind = CALL_STATUS;
	c.n = 1;
	text_copy(c.jobs[0].task, sizeof(c.jobs[0].task), task_id(0));
	r = with_status(&c, "CONFIGURATION");
	watch_reply(k->w, r, k->now);
	reply_free(r);
	while (watch_next(k->w, &(struct effect){0}))
		;
	k->now.mono += 100;
	watch_tick(k->w, k->now);
	while (watch_next(k->w, &(struct effect){0}))
		;
	c.id = 3;
	r = with_result(&c, 100, "a=P");
	watch_reply(k->w, r, k->now);
	reply_free(r);
	while (watch_next(k->w, &(struct effect){0}))
		;
	k->now.mono += 100;
	watch_tick(k->w, k->now);
	assert_effects(k, submit, ELEMENTSOF(submit));
	c.id = 4;
	r = with_outcome(&c, OUTCOME_OK, "");
	watch_reply(k->w, r, k->now);
	reply_free(r);
	assert_effects(k, submit, 1);
	k->now.mono += SECONDS(20);
	watch_tick(k->w, k->now);
	assert_effects(k, submit + 1, 1);
	c.id = 5;
	r = with_result(&c, 100, "a=F:R");
	watch_reply(k->w, r, k->now);
	reply_free(r);
	assert_effects(k, end, ELEMENTSOF(end));
}

static void test_news_ids_go_on_after_a_restart(void **state)
{
	struct kit *k = *state;
	uint64_t id;

	first_check(k, make_settings(1, 1), "a=P");
	id = expect_news(k, "passed")->id;
	assert_true(id > 1); /* the login was news too */
	assert_int_equal(stored(k, 0)->last_news, id);
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	pass(k, MINUTES(30));
	do_status(k, "STARTJOBING");
	assert_true(expect_news(k, "started")->id > id); /* the kit checks each of them */
}

static void test_run_numbers_go_on_after_a_restart(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	assert_int_equal(k->runs[0].number, 1);
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P");
	do_submit(k);
	do_polls(k, "a=P");
	assert_int_equal(k->runs[1].number, 2);
}

/* Verdict, items and status change together: one entry, of the weightiest. */
static void test_one_entry_for_one_event(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=F:R b=P");
	t = expect_news(k, "failed");
	assert_true(t->first);
	assert_int_equal(t->previous, VERDICT_UNKNOWN);
	next_check(k, "a=P b=A:S");
	t = expect_news(k, "alarmed");
	assert_false(t->first);
	assert_int_equal(t->previous, VERDICT_FAILED);
	assert_string_equal(t->added, "b");
	assert_string_equal(t->fixed, "a");
	assert_true(t->since == k->now.wall);
	assert_true(t->previous_since < t->since);
	expect_no_news(k);
}

/* --- stale --- */

/* DRS is busy with the task for hours: its cloud is well, its verdict grows old. */
static void test_stale_is_told_once_and_ended_once(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t = NULL;
	int64_t confirmed;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	confirmed = k->now.mono;
	while (k->now.mono < confirmed + HOURS(3)) {
		pass(k, SECONDS(10));
		while (k->n_calls) {
			if (k->calls[0].kind == CALL_STATUS)
				do_status(k, "CONFIGURATION");
			else if (k->calls[0].kind == CALL_SUBMIT)
				do_entries(k, CALL_SUBMIT, OUTCOME_BUSY, "DRS.M01504");
			else
				do_result(k, 100, "a=P");
		}
	}
	t = expect_news(k, "stale");
	assert_in_range(t->at - confirmed, HOURS(1), HOURS(1) + 1000);
	assert_true(t->stale);
	assert_int_equal(t->verdict, VERDICT_PASSED);
	expect_no_news(k);
	while (k->n_calls == 0 || k->calls[0].kind != CALL_SUBMIT) {
		pass(k, SECONDS(10));
		while (k->n_calls && k->calls[0].kind != CALL_SUBMIT)
			if (k->calls[0].kind == CALL_STATUS)
				do_status(k, "CONFIGURATION");
			else
				do_result(k, 100, "a=P");
	}
	do_submit(k);
	do_polls(k, "a=P");
	t = expect_news(k, "current");
	assert_false(t->stale);
	expect_no_news(k);
}

static void test_stale_is_by_the_monotonic_clock(void **state)
{
	static const int64_t jumps[] = {DAYS(1), -DAYS(1)};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(jumps); i++) {
		struct call c;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		first_check(k, make_settings(1, 1), "a=P");
		expect_news(k, "passed");
		k->now.wall += jumps[i];
		pass(k, MINUTES(30) - SECONDS(30));
		c = expect_call(k, CALL_STATUS, 1);
		expect_quiet(k, MINUTES(29)); /* nobody answers */
		pass(k, MINUTES(2));
		expect_news(k, "stale");
		kit_send(k, with_status(&c, "STARTJOBING"));
		expect_news(k, "started");
		kit_teardown(&own);
	}
}

static void test_told_stale_is_kept_over_a_restart(void **state)
{
	struct kit *k = *state;
	struct call c;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	c = expect_call(k, CALL_STATUS, 1);
	pass(k, MINUTES(31));
	expect_news(k, "stale");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	expect_quiet(k, HOURS(3));
	kit_send(k, with_status(&c, "CONFIGURATION"));
	do_result(k, 100, "a=P");
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "current");
}

static void test_ended_jobs_never_grow_stale(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "RELEASE_RESOURCE_COMPLETE");
	expect_news(k, "ended");
	expect_quiet(k, DAYS(10));
}

/* --- USR1 --- */

static void test_usr1_checks_all_or_one(void **state)
{
	struct kit *k = *state;
	struct call c;

	first_check(k, make_settings(1, 3), "a=P");
	pass(k, MINUTES(5));
	expect_no_call(k);
	check_now(k, "job1");
	c = expect_call(k, CALL_STATUS, 1);
	assert_true(carries(&c, 1));
	kit_send(k, with_status(&c, "CONFIGURATION"));
	do_submit(k);
	do_polls(k, "a=P");
	pass(k, MINUTES(5));
	check_now(k, NULL);
	expect_call(k, CALL_STATUS, 3);
}

static void test_usr1_never_on_top_of_a_run(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	c = expect_call(k, CALL_SUBMIT, 1);
	check_now(k, NULL); /* on the wire */
	expect_no_call(k);
	say_unclear(k, &c);
	check_now(k, NULL); /* unsure */
	expect_quiet(k, SECONDS(19));
	pass(k, SECONDS(1));
	do_result(k, 20, "a=E");
	check_now(k, "job0"); /* going */
	expect_quiet(k, SECONDS(9));
	pass(k, SECONDS(1));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->n_runs, 1);
	/* and two signals are one check */
	pass(k, MINUTES(1));
	check_now(k, NULL);
	check_now(k, NULL);
	do_status(k, "CONFIGURATION");
	check_now(k, NULL);
	c = expect_call(k, CALL_SUBMIT, 1);
	check_now(k, NULL);
	kit_send(k, with_outcome(&c, OUTCOME_OK, ""));
	do_polls(k, "a=P");
	expect_quiet(k, MINUTES(29));
	assert_int_equal(k->n_runs, 2);
}

static void test_usr1_never_on_top_of_an_adopted_run(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 20, "a=E");
	expect_news(k, "adopted");
	check_now(k, NULL);
	expect_quiet(k, SECONDS(9));
}

static void test_usr1_ends_the_wait_after_trouble(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	for (int i = 0; i < 8; i++) {
		c = expect_call(k, CALL_STATUS, 1);
		say_whole(k, &c, OUTCOME_TRANSPORT, "");
		pass(k, MINUTES(10) + 1);
	}
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	pass(k, SECONDS(2));
	expect_no_call(k);
	check_now(k, NULL);
	expect_call(k, CALL_STATUS, 1);
}

/* --- reload --- */

static void test_reload_keeps_plan_login_and_records(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 3), "a=F:R");
	for (int i = 0; i < 3; i++)
		expect_news(k, "failed");
	for (int i = 0; i < 100; i++) {
		kit_configure(k, make_settings(1, 3));
		pass(k, SECONDS(5));
	}
	expect_no_call(k);
	pass(k, MINUTES(30) - SECONDS(532));
	expect_no_call(k);
	pass(k, SECONDS(2));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=F:R");
	expect_no_news(k);
	assert_int_equal(k->n_logins, 1);
	assert_int_equal(k->n_jobs, 3);
}

static void test_reload_keeps_runs_and_calls_in_flight(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 2));
	c = expect_call(k, CALL_SUBMIT, 2);
	kit_configure(k, make_settings(1, 2));
	c.cloud = &k->s->clouds[0];
	kit_send(k, with_outcome(&c, OUTCOME_OK, "")); /* is still taken */
	assert_int_equal(stored(k, 0)->run.state, RUN_GOING);
	pass(k, SECONDS(10));
	kit_configure(k, make_settings(1, 2));
	pass(k, SECONDS(10));
	do_result(k, 50, "a=E");
	kit_configure(k, make_settings(1, 2));
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	expect_news(k, "passed");
	assert_int_equal(k->runs[0].number + k->runs[1].number, 3);
}

static void test_reload_with_another_interval(void **state)
{
	static const struct {
		int64_t after, interval, due; /* since the last submit */
	} rows[] = {
		{MINUTES(10), HOURS(2), HOURS(2)}, {MINUTES(10), MINUTES(15), MINUTES(15)},
		{MINUTES(20), MINUTES(15), MINUTES(20)}, /* already due: now */
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct settings *s = make_settings(1, 1);
		int64_t submitted;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		to_submit(k, make_settings(1, 1));
		do_submit(k);
		submitted = k->now.mono;
		do_polls(k, "a=P");
		pass(k, submitted + rows[i].after - k->now.mono);
		s->jobs[0].interval = rows[i].interval;
		s->jobs[0].stale_after = DAYS(1);
		kit_configure(k, s);
		if (rows[i].due > rows[i].after) {
			pass(k, submitted + rows[i].due - 1000 - k->now.mono);
			expect_no_call(k);
			pass(k, 1000);
		}
		assert_int_equal(k->n_calls, 1);
		assert_int_equal(k->calls[0].kind, CALL_STATUS);
		kit_teardown(&own);
	}
}

/* The last submit counts, also when the run took longer than the old interval. */
static void test_reload_after_a_long_run(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;
	int64_t submitted;

	s->jobs[0].interval = MINUTES(5);
	to_submit(k, s);
	do_submit(k);
	submitted = k->now.mono;
	pass(k, SECONDS(20));
	while (k->now.mono < submitted + MINUTES(12)) {
		do_result(k, 50, "a=E");
		pass(k, SECONDS(60));
	}
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	/* it is due at once; the reload comes before the status is answered with trouble */
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	s = make_settings(1, 1);
	s->jobs[0].interval = MINUTES(30);
	kit_configure(k, s);
	pass(k, SECONDS(15));
	expect_call(k, CALL_STATUS, 1); /* a check that has begun goes on */
}

static void test_removed_job_and_its_late_answer(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 2));
	do_submit(k);
	pass(k, SECONDS(20));
	c = expect_call(k, CALL_RESULT, 2);
	kit_configure(k, make_settings(1, 1)); /* job1 leaves */
	c.cloud = &k->s->clouds[0];
	kit_send(k, with_result(&c, 100, "a=F:R"));
	assert_string_equal(expect_news(k, "failed")->job, "job0");
	expect_no_news(k);
	assert_int_equal(stored(k, 1)->run.state, RUN_GOING); /* it stays stored */
	pass(k, SECONDS(10));
	kit_configure(k, make_settings(1, 2)); /* and comes back */
	c = expect_call(k, CALL_RESULT, 1);    /* no submit on top of its run */
	assert_true(carries(&c, 1));
	kit_send(k, with_result(&c, 50, "a=E"));
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	assert_string_equal(expect_news(k, "passed")->job, "job1");
}

static void test_removed_job_leaves_its_slot(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 2);
	struct call c;

	s->clouds[0].max_runs = 1;
	kit_configure(k, s);
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_no_result(k);
	c = expect_call(k, CALL_SUBMIT, 1);
	kit_send(k, with_outcome(&c, OUTCOME_OK, ""));
	expect_quiet(k, SECONDS(19));
	s = make_settings(1, 2);
	s->clouds[0].max_runs = 1;
	s->jobs[0].task[0] = s->jobs[1].task[0] = '6'; /* both go, two others come */
	k->n_calls = 0;
	assert_int_equal(watch_configure(k->w, s, k->now), 0);
	settings_unref(k->s);
	k->s = s;
	{
		struct watch_summary sum;

		watch_summarise(k->w, k->now, &sum);
		assert_int_equal(sum.running, 0);
		assert_int_equal(sum.jobs, 2);
	}
}

static void test_removed_cloud_and_its_late_answers(void **state)
{
	struct kit *k = *state;
	struct settings *s;
	struct call a, b;

	kit_configure(k, make_settings(2, 4));
	do_login(k);
	do_login(k);
	a = expect_call(k, CALL_STATUS, 2);
	b = expect_call(k, CALL_STATUS, 2);
	s = make_settings(1, 2);
	text_copy(s->jobs[1].task, sizeof(s->jobs[1].task), task_id(2));
	kit_configure(k, s);
	a.cloud = b.cloud = &k->s->clouds[0];
	expect_news(k, "replaced"); /* job1 names another task now */
	kit_send(k, with_status(&b, "STARTJOBING"));
	expect_no_news(k);
	kit_send(k, with_status(&a, "STARTJOBING"));
	expect_news(k, "started");
	expect_news(k, "started");
}

static void test_renamed_job_keeps_its_record(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	first_check(k, make_settings(1, 1), "a=F:R");
	expect_news(k, "failed");
	free(s->jobs[0].name);
	s->jobs[0].name = strdup("orders");
	kit_configure(k, s);
	assert_string_equal(stored(k, 0)->name, "orders");
	next_check(k, "a=F:R");
	expect_no_news(k);
	next_check(k, "a=P");
	assert_string_equal(expect_news(k, "passed")->job, "orders");
}

static void test_job_of_another_user_keeps_its_record(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	free(s->clouds[0].user);
	s->clouds[0].user = strdup("somebody");
	pass(k, SECONDS(10));
	kit_configure(k, s);
	do_login(k); /* begins anew */
	do_result(k, 50, "a=E");
	pass(k, SECONDS(10));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->runs[0].number, 1);
}

/* --- replies that nobody waits for --- */

static void test_unknown_and_double_replies_are_ignored(void **state)
{
	struct kit *k = *state;
	struct call c, twice;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	c = twice = expect_call(k, CALL_STATUS, 1);
	c.id = 4711;
	kit_send(k, with_status(&c, "DELETED"));
	expect_no_news(k);
	kit_send(k, with_status(&twice, "STARTJOBING"));
	expect_news(k, "started");
	kit_send(k, with_status(&twice, "DELETED"));
	expect_no_news(k);
	assert_string_equal(stored(k, 0)->status, "STARTJOBING");
}

/* --- USR2 and the summary --- */

static void test_state_is_no_news(void **state)
{
	struct kit *k = *state;
	uint64_t last;
	struct call c;

	first_check(k, make_settings(1, 2), "a=P");
	expect_news(k, "passed");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	for (int i = 0; i < 2; i++) {
		c = expect_call(k, CALL_STATUS, 2);
		say_whole(k, &c, OUTCOME_TRANSPORT, "");
		pass(k, SECONDS(11));
	}
	expect_news(k, "cloud-down");
	k->n_calls = 0;
	last = k->last_news;
	watch_tell_state(k->w, 0, k->now);
	kit_drain(k);
	for (int i = 0; i < 3; i++) {
		const struct kit_told *t = expect_news(k, "state");

		assert_int_equal(t->id, 0);
		assert_int_equal(t->verdict, i == 0 ? VERDICT_UNKNOWN : VERDICT_PASSED);
	}
	expect_no_news(k);
	assert_int_equal(k->last_news, last);
	assert_true(stored(k, 0)->last_news <= last);
}

static void test_summary(void **state)
{
	struct kit *k = *state;
	struct watch_summary sum;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(2, 4));
	watch_summarise(k->w, k->now, &sum);
	assert_int_equal(sum.jobs, 4);
	assert_int_equal(sum.clouds, 2);
	assert_int_equal(sum.unfinished, 4);
	assert_int_equal(sum.verdicts[VERDICT_UNKNOWN], 4);
	assert_true(sum.token_end == INT64_MAX);
	c = expect_call(k, CALL_LOGIN, 0);
	say_login(k, &c);
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_MISCONFIGURED, "");
	expect_news(k, "cloud-down");
	c = expect_call(k, CALL_STATUS, 2);
	r = with_status(&c, "CONFIGURATION");
	text_copy(r->answers[0].status, sizeof(r->answers[0].status), "STARTJOBING");
	kit_send(k, r);
	expect_news(k, "started");
	do_no_result(k);
	do_submit(k);
	watch_summarise(k->w, k->now, &sum);
	assert_int_equal(sum.running, 1);
	assert_int_equal(sum.clouds_down, 1);
	assert_int_equal(sum.unfinished, 1); /* the other cloud's are excused */
	assert_int_equal(sum.verdicts[VERDICT_STARTED], 1);
	assert_true(sum.token_end == 1000000 + k->token_life);
	do_polls(k, "a=P");
	watch_summarise(k->w, k->now, &sum);
	assert_int_equal(sum.running, 0);
	assert_int_equal(sum.unfinished, 0);
	assert_int_equal(sum.verdicts[VERDICT_PASSED], 1);
	assert_true(sum.next_due < k->now.mono + MINUTES(30));
}

/* A heart that is freed with everything in flight leaks nothing (SANITIZE=1, valgrind). */
static void test_freed_in_the_middle(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(3, 50));
	kit_play(k, SECONDS(30));
	assert_int_equal(watch_configure(k->w, k->s, k->now), 0);
	watch_tell_state(k->w, 0, k->now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_saves_then_news_then_calls),
		KIT_TEST(test_news_ids_go_on_after_a_restart),
		KIT_TEST(test_run_numbers_go_on_after_a_restart),
		KIT_TEST(test_one_entry_for_one_event),
		KIT_TEST(test_stale_is_told_once_and_ended_once),
		cmocka_unit_test(test_stale_is_by_the_monotonic_clock),
		KIT_TEST(test_told_stale_is_kept_over_a_restart),
		KIT_TEST(test_ended_jobs_never_grow_stale),
		KIT_TEST(test_usr1_checks_all_or_one),
		KIT_TEST(test_usr1_never_on_top_of_a_run),
		KIT_TEST(test_usr1_never_on_top_of_an_adopted_run),
		KIT_TEST(test_usr1_ends_the_wait_after_trouble),
		KIT_TEST(test_reload_keeps_plan_login_and_records),
		KIT_TEST(test_reload_keeps_runs_and_calls_in_flight),
		cmocka_unit_test(test_reload_with_another_interval),
		KIT_TEST(test_reload_after_a_long_run),
		KIT_TEST(test_removed_job_and_its_late_answer),
		KIT_TEST(test_removed_job_leaves_its_slot),
		KIT_TEST(test_removed_cloud_and_its_late_answers),
		KIT_TEST(test_renamed_job_keeps_its_record),
		KIT_TEST(test_job_of_another_user_keeps_its_record),
		KIT_TEST(test_unknown_and_double_replies_are_ignored),
		KIT_TEST(test_state_is_no_news),
		KIT_TEST(test_summary),
		KIT_TEST(test_freed_in_the_middle),
	};

	return cmocka_run_group_tests_name(
		"tell: effects, stale, signals, reload", tests, NULL, NULL);
}
