/* test_cloud.c - what belongs to a cloud: logins, tokens, credentials, throttling, trouble that begins and
 * ends, permissions of the whole account. One test for each such row of the event table and of its rules. */
#include "heart_fake.h"

/* --- logins --- */

static void test_no_call_before_the_login(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 25));
	c = expect_call(k, CALL_LOGIN, 0);
	expect_quiet(k, SECONDS(29));
	assert_int_equal(c.login, 0);
	say_login(k, &c);
	expect_call(k, CALL_STATUS, 10); /* the kit checks that it names the login */
}

static void test_login_renewed_at_two_thirds(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;
	int64_t made;

	s->jobs[0].interval = DAYS(2);
	s->jobs[0].stale_after = DAYS(4);
	k->token_life = HOURS(24);
	kit_configure(k, s);
	made = k->now.mono;
	do_login(k);
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	pass(k, HOURS(16) - SECONDS(5));
	expect_no_call(k);
	pass(k, SECONDS(6));
	c = expect_call(k, CALL_LOGIN, 0);
	assert_in_range(k->now.mono - made, HOURS(16), HOURS(16) + SECONDS(5));
	check_now(k, NULL); /* the old token is used until the new one is there */
	do_status(k, "STARTJOBING");
	say_login(k, &c);
	check_now(k, NULL);
	c = expect_call(k, CALL_STATUS, 1);
	assert_int_equal(c.login, k->logins[1]);
}

static void test_failing_renewal_is_no_news_while_the_token_lasts(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;
	int64_t begun;

	s->jobs[0].interval = DAYS(2);
	s->jobs[0].stale_after = DAYS(4);
	k->token_life = HOURS(24);
	kit_configure(k, s);
	begun = k->now.mono;
	do_login(k);
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	pass(k, HOURS(16));
	while (k->now.mono < begun + HOURS(19)) {
		pass(k, SECONDS(1));
		if (k->n_calls) {
			c = expect_call(k, CALL_LOGIN, 0);
			say_whole(k, &c, OUTCOME_TRANSPORT, "");
		}
	}
	expect_no_news(k);
	check_now(k, NULL); /* the old token is still good */
	for (int i = 0; i < 2 && k->n_calls && k->calls[0].kind == CALL_LOGIN; i++) {
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, OUTCOME_TRANSPORT, "");
	}
	do_status(k, "STARTJOBING");
	while (k->taken == k->n_told && k->now.mono < begun + HOURS(24)) {
		pass(k, SECONDS(1));
		if (k->n_calls) {
			c = expect_call(k, CALL_LOGIN, 0);
			say_whole(k, &c, OUTCOME_TRANSPORT, "");
		}
	}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_IAM);
	assert_true(k->now.mono < begun + HOURS(24)); /* before it hurts */
	pass(k, begun + HOURS(25) - k->now.mono);
	expect_no_news(k); /* once */
	check_now(k, NULL);
	for (size_t i = 0; i < k->n_calls; i++) /* no call with a token that has ended */
		assert_int_equal(k->calls[i].kind, CALL_LOGIN);
}

static void test_iam_in_trouble_told_at_the_second_failure(void **state)
{
	static const enum outcome outcomes[] = {
		OUTCOME_TRANSPORT, OUTCOME_SERVER, OUTCOME_THROTTLED};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
		void *own;
		struct kit *k;
		struct call c;
		int64_t told;

		kit_setup(&own);
		k = own;
		kit_configure(k, make_settings(1, 3));
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, outcomes[i], "");
		expect_no_news(k);
		pass(k, SECONDS(11));
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, outcomes[i], "IAM.0012");
		assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_IAM);
		told = k->now.wall;
		for (int n = 0; n < 10; n++) {
			pass(k, MINUTES(10) + 1);
			c = expect_call(k, CALL_LOGIN, 0);
			expect_no_call(k);
			say_whole(k, &c, outcomes[i], "IAM.0012");
			expect_no_news(k);
		}
		pass(k, MINUTES(10) + 1);
		do_login(k);
		assert_int_equal(expect_news(k, "cloud-up")->trouble_since, told);
		kit_teardown(&own);
	}
}

/* --- credentials --- */

static void to_refused_credential(struct kit *k)
{
	struct call c;

	kit_configure(k, make_settings(1, 3));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0101");
	expect_no_news(k);
	expect_no_call(k);
	pass(k, MINUTES(1));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0101");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOGIN);
	assert_string_equal(k->clouds[0].refused_mark, MARK);
}

static void test_credential_refused_twice_is_given_up(void **state)
{
	struct kit *k = *state;
	struct settings *s;

	to_refused_credential(k);
	assert_int_equal(k->told[0].next_try, -1);
	expect_quiet(k, DAYS(7)); /* IAM locks accounts */
	check_now(k, NULL);
	expect_quiet(k, HOURS(1));
	kit_configure(k, make_settings(1, 3)); /* a reload that changes nothing */
	expect_quiet(k, HOURS(1));
	s = make_settings(1, 3);
	text_copy(s->clouds[0].mark, sizeof(s->clouds[0].mark), "bbbbbbbb");
	kit_configure(k, s);
	do_login(k);
	expect_news(k, "cloud-up");
	assert_string_equal(k->clouds[0].refused_mark, "");
	do_status(k, "CONFIGURATION");
}

static void test_credential_of_another_user_is_tried(void **state)
{
	struct kit *k = *state;
	struct settings *s;

	to_refused_credential(k);
	s = make_settings(1, 3);
	free(s->clouds[0].user);
	s->clouds[0].user = strdup("somebody");
	k->n_calls = 0;
	kit_configure(k, s);
	do_login(k);
	do_status(k, "CONFIGURATION");
}

static void test_refused_credential_survives_a_restart(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 3);

	to_refused_credential(k);
	kit_restart(k, make_settings(1, 3));
	expect_quiet(k, DAYS(1)); /* neither tried nor told again */
	text_copy(s->clouds[0].mark, sizeof(s->clouds[0].mark), "bbbbbbbb");
	kit_restart(k, s);
	do_login(k);
	expect_news(k, "cloud-up");
}

static void test_credential_changed_is_tried_at_once(void **state)
{
	struct kit *k = *state;

	to_refused_credential(k);
	watch_credential_changed(k->w, "cloud0", k->now);
	kit_drain(k);
	do_login(k);
	expect_news(k, "cloud-up");
	/* and a running cloud logs in anew, still calling with the old token */
	watch_credential_changed(k->w, "cloud0", k->now);
	kit_drain(k);
	do_status(k, "CONFIGURATION");
	do_login(k);
	expect_no_news(k);
}

static void test_misconfigured_login_is_told_and_tried_slowly(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 1));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_MISCONFIGURED, "");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_MISCONFIGURED);
	expect_quiet(k, MINUTES(10) - SECONDS(2));
	pass(k, SECONDS(2));
	do_login(k);
	expect_news(k, "cloud-up");
}

/* --- tokens --- */

/* Twenty calls in flight, of all kinds, with one token that is refused: one login, nothing lost, no run
 * begun twice. */
static void test_token_refused_for_twenty_calls(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 200);
	struct call in_flight[20], c;
	unsigned n = 0, statuses = 0, done[200] = {0};
	bool polled[200] = {false};

	s->clouds[0].connections = 20;
	s->clouds[0].max_runs = 1000;
	kit_configure(k, s);
	do_login(k);
	/* half of the jobs come as far as the first poll of a run, the others wait for their status */
	while (n < 20) {
		assert_true(k->now.mono < 1000000 + MINUTES(2));
		pass(k, 30);
		while (k->n_calls) {
			c = k->calls[0];
			expect_call(k, c.kind, 10);
			if (c.kind == CALL_STATUS && statuses++ < 10)
				kit_send(k, with_status(&c, "CONFIGURATION"));
			else if (c.kind == CALL_SUBMIT)
				kit_send(k, with_outcome(&c, OUTCOME_OK, ""));
			else if (c.kind == CALL_RESULT &&
				 stored(k, task_number(c.jobs[0].task))->run.state == RUN_NONE)
				kit_send(k, with_outcome(&c, OUTCOME_WRONG_STATE, "DRS.M00304"));
			else
				in_flight[n++] = c;
		}
	}
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(in_flight[i].login, k->logins[0]);
		say_whole(k, &in_flight[i], OUTCOME_TOKEN, "APIGW.0301");
	}
	pass(k, SECONDS(1));
	c = expect_call(k, CALL_LOGIN, 0);
	expect_no_call(k);
	say_login(k, &c);
	expect_no_news(k);
	for (unsigned i = 0; i < 20; i++) {
		c = expect_call(k, k->n_calls ? k->calls[0].kind : CALL_RESULT, 0);
		assert_int_equal(c.login, k->logins[1]);
		assert_true(c.kind != CALL_SUBMIT); /* a run is not begun again */
		for (unsigned m = 0; m < c.n; m++) {
			done[task_number(c.jobs[m].task)]++;
			polled[task_number(c.jobs[m].task)] = c.kind == CALL_RESULT;
		}
		pass(k, 30);
	}
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(done[i], 1);
		assert_int_equal(polled[i], stored(k, i)->run.state == RUN_GOING);
	}
	assert_int_equal(k->n_logins, 2);
}

static void test_token_refused_by_a_submit_is_no_second_run(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	c = expect_call(k, CALL_SUBMIT, 1);
	say_whole(k, &c, OUTCOME_TOKEN, "DRS.M00100");
	pass(k, SECONDS(6));
	do_login(k);
	do_submit(k); /* it never arrived */
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

/* A late refusal of the old token must not cost the new one. */
static void test_old_token_refused_late(void **state)
{
	struct kit *k = *state;
	struct call a, b;

	kit_configure(k, make_settings(1, 20));
	do_login(k);
	a = expect_call(k, CALL_STATUS, 10);
	b = expect_call(k, CALL_STATUS, 10);
	say_whole(k, &a, OUTCOME_TOKEN, "APIGW.0301");
	pass(k, SECONDS(6));
	do_login(k);
	do_status(k, "STARTJOBING");
	say_whole(k, &b, OUTCOME_TOKEN, "APIGW.0301");
	do_status(k, "STARTJOBING");
	expect_no_call(k);
	assert_int_equal(k->n_logins, 2);
}

static void test_fresh_tokens_not_taken_is_told(void **state)
{
	struct kit *k = *state;
	struct call c;
	unsigned logins = 0;

	kit_configure(k, make_settings(1, 1));
	for (int64_t end = k->now.mono + HOURS(1); k->now.mono < end; pass(k, SECONDS(1))) {
		while (k->n_calls) {
			c = k->calls[0];
			expect_call(k, c.kind, 0);
			if (c.kind == CALL_LOGIN) {
				say_login(k, &c);
				logins++;
			} else {
				say_whole(k, &c, OUTCOME_TOKEN, "APIGW.0301");
			}
		}
	}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_TOKENS);
	expect_no_news(k);
	assert_in_range(logins, 3, 10); /* no endless loop of logins */
}

/* --- throttling --- */

static void test_throttled_halves_and_recovers(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	const struct kit_told *t;
	struct call c;
	int64_t since;

	s->clouds[0].pace = 32;
	kit_configure(k, s);
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
	t = expect_news(k, "throttled");
	since = k->now.wall;
	assert_int_equal(t->pace, 16);
	assert_int_equal(t->pace_wanted, 32);
	expect_no_call(k);
	pass(k, MINUTES(1));
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
	expect_no_news(k); /* 8 now, but the same trouble */
	for (int i = 0; i < 23; i++) {
		pass(k, MINUTES(5));
		check_now(k, NULL);
		pass(k, SECONDS(10));
		do_status(k, "STARTJOBING");
		if (i == 0)
			expect_news(k, "started");
		expect_no_news(k); /* slowly */
	}
	pass(k, MINUTES(5));
	check_now(k, NULL);
	pass(k, SECONDS(10));
	do_status(k, "STARTJOBING");
	t = expect_news(k, "unthrottled");
	assert_int_equal(t->pace, 32);
	assert_int_equal(t->trouble_since, since);
}

static void test_throttled_of_one_burst_counts_once(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 40);
	struct call c[4];

	s->clouds[0].pace = 32;
	kit_configure(k, s);
	do_login(k);
	for (int i = 0; i < 4; i++)
		c[i] = expect_call(k, CALL_STATUS, 10);
	for (int i = 0; i < 4; i++)
		say_whole(k, &c[i], OUTCOME_THROTTLED, "APIGW.0308");
	assert_int_equal(expect_news(k, "throttled")->pace, 16);
	expect_no_news(k);
}

static void test_throttled_survives_a_restart(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	s->clouds[0].pace = 4;
	kit_configure(k, s);
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
	expect_news(k, "throttled");
	s = make_settings(1, 1);
	s->clouds[0].pace = 4;
	kit_restart(k, s);
	do_login(k);
	expect_no_call(k); /* the hold is kept too */
	pass(k, MINUTES(11));
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
	expect_no_news(k); /* known */
	for (int i = 0; i < 5; i++) {
		pass(k, MINUTES(11));
		check_now(k, NULL);
		pass(k, MINUTES(1));
		while (k->n_calls)
			do_status(k, "STARTJOBING");
	}
	expect_news(k, "started");
	expect_news(k, "unthrottled");
	expect_no_news(k);
}

static void test_retry_after_is_obeyed(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	assert_int_equal(reply_new(c.id, 0, &r), 0);
	r->outcome = OUTCOME_THROTTLED;
	r->retry_after = MINUTES(7);
	kit_send(k, r);
	expect_news(k, "throttled");
	check_now(k, NULL); /* nor may the operator break it */
	expect_quiet(k, MINUTES(7) - SECONDS(1));
	pass(k, SECONDS(1));
	expect_call(k, CALL_STATUS, 1);
}

/* --- unreachable --- */

static void test_unreachable_told_at_the_second_failure_ended_once(void **state)
{
	static const enum outcome outcomes[] = {OUTCOME_TRANSPORT, OUTCOME_SERVER};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
		const struct kit_told *t;
		void *own;
		struct kit *k;
		struct call c;
		int64_t told;

		kit_setup(&own);
		k = own;
		first_check(k, make_settings(1, 3), "a=P");
		for (int n = 0; n < 3; n++)
			expect_news(k, "passed");
		pass(k, MINUTES(30) - SECONDS(30));
		c = expect_call(k, CALL_STATUS, 3);
		say_whole(k, &c, outcomes[i], "");
		expect_no_news(k); /* one lost connection is none */
		pass(k, SECONDS(11));
		c = expect_call(k, CALL_STATUS, 3);
		say_whole(k, &c, outcomes[i], "");
		t = expect_news(k, "cloud-down");
		assert_int_equal(t->trouble, TROUBLE_UNREACHABLE);
		assert_int_equal(t->jobs, 3);
		assert_true(t->next_try > 0);
		told = k->now.wall;
		for (int n = 0; n < 18; n++) { /* three hours: all go stale, nobody says so */
			pass(k, MINUTES(10) + 1);
			c = expect_call(k, CALL_STATUS, 3);
			say_whole(k, &c, outcomes[i], "");
			expect_no_news(k);
		}
		{
			struct watch_summary sum;

			watch_summarise(k->w, k->now, &sum);
			assert_int_equal(sum.stale, 3);
			assert_int_equal(sum.clouds_down, 1);
			assert_int_equal(sum.verdicts[VERDICT_PASSED], 3); /* none turned failed */
		}
		pass(k, MINUTES(10) + 1);
		do_status(k, "CONFIGURATION");
		t = expect_news(k, "cloud-up");
		assert_int_equal(t->trouble_since, told);
		assert_non_null(strstr(t->text, "3h"));
		do_submit(k);
		do_polls(k, "a=P");
		expect_no_news(k); /* as they were */
		kit_teardown(&own);
	}
}

static void test_many_failures_of_one_incident_count_once(void **state)
{
	struct kit *k = *state;
	struct call c[4];

	kit_configure(k, make_settings(1, 40));
	do_login(k);
	for (int i = 0; i < 4; i++)
		c[i] = expect_call(k, CALL_STATUS, 10);
	for (int i = 0; i < 4; i++)
		say_whole(k, &c[i], OUTCOME_TRANSPORT, "");
	expect_no_news(k);
	pass(k, SECONDS(11));
	c[0] = expect_call(k, CALL_STATUS, 10);
	expect_quiet(k, SECONDS(5)); /* one call feels its way */
	kit_send(k, with_status(&c[0], "STARTJOBING"));
	pass(k, SECONDS(1));
	for (int i = 0; i < 10; i++)
		expect_news(k, "started");
	assert_int_equal(k->n_calls, 3);
}

static void test_trouble_survives_a_restart(void **state)
{
	struct kit *k = *state;
	struct call c;
	int64_t since;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	pass(k, SECONDS(11));
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	expect_news(k, "cloud-down");
	since = k->now.wall;
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	expect_no_call(k); /* the back-off is kept too */
	pass(k, SECONDS(21));
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	pass(k, SECONDS(11));
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	expect_no_news(k); /* known */
	pass(k, SECONDS(21));
	do_status(k, "STARTJOBING");
	assert_int_equal(expect_news(k, "cloud-up")->trouble_since, since);
}

static void test_poll_lost_in_transport_goes_on(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	pass(k, SECONDS(20));
	c = expect_call(k, CALL_RESULT, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	pass(k, SECONDS(11));
	do_result(k, 50, "a=E");
	pass(k, SECONDS(20));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	assert_int_equal(k->runs[0].number, 1);
}

static void test_submit_that_never_left_is_sent_again(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	c = expect_call(k, CALL_SUBMIT, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, ""); /* not maybe_done */
	assert_int_equal(stored(k, 0)->run.state, RUN_NONE);
	pass(k, SECONDS(11));
	do_submit(k);
	do_polls(k, "a=P");
	expect_news(k, "passed");
}

/* --- permissions and configuration --- */

static void test_submit_denied_for_the_whole_call(void **state)
{
	struct kit *k = *state;
	struct call c;
	const struct kit_told *t;

	to_submit(k, make_settings(1, 2));
	c = expect_call(k, CALL_SUBMIT, 2);
	say_whole(k, &c, OUTCOME_DENIED, "DRS.M00103");
	t = expect_news(k, "cloud-down");
	assert_int_equal(t->trouble, TROUBLE_DENIED);
	assert_string_equal(t->code, "DRS.M00103");
	do_result(k, 100, "a=F:R"); /* results are still read */
	expect_news(k, "failed");
	expect_news(k, "failed");
	pass(k, MINUTES(30));
	do_status(k, "CONFIGURATION"); /* and the status */
	c = expect_call(k, k->n_calls ? k->calls[0].kind : CALL_SUBMIT, 2);
	if (c.kind == CALL_RESULT) {
		kit_send(k, with_result(&c, 100, "a=F:R"));
		pass(k, MINUTES(30));
		do_status(k, "CONFIGURATION");
		c = expect_call(k, CALL_SUBMIT, 2);
	}
	expect_no_news(k);
	kit_send(k, with_outcome(&c, OUTCOME_OK, "")); /* permitted at last */
	assert_int_equal(expect_news(k, "cloud-up")->trouble, TROUBLE_DENIED);
	do_polls(k, "a=P");
	expect_news(k, "passed");
	expect_news(k, "passed");
}

static void test_status_denied_for_the_whole_call(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 2));
	do_login(k);
	for (int i = 0; i < 3; i++) {
		c = expect_call(k, CALL_STATUS, 2);
		say_whole(k, &c, OUTCOME_DENIED, "DRS.M00103");
		if (i == 0)
			assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_DENIED);
		expect_quiet(k, MINUTES(10) - SECONDS(1));
		pass(k, SECONDS(2));
	}
	do_status(k, "CONFIGURATION");
	expect_news(k, "cloud-up");
}

static void test_misconfigured_drs_is_told_and_held(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 2));
	do_login(k);
	c = expect_call(k, CALL_STATUS, 2);
	say_whole(k, &c, OUTCOME_MISCONFIGURED, "");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_MISCONFIGURED);
	expect_quiet(k, MINUTES(10) - SECONDS(1));
	pass(k, SECONDS(2));
	do_status(k, "STARTJOBING");
	expect_news(k, "cloud-up");
	expect_news(k, "started");
	expect_news(k, "started");
}

/* A throttled cloud that is too slow is the cloud's news; its jobs grow stale in silence. */
static void test_stale_while_throttled_is_the_clouds(void **state)
{
	struct kit *k = *state;
	struct call c;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
	expect_news(k, "throttled");
	for (int64_t end = k->now.mono + HOURS(4); k->now.mono < end; pass(k, SECONDS(10)))
		while (k->n_calls) {
			c = expect_call(k, CALL_STATUS, 1);
			say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
		}
	expect_no_news(k);
}

/* Another cloud's trouble is nothing to this one. */
static void test_clouds_do_not_share_trouble(void **state)
{
	struct kit *k = *state;
	bool down = false;

	kit_configure(k, make_settings(2, 2));
	for (int64_t end = k->now.mono + HOURS(3); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			if (strcmp(c.cloud->name, "cloud0") == 0)
				say_whole(k, &c, OUTCOME_TRANSPORT, "");
			else
				fake_answer(k, &c);
		}
	for (; k->taken < k->n_told; k->taken++) {
		const struct kit_told *t = &k->told[k->taken];

		if (strcmp(t->cloud, "cloud0") == 0) {
			assert_string_equal(t->event, "cloud-down");
			assert_false(down);
			down = true;
		} else {
			assert_string_equal(t->event, "passed");
		}
	}
	assert_true(down);
	assert_int_equal(k->fakes[0].submits, 0);
	assert_int_equal(k->fakes[1].submits, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_no_call_before_the_login),
		KIT_TEST(test_login_renewed_at_two_thirds),
		KIT_TEST(test_failing_renewal_is_no_news_while_the_token_lasts),
		cmocka_unit_test(test_iam_in_trouble_told_at_the_second_failure),
		KIT_TEST(test_credential_refused_twice_is_given_up),
		KIT_TEST(test_credential_of_another_user_is_tried),
		KIT_TEST(test_refused_credential_survives_a_restart),
		KIT_TEST(test_credential_changed_is_tried_at_once),
		KIT_TEST(test_misconfigured_login_is_told_and_tried_slowly),
		KIT_TEST(test_token_refused_for_twenty_calls),
		KIT_TEST(test_token_refused_by_a_submit_is_no_second_run),
		KIT_TEST(test_old_token_refused_late),
		KIT_TEST(test_fresh_tokens_not_taken_is_told),
		KIT_TEST(test_throttled_halves_and_recovers),
		KIT_TEST(test_throttled_of_one_burst_counts_once),
		KIT_TEST(test_throttled_survives_a_restart),
		KIT_TEST(test_retry_after_is_obeyed),
		cmocka_unit_test(test_unreachable_told_at_the_second_failure_ended_once),
		KIT_TEST(test_many_failures_of_one_incident_count_once),
		KIT_TEST(test_trouble_survives_a_restart),
		KIT_TEST(test_poll_lost_in_transport_goes_on),
		KIT_TEST(test_submit_that_never_left_is_sent_again),
		KIT_TEST(test_submit_denied_for_the_whole_call),
		KIT_TEST(test_status_denied_for_the_whole_call),
		KIT_TEST(test_misconfigured_drs_is_told_and_held),
		KIT_TEST(test_stale_while_throttled_is_the_clouds),
		KIT_TEST(test_clouds_do_not_share_trouble),
	};

	return cmocka_run_group_tests_name("cloud: logins, pace, trouble", tests, NULL, NULL);
}
