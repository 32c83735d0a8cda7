/* test_journal.c - the fields of an entry, their limits, and what counts as told. */
#include "journal_fake.h"

#include "journal.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- collecting ---- */

struct got {
	char *fields[1024];
	size_t n, bytes;
};

static void collect(void *arg, const char *field, size_t len)
{
	struct got *g = arg;

	assert_true(g->n < ELEMENTSOF(g->fields));
	assert_int_equal(strlen(field), len);
	assert_true(len <= JOURNAL_FIELD_MAX);
	assert_true(text_utf8_valid(field, len));
	assert_null(strchr(field, '\n'));
	g->bytes += len;
	g->fields[g->n++] = strdup(field);
}

static struct got *fields_of(const struct news *n, bool repeated)
{
	struct got *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	journal_fields(n, repeated, collect, g);
	assert_true(g->bytes <= JOURNAL_ENTRY_MAX);
	return g;
}

static void got_free(struct got *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->fields[i]);
	free(g);
}

static unsigned count(const struct got *g, const char *field)
{
	unsigned n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += strcmp(g->fields[i], field) == 0;
	return n;
}

static unsigned count_name(const struct got *g, const char *name)
{
	size_t len = strlen(name);
	unsigned n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += strncmp(g->fields[i], name, len) == 0 && g->fields[i][len] == '=';
	return n;
}

static void expect(const struct got *g, const char *const *fields)
{
	for (; *fields; fields++)
		if (count(g, *fields) != 1)
			fail_msg("%u of \"%s\"", count(g, *fields), *fields);
}

static void expect_none(const struct got *g, const char *const *names)
{
	for (; *names; names++)
		if (count_name(g, *names) != 0)
			fail_msg("there is a %s", *names);
}

static struct report *report(const struct item *items, size_t n, const struct report *last)
{
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = 100;
	for (size_t i = 0; i < n; i++) {
		struct item item = items[i];

		item.checked = true;
		assert_int_equal(report_add(r, &item), 0);
	}
	report_seal(r);
	assert_int_equal(report_carry(r, last, 1000), 0);
	return r;
}

static const struct news job_news = {
	.id = 42,
	.kind = NEWS_JOB,
	.wall = INT64_C(1795700709120),
	.cloud = "north",
	.drs = "https://drs.example",
	.iam = "https://iam.example",
	.user = "watcher",
	.domain = "ACME",
	.project = "eu-de",
	.project_id = "0123456789abcdef0123456789abcdef",
	.job = "orders",
	.task = "12345678-1234-1234-1234-123456789abc",
	.run = 7,
	.verdict = VERDICT_FAILED,
	.previous = VERDICT_PASSED,
	.since = INT64_C(1795700709120),
	.previous_since = INT64_C(1795600000000),
	.status = "CONFIGURATION",
	.previous_status = "",
	.next_try = -1,
};

/* ---- the fields ---- */

static void test_job(void **state _unused_)
{
	const struct item before[] = {
		{.name = "eased", .result = ITEM_FAILED},
		{.name = "fixed", .result = ITEM_ALARM},
		{.name = "gone", .result = ITEM_FAILED},
		{.name = "good", .result = ITEM_PASSED},
		{.name = "still", .result = ITEM_FAILED, .reason = "R"},
	};
	const struct item after[] = {
		{.name = "eased", .result = ITEM_ALARM},
		{.name = "fixed", .result = ITEM_PASSED},
		{.name = "good", .result = ITEM_PASSED},
		{.name = "new",
			.result = ITEM_FAILED,
			.reason = "SOURCE_DB_X",
			.message = "no\\ngrant"},
		{.name = "odd", .result = ITEM_OTHER, .said = "MAYBE", .message = "who knows"},
		{.name = "still", .result = ITEM_FAILED, .reason = "R"},
	};
	const char *const wanted[] = {"MESSAGE_ID=609d9ff3d543493fba907267dde28635", "PRIORITY=3",
		"SYSLOG_IDENTIFIER=precheckd", "DRS_EVENT=failed", "DRS_TRANSITION_ID=42",
		"DRS_CLOUD=north", "DRS_PROJECT_ID=0123456789abcdef0123456789abcdef",
		"DRS_JOB=orders", "DRS_TASK_ID=12345678-1234-1234-1234-123456789abc",
		"DRS_RUN_ID=7", "DRS_VERDICT=failed", "DRS_PREVIOUS_VERDICT=passed", "DRS_STALE=0",
		"DRS_SINCE=2026-11-26T13:45:09.120Z", "DRS_TASK_STATUS=CONFIGURATION",
		"DRS_ITEM_NEW=new", "DRS_ITEM_NEW=odd", "DRS_ITEM_FIXED=fixed",
		"DRS_ITEM_STILL=eased", "DRS_ITEM_STILL=still", "DRS_ITEM_CHANGED=eased",
		"DRS_ITEM_UNCHECKED=gone", "DRS_ITEM_DETAIL=new FAILED SOURCE_DB_X: no\\ngrant",
		"DRS_ITEM_DETAIL=odd MAYBE: who knows", "DRS_ITEM_DETAIL=eased ALARM",
		"DRS_ITEM_DETAIL=still FAILED R", NULL};
	const char *const absent[] = {"DRS_REPEATED", "DRS_ERROR_CODE", "DRS_REQUEST_ID", NULL};
	struct report *last = report(before, ELEMENTSOF(before), NULL);
	struct report *now = report(after, ELEMENTSOF(after), last);
	struct news n = job_news;
	struct got *g;

	n.report = now;
	n.previous_report = last;
	g = fields_of(&n, false);
	expect(g, wanted);
	expect_none(g, absent);
	assert_int_equal(count_name(g, "MESSAGE"), 1);
	assert_int_equal(g->n, ELEMENTSOF(wanted)); /* MESSAGE for the NULL */
	got_free(g);

	g = fields_of(&n, true);
	assert_int_equal(count(g, "DRS_REPEATED=1"), 1);
	assert_int_equal(count(g, "DRS_TRANSITION_ID=42"), 1); /* the same as the first time */
	got_free(g);
	report_unref(now);
	report_unref(last);
}

static void test_refused(void **state _unused_)
{
	const struct refusal refusal = {
		.outcome = OUTCOME_NOT_READY, .code = "DRS.M00302", .text = "not tested"};
	const struct refusal none = {.outcome = OUTCOME_OK, .code = "DRS.M00302"};
	const char *const wanted[] = {"DRS_EVENT=refused", "PRIORITY=4", "DRS_VERDICT=refused",
		"DRS_STALE=1", "DRS_ERROR_CODE=DRS.M00302", "DRS_REQUEST_ID=req-1", NULL};
	const char *const absent[] = {"DRS_PREVIOUS_VERDICT", "DRS_RUN_ID", "DRS_ITEM_NEW",
		"DRS_ITEM_DETAIL", "DRS_SINCE", NULL};
	struct news n = job_news;
	struct got *g;

	n.verdict = VERDICT_REFUSED;
	n.first = true;
	n.previous = VERDICT_UNKNOWN;
	n.run = 0;
	n.since = 0;
	n.stale = true;
	n.refusal = &refusal;
	text_copy(n.request_id, sizeof(n.request_id), "req-1");
	g = fields_of(&n, false);
	expect(g, wanted);
	expect_none(g, absent);
	got_free(g);

	text_copy(n.code, sizeof(n.code), "DRS.M00001");
	g = fields_of(&n, false);
	assert_int_equal(count(g, "DRS_ERROR_CODE=DRS.M00001"), 1);
	got_free(g);

	n.code[0] = '\0';
	n.refusal = &none;
	g = fields_of(&n, false);
	assert_int_equal(count_name(g, "DRS_ERROR_CODE"), 0);
	got_free(g);
}

static void test_cloud(void **state _unused_)
{
	const char *const wanted[] = {"DRS_EVENT=cloud-down", "PRIORITY=3", "DRS_CLOUD=north",
		"DRS_SINCE=2026-11-26T13:45:09.120Z", "DRS_ERROR_CODE=APIGW.0301", NULL};
	const char *const absent[] = {"DRS_JOB", "DRS_TASK_ID", "DRS_VERDICT",
		"DRS_PREVIOUS_VERDICT", "DRS_STALE", "DRS_TASK_STATUS", "DRS_PROJECT_ID",
		"DRS_RUN_ID", NULL};
	struct news n = job_news;
	struct got *g;

	n.kind = NEWS_CLOUD_DOWN;
	n.job = n.task = n.status = n.previous_status = NULL;
	n.project_id = "";
	n.trouble = TROUBLE_UNREACHABLE;
	n.trouble_since = INT64_C(1795700709120);
	text_copy(n.code, sizeof(n.code), "APIGW.0301");
	g = fields_of(&n, false);
	expect(g, wanted);
	expect_none(g, absent);
	got_free(g);
}

static void test_names_are_values(void **state _unused_)
{
	struct news n = job_news;
	struct got *g;

	n.job = "orders\nDRS_VERDICT=passed";
	n.status = "\xff\xfe";
	g = fields_of(&n, false);
	assert_int_equal(count(g, "DRS_JOB=orders\\nDRS_VERDICT=passed"), 1);
	assert_int_equal(count(g, "DRS_TASK_STATUS=\\xff\\xfe"), 1);
	assert_int_equal(count_name(g, "DRS_VERDICT"), 1);
	got_free(g);
}

/* ---- limits ---- */

static struct report *many(unsigned n, const char *lead, const char *message)
{
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = 100;
	for (unsigned i = 0; i < n; i++) {
		char name[4000];
		struct item item = {.name = name,
			.result = ITEM_FAILED,
			.message = (char *)message,
			.checked = true};

		snprintf(name, sizeof(name), "%s%03u", lead, i);
		assert_int_equal(report_add(r, &item), 0);
	}
	report_seal(r);
	return r;
}

static void test_limits(void **state _unused_)
{
	struct news n = job_news;
	char message[ITEM_MESSAGE_MAX], lead[900], job[6000];
	struct got *g;

	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	n.report = many(100, "item", NULL);
	g = fields_of(&n, false);
	assert_int_equal(count_name(g, "DRS_ITEM_NEW"), JOURNAL_ITEMS_MAX);
	assert_int_equal(count_name(g, "DRS_ITEM_DETAIL"), JOURNAL_ITEMS_MAX);
	got_free(g);
	report_unref(n.report);

	/* A detail is cut; all of them do not fit, the names all do. */
	n.report = many(64, "item", message);
	g = fields_of(&n, false);
	assert_int_equal(count_name(g, "DRS_ITEM_NEW"), 64);
	assert_in_range(count_name(g, "DRS_ITEM_DETAIL"), 40, 63);
	for (size_t i = 0; i < g->n; i++)
		if (strncmp(g->fields[i], "DRS_ITEM_DETAIL=", 16) == 0) {
			assert_int_equal(strlen(g->fields[i] + 16), JOURNAL_DETAIL_MAX);
			assert_string_equal(g->fields[i] + strlen(g->fields[i]) - 3, "...");
		}
	got_free(g);
	report_unref(n.report);

	/* What says who and what is there however long the names are. */
	memset(lead, 'n', sizeof(lead) - 1);
	lead[sizeof(lead) - 1] = '\0';
	memset(job, 'j', sizeof(job) - 1);
	job[sizeof(job) - 1] = '\0';
	n.report = many(64, lead, NULL);
	n.job = job;
	g = fields_of(&n, false);
	assert_int_equal(count_name(g, "DRS_TASK_STATUS"), 1);
	assert_int_equal(count_name(g, "DRS_JOB"), 1);
	assert_in_range(count_name(g, "DRS_ITEM_NEW"), 20, 40);
	got_free(g);
	report_unref(n.report);
}

/* ---- telling ---- */

static int tell(struct journal *j, const struct news *n, bool repeated)
{
	struct got *g = fields_of(n, false);
	int r = journal_tell(j, news_event(n)->priority, "the line", (const char *const *)g->fields,
		g->n, repeated);

	got_free(g);
	return r;
}

static struct journal *make(enum log_target target)
{
	struct journal *j = NULL;

	memset(&journal, 0, sizeof(journal));
	assert_int_equal(journal_new(target, JOURNAL_SOCKET, &j), 0);
	return j;
}

static void test_tell_journal(void **state _unused_)
{
	const struct {
		int reach, answer, wanted;
		unsigned tries;
	} table[] = {
		{0, 0, 0, 1},
		{0, -EAGAIN, -EAGAIN, 1},
		{0, -ENOBUFS, -ENOBUFS, 1},
		{0, -ECONNREFUSED, -ECONNREFUSED, 1},
		{-ENOENT, 0, -ENOENT, 0},
		{-ECONNREFUSED, 0, -ECONNREFUSED, 0},
	};
	struct news n = job_news;
	char message[ITEM_MESSAGE_MAX];

	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	n.report = many(200, "item", message);
	log_set_level(LOG_ERR);
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct journal *j = make(LOG_TARGET_JOURNAL);

		journal.reach = table[i].reach;
		journal.answer = table[i].answer;
		assert_int_equal(tell(j, &n, false), table[i].wanted);
		assert_int_equal(journal.tries, table[i].tries);
		assert_int_equal(journal.entries, table[i].wanted == 0);
		/* whatever went wrong, it is told as soon as it can be */
		journal.reach = journal.answer = 0;
		n.verdict = VERDICT_STARTED; /* NOTICE: not held back by log_level err */
		assert_int_equal(tell(j, &n, true), 0);
		n.verdict = VERDICT_FAILED;
		assert_true(journal_has("DRS_EVENT=started"));
		assert_true(journal_has("DRS_REPEATED=1"));
		assert_int_equal(
			journal.flags & (MSG_DONTWAIT | MSG_NOSIGNAL), MSG_DONTWAIT | MSG_NOSIGNAL);
		assert_null(journal_free(j));
	}
	log_set_level(LOG_INFO);
	report_unref(n.report);
}

/* One that was connected to a journald that has died is connected to the next one. */
static void test_tell_reconnects(void **state _unused_)
{
	struct journal *j = make(LOG_TARGET_JOURNAL);
	int fd;

	assert_int_equal(journal_descriptor(j), -1);
	assert_int_equal(tell(j, &job_news, false), 0);
	fd = journal_descriptor(j);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_false(journal_has("DRS_REPEATED=1"));
	journal.answer = -ECONNREFUSED;
	assert_int_equal(tell(j, &job_news, false), -ECONNREFUSED);
	assert_int_equal(journal.tries, 3); /* the second connection was tried at once */
	assert_int_equal(journal_descriptor(j), -1);
	journal.answer = -EAGAIN;
	assert_int_equal(tell(j, &job_news, false), -EAGAIN);
	assert_int_equal(journal.tries, 4);
	assert_true(journal_descriptor(j) >= 0); /* to wait for */
	journal_free(j);
}

/* What the store cannot give back any more is told as a line; what is too long goes without its last items. */
static void test_tell_less(void **state _unused_)
{
	struct journal *j = make(LOG_TARGET_JOURNAL);
	const char *const odd[] = {
		"MESSAGE=x", "_PID=1", "lower=1", "=1", "none", "DRS_TEXT=two\nPRIORITY=0"};
	struct news n = job_news;
	char message[ITEM_MESSAGE_MAX];

	assert_int_equal(journal_tell(j, LOG_ERR, "shop: failed", NULL, 0, true), 0);
	assert_string_equal(journal.text, "DRS_REPEATED=1\nMESSAGE=shop: failed\nPRIORITY=3\n"
					  "SYSLOG_IDENTIFIER=precheckd\n");
	assert_int_equal(journal_tell(j, LOG_ERR, "x", odd, ELEMENTSOF(odd), false), 0);
	assert_memory_equal(
		journal.text, "MESSAGE=x\nDRS_TEXT\n\16\0\0\0\0\0\0\0two\nPRIORITY=0\n", 43);

	memset(message, 'm', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	n.report = many(60, "item", message);
	journal.longest = 20000;
	assert_int_equal(tell(j, &n, false), 0);
	assert_in_range(strlen(journal.text), 5000, 20000);
	assert_true(journal_has("DRS_TASK_STATUS=CONFIGURATION"));
	assert_true(journal_has("DRS_ITEM_NEW=item059"));
	journal.longest = 100;
	assert_int_equal(tell(j, &n, false), -EMSGSIZE);
	report_unref(n.report);
	journal_free(j);
}

static void test_tell_stderr(void **state _unused_)
{
	struct news n = job_news;
	int saved = dup(STDERR_FILENO), ends[2];
	char said[4096], text[2048];
	struct journal *j = make(LOG_TARGET_STDERR);
	ssize_t len;

	n.verdict = VERDICT_PASSED; /* NOTICE */
	n.previous = VERDICT_FAILED;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_set_level(LOG_ERR);
	assert_int_equal(
		journal_tell(j, LOG_NOTICE, news_text(&n, text, sizeof(text)), NULL, 0, false), 0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	len = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	assert_true(len > 0);
	said[len] = '\0';
	assert_non_null(strstr(said, " notice: orders (cloud north): failed -> passed"));
	assert_ptr_equal(strchr(said, '\n'), said + len - 1); /* one line */
	assert_int_equal(log_level(), LOG_ERR);               /* as it was */
	log_set_level(LOG_INFO);
	assert_int_equal(journal_descriptor(j), -1);
	journal_free(j);
	assert_int_equal(journal_new(LOG_TARGET_AUTO, JOURNAL_SOCKET, &j), -EINVAL);
}

/* ---- what is told of many ---- */

static void test_burst(void **state _unused_)
{
	const char *const wanted[] = {"DRS_EVENT=burst", "PRIORITY=4",
		"DRS_FIRST_TRANSITION_ID=101", "DRS_LAST_TRANSITION_ID=1000",
		"DRS_SINCE=2026-11-26T13:45:09.120Z", NULL};
	const char *const absent[] = {
		"DRS_TRANSITION_ID", "DRS_CLOUD", "DRS_JOB", "DRS_VERDICT", "DRS_PROJECT_ID", NULL};
	struct news n = {.kind = NEWS_BURST,
		.cloud = "",
		.project_id = "",
		.first_id = 101,
		.last_id = 1000,
		.trouble_since = INT64_C(1795700709120),
		.jobs = 899,
		.of_clouds = 1};
	struct got *g = fields_of(&n, false);

	expect(g, wanted);
	expect_none(g, absent);
	got_free(g);
	n.errors = 1;
	g = fields_of(&n, false);
	assert_int_equal(count(g, "DRS_EVENT=burst-failed"), 1);
	assert_int_equal(count(g, "PRIORITY=3"), 1);
	got_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cloud),
		cmocka_unit_test(test_names_are_values),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tell_journal),
		cmocka_unit_test(test_tell_reconnects),
		cmocka_unit_test(test_tell_less),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_tell_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
