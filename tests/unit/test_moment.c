/* test_moment.c - what the passing of time alone brings: accepts that begin and end, reminders that slow down,
 * tasks that grow old in CONFIGURATION. */
#include "heart_fake.h"

/* --- accepts --- */

static struct settings *accepting(const char *item, const char *failed_reason, int64_t until)
{
	struct settings *s = make_settings(1, 1);

	accept_item(&s->jobs[0], item, failed_reason, until);
	return s;
}

static void test_accepted_alarm_is_passed(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, accepting("a", NULL, KIT_WALL + DAYS(60)), "a=A:R b=P");
	t = expect_news(k, "passed");
	assert_non_null(strstr(t->text, "accepted: a, by dba@example.org until 20"));
	assert_non_null(strstr(t->text, "(moved by hand)"));
	assert_int_equal(k->runs[0].verdict, VERDICT_PASSED);
	next_check(k, "a=A:R b=P");
	expect_no_news(k);
}

static void test_accepted_other_is_passed(void **state)
{
	struct kit *k = *state;

	first_check(k, accepting("a", NULL, KIT_WALL + DAYS(60)), "a=O b=P");
	expect_news(k, "passed");
}

/* One that is signed for, one that is not: only the latter is something to do. */
static void test_accept_of_one_alarm_of_two(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, accepting("a", NULL, KIT_WALL + DAYS(60)), "a=A:R b=A:S");
	t = expect_news(k, "alarmed");
	assert_non_null(strstr(t->text, ": b ALARM"));
	assert_null(strstr(t->text, "a ALARM"));
	assert_non_null(strstr(t->text, "; accepted: a, by dba@example.org until"));
}

static void test_accept_is_for_its_reason(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, accepting("a", "R", KIT_WALL + DAYS(60)), "a=A:R");
	expect_news(k, "passed");
	next_check(k, "a=A:S");
	t = expect_news(k, "alarmed");
	assert_string_equal(t->changed, "a");
	next_check(k, "a=A"); /* no reason is another one too */
	expect_news(k, "alarmed-items");
	next_check(k, "a=A:R");
	expect_news(k, "passed");
	expect_no_news(k);
}

static void test_failed_item_is_not_accepted(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	first_check(k, accepting("a", NULL, KIT_WALL + DAYS(60)), "a=A:R");
	expect_news(k, "passed");
	next_check(k, "a=F:R");
	t = expect_news(k, "failed");
	assert_string_equal(t->added, "a");
	assert_non_null(strstr(t->text, "the accept of a does not help"));
	assert_null(strstr(t->text, "accepted:"));
}

/* Not before its end, at once then, and once. */
static void test_accept_ends(void **state)
{
	struct kit *k = *state;
	int64_t until = KIT_WALL + MINUTES(45);
	const struct kit_told *t;

	first_check(k, accepting("a", NULL, until), "a=A:R");
	expect_news(k, "passed");
	next_check(k, "a=A:R");
	pass(k, until - 1 - k->now.wall);
	expect_no_news(k);
	pass(k, 1);
	t = expect_news(k, "alarmed");
	assert_int_equal(t->previous, VERDICT_PASSED);
	assert_true(t->since == until);
	assert_non_null(strstr(t->text, "the accept of a by dba@example.org ended "));
	pass(k, MINUTES(15) + SECONDS(1));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, "a=A:R");
	expect_no_news(k);
}

/* In the middle of a check its end tells, and not of a report that is about to be old. */
static void test_accept_ends_in_mid_run(void **state)
{
	static const struct {
		const char *items, *event;
	} rows[] = {{"a=A:R", "alarmed"}, {"a=P", NULL}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		first_check(k, accepting("a", NULL, KIT_WALL + MINUTES(30) + SECONDS(10)), "a=A:R");
		expect_news(k, "passed");
		next_check(k, rows[i].items);
		if (rows[i].event)
			expect_news(k, rows[i].event);
		else /* fixed, and still passed: an item less */
			assert_string_equal(expect_news(k, "passed")->fixed, "a");
		expect_no_news(k);
		kit_teardown(&own);
	}
}

static void test_longer_accept_goes_on(void **state)
{
	struct kit *k = *state;
	struct settings *s = accepting("a", NULL, KIT_WALL + HOURS(1));

	accept_item(&s->jobs[0], "a", NULL, KIT_WALL + HOURS(3)); /* of the defaults */
	k->fakes[0].items = "a=A:R";
	kit_configure(k, s);
	kit_play(k, HOURS(3) - 1);
	expect_news(k, "passed");
	expect_no_news(k);
	kit_play(k, HOURS(1));
	expect_news(k, "alarmed");
	expect_no_news(k);
}

static void test_accept_comes_and_goes_by_reload(void **state)
{
	struct kit *k = *state;

	first_check(k, make_settings(1, 1), "a=A:R");
	expect_news(k, "alarmed");
	kit_configure(k, accepting("a", NULL, KIT_WALL + DAYS(60)));
	expect_news(k, "passed");
	kit_configure(k, accepting("a", NULL, KIT_WALL + DAYS(60)));
	expect_no_news(k);
	kit_configure(k, accepting("b", NULL, KIT_WALL + DAYS(60)));
	expect_news(k, "alarmed");
	kit_configure(k, accepting("a", NULL, KIT_WALL - 1)); /* it has ended already */
	expect_no_news(k);
	next_check(k, "a=A:R");
	expect_no_news(k);
}

/* A clock that jumps over the end, or away from it: told when it is over by the clock, once. */
static void test_accept_and_a_clock_that_steps(void **state)
{
	struct kit *k = *state;
	int64_t until = KIT_WALL + HOURS(30);
	const struct kit_told *t;

	k->fakes[0].items = "a=A:R";
	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, accepting("a", NULL, until));
	kit_play(k, HOURS(2));
	expect_news(k, "passed");
	k->now.wall += DAYS(1);
	kit_play(k, HOURS(3));
	expect_no_news(k);
	k->now.wall -= DAYS(2);
	kit_play(k, HOURS(30));
	expect_no_news(k);
	k->now.wall += DAYS(9);
	kit_play(k, HOURS(1));
	t = expect_news(k, "alarmed");
	assert_true(t->since >= until);
	kit_play(k, HOURS(5));
	expect_no_news(k);
}

static void test_accept_over_a_restart(void **state)
{
	struct kit *k = *state;
	int64_t until = KIT_WALL + HOURS(5);

	k->fakes[0].items = "a=A:R";
	kit_configure(k, accepting("a", NULL, until));
	kit_play(k, HOURS(1));
	expect_news(k, "passed");
	kit_restart(k, accepting("a", NULL, until));
	kit_play(k, until - k->now.wall - 1);
	expect_no_news(k);
	kit_play(k, MINUTES(1));
	expect_news(k, "alarmed");
	/* it is back in force while nobody runs, and over again */
	kit_restart(k, accepting("a", NULL, k->now.wall + HOURS(2)));
	kit_play(k, HOURS(1));
	expect_news(k, "passed");
	k->now.wall += HOURS(4);
	kit_restart(k, accepting("a", NULL, until));
	kit_play(k, HOURS(1));
	expect_news(k, "alarmed");
	expect_no_news(k);
}

/* No check comes to its help: the next one is hours away. */
static struct settings *rarely(int64_t until)
{
	struct settings *s = accepting("a", NULL, until);

	s->jobs[0].interval = HOURS(12);
	s->jobs[0].stale_after = DAYS(30);
	return s;
}

static void test_accept_ends_soon_after_a_restart(void **state)
{
	struct kit *k = *state;
	int64_t until = KIT_WALL + HOURS(3);

	k->fakes[0].items = "a=A:R";
	kit_configure(k, rarely(until));
	kit_play(k, HOURS(1));
	expect_news(k, "passed");
	kit_restart(k, rarely(until));
	kit_play(k, until - 1 - k->now.wall);
	expect_no_news(k);
	kit_play(k, 1);
	expect_news(k, "alarmed");
}

/* A clock that is set is noticed within the hour. */
static void test_accept_ends_by_a_step_of_the_clock(void **state)
{
	struct kit *k = *state;

	k->fakes[0].items = "a=A:R";
	kit_configure(k, rarely(KIT_WALL + DAYS(9)));
	kit_play(k, MINUTES(10));
	expect_news(k, "passed");
	k->now.wall += DAYS(10);
	kit_play(k, HOURS(1));
	expect_news(k, "alarmed");
	expect_no_news(k);
}

/* DRS confirms nothing by it: neither looking for its end nor the end makes a verdict young again. */
static void test_accept_makes_nothing_current(void **state)
{
	struct kit *k = *state;
	struct settings *s = rarely(KIT_WALL + HOURS(5));

	s->jobs[0].stale_after = HOURS(2);
	k->fakes[0].items = "a=A:R";
	kit_configure(k, s);
	kit_play(k, HOURS(4));
	expect_news(k, "passed");
	expect_news(k, "stale");
	expect_no_news(k);
	kit_play(k, HOURS(2));
	expect_news(k, "alarmed");
	expect_no_news(k);
	assert_true(stored(k, 0)->told_stale);
}

/* Neither a change of the accepts nor the end of one is told of a job that changes all the time. */
static void test_accept_ends_while_flapping(void **state)
{
	struct kit *k = *state;
	int64_t until;

	first_check(k, accepting("a", NULL, KIT_WALL + DAYS(60)), "a=A:R");
	for (int i = 0; i < 6; i++)
		next_check(k, i % 2 ? "a=A:R" : "a=A:R b=F:S");
	assert_true(stored(k, 0)->flapping);
	k->taken = k->n_told;
	until = k->now.wall + MINUTES(10);
	kit_configure(k, accepting("a", NULL, until));
	pass(k, MINUTES(11));
	kit_configure(k, make_settings(1, 1));
	expect_no_news(k);
}

/* It ends in the middle of a check that comes to nothing: told at the end of that nevertheless. */
static void test_accept_ends_in_a_broken_check(void **state)
{
	struct kit *k = *state;
	size_t n;

	first_check(k, accepting("a", NULL, KIT_WALL + MINUTES(30) + SECONDS(10)), "a=A:R");
	expect_news(k, "passed");
	while (k->n_calls == 0)
		pass(k, SECONDS(1));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	for (n = k->n_runs; k->n_runs == n;) {
		pass(k, SECONDS(1));
		while (k->n_calls && k->n_runs == n)
			do_entries(k, CALL_RESULT, OUTCOME_SERVER, "DRS.M00202");
	}
	expect_news(k, "lost");
	expect_news(k, "alarmed");
	expect_no_news(k);
}

/* By a reload that gives its cloud another user too. */
static void test_accept_goes_with_the_user(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	first_check(k, accepting("a", NULL, KIT_WALL + DAYS(60)), "a=A:R");
	expect_news(k, "passed");
	s->clouds[0].user[0] ^= 1;
	kit_configure(k, s);
	expect_news(k, "alarmed");
	expect_no_news(k);
}

/* --- reminders --- */

/* 1, 2, 4 and 8 days after each other. */
static void test_reminders_slow_down(void **state)
{
	static const struct {
		const char *status, *items, *event, *reminder;
	} rows[] = {
		{"CONFIGURATION", "a=F:R", "failed", "reminder-failed"},
		{"CONFIGURATION", "a=A:R", "alarmed", "reminder"},
		{"CREATING", "", "refused", "reminder"},
	};
	static const int64_t days[] = {1, 3, 7, 15};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct kit_told *t;
		int64_t told;
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		k->fakes[0].status = rows[i].status;
		k->fakes[0].items = rows[i].items;
		k->created = KIT_WALL + DAYS(900);
		kit_configure(k, make_settings(1, 1));
		kit_play(k, MINUTES(5));
		told = expect_news(k, rows[i].event)->at;
		kit_play(k, DAYS(20));
		for (size_t d = 0; d < ELEMENTSOF(days); d++) {
			t = expect_news(k, rows[i].reminder);
			assert_in_range(t->at - told, DAYS(days[d]), DAYS(days[d]) + MINUTES(1));
			assert_int_equal(t->reminded, d + 1);
		}
		expect_no_news(k);
		kit_teardown(&own);
	}
}

static void test_no_reminder_of_what_is_well(void **state)
{
	static const struct {
		const char *status, *event;
	} rows[] = {{"CONFIGURATION", "passed"}, {"STARTJOBING", "started"}, {"DELETED", "ended"}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		void *own;
		struct kit *k;

		kit_setup(&own);
		k = own;
		k->fakes[0].status = rows[i].status;
		k->created = KIT_WALL + DAYS(900);
		kit_configure(k, make_settings(1, 1));
		kit_play(k, DAYS(20));
		expect_news(k, rows[i].event);
		expect_no_news(k);
		kit_teardown(&own);
	}
}

static void test_no_reminder_if_never(void **state)
{
	struct kit *k = *state;
	struct settings *s = make_settings(1, 1);

	s->jobs[0].remind = -1;
	k->fakes[0].items = "a=F:R";
	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, s);
	kit_play(k, DAYS(20));
	expect_news(k, "failed");
	expect_no_news(k);
	s = make_settings(1, 1); /* by reload: what is overdue by now is one */
	kit_configure(k, s);
	kit_play(k, HOURS(1));
	expect_news(k, "reminder-failed");
	kit_play(k, DAYS(2));
	expect_no_news(k);
}

/* Its cloud is in trouble when it falls due: afterwards, and still only one. */
static void test_reminder_waits_for_the_cloud(void **state)
{
	struct kit *k = *state;
	int64_t end;

	k->fakes[0].items = "a=F:R";
	kit_configure(k, make_settings(1, 1));
	kit_play(k, HOURS(20));
	expect_news(k, "failed");
	for (end = k->now.mono + HOURS(10); k->now.mono < end; pass(k, SECONDS(1)))
		while (k->n_calls) {
			struct call c = expect_call(k, k->calls[0].kind, 0);

			say_whole(k, &c, OUTCOME_TRANSPORT, "");
		}
	expect_news(k, "cloud-down");
	expect_no_news(k);
	kit_play(k, HOURS(2));
	expect_news(k, "cloud-up");
	expect_news(k, "reminder-failed");
	expect_no_news(k);
}

static void test_missed_reminders_are_one(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;
	int64_t told;

	k->fakes[0].items = "a=F:R";
	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, make_settings(1, 1));
	kit_play(k, HOURS(2));
	told = k->now.wall - (k->now.mono - expect_news(k, "failed")->at);
	k->now.wall += DAYS(10); /* after 1, 3 and 7 days nobody was there */
	kit_restart(k, make_settings(1, 1));
	kit_play(k, HOURS(2));
	expect_news(k, "reminder-failed");
	expect_no_news(k);
	kit_restart(k, make_settings(1, 1)); /* what was told is not told again */
	kit_play(k, told + DAYS(15) - MINUTES(1) - k->now.wall);
	expect_no_news(k);
	kit_play(k, HOURS(1));
	t = expect_news(k, "reminder-failed");
	assert_int_equal(t->reminded, 4);
}

static void test_changed_verdict_is_reminded_anew(void **state)
{
	struct kit *k = *state;
	int64_t told;

	k->fakes[0].items = "a=F:R";
	k->created = KIT_WALL + DAYS(900);
	kit_configure(k, make_settings(1, 1));
	kit_play(k, HOURS(25));
	expect_news(k, "failed");
	expect_news(k, "reminder-failed");
	k->fakes[0].items = "a=A:R";
	kit_play(k, HOURS(1));
	told = expect_news(k, "alarmed")->at;
	kit_play(k, told + DAYS(1) - SECONDS(1) - k->now.mono);
	expect_no_news(k);
	kit_play(k, MINUTES(1));
	assert_int_equal(expect_news(k, "reminder")->reminded, 1);
	k->fakes[0].items = "a=P";
	kit_play(k, DAYS(8));
	expect_news(k, "passed");
	expect_no_news(k);
}

/* The refusal was lifted by the submit, its report is not there yet: nobody may be told what was not told. */
static void test_no_reminder_of_a_verdict_in_the_making(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;
	int64_t told;

	to_submit(k, make_settings(1, 1));
	do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, "DRS.M00300");
	told = expect_news(k, "refused")->at;
	while (k->now.mono < told + DAYS(1) - MINUTES(10)) {
		pass(k, SECONDS(30));
		while (k->n_calls)
			if (k->calls[0].kind == CALL_STATUS)
				do_status(k, "CONFIGURATION");
			else
				do_entries(k, CALL_SUBMIT, OUTCOME_NOT_READY, "DRS.M00300");
	}
	check_now(k, NULL);
	do_status(k, "CONFIGURATION");
	do_submit(k);
	for (int i = 0; i < 15; i++) {
		pass(k, MINUTES(1));
		while (k->n_calls)
			do_result(k, 50, "a=E");
	}
	expect_no_news(k);
	pass(k, MINUTES(1));
	do_result(k, 100, "a=P");
	t = expect_news(k, "passed");
	assert_int_equal(t->previous, VERDICT_REFUSED);
	pass(k, MINUTES(10));
	expect_no_news(k);
}

/* --- aging --- */

static unsigned details(struct kit *k)
{
	unsigned n = 0;

	for (size_t i = 0; i < k->n_details; i++)
		n += k->details[i].n;
	return n;
}

/* Asked once, not in the bustle of a start, and for ten jobs in one call. */
static void test_detail_is_asked_once_and_late(void **state)
{
	struct kit *k = *state;

	k->keep_details = true;
	kit_configure(k, make_settings(1, 10));
	kit_play(k, HOURS(1) - MINUTES(2));
	assert_int_equal(details(k), 0);
	kit_play(k, HOURS(1));
	assert_int_equal(details(k), 10);
	assert_true(k->n_details <= 2);
	k->keep_details = false;
	k->created = KIT_WALL - HOURS(3);
	while (k->n_details)
		kit_answer_details(k);
	assert_true(stored(k, 0)->created == KIT_WALL - HOURS(3));
	k->keep_details = true;
	kit_play(k, DAYS(1));
	assert_int_equal(details(k), 0);
	kit_restart(k, make_settings(1, 10));
	kit_play(k, DAYS(1));
	assert_int_equal(details(k), 0); /* it is known */
}

/* Not for a task that is not in CONFIGURATION. */
static void test_detail_is_for_configuration_only(void **state)
{
	struct kit *k = *state;

	k->keep_details = true;
	k->fakes[0].status = "CREATING";
	k->fakes[1].status = "STARTJOBING";
	kit_configure(k, make_settings(1, 2));
	kit_play(k, HOURS(12));
	assert_int_equal(details(k), 0);
}

static void test_48_hours_are_told_once(void **state)
{
	struct kit *k = *state;
	const struct kit_told *t;

	k->created = KIT_WALL - HOURS(40);
	kit_configure(k, make_settings(1, 1));
	kit_play(k, HOURS(8) - SECONDS(1));
	expect_news(k, "passed");
	expect_no_news(k);
	kit_play(k, MINUTES(1));
	t = expect_news(k, "aging");
	assert_non_null(strstr(t->text, "in CONFIGURATION for 2d"));
	kit_play(k, DAYS(2));
	kit_restart(k, make_settings(1, 1));
	kit_play(k, DAYS(2));
	expect_no_news(k);
}

static void test_48_hours_over_a_restart(void **state)
{
	struct kit *k = *state;

	k->created = KIT_WALL - HOURS(40);
	kit_configure(k, make_settings(1, 1));
	kit_play(k, HOURS(3));
	expect_news(k, "passed");
	k->now.wall += HOURS(20);
	kit_restart(k, make_settings(1, 1));
	kit_play(k, HOURS(1));
	expect_news(k, "aging");
	expect_no_news(k);
}

static void test_started_in_time_is_not_told_as_old(void **state)
{
	struct kit *k = *state;

	k->created = KIT_WALL - HOURS(40);
	kit_configure(k, make_settings(1, 1));
	kit_play(k, HOURS(7));
	expect_news(k, "passed");
	k->fakes[0].status = "STARTJOBING";
	kit_play(k, DAYS(3));
	expect_news(k, "started");
	expect_no_news(k);
}

/* Nobody gets up for a task's age: that it may not be read, or not now, is no news and holds nothing. */
static void test_detail_without_an_answer_is_no_trouble(void **state)
{
	static const enum outcome outcomes[] = {
		OUTCOME_DENIED, OUTCOME_MISCONFIGURED, OUTCOME_GONE, OUTCOME_BAD_REQUEST};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
		struct call c;
		void *own;
		struct kit *k;
		size_t runs;

		kit_setup(&own);
		k = own;
		k->keep_details = true;
		kit_configure(k, make_settings(1, 1));
		while (k->n_details == 0)
			kit_play(k, MINUTES(1));
		expect_news(k, "passed");
		assert_int_equal(k->n_details, 1);
		c = k->details[--k->n_details];
		say_whole(k, &c, outcomes[i], "DRS.M05101");
		runs = k->n_runs;
		kit_play(k, HOURS(10));
		expect_no_news(k);
		assert_in_range(k->n_runs - runs, 19, 21);
		assert_int_equal(details(k), 0);
		kit_teardown(&own);
	}
}

/* A lost answer is asked for again. */
static void test_detail_that_is_lost_is_asked_again(void **state)
{
	struct kit *k = *state;
	struct call c;

	k->keep_details = true;
	kit_configure(k, make_settings(1, 1));
	while (k->n_details == 0)
		kit_play(k, MINUTES(1));
	expect_news(k, "passed");
	c = k->details[--k->n_details];
	say_whole(k, &c, OUTCOME_TRANSPORT, "");
	kit_play(k, MINUTES(2));
	assert_int_equal(details(k), 1);
	expect_no_news(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(test_accepted_alarm_is_passed),
		KIT_TEST(test_accepted_other_is_passed),
		KIT_TEST(test_accept_of_one_alarm_of_two),
		KIT_TEST(test_accept_is_for_its_reason),
		KIT_TEST(test_failed_item_is_not_accepted),
		KIT_TEST(test_accept_ends),
		cmocka_unit_test(test_accept_ends_in_mid_run),
		KIT_TEST(test_longer_accept_goes_on),
		KIT_TEST(test_accept_comes_and_goes_by_reload),
		KIT_TEST(test_accept_and_a_clock_that_steps),
		KIT_TEST(test_accept_over_a_restart),
		KIT_TEST(test_accept_ends_soon_after_a_restart),
		KIT_TEST(test_accept_ends_by_a_step_of_the_clock),
		KIT_TEST(test_accept_makes_nothing_current),
		KIT_TEST(test_accept_ends_while_flapping),
		KIT_TEST(test_accept_ends_in_a_broken_check),
		KIT_TEST(test_accept_goes_with_the_user),
		cmocka_unit_test(test_reminders_slow_down),
		cmocka_unit_test(test_no_reminder_of_what_is_well),
		KIT_TEST(test_no_reminder_if_never),
		KIT_TEST(test_reminder_waits_for_the_cloud),
		KIT_TEST(test_missed_reminders_are_one),
		KIT_TEST(test_changed_verdict_is_reminded_anew),
		KIT_TEST(test_no_reminder_of_a_verdict_in_the_making),
		KIT_TEST(test_detail_is_asked_once_and_late),
		KIT_TEST(test_detail_is_for_configuration_only),
		KIT_TEST(test_48_hours_are_told_once),
		KIT_TEST(test_48_hours_over_a_restart),
		KIT_TEST(test_started_in_time_is_not_told_as_old),
		cmocka_unit_test(test_detail_without_an_answer_is_no_trouble),
		KIT_TEST(test_detail_that_is_lost_is_asked_again),
	};

	return cmocka_run_group_tests_name("moment: accepts, reminders, aging", tests, NULL, NULL);
}
