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

/* --- one credential for several clouds --- */

/* n clouds of one user at one IAM; a job in each. */
static struct settings *shared_settings(unsigned n)
{
	struct settings *s = make_settings(n, n);

	for (unsigned i = 1; i < n; i++) {
		free(s->clouds[i].iam);
		s->clouds[i].iam = strdup(s->clouds[0].iam);
	}
	return s;
}

static unsigned cloud_of(const struct kit *k, const struct call *c)
{
	return (unsigned)(c->cloud - k->s->clouds);
}

static void test_shared_credential_is_tried_twice_in_all(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, shared_settings(3));
	for (unsigned i = 0; i < 2; i++) {
		c = expect_call(k, CALL_LOGIN, 0);
		expect_no_call(k); /* the others wait for what it is told */
		assert_int_equal(cloud_of(k, &c), i);
		say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0062");
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(expect_news(k, "cloud-down")->trouble, TROUBLE_LOGIN);
		assert_string_equal(k->clouds[i].refused_mark, MARK);
	}
	expect_quiet(k, DAYS(3));
	kit_restart(k, shared_settings(3));
	expect_quiet(k, DAYS(1));
}

static void test_one_clouds_project_is_not_the_others_credential(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, shared_settings(2));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0062"); /* IAM does not tell what it was */
	do_login(k);                                      /* the other one */
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	pass(k, SECONDS(6));
	c = expect_call(k, CALL_LOGIN, 0);
	assert_int_equal(cloud_of(k, &c), 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0062");
	expect_news(k, "cloud-down");
	expect_no_news(k);
	assert_string_equal(k->clouds[0].refused_mark, MARK);
	pass(k, MINUTES(30));
	do_status(k, "STARTJOBING"); /* the other one goes on */
	expect_no_call(k);
}

static void test_a_success_in_between_begins_anew(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, shared_settings(3));
	c = expect_call(k, CALL_LOGIN, 0);
	say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0062");
	do_login(k);
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
	c = expect_call(k, CALL_LOGIN, 0); /* the third one: the first refusal since */
	say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0062");
	expect_no_news(k);
}

static void test_named_project_does_not_count_for_others(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, shared_settings(3));
	for (int i = 0; i < 2; i++) {
		c = expect_call(k, CALL_LOGIN, 0);
		say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0004");
	}
	expect_no_news(k);
	do_login(k); /* the third one has its try */
	do_status(k, "STARTJOBING");
	expect_news(k, "started");
}

/* The password was changed at IAM while all have good tokens: no more than two tries in a quarter of an hour. */
static void test_renewals_of_a_shared_credential_are_spread(void **state)
{
	struct kit *k = *state;
	struct settings *s = shared_settings(4);
	int64_t tries[16];
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++) {
		s->jobs[i].interval = DAYS(7);
		s->jobs[i].stale_after = DAYS(14);
	}
	k->token_life = HOURS(24);
	kit_configure(k, s);
	for (unsigned i = 0; i < 4; i++) {
		do_login(k);
		do_status(k, "STARTJOBING");
		expect_news(k, "started");
	}
	for (int64_t end = k->now.mono + HOURS(30); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = expect_call(k, CALL_LOGIN, 0);

			assert_true(n < ELEMENTSOF(tries));
			tries[n++] = k->now.mono;
			say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0062");
		}
	assert_in_range(n, 4, 5);
	for (size_t i = 2; i < n; i++)
		assert_true(tries[i] - tries[i - 2] > MINUTES(15));
	for (unsigned i = 0; i < 4; i++)
		expect_news(k, "cloud-down");
	expect_no_news(k);
}

/* A silent IAM keeps nobody waiting for long. */
static void test_turns_end(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, shared_settings(2));
	c = expect_call(k, CALL_LOGIN, 0);
	expect_quiet(k, SECONDS(10) - 1);
	pass(k, 2);
	expect_call(k, CALL_LOGIN, 0);
	say_login(k, &c);
}

static void test_other_users_do_not_wait(void **state)
{
	struct kit *k = *state;
	struct settings *s = shared_settings(3);

	free(s->clouds[1].user);
	s->clouds[1].user = strdup("somebody");
	text_copy(s->clouds[2].mark, sizeof(s->clouds[2].mark), "bbbbbbbb");
	kit_configure(k, s);
	assert_int_equal(k->n_calls, 3);
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
		T(test_shared_credential_is_tried_twice_in_all),
		T(test_one_clouds_project_is_not_the_others_credential),
		T(test_a_success_in_between_begins_anew),
		T(test_named_project_does_not_count_for_others),
		T(test_renewals_of_a_shared_credential_are_spread),
		T(test_turns_end),
		T(test_other_users_do_not_wait),
		T(test_clock_is_told_once),
		T(test_clock_by_a_login),
	};

	return cmocka_run_group_tests_name("cloud: ways to log in", tests, NULL, NULL);
}
