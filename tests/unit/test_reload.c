/* test_reload.c - what a new configuration must not forget, and what it must not go on with. The plain cases
 * are in test_tell.c; here are those in which a reload meets something half done. */
#include "heart_fake.h"

static struct settings *read_only(unsigned jobs)
{
	struct settings *s = make_settings(1, jobs);

	for (unsigned i = 0; i < jobs; i++)
		s->jobs[i].check = false;
	return s;
}

static void assert_no_submit(struct kit *k, int64_t ms)
{
	for (int64_t end = k->now.mono + ms; k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			assert_int_not_equal(c.kind, CALL_SUBMIT);
			fake_answer(k, &c);
		}
}

/* check = no is a promise at once: a submit that waits for its turn is not made any more. */
static void test_check_no_stops_a_submit_that_waits(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	c = expect_call(k, CALL_SUBMIT, 1);
	say_whole(k, &c, OUTCOME_TRANSPORT, ""); /* it never left, and waits for the cloud */
	kit_configure(k, read_only(1));
	assert_no_submit(k, HOURS(1));
}

static void test_check_no_stops_a_check_that_has_begun(void **state)
{
	struct kit *k = *state;
	struct call c;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	c = expect_call(k, CALL_RESULT, 1); /* the baseline is on the wire */
	kit_configure(k, read_only(1));
	kit_send(k, with_result(&c, 100, "a=P"));
	assert_no_submit(k, HOURS(1));
}

static void test_check_no_stops_a_busy_job(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_entries(k, CALL_SUBMIT, OUTCOME_BUSY, "DRS.M01504");
	do_no_result(k);
	kit_configure(k, read_only(1));
	assert_no_submit(k, HOURS(1));
}

static void test_check_no_does_not_send_an_unsure_submit_again(void **state)
{
	struct kit *k = *state;
	struct call c;

	to_submit(k, make_settings(1, 1));
	c = expect_call(k, CALL_SUBMIT, 1);
	say_unclear(k, &c);
	kit_configure(k, read_only(1));
	for (int64_t end = k->now.mono + MINUTES(20); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			c = k->calls[0];
			expect_call(k, c.kind, 0);
			assert_int_not_equal(c.kind, CALL_SUBMIT);
			if (c.kind == CALL_STATUS)
				kit_send(k, with_status(&c, "CONFIGURATION"));
			else
				kit_send(k, with_outcome(&c, OUTCOME_WRONG_STATE, "DRS.M00304"));
		}
}

/* A run that was taken before is followed to its end all the same. */
static void test_check_no_follows_its_run_to_the_end(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	kit_configure(k, read_only(1));
	do_polls(k, "a=F:R");
	expect_news(k, "failed");
	assert_int_equal(k->n_runs, 1);
}

static void test_shorter_stale_after(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	pass(k, MINUTES(30) - SECONDS(30));
	c = expect_call(k, CALL_STATUS, 1); /* nobody answers */
	(void)c;
	s->jobs[0].stale_after = MINUTES(45);
	kit_configure(k, s);
	expect_quiet(k, MINUTES(15));
	pass(k, MINUTES(1));
	expect_news(k, "stale");
}

/* A login that was on its way with the old password proves nothing about the new one. */
static void test_new_credential_while_a_login_is_on_its_way(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	struct call c;

	kit_configure(k, make_settings(1, 1));
	c = expect_call(k, CALL_LOGIN, 0);
	text_copy(s->clouds[0].mark, sizeof(s->clouds[0].mark), "bbbbbbbb");
	kit_configure(k, s);
	expect_no_call(k); /* one login at a time */
	c.cloud = &k->s->clouds[0];
	say_login(k, &c);
	for (int i = 0; i < 3 && (k->n_calls == 0 || k->calls[0].kind != CALL_LOGIN); i++) {
		if (k->n_calls)
			do_status(k, "STARTJOBING");
		pass(k, SECONDS(10));
	}
	do_login(k); /* with the new one */
	assert_int_equal(k->n_logins, 2);
}

static void fail_twice(struct kit *k)
{
	for (int i = 0; i < 2; i++) {
		struct call c = expect_call(k, CALL_STATUS, 1);

		say_whole(k, &c, OUTCOME_TRANSPORT, "");
		pass(k, SECONDS(21));
	}
	k->n_calls = 0;
}

/* A cloud that leaves and comes back is as it was when it left, not as it was at the start. */
static void test_cloud_that_comes_back_is_as_it_left(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	fail_twice(k);
	expect_news(k, "cloud-down");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "STARTJOBING");
	expect_news(k, "cloud-up");
	expect_news(k, "started");
	kit_configure(k, make_settings(1, 0));
	{
		struct settings *none = make_settings(1, 0);

		free(none->clouds[0].user);
		none->clouds[0].user = strdup("somebody");
		kit_configure(k, none);
	}
	kit_configure(k, make_settings(1, 1));
	do_login(k);
	expect_no_news(k); /* the trouble was over long ago */
	pass(k, MINUTES(30));
	do_status(k, "STARTJOBING");
	expect_no_news(k);
}

static void test_trouble_of_a_cloud_that_left_ends_when_it_is_back(void **state)
{
	struct kit *k = *state;
	struct settings *other = make_settings(1, 0);

	kit_configure(k, make_settings(1, 1));
	do_login(k);
	fail_twice(k);
	expect_news(k, "cloud-down");
	free(other->clouds[0].user);
	other->clouds[0].user = strdup("somebody");
	kit_configure(k, other);
	kit_configure(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "STARTJOBING");
	expect_news(k, "cloud-up");
	expect_news(k, "started");
}

/* The refused password is not tried by taking its cloud out and putting it back. */
static void test_refused_credential_of_a_cloud_that_comes_back(void **state)
{
	struct kit *k = *state;
	struct settings *other = make_settings(1, 0);

	kit_configure(k, make_settings(1, 1));
	for (int i = 0; i < 2; i++) {
		struct call c = expect_call(k, CALL_LOGIN, 0);

		say_whole(k, &c, OUTCOME_CREDENTIAL, "IAM.0101");
		pass(k, MINUTES(1));
	}
	expect_news(k, "cloud-down");
	free(other->clouds[0].user);
	other->clouds[0].user = strdup("somebody");
	kit_configure(k, other);
	kit_configure(k, make_settings(1, 1));
	expect_quiet(k, HOURS(1));
}

/* --- a block that names another task --- */

static struct settings *one_job(const char *name, unsigned task)
{
	struct settings *s = make_settings(1, 1);

	free(s->jobs[0].name);
	s->jobs[0].name = strdup(name);
	text_copy(s->jobs[0].task, sizeof(s->jobs[0].task), task_id(task));
	return s;
}

/* A new id under an old name is a new job, and says so; also over a restart, and back again; each time once. */
static void test_new_id_under_an_old_name(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	k->fakes[0].items = k->fakes[1].items = "a=F:R";
	kit_configure(k, one_job("orders", 0));
	kit_play(k, MINUTES(5));
	expect_news(k, "failed");
	kit_configure(k, one_job("orders", 1));
	t = expect_news(k, "replaced");
	assert_string_equal(t->job, "orders");
	assert_int_equal(t->verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(t->text, task_id(0)));
	assert_non_null(strstr(t->text, task_id(1)));
	kit_play(k, MINUTES(5));
	t = expect_news(k, "failed");
	assert_true(t->first);
	assert_string_equal(t->added, "a");
	kit_configure(k, one_job("orders", 1));
	kit_restart(k, one_job("orders", 1));
	kit_play(k, HOURS(1));
	expect_no_news(k);
	/* another one, over a restart */
	kit_restart(k, one_job("orders", 2));
	t = expect_news(k, "replaced");
	assert_non_null(strstr(t->text, task_id(1)));
	assert_non_null(strstr(t->text, task_id(2)));
	kit_play(k, MINUTES(5));
	expect_news(k, "passed");
	/* and back: the task's history comes with it, and nothing known is told */
	kit_configure(k, one_job("orders", 1));
	t = expect_news(k, "replaced");
	assert_int_equal(t->verdict, VERDICT_FAILED);
	kit_play(k, HOURS(1));
	kit_restart(k, one_job("orders", 1));
	kit_play(k, HOURS(1));
	expect_no_news(k);
}

static void test_another_name_is_no_new_job(void **state)
{
	struct kit *k = *state;

	k->fakes[0].items = "a=F:R";
	kit_configure(k, one_job("orders", 0));
	kit_play(k, MINUTES(5));
	expect_news(k, "failed");
	kit_configure(k, one_job("shop", 0));
	kit_play(k, HOURS(1));
	kit_restart(k, one_job("orders", 0));
	kit_play(k, HOURS(1));
	expect_no_news(k);
}

/* A known task takes over the name of one that left. */
static void test_known_task_under_an_old_name(void **state)
{
	struct kit *k = *state;

	k->fakes[0].items = "a=F:R";
	kit_configure(k, make_settings(1, 2)); /* job0 and job1 */
	kit_play(k, MINUTES(5));
	expect_news(k, "failed");
	expect_news(k, "passed");
	kit_configure(k, one_job("job0", 1));
	expect_news(k, "replaced");
	kit_configure(k, one_job("job0", 1));
	kit_restart(k, one_job("job0", 1));
	kit_play(k, HOURS(1));
	expect_no_news(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_check_no_stops_a_submit_that_waits),
		KIT_TEST(test_check_no_stops_a_check_that_has_begun),
		KIT_TEST(test_check_no_stops_a_busy_job),
		KIT_TEST(test_check_no_does_not_send_an_unsure_submit_again),
		KIT_TEST(test_check_no_follows_its_run_to_the_end),
		KIT_TEST(test_shorter_stale_after),
		KIT_TEST(test_new_credential_while_a_login_is_on_its_way),
		KIT_TEST(test_cloud_that_comes_back_is_as_it_left),
		KIT_TEST(test_trouble_of_a_cloud_that_left_ends_when_it_is_back),
		KIT_TEST(test_refused_credential_of_a_cloud_that_comes_back),
		KIT_TEST(test_new_id_under_an_old_name),
		KIT_TEST(test_another_name_is_no_new_job),
		KIT_TEST(test_known_task_under_an_old_name),
	};

	return cmocka_run_group_tests_name("reload: what is half done", tests, NULL, NULL);
}
