/* test_sentence.c - the words of what judgement and time bring: accepts, reminders, flapping, slow and broken
 * runs, old tasks, summaries, replaced tasks. The plain news are in test_news.c. */
#include "news_kit.h"

#include <time.h>

/* --- accepts --- */

static struct accept accepts[] = {
	{.item = (char *)"a",
		.reason = (char *)"triggers are moved by hand",
		.by = (char *)"dba@example.org",
		.until = NOW + DAYS(3)},
	{.item = (char *)"b",
		.failed_reason = (char *)"R2",
		.reason = (char *)"old",
		.by = (char *)"ops",
		.until = NOW},
	{.item = (char *)"b",
		.failed_reason = (char *)"R3",
		.reason = (char *)"older",
		.by = (char *)"ops",
		.until = NOW - DAYS(9)},
};
static const struct job_settings signed_for = {
	.check = true, .accepts = accepts, .n_accepts = ELEMENTSOF(accepts)};

static struct news *accepting(
	enum verdict previous, enum verdict verdict, const char *before, const char *now)
{
	struct news *n = job_news(previous, verdict);

	n->settings = &signed_for;
	give(n, before ? make(-1, before) : NULL, make(-1, now));
	return n;
}

#define SIGNED                                                                                     \
	"accepted: a, by dba@example.org until 2026-11-28 04:00:00 +0100 (triggers are moved by "  \
	"hand)"

static void test_accepted(void **state)
{
	(void)state;
	expect(accepting(VERDICT_UNKNOWN, VERDICT_PASSED, NULL, "a=A:R1|c=P"), "passed",
		"orders (cloud prod): passed: " SIGNED);
	expect(accepting(VERDICT_UNKNOWN, VERDICT_PASSED, NULL, "a=O|c=P"), "passed",
		"orders (cloud prod): passed: " SIGNED);
	expect(accepting(VERDICT_FAILED, VERDICT_PASSED, "a=A:R1|c=F:R9", "a=A:R1|c=P"), "passed",
		"orders (cloud prod): failed -> passed: fixed: c; " SIGNED
		"; it was failed for 1d 2h, since 2026-11-24 02:00:00 +0100");
}

/* One that nobody signed for beside it: the signed one is no cause. */
static void test_accepted_beside_others(void **state)
{
	(void)state;
	expect(accepting(VERDICT_UNKNOWN, VERDICT_ALARMED, NULL, "a=A:R1|c=A:R9"), "alarmed",
		"orders (cloud prod): alarmed: c ALARM (R9); to do: look at the task in the "
		"console; " SIGNED);
	expect(accepting(VERDICT_UNKNOWN, VERDICT_FAILED, NULL, "a=A:R1|c=F:R1"), "failed",
		"orders (cloud prod): failed: c FAILED (R1); to do: look at the task in the "
		"console; " SIGNED);
}

static void test_accept_ended(void **state)
{
	(void)state;
	expect(accepting(VERDICT_PASSED, VERDICT_ALARMED, "b=A:R2", "b=A:R2"), "alarmed",
		"orders (cloud prod): passed -> alarmed: b still ALARM (R2); to do: look at the "
		"task in the console; the accept of b by ops ended 2026-11-25 04:00:00 +0100; it "
		"was passed for 1d 2h, since 2026-11-24 02:00:00 +0100");
	/* one for another reason has nothing to do with it */
	expect(accepting(VERDICT_UNKNOWN, VERDICT_ALARMED, NULL, "b=A:R4"), "alarmed",
		"orders (cloud prod): alarmed: b ALARM (R4); to do: look at the task in the "
		"console");
}

static void test_accept_in_vain(void **state)
{
	(void)state;
	expect(accepting(VERDICT_UNKNOWN, VERDICT_FAILED, NULL, "a=F:R1"), "failed",
		"orders (cloud prod): failed: a FAILED (R1); to do: look at the task in the "
		"console; the accept of a does not help, DRS starts no task with a FAILED item");
	/* an ended one, or one for another reason, is not even in vain */
	expect(accepting(VERDICT_UNKNOWN, VERDICT_FAILED, NULL, "b=F:R2"), "failed",
		"orders (cloud prod): failed: b FAILED (R2); to do: look at the task in the "
		"console");
}

/* --- resources that were taken away --- */

static struct news *old_task(int64_t age, const char *items)
{
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_FAILED);

	n->created = age ? NOW - age : 0;
	give(n, NULL, make(-1, items));
	return n;
}

static void test_old_task_with_failing_network(void **state)
{
	static const struct {
		int64_t age;
		const char *items;
		bool one_cause;
	} rows[] = {
		{HOURS(72), "srcDbConnection=F:R1|c=P", true},
		{DAYS(9), "c=F:R2|dstDbConnection=F:R1", true},
		{HOURS(72) - 1, "srcDbConnection=F:R1", false},
		{DAYS(9), "srcDbConnection=A:R1|c=F:R9", false}, /* it was reached */
		{DAYS(9), "srcDbBinlogIsOff=F:R1", false},
		{0, "srcDbConnection=F:R1", false}, /* nobody knows how old it is */
	};
	char buf[2048];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct news *n = old_task(rows[i].age, rows[i].items);

		news_text(n, buf, sizeof(buf));
		assert_readable(buf);
		if (!!strstr(buf, "resources were most likely taken away") != rows[i].one_cause)
			fail_msg("row %zu: %s", i, buf);
		if (rows[i].one_cause)
			assert_null(strstr(buf, "firewall")); /* the items' own remedies are none */
		news_free(n);
	}
}

static void test_one_cause_in_full(void **state)
{
	(void)state;
	expect(old_task(DAYS(9), "c=F:R2|dstDbConnection=F:R1|d=P|srcDbConnection=F:R3"), "failed",
		"orders (cloud prod): failed: dstDbConnection and 1 more FAILED: its resources "
		"were "
		"most likely taken away, it is in CONFIGURATION for 9d; to do: configure the task "
		"again; also c FAILED (R2)");
	expect(old_task(HOURS(72), "srcDbConnection=F:R1"), "failed",
		"orders (cloud prod): failed: srcDbConnection FAILED: its resources were most "
		"likely "
		"taken away, it is in CONFIGURATION for 3d; to do: configure the task again");
}

/* --- what time brings --- */

static struct news *kind(enum news_kind k, enum verdict verdict)
{
	struct news *n = job_news(VERDICT_PASSED, verdict);

	n->kind = k;
	if (verdict == VERDICT_FAILED)
		give(n, make(-1, "c=F:R1"), make(-1, "c=F:R1"));
	if (verdict == VERDICT_PASSED)
		give(n, make(-1, "c=F:R1"), make(-1, "c=P"));
	return n;
}

static void test_reminder(void **state)
{
	struct news *n = kind(NEWS_REMINDER, VERDICT_FAILED);

	(void)state;
	n->since = NOW - DAYS(3);
	expect(n, "reminder-failed",
		"orders (cloud prod): still failed after 3d: c still FAILED (R1); to do: look at "
		"the task in the console; failed since 2026-11-22 04:00:00 +0100");
	n = kind(NEWS_REMINDER, VERDICT_REFUSED);
	n->stale = true;
	n->status = "CREATING";
	n->since = NOW - DAYS(1);
	expect(n, "reminder",
		"orders (cloud prod): still refused after 1d (stale): not to be checked yet, DRS "
		"is "
		"still building it (status CREATING); refused since 2026-11-24 04:00:00 +0100");
}

static void test_flapping_and_steady(void **state)
{
	struct news *n = kind(NEWS_FLAPPING, VERDICT_FAILED);

	(void)state;
	n->changes = 5;
	expect(n, "flapping",
		"orders (cloud prod): changes all the time, 5 times in the last ten runs, so "
		"single "
		"changes are not told before it is steady again; now failed: c still FAILED (R1); "
		"to do: look at the task in the console");
	expect(kind(NEWS_STEADY, VERDICT_FAILED), "steady-failed",
		"orders (cloud prod): steady again: failed: c still FAILED (R1); to do: look at "
		"the "
		"task in the console; last told as passed");
	n = kind(NEWS_STEADY, VERDICT_PASSED);
	n->previous = VERDICT_FAILED;
	expect(n, "steady",
		"orders (cloud prod): steady again: passed: fixed: c; last told as failed");
	expect(kind(NEWS_STEADY, VERDICT_PASSED), "steady",
		"orders (cloud prod): steady again: passed: fixed: c");
}

static void test_slow(void **state)
{
	struct news *n = kind(NEWS_SLOW, VERDICT_PASSED);

	(void)state;
	n->run_age = MINUTES(9);
	n->typical = SECONDS(70);
	expect(n, "slow",
		"orders (cloud prod): run 12 takes 9min already, its runs usually take 1min 10s; "
		"it is waited for up to run_limit (30min)");
}

static void test_broken(void **state)
{
	struct news *n = kind(NEWS_LOST, VERDICT_PASSED);

	(void)state;
	text_copy(n->code, sizeof(n->code), "DRS.M99999");
	n->slowed = HOURS(1);
	expect(n, "lost",
		"orders (cloud prod): run 12 ended without a verdict after 31min: DRS.M99999; "
		"verdict stays passed; checked again every 1h; if the source is PostgreSQL, look "
		"at "
		"pg_replication_slots: a broken pre-check may leave one behind");
}

static void test_aging(void **state)
{
	struct news *n = kind(NEWS_AGING, VERDICT_PASSED);

	(void)state;
	n->created = NOW - HOURS(48);
	expect(n, "aging",
		"orders (cloud prod): in CONFIGURATION for 2d; DRS takes the resources of such a "
		"task away after 3 days, and its pre-checks fail from then on; to do: start it, or "
		"configure it again before the cut-over");
}

static void test_replaced(void **state)
{
	struct news *n = kind(NEWS_REPLACED, VERDICT_UNKNOWN);

	(void)state;
	expect(n, "replaced",
		"orders (cloud prod): now names task 5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101; task "
		"5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb102, known under that name before, is watched no "
		"more; its history is kept");
	n = kind(NEWS_REPLACED, VERDICT_UNKNOWN);
	n->old_task = n->task; /* of another DRS */
	expect(n, "replaced",
		"orders (cloud prod): now names task 5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101 at "
		"https://drs.example; task 5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101 at "
		"https://old.example, known under that name before, is watched no more; its "
		"history "
		"is kept");
}

/* --- summary --- */

static void test_summary(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_SUMMARY, TROUBLE_NONE);

	(void)state;
	n->jobs = 9;
	n->verdicts[VERDICT_PASSED] = 5;
	n->verdicts[VERDICT_FAILED] = 1;
	n->verdicts[VERDICT_STARTED] = 3;
	n->stale_jobs = 2;
	n->oldest = MINUTES(47);
	n->token_left = HOURS(2);
	expect(n, "summary",
		"cloud prod: 9 jobs: 3 started, 1 failed, 5 passed, 2 stale; the oldest verdict "
		"was "
		"confirmed 47min ago; token until 2026-11-25 06:00:00 +0100");
	n = cloud_news(NEWS_CLOUD_SUMMARY, TROUBLE_LOGIN);
	n->jobs = 1;
	n->verdicts[VERDICT_UNKNOWN] = 1;
	n->oldest = n->token_left = -1;
	expect(n, "summary",
		"cloud prod: 1 job: 1 unknown; in trouble (login refused) since 2026-11-25 "
		"00:40:00 "
		"+0100");
}

/* With check = no nobody knows when the pre-check was made, and that is said. */
static void test_only_read(void **state)
{
	static const struct job_settings reads = {.check = false}, checks = {.check = true};
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_PASSED);

	(void)state;
	give(n, NULL, make(-1, "a=P"));
	n->settings = &reads;
	expect(n, "passed",
		"orders (cloud prod): passed: all items of the pre-check are fine; only read, with "
		"check = no: how old this result is, DRS does not say");
	n = job_news(VERDICT_PASSED, VERDICT_PASSED);
	n->kind = NEWS_STATE;
	n->run = 0;
	give(n, NULL, make(-1, "a=P"));
	n->settings = &reads;
	expect(n, "state",
		"orders (cloud prod): passed since 2026-11-25 02:00:00 +0100: all items of the "
		"pre-check are fine; only read, with check = no: how old this result is, DRS does "
		"not say; read 1h 35min ago");
	n = job_news(VERDICT_UNKNOWN, VERDICT_PASSED);
	give(n, NULL, make(-1, "a=P"));
	n->settings = &checks;
	expect(n, "passed", "orders (cloud prod): passed: all items of the pre-check are fine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_read),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_accepted_beside_others),
		cmocka_unit_test(test_accept_ended),
		cmocka_unit_test(test_accept_in_vain),
		cmocka_unit_test(test_old_task_with_failing_network),
		cmocka_unit_test(test_one_cause_in_full),
		cmocka_unit_test(test_reminder),
		cmocka_unit_test(test_flapping_and_steady),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_aging),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_summary),
	};

	setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests_name(
		"sentence: what judgement and time bring, in words", tests, NULL, NULL);
}
