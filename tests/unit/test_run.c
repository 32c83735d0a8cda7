/* test_run.c - a run's life beyond its first report: jobs that flap and are steady again, runs that take far
 * longer than usual, runs in which DRS breaks. The plain life of a run is in test_watch.c. */
#include "heart_fake.h"

/* --- flapping --- */

/* One run for each letter: P passed, A alarmed, F failed, G failed for another reason. */
static void runs(struct kit *k, const char *letters)
{
	for (const char *c = letters; *c; c++)
		next_check(k, *c == 'P'   ? "a=P b=P"
			      : *c == 'A' ? "a=A:R b=P"
			      : *c == 'F' ? "a=F:R b=P"
					  : "a=F:S b=P");
}

/* Up to the fifth change: four are told one by one, with the fifth it flaps. */
static const struct kit_told *make_flapping(struct kit *k)
{
	first_check(k, make_settings(1, 1), "a=P b=P");
	runs(k, "FPFP");
	for (int i = 0; i < 5; i++)
		expect_news(k, i % 2 ? "failed" : "passed");
	expect_no_news(k);
	runs(k, "F");
	return expect_news(k, "flapping");
}

static void test_five_changes_in_ten_runs_flap(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t = make_flapping(k);

	assert_int_equal(t->changes, 5);
	assert_int_equal(t->verdict, VERDICT_FAILED);
	assert_non_null(strstr(t->text, "now failed: a FAILED"));
	expect_no_news(k);
	runs(k, "PFPFAGP"); /* none of it is told meanwhile */
	expect_no_news(k);
}

static void test_changes_need_not_be_next_to_each_other(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P b=P");
	runs(k, "PFFPPFFPP");
	for (int i = 0; i < 5; i++)
		expect_news(k, i % 2 ? "failed" : "passed");
	runs(k, "F"); /* the fifth of ten runs */
	expect_news(k, "flapping");
	expect_no_news(k);
}

/* Four changes in any ten runs are told for ever. */
static void test_four_changes_in_ten_runs_do_not(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P b=P");
	for (int i = 0; i < 10; i++) {
		runs(k, "PPFFFP");
		expect_news(k, "passed");
		expect_news(k, "failed");
	}
	expect_news(k, "passed");
	expect_no_news(k);
}

/* Other items and reasons are changes like verdicts; the same again is none. */
static void test_changed_items_flap_too(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=F:R b=P");
	expect_news(k, "failed");
	runs(k, "GFGF");
	for (int i = 0; i < 4; i++)
		expect_news(k, "failed-items");
	runs(k, "G");
	expect_news(k, "flapping");
	runs(k, "GGGGG");
	expect_news(k, "steady-failed");
	expect_no_news(k);
}

/* Steady at what was last told, or not: told once, as the difference to that; then all is told again. */
static void test_steady_again(void **state)
{
	static const struct {
		const char *runs, *event, *fixed, *added;
		enum verdict verdict;
	} rows[] = {
		{"PPPPPP", "steady", "", "", VERDICT_PASSED}, /* passed was told last */
		{"FPFFFFFF", "steady-failed", "", "a", VERDICT_FAILED},
		{"PAAAAAA", "steady", "", "a", VERDICT_ALARMED},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct kit_told *t;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		make_flapping(k);
		runs(k, rows[i].runs);
		t = expect_news(k, rows[i].event);
		assert_int_equal(t->verdict, rows[i].verdict);
		assert_int_equal(t->previous, VERDICT_PASSED);
		assert_string_equal(t->added, rows[i].added);
		assert_string_equal(t->fixed, rows[i].fixed);
		expect_no_news(k);
		if (rows[i].verdict == VERDICT_FAILED) {
			runs(k, "PF");
			expect_news(k, "passed");
			expect_news(k, "failed");
		} else {
			runs(k, "FP");
			expect_news(k, "failed");
			expect_news(k, "passed");
		}
		kit_teardown(&own);
	}
}

/* It flaps when failed was told last, and settles at passed: the recovery is told, with what is fixed. */
static void test_no_recovery_is_swallowed(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=F:R b=P");
	runs(k, "PFPF");
	for (int i = 0; i < 5; i++)
		expect_news(k, i % 2 ? "passed" : "failed");
	runs(k, "P");
	expect_news(k, "flapping");
	runs(k, "PPPPP");
	t = expect_news(k, "steady");
	assert_int_equal(t->verdict, VERDICT_PASSED);
	assert_int_equal(t->previous, VERDICT_FAILED);
	assert_string_equal(t->fixed, "a");
	assert_non_null(strstr(t->text, "steady again: passed: fixed: a"));
	assert_int_equal(stored(k, 0)->told, VERDICT_PASSED);
	runs(k, "PP");
	expect_no_news(k);
}

static void test_flapping_over_a_restart(void **state)
{
	struct kit *k = *state;

	make_flapping(k);
	runs(k, "P");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	pass(k, MINUTES(29) + SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P b=P");
	do_submit(k);
	do_polls(k, "a=F:R b=P");
	expect_no_news(k);
	runs(k, "PPPPPP");
	expect_news(k, "steady");
	expect_no_news(k);
}

/* What is no longer checked does not flap: started, refused, ended are told at once. */
static void test_other_verdicts_are_told_while_flapping(void **state)
{
	static const struct {
		const char *status, *event;
	} rows[] = {{"STARTJOBING", "started"}, {"DELETED", "ended"}, {"CREATING", "refused"}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		make_flapping(k);
		pass(k, MINUTES(29) + SECONDS(30));
		do_status(k, rows[i].status);
		expect_news(k, rows[i].event);
		kit_teardown(&own);
	}
}

static void test_no_reminder_while_it_passes(void **state)
{
	struct kit *k = *state;

	k->created = KIT_WALL + DAYS(900);
	first_check(k, make_settings(1, 1), "a=F:R b=P");
	runs(k, "PFPF");
	for (int i = 0; i < 5; i++)
		expect_news(k, i % 2 ? "passed" : "failed");
	runs(k, "P");
	expect_news(k, "flapping");
	for (int i = 0; i < 30; i++)
		runs(k, "FP");
	/* a whole day later, when it is failed again */
	assert_int_equal(expect_news(k, "reminder-failed")->verdict, VERDICT_FAILED);
	expect_no_news(k);
}

/* --- slow runs --- */

/* A run that is at 50 % for so long. */
static void slow_run(struct kit *k, int64_t takes)
{
	int64_t begun;

	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	begun = k->now.mono;
	while (k->now.mono < begun + takes) {
		pass(k, SECONDS(1));
		while (k->n_calls)
			do_result(k, 50, "x=E");
	}
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	do_result(k, 100, "a=P");
}

static void test_far_slower_than_usual_is_told_once(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	runs(k, "PPP");
	expect_no_news(k);
	slow_run(k, MINUTES(4)); /* many times its half minute, but nobody needs to get up */
	expect_no_news(k);
	slow_run(k, MINUTES(12));
	t = expect_news(k, "slow");
	assert_true(t->run_age > MINUTES(5));
	assert_true(t->run_age < MINUTES(10));
	assert_true(t->typical < MINUTES(2));
	expect_no_news(k); /* once a run */
	slow_run(k, MINUTES(20));
	expect_news(k, "slow");
	expect_no_news(k);
}

/* What is usual is not known after one run, nor is a slow job's slowness news. */
static void test_usually_slow_is_not_told(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	slow_run(k, MINUTES(15));
	expect_no_news(k);
	for (int i = 0; i < 8; i++)
		slow_run(k, MINUTES(15));
	while (k->taken < k->n_told)
		k->taken++;
	for (int i = 0; i < 8; i++)
		slow_run(k, MINUTES(17));
	expect_no_news(k);
}

static void test_slow_is_not_told_again_by_a_restart(void **state)
{
	struct kit *k = *state;
	int64_t end;

	first_check(k, make_settings(1, 1), "a=P");
	expect_news(k, "passed");
	runs(k, "PPP");
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	for (end = k->now.mono + MINUTES(10); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls)
			do_result(k, 50, "x=E");
	expect_news(k, "slow");
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	for (end = k->now.mono + MINUTES(10); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls)
			do_result(k, 50, "x=E");
	expect_no_news(k);
}

/* --- runs in which DRS breaks --- */

/* From the poll on, DRS says nothing but that it broke; how long until the next check begins. */
static int64_t broken_run(struct kit *k)
{
	int64_t submitted;

	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	submitted = k->now.mono;
	for (size_t n = k->n_runs; k->n_runs == n;) {
		pass(k, SECONDS(1));
		while (k->n_calls && k->n_runs == n)
			do_entries(k, CALL_RESULT, OUTCOME_SERVER, "DRS.M00202");
		assert_true(k->now.mono < submitted + MINUTES(30));
	}
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	return k->now.mono - submitted;
}

static void test_broken_runs_come_less_often(void **state)
{
	struct kit *k = *state;
	int64_t wanted = HOURS(1);

	k->created = KIT_WALL + DAYS(900);
	first_check(k, make_settings(1, 1), "a=P b=P");
	expect_news(k, "passed");
	for (int i = 0; i < 8; i++) {
		const struct kit_told *t;
		int64_t took = broken_run(k);

		/* of broken runs, and of a verdict that grows old with them, there is news; no other */
		while (strcmp(k->told[k->taken].event, "stale") == 0)
			k->taken++;
		t = expect_news(k, "lost");
		assert_string_equal(t->code, "DRS.M00202");
		assert_int_equal(t->verdict, VERDICT_PASSED);
		assert_true(t->slowed == wanted);
		assert_non_null(strstr(t->text, "pg_replication_slots"));
		assert_in_range(took, wanted - SECONDS(5), wanted + SECONDS(5));
		assert_true(k->runs[k->n_runs - 1].lost);
		wanted = MIN(2 * wanted, DAYS(1));
	}
	/* over a restart it stays as slow */
	assert_int_equal(stored(k, 0)->slowed, 8);
	/* and a finished report ends it */
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=P b=P");
	assert_int_equal(stored(k, 0)->slowed, 0);
	k->taken = k->n_told;
	runs(k, "P");
	expect_no_news(k);
}

static void test_broken_is_kept_over_a_restart(void **state)
{
	struct kit *k = *state;
	int64_t at;

	first_check(k, make_settings(1, 1), "a=P b=P");
	broken_run(k);
	broken_run(k); /* two hours after the last submit */
	kit_restart(k, make_settings(1, 1));
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_result(k, 100, "a=P b=P");
	at = k->now.mono;
	do_submit(k);
	for (size_t n = k->n_runs; k->n_runs == n; pass(k, SECONDS(1)))
		while (k->n_calls && k->n_runs == n)
			do_entries(k, CALL_RESULT, OUTCOME_SERVER, "DRS.M00202");
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	assert_in_range(k->now.mono - at, HOURS(4) - SECONDS(5), HOURS(4) + SECONDS(5));
}

static void test_slowed_job_does_not_hurry_after_a_restart(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=P b=P");
	for (int i = 0; i < 3; i++)
		broken_run(k);
	do_status(k, "CONFIGURATION");
	do_submit(k);
	for (size_t n = k->n_runs; k->n_runs == n; pass(k, SECONDS(1)))
		while (k->n_calls && k->n_runs == n)
			do_entries(k, CALL_RESULT, OUTCOME_SERVER, "DRS.M00202");
	kit_restart(k, make_settings(1, 1)); /* the next one is due in eight hours */
	pass(k, HOURS(7));
	while (k->n_calls)
		do_login(k);
	expect_no_call(k);
}

/* A shorter interval is doubled as often as the one before was. */
static void test_slowed_job_does_not_hurry_after_a_reload(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);
	int64_t submitted;

	first_check(k, make_settings(1, 1), "a=P b=P");
	broken_run(k); /* an hour after the last submit */
	do_status(k, "CONFIGURATION");
	do_submit(k);
	submitted = k->now.mono;
	for (size_t n = k->n_runs; k->n_runs == n; pass(k, SECONDS(1)))
		while (k->n_calls && k->n_runs == n)
			do_entries(k, CALL_RESULT, OUTCOME_SERVER, "DRS.M00202");
	s->jobs[0].interval = MINUTES(20); /* four times that, and no longer two hours */
	kit_configure(k, s);
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	assert_in_range(
		k->now.mono - submitted, MINUTES(80) - SECONDS(5), MINUTES(80) + SECONDS(5));
}

/* One bad answer among good ones is nothing. */
static void test_one_bad_answer_breaks_no_run(void **state)
{
	struct kit *k = *state;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	for (int i = 0; i < 8; i++) {
		while (k->n_calls == 0)
			pass(k, SECONDS(1));
		if (i % 2)
			do_result(k, 50, "x=E");
		else
			do_entries(k, CALL_RESULT, OUTCOME_SERVER, "DRS.M00202");
	}
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	do_result(k, 100, "a=P");
	expect_news(k, "passed");
	expect_no_news(k);
	assert_int_equal(stored(k, 0)->slowed, 0);
}

/* A 5xx to the whole call is the cloud's trouble, not the job's. */
static void test_broken_cloud_slows_no_job(void **state)
{
	struct kit *k = *state;
	int64_t end;

	to_submit(k, make_settings(1, 1));
	do_submit(k);
	for (end = k->now.mono + HOURS(1); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = expect_call(k, k->calls[0].kind, 0);

			say_whole(k, &c, OUTCOME_SERVER, "");
		}
	expect_news(k, "cloud-down");
	expect_no_news(k);
	assert_int_equal(stored(k, 0)->slowed, 0);
	assert_int_equal(stored(k, 0)->run.state, RUN_GOING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_five_changes_in_ten_runs_flap),
		KIT_TEST(test_changes_need_not_be_next_to_each_other),
		KIT_TEST(test_four_changes_in_ten_runs_do_not),
		KIT_TEST(test_changed_items_flap_too),
		cmocka_unit_test(test_steady_again),
		KIT_TEST(test_no_recovery_is_swallowed),
		KIT_TEST(test_flapping_over_a_restart),
		cmocka_unit_test(test_other_verdicts_are_told_while_flapping),
		KIT_TEST(test_no_reminder_while_it_passes),
		KIT_TEST(test_far_slower_than_usual_is_told_once),
		KIT_TEST(test_usually_slow_is_not_told),
		KIT_TEST(test_slow_is_not_told_again_by_a_restart),
		KIT_TEST(test_broken_runs_come_less_often),
		KIT_TEST(test_broken_is_kept_over_a_restart),
		KIT_TEST(test_slowed_job_does_not_hurry_after_a_restart),
		KIT_TEST(test_slowed_job_does_not_hurry_after_a_reload),
		KIT_TEST(test_one_bad_answer_breaks_no_run),
		KIT_TEST(test_broken_cloud_slows_no_job),
	};

	return cmocka_run_group_tests_name("run: flapping, slow, broken", tests, NULL, NULL);
}
