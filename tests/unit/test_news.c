/* test_news.c - the sentences as a tired person reads them: one golden line for each kind of news. */
#include "news_kit.h"

#include <time.h>

/* --- jobs --- */

static void test_failed(void **state)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_FAILED);

	(void)state;
	give(n, make(-1, "gamma=A:R3|delta=P"),
		make(-1, "alpha=F:NO_GRANT:user lacks SELECT|beta=F:NO_GRANT|gamma=P|delta=A:R4"));
	expect(n, "failed",
		"orders (cloud prod): passed -> failed: alpha FAILED and 1 more for the same "
		"reason (NO_GRANT): DRS says \"user lacks SELECT\"; to do: look at the task in "
		"the console; also delta ALARM (R4); fixed: gamma; it was passed for 1d 2h, "
		"since 2026-11-24 02:00:00 +0100");
}

/* What the catalogue knows: cause and remedy of the first, in its words. */
static void test_failed_with_a_known_cause(void **state)
{
	const struct catalogue_entry *e = catalogue_find(
		CATALOGUE_REASON, "SOURCE_DB_BINLOG_IS_OFF_FOR_UP");
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_FAILED);
	char golden[1024];

	(void)state;
	assert_non_null(e);
	give(n, NULL,
		make(-1, "srcDbBinlogIsOff=F:SOURCE_DB_BINLOG_IS_OFF_FOR_UP:x:shard1, shard2|a=P"));
	snprintf(golden, sizeof(golden),
		"orders (cloud prod): failed: srcDbBinlogIsOff FAILED in sub-tasks shard1, "
		"shard2 (SOURCE_DB_BINLOG_IS_OFF_FOR_UP): %s; to do: %s",
		e->cause, e->remedy);
	expect(n, "failed", golden);
}

static void test_still_failed(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_FAILED);

	(void)state;
	give(n, make(-1, "a=F:R1|b=F:R2|c=F:R3|d=A:R4|e=A:R5"),
		make(-1, "a=F:R1|b=F:R9|c=P|d=A:R4|f=F:R6|g=F:R7|h=A:R8"));
	expect(n, "failed-items",
		"orders (cloud prod): still failed: f FAILED (R6); to do: look at the task in "
		"the console; also g FAILED (R7), b FAILED for another reason (R9) and 3 more "
		"causes; fixed: c; not checked this time: e; failed since 2026-11-25 02:00:00 "
		"+0100 (2h)");
}

static void test_alarmed(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_ALARMED);

	(void)state;
	give(n, make(-1, "a=F:R1"), make(-1, "a=P|b=A|c=O"));
	expect(n, "alarmed",
		"orders (cloud prod): failed -> alarmed: b ALARM; to do: look at the task in "
		"the console; also c SKIPPED; fixed: a; it was failed for 1d 2h, since "
		"2026-11-24 02:00:00 +0100");
}

static void test_still_alarmed(void **state)
{
	struct news *n = job_news(VERDICT_ALARMED, VERDICT_ALARMED);

	(void)state;
	give(n, make(-1, "a=A:R1"), make(-1, "a=A:R2"));
	expect(n, "alarmed-items",
		"orders (cloud prod): still alarmed: a ALARM for another reason (R2); to do: "
		"look at the task in the console; alarmed since 2026-11-25 02:00:00 +0100 (2h)");
}

static void test_eased(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_ALARMED);

	(void)state;
	give(n, make(-1, "a=F:R1"), make(-1, "a=A:R1"));
	expect(n, "alarmed",
		"orders (cloud prod): failed -> alarmed: a eased to ALARM (R1); to do: look at "
		"the task in the console; it was failed for 1d 2h, since 2026-11-24 02:00:00 "
		"+0100");
}

static void test_unexplained(void **state)
{
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_FAILED);

	(void)state;
	give(n, NULL, make(90, "a=P"));
	expect(n, "failed",
		"orders (cloud prod): failed: DRS says not passed and names no item; to do: "
		"look at the task in the console");
}

static void test_passed(void **state)
{
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_PASSED);

	(void)state;
	give(n, NULL, make(-1, "a=P"));
	expect(n, "passed", "orders (cloud prod): passed: all items of the pre-check are fine");
	n = job_news(VERDICT_FAILED, VERDICT_PASSED);
	give(n, make(-1, "a=F|b=F|c=F|d=F|e=F|f=F"), make(-1, "a=P|b=P|c=P|d=P|e=P"));
	expect(n, "passed",
		"orders (cloud prod): failed -> passed: fixed: a, b, c, d and 1 more; not "
		"checked this time: f; it was failed for 1d 2h, since 2026-11-24 02:00:00 +0100");
	n = job_news(VERDICT_FAILED, VERDICT_PASSED);
	give(n, make(-1, "a=F"), make(-1, "b=P"));
	expect(n, "passed",
		"orders (cloud prod): failed -> passed: not checked this time: a; it was failed "
		"for 1d 2h, since 2026-11-24 02:00:00 +0100");
	n = job_news(VERDICT_PASSED, VERDICT_PASSED);
	give(n, make(-1, "a=F"), make(-1, "a=P"));
	expect(n, "passed",
		"orders (cloud prod): still passed: fixed: a; passed since 2026-11-25 02:00:00 "
		"+0100 (2h)");
}

static void test_refused(void **state)
{
	static const char *const tail =
		"; it was passed for 1d 2h, since 2026-11-24 02:00:00 +0100";
	static const struct {
		enum outcome outcome;
		const char *code, *text, *golden;
	} rows[] = {
		{OUTCOME_REFUSED, "", "",
			"DRS gave no reason; to do: look at the task in the console"},
		{OUTCOME_REFUSED, "", "say \"please\"",
			"\"say 'please'\"; to do: look at the task in the console"},
		{OUTCOME_NOT_READY, "DRS.M99999", "",
			"DRS.M99999; to do: look at the task in the console"},
		{OUTCOME_NOT_READY, "DRS.M99999", "not so",
			"DRS.M99999 \"not so\"; to do: look at the task in the console"},
		{OUTCOME_GONE, "DRS.M05003", "no such job",
			"no such task in this project (DRS.M05003 \"no such job\"); to do: "
			"check id, region and project"},
		{OUTCOME_GONE, "", "",
			"no such task in this project; to do: check id, region and project"},
		{OUTCOME_PARENT, "DRS.M00307", "",
			"it is a parent task, DRS checks only its children (DRS.M00307); to do: "
			"watch those instead"},
		{OUTCOME_DENIED, "DRS.M99998", "no",
			"user watcher may not do that: DRS.M99998 \"no\"; to do: grant it to "
			"the user, or set check = no"},
		{OUTCOME_DENIED, "", "",
			"user watcher may not do that: no reason given; to do: grant it to the "
			"user, or set check = no"},
	};
	struct news *n;
	char golden[1024];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		n = refused_news(rows[i].outcome, rows[i].code, rows[i].text);
		snprintf(golden, sizeof(golden), "orders (cloud prod): passed -> refused: %s%s",
			rows[i].golden, tail);
		expect(n, "refused", golden);
	}
	n = job_news(VERDICT_UNKNOWN, VERDICT_REFUSED);
	n->status = "CREATING";
	expect(n, "refused",
		"orders (cloud prod): refused: not to be checked yet, DRS is still building it "
		"(status CREATING)");
	n = job_news(VERDICT_UNKNOWN, VERDICT_REFUSED);
	n->status = "TELEPORTING";
	expect(n, "refused",
		"orders (cloud prod): refused: status TELEPORTING is none that DRS documents, "
		"so it is watched but not checked");
}

static void test_refused_with_a_known_code(void **state)
{
	const struct catalogue_entry *e = catalogue_find(CATALOGUE_CODE, "DRS.M00300");
	struct news *n = refused_news(OUTCOME_NOT_READY, "DRS.M00300", "test it");
	char golden[1024];

	(void)state;
	assert_non_null(e);
	n->previous = VERDICT_REFUSED;
	snprintf(golden, sizeof(golden),
		"orders (cloud prod): still refused: DRS.M00300 (%s) \"test it\"; to do: %s; "
		"refused since 2026-11-25 02:00:00 +0100 (2h)",
		e->cause, e->remedy);
	expect(n, "refused", golden);
}

static void test_started(void **state)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_STARTED);

	(void)state;
	n->status = "STARTJOBING";
	n->previous_status = "CONFIGURATION";
	expect(n, "started",
		"orders (cloud prod): passed -> started: status STARTJOBING (starting), was "
		"CONFIGURATION; its pre-check is no longer needed; it was passed for 1d 2h, "
		"since 2026-11-24 02:00:00 +0100");
	n = job_news(VERDICT_STARTED, VERDICT_STARTED);
	n->status = "FULL_TRANSFER_STARTED";
	n->previous_status = "STARTJOBING";
	expect(n, "status",
		"orders (cloud prod): still started: status FULL_TRANSFER_STARTED (full copy is "
		"running), was STARTJOBING; its pre-check is no longer needed; started since "
		"2026-11-25 02:00:00 +0100 (2h)");
	n = job_news(VERDICT_STARTED, VERDICT_STARTED);
	n->status = "START_JOB_FAILED";
	n->previous_status = "STARTJOBING";
	expect(n, "status-trouble",
		"orders (cloud prod): still started: status START_JOB_FAILED (start failed), "
		"was STARTJOBING; to do: look at the task in the console; started since "
		"2026-11-25 02:00:00 +0100 (2h)");
}

static void test_ended_and_unknown(void **state)
{
	struct news *n = job_news(VERDICT_STARTED, VERDICT_ENDED);

	(void)state;
	n->status = "RELEASE_RESOURCE_COMPLETE";
	n->previous_status = "INCRE_TRANSFER_STARTED";
	expect(n, "ended",
		"orders (cloud prod): started -> ended: status RELEASE_RESOURCE_COMPLETE "
		"(stopped), was INCRE_TRANSFER_STARTED; not asked again before a reload or "
		"SIGUSR1; it was started for 1d 2h, since 2026-11-24 02:00:00 +0100");
	n = job_news(VERDICT_PASSED, VERDICT_ENDED);
	expect(n, "ended",
		"orders (cloud prod): passed -> ended: DRS knows the task no more; not asked "
		"again before a reload or SIGUSR1; it was passed for 1d 2h, since 2026-11-24 "
		"02:00:00 +0100");
	n = job_news(VERDICT_ENDED, VERDICT_UNKNOWN);
	expect(n, "unknown",
		"orders (cloud prod): ended -> unknown: no finished pre-check to judge by yet; "
		"it was ended for 1d 2h, since 2026-11-24 02:00:00 +0100");
}

static void test_stale_and_current(void **state)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_PASSED);

	(void)state;
	n->kind = NEWS_STALE;
	n->stale = true;
	expect(n, "stale",
		"orders (cloud prod): passed, but stale: last confirmed 1h 35min ago, at "
		"2026-11-25 02:25:00 +0100; to do: see whether its runs end in time, and "
		"whether the cloud's pace is enough");
	n = job_news(VERDICT_PASSED, VERDICT_PASSED);
	n->kind = NEWS_STALE;
	expect(n, "current", "orders (cloud prod): current again: passed");
}

static void test_runs(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_FAILED);

	(void)state;
	n->kind = NEWS_ADOPTED;
	expect(n, "adopted",
		"orders (cloud prod): somebody else's pre-check is under way; followed as run "
		"12, none of ours on top of it");
	n = job_news(VERDICT_FAILED, VERDICT_FAILED);
	n->kind = NEWS_OVERDUE;
	expect(n, "overdue",
		"orders (cloud prod): run 12 is not finished after 31min (run_limit 30min); "
		"asked once per interval now, not started again; verdict stays failed; to do: "
		"look at the task in the console");
	n = job_news(VERDICT_FAILED, VERDICT_FAILED);
	n->kind = NEWS_LOST;
	n->run_age = HOURS(24);
	expect(n, "lost",
		"orders (cloud prod): run 12 ended without a verdict after 1d; verdict stays "
		"failed; the task is checked anew");
	n = job_news(VERDICT_FAILED, VERDICT_FAILED);
	n->kind = NEWS_LOST;
	text_copy(n->code, sizeof(n->code), "DRS.M99999");
	text_copy(n->text, sizeof(n->text), "broken");
	n->slowed = HOURS(1);
	expect(n, "lost",
		"orders (cloud prod): run 12 ended without a verdict after 31min: DRS.M99999 "
		"\"broken\"; verdict stays failed; checked again every 1h; if the source is "
		"PostgreSQL, look at pg_replication_slots: a broken pre-check may leave one "
		"behind");
}

static void test_state(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_FAILED);

	(void)state;
	n->kind = NEWS_STATE;
	n->stale = true;
	give(n, make(-1, "a=F:R1|b=P"), make(-1, "a=F:R1|b=P"));
	expect(n, "state",
		"orders (cloud prod): failed (stale) since 2026-11-25 02:00:00 +0100: a still "
		"FAILED (R1); to do: look at the task in the console; confirmed 1h 35min ago; "
		"run 12 is under way");
	n = job_news(VERDICT_UNKNOWN, VERDICT_UNKNOWN);
	n->kind = NEWS_STATE;
	n->since = n->confirmed = 0;
	n->run = 0;
	expect(n, "state", "orders (cloud prod): unknown: no finished pre-check to judge by yet");
}

/* --- clouds --- */

static void test_cloud_down(void **state)
{
	static const struct {
		enum trouble trouble;
		enum call_kind call;
		const char *code, *text, *golden;
	} rows[] = {
		{TROUBLE_UNREACHABLE, CALL_STATUS, "", "Could not resolve host",
			"DRS at https://drs.example does not answer as it should: \"Could not "
			"resolve host\"; its 25 jobs keep their verdicts and go stale; next try "
			"in 40s"},
		{TROUBLE_UNREACHABLE, CALL_STATUS, "", "",
			"DRS at https://drs.example does not answer as it should: no answer; "
			"its 25 jobs keep their verdicts and go stale; next try in 40s"},
		{TROUBLE_IAM, CALL_LOGIN, "", "timeout",
			"no login, https://iam.example is in trouble: \"timeout\"; its 25 jobs "
			"keep their verdicts and go stale; next try in 40s"},
		{TROUBLE_TOKENS, CALL_STATUS, "APIGW.9301", "",
			"https://drs.example does not take the tokens that https://iam.example "
			"has just given: APIGW.9301; to do: see that both are of one region; "
			"its 25 jobs keep their verdicts and go stale; next try in 40s"},
		{TROUBLE_DENIED, CALL_SUBMIT, "DRS.M99998", "no",
			"user watcher may not call batch-precheck in project eu-de_shop: "
			"DRS.M99998 \"no\"; to do: give the user a DRS role in this project; no "
			"pre-check is begun meanwhile, only status and last results are read; "
			"next try in 40s"},
		{TROUBLE_DENIED, CALL_STATUS, "DRS.M99998", "",
			"user watcher may not call batch-status in project eu-de_shop: "
			"DRS.M99998; to do: give the user a DRS role in this project; its 25 "
			"jobs keep their verdicts and go stale; next try in 40s"},
		{TROUBLE_MISCONFIGURED, CALL_STATUS, "", "redirect to https://x.example",
			"https://drs.example can't be used as configured: \"redirect to "
			"https://x.example\"; to do: check URL, region and project of the "
			"cloud; its 25 jobs keep their verdicts and go stale; next try in 40s"},
		{TROUBLE_MISCONFIGURED, CALL_LOGIN, "", "",
			"https://iam.example can't be used as configured: no reason given; to "
			"do: check URL, region and project of the cloud; its 25 jobs keep their "
			"verdicts and go stale; next try in 40s"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct news *n = cloud_news(NEWS_CLOUD_DOWN, rows[i].trouble);
		char golden[1024];

		n->call = rows[i].call;
		text_copy(n->code, sizeof(n->code), rows[i].code);
		text_copy(n->text, sizeof(n->text), rows[i].text);
		snprintf(golden, sizeof(golden), "cloud prod: %s", rows[i].golden);
		expect(n, "cloud-down", golden);
	}
}

static void test_login_refused(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_DOWN, TROUBLE_LOGIN);

	(void)state;
	n->call = CALL_LOGIN;
	n->next_try = -1;
	n->jobs = 1;
	text_copy(n->code, sizeof(n->code), "IAM.9101");
	text_copy(n->text, sizeof(n->text), "unauthorized");
	expect(n, "cloud-down",
		"cloud prod: login refused by https://iam.example for user watcher of domain "
		"OTC01, project eu-de_shop: IAM.9101 \"unauthorized\"; IAM does not tell which "
		"of user, password, domain or project is wrong; its job keeps its verdict and "
		"goes stale; not tried again before the credential or the configuration changes");
}

static void test_throttled(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_DOWN, TROUBLE_THROTTLED);

	(void)state;
	text_copy(n->code, sizeof(n->code), "DRS.M01503");
	expect(n, "throttled",
		"cloud prod: DRS says too frequent (DRS.M01503); pace lowered from 30 to 15 "
		"calls a minute, and raised again slowly");
	n = cloud_news(NEWS_CLOUD_DOWN, TROUBLE_THROTTLED);
	expect(n, "throttled",
		"cloud prod: DRS says too frequent (HTTP 429); pace lowered from 30 to 15 calls "
		"a minute, and raised again slowly");
	n = cloud_news(NEWS_CLOUD_UP, TROUBLE_THROTTLED);
	n->pace = 30;
	expect(n, "unthrottled",
		"cloud prod: pace is back at 30 calls a minute after 3h 20min, since 2026-11-25 "
		"00:40:00 +0100");
}

static void test_cloud_up(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_UP, TROUBLE_UNREACHABLE);

	(void)state;
	expect(n, "cloud-up",
		"cloud prod: works again (was unreachable) after 3h 20min, since 2026-11-25 "
		"00:40:00 +0100; its 25 jobs are caught up with now");
	n = cloud_news(NEWS_CLOUD_UP, TROUBLE_LOGIN);
	n->jobs = 1;
	expect(n, "cloud-up",
		"cloud prod: works again (was login refused) after 3h 20min, since 2026-11-25 "
		"00:40:00 +0100; its job is caught up with now");
}

static void test_cloud_state(void **state)
{
	struct news *n = cloud_news(NEWS_STATE, TROUBLE_UNREACHABLE);

	(void)state;
	n->next_try = -1;
	expect(n, "state",
		"cloud prod: DRS at https://drs.example does not answer as it should: no "
		"answer; its 25 jobs keep their verdicts and go stale; so for 3h 20min, since "
		"2026-11-25 00:40:00 +0100");
}

static void test_login(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_LOGIN, TROUBLE_NONE);

	(void)state;
	expect(n, "login",
		"cloud prod: logged in as user watcher in project eu-de_shop; the token lasts "
		"1d, until 2026-11-26 04:00:00 +0100");
	n = cloud_news(NEWS_CLOUD_LOGIN, TROUBLE_NONE);
	n->login = 2;
	expect(n, "login",
		"cloud prod: token renewed for user watcher in project eu-de_shop; the token "
		"lasts 1d, until 2026-11-26 04:00:00 +0100");
}

static void test_pace(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_PACE, TROUBLE_NONE);

	(void)state;
	expect(n, "pace",
		"cloud prod: can't serve its 25 jobs within their interval: about 1h 10min is "
		"what 15 calls a minute and max_runs allow; to do: raise pace to 30, or "
		"lengthen the intervals");
	n = cloud_news(NEWS_CLOUD_PACE, TROUBLE_NONE);
	n->jobs = 1;
	n->pace = n->pace_wanted = 1;
	expect(n, "pace",
		"cloud prod: can't serve its job within its interval: about 1h 10min is what 1 "
		"call a minute and max_runs allow; to do: raise max_runs, or lengthen the "
		"intervals");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_failed_with_a_known_cause),
		cmocka_unit_test(test_still_failed),
		cmocka_unit_test(test_alarmed),
		cmocka_unit_test(test_still_alarmed),
		cmocka_unit_test(test_eased),
		cmocka_unit_test(test_unexplained),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_with_a_known_code),
		cmocka_unit_test(test_started),
		cmocka_unit_test(test_ended_and_unknown),
		cmocka_unit_test(test_stale_and_current),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_cloud_down),
		cmocka_unit_test(test_login_refused),
		cmocka_unit_test(test_throttled),
		cmocka_unit_test(test_cloud_up),
		cmocka_unit_test(test_cloud_state),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_pace),
	};

	setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests_name(
		"news: what is told, and in which words", tests, NULL, NULL);
}
