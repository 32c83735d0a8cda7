/* test_summary.c - a sign of life of each cloud, once a day: what it counts, when it comes, when it does not;
 * and a first start, whose good news come as that one line. */
#include "heart_fake.h"

static struct settings *daily(unsigned clouds, unsigned jobs)
{
	struct settings *s = make_settings(clouds, jobs);

	s->summary = DAYS(1);
	return s;
}

/* The next news that is no verdict of a job. */
static const struct kit_told *next_summary(struct kit *k)
{
	while (k->taken < k->n_told && k->told[k->taken].kind == NEWS_JOB)
		k->taken++;
	return expect_news(k, "summary");
}

static void forget_first_news(struct kit *k)
{
	while (k->taken < k->n_told && k->told[k->taken].kind == NEWS_JOB)
		k->taken++;
}

static void test_counts(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	k->fakes[1].items = "a=F:R";
	k->fakes[2].items = "a=F:R";
	k->fakes[3].items = "a=A:R";
	k->fakes[4].status = "STARTJOBING";
	k->fakes[5].status = "DELETED";
	k->fakes[6].status = "CREATING";
	kit_configure(k, daily(1, 8));
	kit_play(k, MINUTES(5));
	t = next_summary(k);
	assert_int_equal(t->jobs, 8);
	assert_int_equal(t->verdicts[VERDICT_UNKNOWN], 0);
	assert_int_equal(t->verdicts[VERDICT_PASSED], 2);
	assert_int_equal(t->verdicts[VERDICT_FAILED], 2);
	assert_int_equal(t->verdicts[VERDICT_ALARMED], 1);
	assert_int_equal(t->verdicts[VERDICT_STARTED], 1);
	assert_int_equal(t->verdicts[VERDICT_ENDED], 1);
	assert_int_equal(t->verdicts[VERDICT_REFUSED], 1);
	assert_int_equal(t->stale_jobs, 0);
	assert_in_range(t->oldest, 0, MINUTES(5)); /* age of the oldest verdict */
	assert_in_range(t->token_left, k->token_life - MINUTES(5), k->token_life);
	assert_non_null(strstr(t->text, "cloud cloud0: 8 jobs: "));
	assert_non_null(strstr(t->text, "2 failed"));
	forget_first_news(k);
	expect_no_news(k);
}

/* The first one only when every job was looked at. */
static void test_first_when_all_were_looked_at(void **state)
{
	struct kit *k = *state;
	struct settings *s = daily(1, 30);

	s->clouds[0].max_runs = 5;
	kit_configure(k, s);
	for (unsigned runs = 0; runs < 30; runs = (unsigned)k->n_runs) {
		for (size_t i = 0; i < k->n_told; i++)
			assert_int_not_equal(k->told[i].kind, NEWS_CLOUD_SUMMARY);
		kit_play(k, 100);
	}
	kit_play(k, SECONDS(1));
	assert_int_equal(next_summary(k)->verdicts[VERDICT_PASSED], 30);
}

static void test_once_a_day(void **state)
{
	struct kit *k = *state;
	int64_t first;

	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, daily(1, 3));
	kit_play(k, MINUTES(5));
	first = next_summary(k)->at;
	kit_play(k, DAYS(5));
	for (int i = 1; i <= 5; i++)
		assert_int_equal(expect_news(k, "summary")->at, first + i * DAYS(1));
	expect_no_news(k);
}

static void test_each_cloud_by_itself(void **state)
{
	struct kit *k = *state;
	unsigned seen = 0;

	kit_configure(k, daily(3, 6));
	kit_play(k, MINUTES(5));
	for (int i = 0; i < 3; i++) {
		const struct kit_told *t = next_summary(k);

		assert_int_equal(t->jobs, 2);
		assert_int_equal(t->verdicts[VERDICT_PASSED], 2);
		seen |= 1U << (t->cloud[5] - '0');
	}
	assert_int_equal(seen, 7);
	forget_first_news(k);
	expect_no_news(k);
}

static void test_restart_and_reload_do_not_repeat_it(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;
	int64_t first;

	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, daily(1, 3));
	kit_play(k, MINUTES(5));
	next_summary(k);
	first = k->clouds[0].summarised;
	forget_first_news(k);
	for (int i = 0; i < 10; i++) {
		kit_restart(k, daily(1, 3));
		kit_play(k, HOURS(1));
		kit_configure(k, daily(1, 3));
		kit_play(k, HOURS(1));
	}
	expect_no_news(k);
	kit_play(k, HOURS(8));
	t = expect_news(k, "summary");
	assert_true(k->clouds[0].summarised == first + DAYS(1));
	assert_int_equal(t->verdicts[VERDICT_PASSED], 3);
	/* one that was missed comes soon, but with something to say */
	k->now.wall += DAYS(3);
	kit_restart(k, daily(1, 3));
	kit_play(k, HOURS(1));
	t = expect_news(k, "summary");
	assert_int_equal(t->verdicts[VERDICT_PASSED], 3);
	kit_play(k, HOURS(22));
	expect_no_news(k);
}

static void test_never(void **state)
{
	struct kit *k = *state;
	struct settings *s = daily(1, 3);

	s->summary = -1;
	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, s);
	kit_play(k, DAYS(4));
	forget_first_news(k);
	expect_no_news(k);
}

static void test_shorter_by_reload(void **state)
{
	struct kit *k = *state;
	struct settings *s = daily(1, 3);

	kit_configure(k, daily(1, 3));
	kit_play(k, HOURS(3));
	next_summary(k);
	s->summary = HOURS(1);
	kit_configure(k, s);
	kit_play(k, HOURS(1));
	expect_news(k, "summary");
	expect_no_news(k);
}

/* Silence must not be mistaken for death, least of all in trouble. */
static void test_cloud_in_trouble_is_summed_up_too(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;
	int64_t end;

	kit_configure(k, daily(1, 2));
	for (end = k->now.mono + HOURS(30); k->now.mono < end; pass(k, SECONDS(10)))
		while (k->n_calls) {
			struct call c = expect_call(k, k->calls[0].kind, 0);

			if (c.kind == CALL_LOGIN)
				say_login(k, &c);
			else
				say_whole(k, &c, OUTCOME_TRANSPORT, "");
		}
	expect_news(k, "cloud-down");
	t = expect_news(k, "summary");
	assert_int_equal(t->trouble, TROUBLE_UNREACHABLE);
	assert_int_equal(t->verdicts[VERDICT_UNKNOWN], 2);
	assert_non_null(strstr(t->text, "in trouble (unreachable) since "));
	expect_news(k, "summary");
	expect_no_news(k);
}

static void test_stale_ones_are_counted(void **state)
{
	struct kit *k = *state;
	struct call c;
	const struct kit_told *t;

	kit_configure(k, daily(1, 1));
	kit_play(k, HOURS(22));
	next_summary(k);
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	c = expect_call(k, CALL_STATUS, 1); /* never answered */
	pass(k, HOURS(2) + MINUTES(5));
	expect_news(k, "stale");
	t = expect_news(k, "summary");
	assert_int_equal(t->stale_jobs, 1);
	assert_int_equal(t->verdicts[VERDICT_PASSED], 1);
	assert_in_range(t->oldest, HOURS(1), HOURS(3));
	kit_send(k, with_status(&c, "STARTJOBING"));
}

/* --- a first start --- */

static void test_quiet_first_start(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	k->fakes[1].items = "a=F:R";
	k->fakes[2].status = "STARTJOBING";
	watch_quiet_start(k->w);
	kit_configure(k, daily(1, 5));
	kit_play(k, MINUTES(5));
	/* one line for each job that is not passed, one for the cloud */
	for (int i = 0; i < 2; i++) {
		t = &k->told[k->taken];
		expect_news(k, strcmp(t->job, "job1") == 0 ? "failed" : "started");
	}
	t = expect_news(k, "summary");
	assert_int_equal(t->verdicts[VERDICT_PASSED], 3);
	expect_no_news(k);
	/* from then on everything is told, also what was passed quietly */
	k->fakes[0].items = "a=F:R";
	kit_play(k, MINUTES(31));
	t = expect_news(k, "failed");
	assert_string_equal(t->job, "job0");
	assert_int_equal(t->previous, VERDICT_PASSED);
	k->fakes[0].items = "a=P b=P";
	kit_play(k, MINUTES(31));
	expect_news(k, "passed");
	expect_no_news(k);
}

/* Failed first and fixed later: a recovery is news, however quiet the start was. */
static void test_quiet_start_swallows_no_recovery(void **state)
{
	struct kit *k = *state;

	k->fakes[0].status = "CREATING";
	watch_quiet_start(k->w);
	kit_configure(k, daily(1, 1));
	kit_play(k, MINUTES(5));
	expect_news(k, "refused");
	expect_news(k, "summary");
	k->fakes[0].status = "CONFIGURATION";
	kit_play(k, MINUTES(31));
	expect_news(k, "passed");
	expect_no_news(k);
}

static void test_reload_after_a_quiet_start_is_told(void **state)
{
	struct kit *k = *state;

	watch_quiet_start(k->w);
	kit_configure(k, daily(1, 1));
	kit_play(k, MINUTES(5));
	expect_news(k, "summary");
	expect_no_news(k);
	kit_configure(k, daily(1, 2));
	kit_play(k, MINUTES(5));
	assert_string_equal(expect_news(k, "passed")->job, "job1");
	expect_no_news(k);
}

/* Without summaries nobody would count them: then they are told one by one. */
static void test_no_quiet_start_without_a_summary(void **state)
{
	struct kit *k = *state;
	struct settings *s = daily(1, 2);

	s->summary = -1;
	watch_quiet_start(k->w);
	kit_configure(k, s);
	kit_play(k, MINUTES(5));
	expect_news(k, "passed");
	expect_news(k, "passed");
	expect_no_news(k);
}

/* Killed before the first summary: it comes with the next process. */
static void test_quiet_start_and_a_restart(void **state)
{
	struct kit *k = *state;

	k->fakes[1].lasts = MINUTES(10);
	watch_quiet_start(k->w);
	kit_configure(k, daily(1, 2));
	kit_play(k, MINUTES(2));
	expect_no_news(k);
	kit_restart(k, daily(1, 2));
	kit_play(k, MINUTES(45));
	while (k->taken < k->n_told && k->told[k->taken].kind == NEWS_JOB)
		assert_string_equal(expect_news(k, "passed")->job, "job1");
	assert_int_equal(expect_news(k, "summary")->verdicts[VERDICT_PASSED], 2);
	expect_no_news(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_counts),
		KIT_TEST(test_first_when_all_were_looked_at),
		KIT_TEST(test_once_a_day),
		KIT_TEST(test_each_cloud_by_itself),
		KIT_TEST(test_restart_and_reload_do_not_repeat_it),
		KIT_TEST(test_never),
		KIT_TEST(test_shorter_by_reload),
		KIT_TEST(test_cloud_in_trouble_is_summed_up_too),
		KIT_TEST(test_stale_ones_are_counted),
		KIT_TEST(test_quiet_first_start),
		KIT_TEST(test_quiet_start_swallows_no_recovery),
		KIT_TEST(test_reload_after_a_quiet_start_is_told),
		KIT_TEST(test_no_quiet_start_without_a_summary),
		KIT_TEST(test_quiet_start_and_a_restart),
	};

	return cmocka_run_group_tests_name("summary: a sign of life", tests, NULL, NULL);
}
