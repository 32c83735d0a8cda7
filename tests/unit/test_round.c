/* test_round.c - who goes into which call: batches that stay together, clouds that are never mixed, pace,
 * connections and runs at once; hours of many jobs against a DRS that never errs. */
#include "heart_fake.h"

static unsigned count_calls(const struct kit *k, enum call_kind kind, int64_t from, int64_t to)
{
	unsigned n = 0;

	for (size_t i = 0; i < k->n_trace; i++)
		n += k->trace[i].kind == kind && k->trace[i].at >= from && k->trace[i].at < to;
	return n;
}

/* No more than `pace` calls (logins excepted) of a cloud in any 60 s. */
static void assert_pace(const struct kit *k, unsigned cloud, unsigned pace)
{
	size_t calls = 0;
	static int64_t at[KIT_TRACE];

	assert_true(k->n_trace < KIT_TRACE);
	for (size_t i = 0; i < k->n_trace; i++) {
		if (k->trace[i].cloud != cloud || k->trace[i].kind == CALL_LOGIN)
			continue;
		at[calls] = k->trace[i].at;
		if (calls >= pace)
			assert_true(at[calls] - at[calls - pace] >= SECONDS(60));
		calls++;
	}
	assert_true(calls > 0);
}

/* 25 jobs: three submits a round and no more, however long it goes on; polls are shared. */
static void test_25_jobs_are_three_submits_a_round(void **state)
{
	static const struct {
		unsigned max_runs, pace;
		int64_t latency;
	} rows[] = {{100, 600, 200}, {100, 30, 900}, {25, 30, 50}, {20, 30, 200}};

	(void)state;
	for (size_t row = 0; row < ELEMENTSOF(rows); row++) {
		struct settings *s = make_settings(1, 25);
		void *own;
		struct kit *k;
		int64_t begun;

		kit_setup(&own);
		k = own;
		k->latency = rows[row].latency;
		s->clouds[0].max_runs = rows[row].max_runs;
		s->clouds[0].pace = rows[row].pace;
		kit_configure(k, s);
		begun = k->now.mono;
		kit_play(k, HOURS(10));
		for (int round = 0; round < 20; round++) {
			int64_t from = begun + round * MINUTES(30), to = from + MINUTES(30);

			assert_int_equal(count_calls(k, CALL_SUBMIT, from, to), 3);
			assert_int_equal(count_calls(k, CALL_STATUS, from, to), 3);
			/* runs last 25 s: two polls for each group, and the baselines of the first round */
			assert_in_range(
				count_calls(k, CALL_RESULT, from, to), 3, round == 0 ? 12 : 9);
		}
		for (unsigned i = 0; i < 25; i++)
			assert_int_equal(k->fakes[i].submits, 20);
		assert_int_equal(k->n_told, 25);
		assert_int_equal(k->n_runs, 25 * 20);
		kit_teardown(&own);
	}
}

/* Runs that take different times do not tear the groups apart for good. */
static void test_groups_come_together_again(void **state)
{
	struct kit *k = *state;
	int64_t begun = k->now.mono;

	for (unsigned i = 0; i < 20; i++)
		k->fakes[i].lasts = SECONDS(15) + (int64_t)i * SECONDS(7);
	kit_configure(k, make_settings(1, 20));
	kit_play(k, HOURS(8));
	for (int round = 2; round < 16; round++)
		assert_int_equal(count_calls(k, CALL_SUBMIT, begun + round * MINUTES(30),
					 begun + (round + 1) * MINUTES(30)),
			2);
}

static void test_100_jobs_in_three_clouds(void **state)
{
	struct kit *k = *state;

	kit_configure(k, make_settings(3, 100));
	kit_play(k, HOURS(3)); /* the kit checks each call for jobs of other clouds */
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(k->fakes[i].submits, 6);
	for (unsigned c = 0; c < 3; c++) {
		unsigned submits = 0;

		for (size_t i = 0; i < k->n_trace; i++)
			submits += k->trace[i].cloud == c && k->trace[i].kind == CALL_SUBMIT;
		assert_in_range(submits, 6 * 4, 6 * 5);
	}
	assert_int_equal(k->n_logins, 3);
}

static void test_pace_in_any_minute(void **state)
{
	static const unsigned paces[] = {30, 7, 60, 1};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(paces); i++) {
		struct settings *s = make_settings(1, 120);
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		s->clouds[0].pace = paces[i];
		s->clouds[0].connections = 64;
		s->clouds[0].max_runs = 1000;
		for (unsigned n = 0; n < 120; n++) /* nothing in step */
			k->fakes[n].lasts = SECONDS(10) + n * 997;
		kit_configure(k, s);
		kit_play(k, HOURS(2));
		assert_pace(k, 0, paces[i]);
		kit_teardown(&own);
	}
}

static void test_pace_holds_over_a_reload(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 120);

	s->clouds[0].pace = 10;
	kit_configure(k, s);
	for (int i = 0; i < 30; i++) {
		kit_play(k, SECONDS(5));
		s = make_settings(1, 120);
		s->clouds[0].pace = 10;
		kit_configure(k, s);
		check_now(k, NULL);
	}
	assert_pace(k, 0, 10);
	assert_int_equal(k->n_logins, 1);
}

static void test_max_runs(void **state)
{
	static const unsigned most[] = {1, 3, 10, 20, 37};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(most); i++) {
		struct settings *s = make_settings(1, 60);
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		s->clouds[0].max_runs = most[i];
		for (unsigned n = 0; n < 60; n++) {
			s->jobs[n].interval = HOURS(12);
			s->jobs[n].stale_after = HOURS(24);
			k->fakes[n].lasts = SECONDS(90) + (n % 7) * SECONDS(5);
		}
		kit_configure(k, s);
		kit_play(k, HOURS(5));
		assert_int_equal(k->most_running, most[i]); /* used, and never more */
		for (unsigned n = 0; n < 60; n++)
			assert_int_equal(k->fakes[n].submits, 1); /* all get their turn */
		kit_teardown(&own);
	}
}

/* Slots that come free one by one within a minute are not filled one by one. */
static void test_slots_are_filled_in_groups(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 20);

	s->clouds[0].max_runs = 10;
	for (unsigned n = 0; n < 20; n++)
		k->fakes[n].lasts = SECONDS(15) + n % 10 * SECONDS(3);
	kit_configure(k, s);
	kit_play(k, MINUTES(20));
	for (unsigned n = 0; n < 20; n++)
		assert_int_equal(k->fakes[n].submits, 1);
	assert_int_equal(count_calls(k, CALL_SUBMIT, 0, INT64_MAX), 2);
}

static void test_connections(void **state)
{
	static const unsigned most[] = {1, 2, 4, 9};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(most); i++) {
		struct settings *s = make_settings(1, 200);
		unsigned seen = 0;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		k->latency = SECONDS(5);
		s->clouds[0].connections = most[i];
		s->clouds[0].max_runs = 1000;
		kit_configure(k, s);
		kit_play(k, MINUTES(20));
		for (size_t n = 0; n < k->n_trace; n++)
			if (k->trace[n].kind != CALL_LOGIN)
				seen = MAX(seen, k->trace[n].in_flight);
		assert_int_equal(seen, most[i]);
		kit_teardown(&own);
	}
}

/* First checks start at once, in an order that depends on the tasks and not on the file. */
static void test_first_checks_start_at_once_ordered_by_hash(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 40);
	struct call first[4], again;
	void *own;
	struct kit *other;
	bool sorted = true;

	kit_configure(k, s);
	do_login(k);
	for (int i = 0; i < 4; i++) {
		first[i] = expect_call(k, CALL_STATUS, 10);
		for (int n = 1; n < 10; n++)
			sorted &= strcmp(first[i].jobs[n - 1].task, first[i].jobs[n].task) < 0;
	}
	assert_true(k->now.mono < 1000000 + SECONDS(2));
	assert_false(sorted);

	kit_setup(&own);
	other = own;
	s = make_settings(1, 40);
	for (unsigned i = 0; i < 20; i++) {
		struct job_settings swap = s->jobs[i];

		s->jobs[i] = s->jobs[39 - i];
		s->jobs[39 - i] = swap;
	}
	kit_configure(other, s);
	do_login(other);
	for (int i = 0; i < 4; i++) {
		again = expect_call(other, CALL_STATUS, 10);
		assert_memory_equal(again.jobs, first[i].jobs, sizeof(again.jobs));
	}
	kit_teardown(&own);
}

/* Due within interval/6: it rides along; later: it does not. */
static void test_slack_of_a_sixth(void **state)
{
	static const struct {
		int64_t offset;
		unsigned together;
	} rows[] = {{MINUTES(4), 2}, {MINUTES(6), 1}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct job_record recs[2];
		void *own;
		struct kit *k;
		struct call c;

		kit_setup(&own);
		k = own;
		for (unsigned n = 0; n < 2; n++) {
			recs[n] = (struct job_record){.drs = (char *)"https://drs.example/0",
				.name = (char *)"old",
				.due = k->now.wall + MINUTES(10) + n * rows[i].offset};
			text_copy(recs[n].task, sizeof(recs[n].task), task_id(n));
		}
		assert_int_equal(watch_restore(k->w, recs, 2, NULL, 0), 0);
		kit_configure(k, make_settings(1, 2));
		do_login(k);
		expect_quiet(k, MINUTES(10) - SECONDS(1));
		pass(k, SECONDS(1));
		c = expect_call(k, CALL_STATUS, rows[i].together);
		assert_true(carries(&c, 0));
		kit_teardown(&own);
	}
}

/* Too many for the pace: one warning with what can be had and what is needed. */
static void test_pace_that_cannot_serve_is_told_once(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 200);
	const struct kit_told *t;

	s->clouds[0].pace = 2;
	s->clouds[0].max_runs = 1000;
	kit_configure(k, s);
	t = expect_news(k, "pace");
	assert_string_equal(t->cloud, "cloud0");
	assert_int_equal(t->pace, 2);
	assert_true(t->pace_wanted > 2);
	assert_true(t->reachable > MINUTES(30));
	expect_no_news(k);
	s = make_settings(1, 200);
	s->clouds[0].pace = 2;
	s->clouds[0].max_runs = 1000;
	kit_configure(k, s);
	expect_no_news(k);
	/* what it asks for is enough */
	s = make_settings(1, 200);
	s->clouds[0].pace = t->pace_wanted;
	s->clouds[0].max_runs = 1000;
	kit_configure(k, s);
	expect_no_news(k);
}

static void test_max_runs_that_cannot_serve_is_told(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 200);

	s->clouds[0].max_runs = 1;
	kit_configure(k, s);
	assert_true(expect_news(k, "pace")->reachable > MINUTES(30));
}

/* The reachable interval that the warning names is one that is kept indeed. */
static void test_reachable_interval_is_kept(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 200);
	int64_t reachable;

	s->clouds[0].pace = 2;
	s->clouds[0].max_runs = 1000;
	kit_configure(k, s);
	reachable = expect_news(k, "pace")->reachable;
	s = make_settings(1, 200);
	s->clouds[0].pace = 2;
	s->clouds[0].max_runs = 1000;
	for (unsigned i = 0; i < 200; i++) {
		s->jobs[i].interval = reachable;
		s->jobs[i].stale_after = 2 * reachable;
	}
	kit_configure(k, s);
	kit_play(k, 6 * reachable);
	for (unsigned i = 0; i < 200; i++)
		assert_in_range(k->fakes[i].submits, 5, 7);
}

/* A month of 50 jobs: nothing drifts, nothing is told, ids and runs rise. */
static void test_a_month_of_calm(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(2, 50);

	for (unsigned i = 0; i < 50; i++) {
		s->jobs[i].interval = HOURS(4);
		s->jobs[i].stale_after = HOURS(8);
	}
	k->created = k->now.wall + DAYS(60); /* so that none is two days old */
	kit_configure(k, s);
	kit_play(k, MINUTES(10));
	assert_int_equal(k->n_told, 50);
	k->n_runs = 0;
	for (int day = 0; day < 30; day++) {
		kit_play(k, HOURS(24));
		assert_int_equal(k->n_runs, 6 * 50);
		k->n_runs = 0;
	}
	assert_int_equal(k->n_told, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_25_jobs_are_three_submits_a_round),
		KIT_TEST(test_groups_come_together_again),
		KIT_TEST(test_100_jobs_in_three_clouds),
		cmocka_unit_test(test_pace_in_any_minute),
		KIT_TEST(test_pace_holds_over_a_reload),
		cmocka_unit_test(test_max_runs),
		KIT_TEST(test_slots_are_filled_in_groups),
		cmocka_unit_test(test_connections),
		KIT_TEST(test_first_checks_start_at_once_ordered_by_hash),
		cmocka_unit_test(test_slack_of_a_sixth),
		KIT_TEST(test_pace_that_cannot_serve_is_told_once),
		KIT_TEST(test_max_runs_that_cannot_serve_is_told),
		KIT_TEST(test_reachable_interval_is_kept),
		KIT_TEST(test_a_month_of_calm),
	};

	return cmocka_run_group_tests_name("round: who goes into which call", tests, NULL, NULL);
}
