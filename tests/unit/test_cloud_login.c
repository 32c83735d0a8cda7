/* test_cloud_login.c - what differs between the ways to log in, as the heart sees it: keys without an end, tokens
 * that somebody else renews, locks; and clocks that do not agree. */
#include "heart_fake.h"

static void quiet_job(struct kit *k, struct settings *s)
{
	s->jobs[0].interval = DAYS(7);
	s->jobs[0].stale_after = DAYS(14);
	kit_configure(k, s);
	do_login(k);
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
}

static void test_key_without_an_end(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct watch_summary sum;

	s->clouds[0].method = AUTH_AKSK;
	k->token_life = INT64_MAX;
	quiet_job(k, s);
	watch_summarise(k->w, k->now, &sum);
	assert_int_equal(sum.token_end, INT64_MAX);
	expect_quiet(k, DAYS(6)); /* no renewal, and no end */
	check_now(k, NULL);
	do_status(k, "STARTJOBING");
}

static void test_token_of_a_file_is_not_renewed_by_time(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	s->clouds[0].method = AUTH_TOKEN_FILE;
	k->token_life = HOURS(24);
	quiet_job(k, s);
	expect_quiet(k, HOURS(20));
	watch_credential_changed(k->w, "cloud0", k->now); /* it was written anew */
	kit_drain(k);
	c = expect_call(k, CALL_LOGIN, 0);
	say_login(k, &c);
	expect_quiet(k, HOURS(23));
	pass(k, HOURS(1) + SECONDS(1)); /* nobody wrote a new one: asked all the same at its end */
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "");
	pass(k, MINUTES(1));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOGIN);
	expect_quiet(k, DAYS(1));
	watch_credential_changed(k->w, "cloud0", k->now);
	kit_drain(k);
	c = expect_call(k, CALL_LOGIN, 0);
	say_login(k, &c);
	expect_news(k, "cloud-up");
}

static void test_locked_user(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 3));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_LOCKED, "IAM.0061");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOCKED); /* at once */
	check_now(k, NULL); /* an operator in a hurry does not shorten it */
	expect_quiet(k, MINUTES(30) - SECONDS(1));
	pass(k, SECONDS(2));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_LOCKED, "IAM.0061");
	expect_no_news(k); /* once */
	pass(k, MINUTES(30) + 1);
	do_login(k); /* it is no refusal of the credential: never given up */
	expect_news(k, "cloud-up");
}

static void test_lock_survives_a_restart(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 3));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_LOCKED, "IAM.0061");
	expect_news(k, "cloud-down");
	pass(k, MINUTES(5));
	kit_restart(k, make_settings(1, 3));
	expect_no_news(k);
	expect_quiet(k, MINUTES(25) - SECONDS(1));
	pass(k, SECONDS(2));
	do_login(k);
	expect_news(k, "cloud-up");
}

static void test_locked_key(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	s->clouds[0].method = AUTH_AKSK;
	k->token_life = INT64_MAX;
	kit_configure(k, s);
	do_login(k);
	c = expect_call(k, CALL_STATUS, 1);
	say_whole(k, &c, OUTCOME_LOCKED, "APIGW.0301");
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOCKED);
	expect_quiet(k, MINUTES(10) - SECONDS(1));
	pass(k, SECONDS(2));
	do_status(k, "STARTJOBING"); /* with the same key */
	expect_news(k, "cloud-up");
	expect_news(k, "started");
}

/* The keys of an agency change by themselves: they are never given up. */
static void test_agency_refused_is_tried_again(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	s->clouds[0].method = AUTH_ECS_AGENCY;
	*s->clouds[0].mark = '\0';
	kit_configure(k, s);
	for (int i = 0; i < 2; i++) {
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, OUTCOME_CREDENTIAL, "APIGW.0301");
		pass(k, SECONDS(6));
	}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOGIN);
	for (int i = 0; i < 3; i++) {
		expect_quiet(k, MINUTES(10) - SECONDS(7));
		pass(k, SECONDS(2));
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, OUTCOME_CREDENTIAL, "APIGW.0301");
		expect_quiet(k, SECONDS(5));
	}
	pass(k, MINUTES(10));
	do_login(k);
	expect_news(k, "cloud-up");
}

/* Another identity is another cloud: what was refused to the old one says nothing about it. */
static void test_other_key_is_tried(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	s->clouds[0].method = AUTH_AKSK;
	s->clouds[0].access_key = strdup("AK1");
	free(s->clouds[0].user);
	s->clouds[0].user = NULL;
	kit_configure(k, s);
	for (int i = 0; i < 2; i++) {
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, OUTCOME_CREDENTIAL, "APIGW.0301");
		pass(k, MINUTES(1));
	}
	assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOGIN);
	expect_quiet(k, HOURS(1));
	s = make_settings(1, 1);
	s->clouds[0].method = AUTH_AKSK;
	s->clouds[0].access_key = strdup("AK2");
	free(s->clouds[0].user);
	s->clouds[0].user = NULL;
	kit_configure(k, s);
	expect_call(k, CALL_LOGIN, 0);
}

/* --- clocks --- */

static void say_status_at(struct kit *k, int64_t ahead, int64_t took)
{
	struct call c = expect_call(k, CALL_STATUS, 1);
	struct reply *r = with_status(&c, "STARTJOBING");

	if (took > 0)
		pass(k, took);
	r->date = ahead == INT64_MIN ? 0 : k->now.wall - ahead;
	kit_send(k, r);
}

static void test_clock_is_told_once(void **state)
{
	static const struct {
		int64_t ahead, took; /* INT64_MIN: no Date */
		const char *event;   /* NULL: nothing is told */
	} rows[] = {
		{MINUTES(1), 0, NULL},
		{-MINUTES(1), 0, NULL},
		{INT64_MIN, 0, NULL},
		{MINUTES(5), SECONDS(11), NULL}, /* too long on its way */
		{MINUTES(5), SECONDS(2), "clock-wrong"},
		{MINUTES(6), 0, NULL},
		{-MINUTES(6), 0, NULL},
		{SECONDS(45), 0, NULL}, /* between the two bounds it stays as it was */
		{SECONDS(29), 0, "clock-right"},
		{SECONDS(45), 0, NULL},
		{-MINUTES(2), 0, "clock-wrong"},
		{0, 0, "clock-right"},
	};
	struct kit *k = *state;

	quiet_job(k, make_settings(1, 1));
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		check_now(k, NULL);
		say_status_at(k, rows[i].ahead, rows[i].took);
		if (rows[i].event)
			expect_news(k, rows[i].event);
		expect_no_news(k);
	}
}

static void test_clock_by_a_login(void **state)
{
	struct kit *k = *state;
	struct call c;
	struct reply *r;

	kit_configure(k, make_settings(1, 1));
	c = expect_call(k, CALL_LOGIN, 0);
	assert_int_equal(reply_new(c.id, 0, &r), 0);
	r->outcome = OUTCOME_SERVER;
	r->date = k->now.wall - HOURS(1);
	kit_send(k, r);
	expect_news(k, "clock-wrong");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_key_without_an_end),
		T(test_token_of_a_file_is_not_renewed_by_time),
		T(test_locked_user),
		T(test_lock_survives_a_restart),
		T(test_locked_key),
		T(test_agency_refused_is_tried_again),
		T(test_other_key_is_tried),
		T(test_clock_is_told_once),
		T(test_clock_by_a_login),
	};

	return cmocka_run_group_tests_name("cloud: ways to log in", tests, NULL, NULL);
}
