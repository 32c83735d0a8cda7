/* test_trouble.c - troubles of a cloud that come together or come in part: some kinds of call work and
 * others do not, a renewal is refused while the old token is good. */
#include "heart_fake.h"

/* Statuses are answered, results are not permitted: one piece of news, however often the two alternate. */
static void test_results_denied_while_statuses_work(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 12));
	for (int64_t end = k->now.mono + HOURS(5); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			assert_int_not_equal(c.kind, CALL_SUBMIT); /* no baseline, no submit */
			if (c.kind == CALL_RESULT)
				say_whole(k, &c, OUTCOME_DENIED, "DRS.M00103");
			else
				fake_answer(k, &c);
		}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_DENIED);
	expect_no_news(k);
}

static void test_submits_denied_for_a_day_is_told_once(void **state)
{
	struct kit *k = *state;
	unsigned submits = 0;

	for (unsigned i = 0; i < 12; i++) {
		k->fakes[i].begun = 1; /* somebody's run of old */
		k->fakes[i].items = "a=F:R";
	}
	kit_configure(k, make_settings(1, 12));
	for (int64_t end = k->now.mono + HOURS(24); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			if (c.kind == CALL_SUBMIT) {
				say_whole(k, &c, OUTCOME_DENIED, "DRS.M00103");
				submits++;
			} else {
				fake_answer(k, &c);
			}
		}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_DENIED);
	for (int i = 0; i < 12; i++)
		expect_news(k, "failed");
	expect_no_news(k);
	assert_in_range(submits, 20, 100);
}

/* The old token is used to its end and not beyond; the refused credential is told once. */
static void test_renewal_refused_while_the_token_lasts(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	int64_t begun, last = 0;
	unsigned logins = 0;

	k->token_life = HOURS(3);
	kit_configure(k, s);
	begun = k->now.mono;
	do_login(k);
	for (; k->now.mono < begun + HOURS(24); pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			if (c.kind == CALL_LOGIN) {
				say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0101");
				logins++;
			} else {
				last = k->now.mono;
				fake_answer(k, &c);
			}
		}
	assert_int_equal(logins, 2);
	assert_in_range(last - begun, HOURS(2) + MINUTES(29), HOURS(3));
	expect_news(k, "passed");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOGIN);
	expect_no_news(k);
}

static void test_retry_after_of_iam_and_of_a_503(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(1, 1));
	c = expect_call(k, CALL_LOGIN, 0);
	assert_int_equal(reply_new(c.id, 0, &r), 0);
	r->outcome = OUTCOME_THROTTLED;
	r->retry_after = MINUTES(9);
	kit_send(k, r);
	expect_quiet(k, MINUTES(9) - 1000);
	pass(k, 2000);
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	assert_int_equal(reply_new(c.id, 0, &r), 0);
	r->outcome = OUTCOME_SERVER;
	r->retry_after = MINUTES(9);
	kit_send(k, r);
	expect_quiet(k, MINUTES(9) - 1000);
	pass(k, 2000);
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
}

/* IAM and DRS fail together: each is told once, and the end only when all works. */
static void test_second_cause_is_told_and_both_end(void **state)
{
	struct kit *k = *state;
	unsigned down = 0, up = 0;
	int64_t begun = k->now.mono;

	k->token_life = HOURS(3);
	kit_configure(k, make_settings(1, 3));
	for (; k->now.mono < begun + HOURS(12); pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];
			bool bad = k->now.mono > begun + HOURS(1) && k->now.mono < begun + HOURS(8);

			expect_call(k, c.kind, 0);
			if (bad)
				say_whole(k, &c, OUTCOME_TRANSPORT, "");
			else
				fake_answer(k, &c);
		}
	for (; k->taken < k->n_told; k->taken++) {
		const struct kit_told *t = &k->told[k->taken];

		down += strcmp(t->event, "cloud-down") == 0;
		up += strcmp(t->event, "cloud-up") == 0;
		assert_string_not_equal(t->event, "stale");
		assert_string_not_equal(t->event, "failed");
	}
	assert_in_range(down, 1, 2);
	assert_int_equal(up, 1);
}

/* A run given up after a day without a report: its verdict is no fresher for that. */
static void test_lost_run_does_not_put_off_stale(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	int64_t confirmed;

	s->jobs[0].interval = HOURS(12);
	s->jobs[0].stale_after = HOURS(30);
	first_check(k, s, "a=P");
	expect_news(k, "passed");
	confirmed = k->now.mono;
	while (k->taken == k->n_told || strcmp(k->told[k->taken].event, "stale") != 0) {
		assert_true(k->now.mono < confirmed + HOURS(31));
		if (k->taken < k->n_told)
			k->taken++;
		pass(k, SECONDS(10));
		while (k->n_calls) {
			if (k->calls[0].kind == CALL_RESULT)
				do_result(k, 50, "a=E");
			else if (k->calls[0].kind == CALL_STATUS)
				do_status(k, "CONFIGURATION");
			else
				do_submit(k);
		}
	}
	expect_news(k, "stale");
}

/* A token that is over when it comes, by IAM's own clock: no storm of logins. */
static void test_tokens_without_life(void **state)
{
	static const int64_t lives[] = {0, 1, 1000, SECONDS(10)};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lives); i++) {
		unsigned logins = 0;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		k->token_life = lives[i];
		kit_configure(k, make_settings(1, 3));
		for (int64_t end = k->now.mono + MINUTES(10); k->now.mono < end; pass(k, 500))
			for (int n = 0; n < 10 && k->n_calls; n++) {
				struct call c = k->calls[0];

				expect_call(k, c.kind, 0);
				if (c.kind == CALL_LOGIN) {
					logins++;
					k->n_logins %= 60;
				}
				fake_answer(k, &c);
			}
		if (logins > 130)
			fail_msg("%u logins in 10 minutes for tokens of %d ms", logins,
				(int)lives[i]);
		kit_teardown(&own);
	}
}

/* Tokens that are not taken for an hour, then are: told once, ended once. */
static void test_tokens_taken_again(void **state)
{
	struct kit *k = *state;
	int64_t begun = k->now.mono;

	kit_configure(k, make_settings(1, 3));
	for (; k->now.mono < begun + HOURS(3); pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			if (c.kind != CALL_LOGIN && k->now.mono < begun + HOURS(1))
				say_whole(k, &c, OUTCOME_TOKEN, "APIGW.0301");
			else
				fake_answer(k, &c);
		}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_TOKENS);
	expect_news(k, "cloud-up");
	for (int i = 0; i < 3; i++)
		expect_news(k, "passed");
	expect_no_news(k);
}

/* Every call is answered, but only each second token is taken: it goes on, slowly, and nothing is lost. */
static void test_every_other_token_is_taken(void **state)
{
	struct kit *k = *state;
	int64_t begun = k->now.mono;
	uint64_t bad = 0;
	unsigned logins = 0;

	kit_configure(k, make_settings(1, 3));
	for (; k->now.mono < begun + HOURS(2); pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			if (c.kind == CALL_LOGIN && logins++ % 2 == 0)
				bad = c.id;
			k->n_logins %= 60;
			if (c.kind != CALL_LOGIN && c.login == bad)
				say_whole(k, &c, OUTCOME_TOKEN, "APIGW.0301");
			else
				fake_answer(k, &c);
		}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(k->fakes[i].submits, 3, 5);
	assert_in_range(logins, 1, 40);
}

/* A restart is no reason to hurry: what DRS or IAM was to be left alone for is still to be left alone. */
static void test_holds_survive_a_restart(void **state)
{
	struct kit *k = *state;
	struct call c;
	int64_t wait = 0;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	for (int i = 0; i < 6; i++) {
		c = expect_call(k, CALL_STATUS, 1);
		say_whole(k, &c, OUTCOME_SERVER, "");
		wait = watch_wake(k->w) - k->now.mono;
		if (i < 5)
			pass(k, wait);
	}
	expect_news(k, "cloud-down");
	assert_true(wait > MINUTES(1));
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	pass(k, wait - SECONDS(2));
	expect_no_call(k);
	pass(k, SECONDS(2));
	expect_call(k, CALL_STATUS, 1);
}

static void test_login_holds_survive_a_restart(void **state)
{
	struct kit *k = *state;
	struct call c;
	int64_t wait = 0;

	kit_configure(k, make_settings(1, 1));
	for (int i = 0; i < 6; i++) {
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, OUTCOME_TRANSPORT, "");
		wait = watch_wake(k->w) - k->now.mono;
		if (i < 5)
			pass(k, wait);
	}
	expect_news(k, "cloud-down");
	assert_true(wait > MINUTES(1));
	kit_restart(k, make_settings(1, 1));
	pass(k, wait - SECONDS(2));
	expect_no_call(k);
	pass(k, SECONDS(2));
	expect_call(k, CALL_LOGIN, 0);
	/* a clock that was set meanwhile makes it no longer than the longest */
	k->now.wall -= DAYS(10);
	kit_restart(k, make_settings(1, 1));
	pass(k, MINUTES(10));
	expect_call(k, CALL_LOGIN, 0);
}

/* How far the pace had recovered is known, too. */
static void test_pace_survives_a_restart(void **state)
{
	struct kit *k = *state;
	struct call c;
	unsigned pace;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	for (int i = 0; i < 3; i++) {
		c = expect_call(k, CALL_STATUS, 1);
		say_whole(k, &c, OUTCOME_THROTTLED, "DRS.M01503");
		pass(k, MINUTES(10));
	}
	expect_news(k, "throttled");
	assert_int_equal(k->clouds[0].pace, 75);
	do_status(k, "CONFIGURATION");
	pace = k->clouds[0].pace;
	assert_true(pace > 75 && pace < 600);
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_result(k, 100, "a=P");
	assert_in_range(k->clouds[0].pace, pace + 1, pace + 20);
	while (k->taken < k->n_told) /* still the same time of trouble */
		assert_string_not_equal(k->told[k->taken++].event, "throttled");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_results_denied_while_statuses_work),
		KIT_TEST(test_submits_denied_for_a_day_is_told_once),
		KIT_TEST(test_renewal_refused_while_the_token_lasts),
		KIT_TEST(test_retry_after_of_iam_and_of_a_503),
		KIT_TEST(test_second_cause_is_told_and_both_end),
		KIT_TEST(test_lost_run_does_not_put_off_stale),
		cmocka_unit_test(test_tokens_without_life),
		KIT_TEST(test_tokens_taken_again),
		KIT_TEST(test_every_other_token_is_taken),
		KIT_TEST(test_holds_survive_a_restart),
		KIT_TEST(test_login_holds_survive_a_restart),
		KIT_TEST(test_pace_survives_a_restart),
	};

	return cmocka_run_group_tests_name("trouble: in part, and together", tests, NULL, NULL);
}
