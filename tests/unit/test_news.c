/* test_news.c - the sentences as a tired person reads them, one golden line for each kind of news, and what
 * must hold for all of them: one line, valid UTF-8, balanced quotes, no doubled punctuation, no "1 jobs". */
#include "news.h"

#include "catalogue.h"
#include "text.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <cmocka.h>

#define NOW INT64_C(1795575600000) /* 2026-11-25 03:00:00 UTC */

static struct refusal refusal;

/* Items as "NAME=R[:REASON[:MESSAGE]]|..."; R is P, O, A or F. */
static struct report *make(int rate, const char *items)
{
	char buf[2048], *rest = buf, *word;
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = 100;
	r->rate = rate;
	assert_true(text_copy(buf, sizeof(buf), items));
	while ((word = strsep(&rest, "|")) && *word) {
		struct item item = {.checked = true, .name = strsep(&word, "=")};
		char c = *strsep(&word, ":");

		item.result = c == 'P'   ? ITEM_PASSED
			      : c == 'O' ? ITEM_OTHER
			      : c == 'A' ? ITEM_ALARM
					 : ITEM_FAILED;
		item.said = c == 'O' ? (char *)"SKIPPED" : NULL;
		item.reason = strsep(&word, ":");
		item.message = strsep(&word, ":");
		item.parts = word;
		assert_int_equal(report_add(r, &item), 0);
	}
	report_seal(r);
	return r;
}

/* Takes the reports. */
static void give(struct news *n, struct report *before, struct report *now)
{
	report_unref(n->report);
	report_unref(n->previous_report);
	assert_int_equal(report_carry(now, before, NOW), 0);
	n->previous_report = before;
	n->report = now;
}

static struct news *job_news(enum verdict previous, enum verdict verdict)
{
	struct news *n = calloc(1, sizeof(*n));

	*n = (struct news){
		.kind = NEWS_JOB,
		.wall = NOW,
		.cloud = "prod",
		.drs = "https://drs.example",
		.iam = "https://iam.example",
		.user = "watcher",
		.domain = "OTC01",
		.project = "eu-de_shop",
		.project_id = "",
		.job = "orders",
		.task = "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101",
		.verdict = verdict,
		.previous = previous,
		.since = NOW - HOURS(2),
		.previous_since = NOW - HOURS(26),
		.status = "CONFIGURATION",
		.previous_status = "",
		.confirmed = NOW - MINUTES(95),
		.run = 12,
		.run_limit = MINUTES(30),
		.run_age = MINUTES(31),
		.next_try = -1,
	};
	return n;
}

static struct news *cloud_news(enum news_kind kind, enum trouble trouble)
{
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_UNKNOWN);

	n->kind = kind;
	n->job = n->task = NULL;
	n->run = 0;
	n->status = NULL;
	n->previous_status = NULL;
	n->trouble = trouble;
	n->call = CALL_STATUS;
	n->trouble_since = NOW - MINUTES(200);
	n->jobs = 25;
	n->pace = 15;
	n->pace_wanted = 30;
	n->next_try = SECONDS(40);
	n->life = HOURS(24);
	n->login = 1;
	n->reachable = MINUTES(70);
	return n;
}

static struct news *refused_news(enum outcome outcome, const char *code, const char *text)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_REFUSED);

	refusal = (struct refusal){.outcome = outcome, .since = NOW};
	text_copy(refusal.code, sizeof(refusal.code), code);
	text_copy(refusal.text, sizeof(refusal.text), text);
	text_copy(n->code, sizeof(n->code), code);
	text_copy(n->text, sizeof(n->text), text);
	n->refusal = &refusal;
	return n;
}

/* What holds for every text, whatever it is about. */
static void assert_readable(const char *s)
{
	size_t len = strlen(s), quotes = 0;
	int depth = 0;

	assert_in_range(len, 10, 2047);
	assert_true(text_utf8_valid(s, len));
	for (size_t i = 0; i < len; i++) {
		assert_true((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
		quotes += s[i] == '"';
		depth += s[i] == '(' ? 1 : s[i] == ')' ? -1 : 0;
		assert_true(depth >= 0);
	}
	if (len < 2044) {
		assert_int_equal(quotes % 2, 0);
		assert_int_equal(depth, 0);
	}
	for (const char *const *bad = (const char *const[]){"  ", ";;", ": ;", ":;", "::", ",,",
		     ", ;", "; ;", " ;", " ,", "()", "( ", " )", "(;", ". .", "%", "(null)",
		     "1 jobs", "1 calls", ": :", ";\"", "\"\"", NULL};
		*bad; bad++)
		if (strstr(s, *bad))
			fail_msg("\"%s\" in: %s", *bad, s);
	for (size_t i = 0; i + 1 < len; i++) /* a space after each of them */
		if ((s[i] == ';' || s[i] == ',') && s[i + 1] != ' ')
			fail_msg("no space at \"%s\" in: %s", s + i, s);
	assert_null(strchr(":;, ", s[len - 1]));
}

/* Takes the news. */
static void expect(struct news *n, const char *event, const char *golden)
{
	char buf[2048];

	assert_ptr_equal(news_text(n, buf, sizeof(buf)), buf);
	assert_string_equal(buf, golden);
	assert_string_equal(news_event(n)->name, event);
	assert_readable(buf);
	news_free(n);
}

/* --- jobs --- */

static void test_failed(void **state)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_FAILED);

	(void)state;
	give(n, make(-1, "gamma=A:R3|delta=P"),
		make(-1, "alpha=F:NO_GRANT:user lacks SELECT|beta=F:NO_GRANT|gamma=P|delta=A:R4"));
	expect(n, "failed",
		"orders (cloud prod): passed -> failed: alpha FAILED and 1 more for the same "
		"reason (NO_GRANT): DRS says \"user lacks SELECT\"; also delta ALARM (R4); "
		"fixed: gamma; it was passed for 1d 2h, since 2026-11-24 02:00:00 +0100");
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
		"orders (cloud prod): still failed: f FAILED (R6); also g FAILED (R7), b FAILED "
		"for another reason (R9) and 3 more causes; fixed: c; not checked this time: e; "
		"failed since 2026-11-25 02:00:00 +0100 (2h)");
}

static void test_alarmed(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_ALARMED);

	(void)state;
	give(n, make(-1, "a=F:R1"), make(-1, "a=P|b=A|c=O"));
	expect(n, "alarmed",
		"orders (cloud prod): failed -> alarmed: b ALARM; also c SKIPPED; fixed: a; it "
		"was failed for 1d 2h, since 2026-11-24 02:00:00 +0100");
}

static void test_still_alarmed(void **state)
{
	struct news *n = job_news(VERDICT_ALARMED, VERDICT_ALARMED);

	(void)state;
	give(n, make(-1, "a=A:R1"), make(-1, "a=A:R2"));
	expect(n, "alarmed-items",
		"orders (cloud prod): still alarmed: a ALARM for another reason (R2); alarmed "
		"since 2026-11-25 02:00:00 +0100 (2h)");
}

static void test_eased(void **state)
{
	struct news *n = job_news(VERDICT_FAILED, VERDICT_ALARMED);

	(void)state;
	give(n, make(-1, "a=F:R1"), make(-1, "a=A:R1"));
	expect(n, "alarmed",
		"orders (cloud prod): failed -> alarmed: a eased to ALARM (R1); it was failed "
		"for 1d 2h, since 2026-11-24 02:00:00 +0100");
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
		{OUTCOME_REFUSED, "", "say \"please\"", "\"say 'please'\""},
		{OUTCOME_NOT_READY, "DRS.M99999", "", "DRS.M99999"},
		{OUTCOME_NOT_READY, "DRS.M99999", "not so", "DRS.M99999 \"not so\""},
		{OUTCOME_GONE, "DRS.M05003", "no such job",
			"no such task in this project (DRS.M05003 \"no such job\"); to do: "
			"check id, region and project"},
		{OUTCOME_GONE, "", "",
			"no such task in this project; to do: check id, region and project"},
		{OUTCOME_PARENT, "DRS.M00307", "",
			"it is a parent task, DRS checks only its children (DRS.M00307); to do: "
			"watch those instead"},
		{OUTCOME_DENIED, "DRS.M99998", "no",
			"user watcher may not do that: DRS.M99998 \"no\""},
		{OUTCOME_DENIED, "", "", "user watcher may not do that: no reason given"},
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
	text_copy(n->text, sizeof(n->text), "gone");
	expect(n, "lost",
		"orders (cloud prod): run 12 ended without a verdict after 31min: DRS.M99999 "
		"\"gone\"; verdict stays failed; the task is checked anew");
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
		"FAILED (R1); confirmed 1h 35min ago; run 12 is under way");
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
			"DRS.M99998 \"no\"; no pre-check is begun meanwhile, only status and "
			"last results are read; next try in 40s"},
		{TROUBLE_DENIED, CALL_STATUS, "DRS.M99998", "",
			"user watcher may not call batch-status in project eu-de_shop: "
			"DRS.M99998; its 25 jobs keep their verdicts and go stale; next try in "
			"40s"},
		{TROUBLE_MISCONFIGURED, CALL_STATUS, "", "redirect to https://x.example",
			"https://drs.example can't be used as configured: \"redirect to "
			"https://x.example\"; its 25 jobs keep their verdicts and go stale; "
			"next try in 40s"},
		{TROUBLE_MISCONFIGURED, CALL_LOGIN, "", "",
			"https://iam.example can't be used as configured: no reason given; its "
			"25 jobs keep their verdicts and go stale; next try in 40s"},
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

/* --- all of them --- */

static void test_event_table(void **state)
{
	(void)state;
	assert_int_equal(event_table_size, 23);
	for (size_t i = 0; i < event_table_size; i++) {
		const struct event_row *row = &event_table[i];

		assert_non_null(row->name);
		assert_int_equal(strlen(row->message_id), 32);
		assert_int_equal(strspn(row->message_id, "0123456789abcdef"), 32);
		assert_in_range(row->priority, LOG_ERR, LOG_INFO);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(row->message_id, event_table[k].message_id);
			assert_string_not_equal(row->name, event_table[k].name);
		}
	}
}

static void test_priorities(void **state)
{
	static const struct {
		const char *name;
		int priority;
	} rows[] = {{"failed", LOG_ERR}, {"failed-items", LOG_ERR}, {"refused", LOG_WARNING},
		{"alarmed", LOG_WARNING}, {"stale", LOG_WARNING}, {"passed", LOG_NOTICE},
		{"started", LOG_NOTICE}, {"ended", LOG_NOTICE}, {"cloud-down", LOG_ERR},
		{"cloud-up", LOG_NOTICE}, {"login", LOG_INFO}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		size_t k = 0;

		while (strcmp(event_table[k].name, rows[i].name) != 0)
			assert_true(++k < event_table_size);
		assert_int_equal(event_table[k].priority, rows[i].priority);
	}
}

static void check_text(const struct news *n)
{
	char buf[2048];

	assert_readable(news_text(n, buf, sizeof(buf)));
	assert_non_null(news_event(n));
	for (size_t size = 8; size < 300; size += 7) { /* any room: cut, never torn */
		news_text(n, buf, size);
		assert_true(strlen(buf) < size);
		assert_true(text_utf8_valid(buf, strlen(buf)));
	}
}

/* Every kind, verdict, refusal and trouble, with and without code, text and reports, with one job or more. */
static void test_every_combination_is_readable(void **state)
{
	static const char *const codes[] = {"", "DRS.M00303", "DRS.M99999", "APIGW.0301"};
	static const char *const texts[] = {
		"", "a text; with \"quotes\"", "\xc3\xa4\xc3\xb6\xe4\xb8\xad"};

	(void)state;
	for (unsigned i = 0; i < _NEWS_KIND_MAX * ELEMENTSOF(codes) * ELEMENTSOF(texts); i++) {
		enum news_kind kind = i % _NEWS_KIND_MAX;
		const char *code = codes[i / _NEWS_KIND_MAX % ELEMENTSOF(codes)];
		const char *text = texts[i / _NEWS_KIND_MAX / ELEMENTSOF(codes)];

		for (unsigned v = 0; v < _VERDICT_MAX * _VERDICT_MAX; v++) {
			enum verdict verdict = v / _VERDICT_MAX;
			struct news *n = refused_news(OUTCOME_REFUSED, code, text);

			if (kind >= NEWS_CLOUD_DOWN) {
				news_free(n);
				break;
			}
			n->kind = kind;
			n->previous = v % _VERDICT_MAX;
			n->verdict = verdict;
			refusal.outcome = 1 + v % (_OUTCOME_MAX - 1);
			if (verdict >= VERDICT_PASSED && verdict <= VERDICT_FAILED)
				give(n, make(-1, "a=F:R1|b=A:R2:it has \"quotes\""),
					make(-1, verdict == VERDICT_PASSED ? "a=P|b=P"
						 : verdict == VERDICT_ALARMED
							 ? "a=P|b=A:R2|c=A::m \"q\""
							 : "a=F:R9|b=P|c=A"));
			if (verdict == VERDICT_STARTED)
				n->status = "PAUSING";
			check_text(n);
			news_free(n);
		}
		for (unsigned t = 0; t < _TROUBLE_MAX * 3; t++) {
			struct news *n = cloud_news(kind, t / 3);

			if (kind < NEWS_STATE) {
				news_free(n);
				break;
			}
			n->jobs = t % 3;
			n->call = t % _CALL_KIND_MAX;
			text_copy(n->code, sizeof(n->code), code);
			text_copy(n->text, sizeof(n->text), text);
			check_text(n);
			news_free(n);
		}
	}
}

static void test_long_texts_are_cut(void **state)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_FAILED);
	char name[600], message[ITEM_MESSAGE_MAX], items[2048], buf[2048];
	size_t len;

	(void)state;
	/* three-byte characters, so that most cuts would tear one */
	for (size_t i = 0; i < 3 * 190; i += 3)
		memcpy(name + i, "\xe4\xb8\xad", 4);
	for (size_t i = 0; i < 3 * 170; i += 3)
		memcpy(message + i, "\xe4\xb8\xad", 4);
	snprintf(items, sizeof(items), "a%s=F:R1:%s", name, message);
	give(n, NULL, make(-1, items));
	n->job = name;
	n->cloud = name;
	n->status = name;
	news_text(n, buf, sizeof(buf));
	len = strlen(buf);
	assert_true(text_utf8_valid(buf, len));
	assert_in_range(len, 1700, 2047);
	n->task = name;
	n->drs = name;
	{
		char items2[4096];
		struct report *r;

		assert_int_equal(report_new(&r), 0);
		r->process = 100;
		for (int i = 0; i < 9; i++) {
			struct item item = {.checked = true, .result = ITEM_FAILED, .name = items2};

			snprintf(items2, sizeof(items2), "%d%s", i, name);
			assert_int_equal(report_add(r, &item), 0);
		}
		report_seal(r);
		give(n, NULL, r);
	}
	news_text(n, buf, sizeof(buf));
	len = strlen(buf);
	assert_in_range(len, 2040, 2047);
	assert_string_equal(buf + len - 3, "...");
	assert_true(text_utf8_valid(buf, len));
	news_free(n);

	/* a remote text in the middle is cut on a character, and its quotes are closed */
	n = refused_news(OUTCOME_REFUSED, "DRS.M99999", "");
	text_copy(refusal.text, sizeof(refusal.text), message);
	news_text(n, buf, sizeof(buf));
	assert_readable(buf);
	assert_non_null(strstr(buf, "...\"; it was"));
	news_free(n);
}

static void test_names(void **state)
{
	(void)state;
	for (int t = -1; t <= _TROUBLE_MAX; t++)
		assert_true(*trouble_name((enum trouble)t));
	assert_string_equal(trouble_name(TROUBLE_LOGIN), "login refused");
	assert_null(news_free(NULL));
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
		cmocka_unit_test(test_event_table),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_every_combination_is_readable),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_names),
	};

	setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests_name(
		"news: what is told, and in which words", tests, NULL, NULL);
}
