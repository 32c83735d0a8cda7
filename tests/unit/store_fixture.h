/* store_fixture.h - a state_dir, records with something in every field, and their comparison. */
#pragma once

#include "store_inner.h"

#include "journal.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WALL INT64_C(1795000000123) /* 2026-11-18T11:06:40.123Z */
#define DRS  "https://drs.example/v5"
#define TASK "8a7f0d5e-1c2b-4f3a-9e8d-0123456jb101"

static char dir[128], file[160];

/* --- a directory --- */

static inline void at_dir(const char *path)
{
	snprintf(dir, sizeof(dir), "%.127s", path);
	snprintf(file, sizeof(file), "%s/%s", dir, STORE_FILE);
}

static inline int setup(void **state)
{
	char path[128];

	(void)state;
	/* most tests are about content: they need no disk that syncs */
	snprintf(path, sizeof(path), "%.80s/test-store.XXXXXX",
		getenv("TMPDIR")                ? getenv("TMPDIR")
		: access("/dev/shm", W_OK) == 0 ? "/dev/shm"
						: "/tmp");
	if (!mkdtemp(path))
		return -1;
	at_dir(path);
	return 0;
}

static inline void empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static inline int teardown(void **state)
{
	(void)state;
	empty_dir();
	return rmdir(dir);
}

static inline unsigned count_files(const char *part)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.' && strstr(e->d_name, part);
	closedir(d);
	return n;
}

/* --- a store --- */

static inline struct store *open_with(struct store_memory *m)
{
	struct store *s = NULL;
	char why[STORE_WHY];
	bool damaged = true;

	if (store_open(dir, WALL, &s, m, &damaged, why) != 0 || damaged || *why)
		fail_msg("%s", why);
	return s;
}

static inline struct store *open_good(void)
{
	struct store_memory m = {0};
	struct store *s = open_with(&m);

	store_memory_done(&m);
	return s;
}

static inline void commit_at(struct store *s, int64_t wall)
{
	char why[STORE_WHY];

	if (store_commit(s, wall, why) != 0)
		fail_msg("%s", why);
	assert_false(store_behind(s));
}

static inline void commit(struct store *s)
{
	commit_at(s, WALL);
}

/* The one number that a query gives. */
static inline int64_t ask(struct store *s, const char *sql)
{
	int rc;
	int64_t value = schema_pragma(s->db, sql, &rc);

	if (rc != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
	return value;
}

static inline void do_sql(struct store *s, const char *sql)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
}

/* --- records --- */

struct dice {
	uint64_t state;
};

static inline uint64_t roll(struct dice *d)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return d->state;
}

static inline int64_t roll_time(struct dice *d)
{
	return roll(d) % 7 == 0 ? 0 : (int64_t)(roll(d) >> 20) - 1000;
}

/* Text with what may hurt: quotes, control characters, other scripts, nothing at all. */
static inline char *roll_text(struct dice *d, char *buf, size_t size)
{
	static const char *const parts[] = {"a", "Zz9", " ", "'", "\"", "\\", "\n", "\x01", "{",
		"\xc3\xa4", "\xe4\xb8\xad", "%s;--"};
	size_t len = 0, want = roll(d) % size;

	for (;;) {
		const char *part = parts[roll(d) % ELEMENTSOF(parts)];

		if (len + strlen(part) > want)
			break;
		memcpy(buf + len, part, strlen(part));
		len += strlen(part);
	}
	buf[len] = '\0';
	return buf;
}

#pragma GCC diagnostic push
/* Initialized by position: a field added to one of these structs must not compile until the store knows it. */
#pragma GCC diagnostic error "-Wmissing-field-initializers"

static inline struct report *roll_report(struct dice *d)
{
	struct report *r = NULL;
	struct report said = {1, (int)(roll(d) % 102) - 1, (int)(roll(d) % 102) - 1,
		(int)(roll(d) % 3) - 1, false, roll(d), 0, 0, NULL};
	size_t n = roll(d) % 12;

	assert_int_equal(report_new(&r), 0);
	r->process = said.process;
	r->rate = said.rate;
	r->result = said.result;
	for (size_t i = 0; i < n; i++) {
		char name[24], texts[5][100];
		struct item item = {name, (enum item_result)(roll(d) % _ITEM_RESULT_MAX),
			roll_text(d, texts[0], 100), roll_text(d, texts[1], 100),
			roll_text(d, texts[2], 100), roll_text(d, texts[3], 100),
			roll_text(d, texts[4], 100), roll(d) % 2, roll_time(d),
			(unsigned)(roll(d) % 100000)};

		snprintf(name, sizeof(name), "item%03u\"%zu", (unsigned)(roll(d) % 1000), i);
		assert_int_equal(report_add(r, &item), 0);
	}
	report_seal(r);
	r->fingerprint = said.fingerprint;
	return r;
}

static inline void roll_job(struct dice *d, struct job_record *ret)
{
	char drs[50], name[64];
	struct refusal refusal = {(enum outcome)(roll(d) % _OUTCOME_MAX), "", "", roll_time(d)};
	struct run run = {(enum run_state)(roll(d) % 4), roll(d) % 1000000, roll_time(d),
		roll(d) % 2, roll(d) % 2, roll(d) % 2, roll(d) % 2, roll(d)};
	struct report *report = roll(d) % 4 ? roll_report(d) : NULL;
	struct report *told = roll(d) % 2   ? report_ref(report)
			      : roll(d) % 2 ? roll_report(d)
					    : NULL;
	struct job_record r = {strdup(roll_text(d, drs, sizeof(drs))), "",
		strdup(roll_text(d, name, sizeof(name))), "", roll_time(d), roll(d) % 2,
		roll(d) % 2, refusal, report, told, roll(d) % 1000000, roll_time(d), roll_time(d),
		run, roll_time(d), (enum verdict)(roll(d) % _VERDICT_MAX), roll_time(d), "", "",
		roll(d) % 2, roll(d) % 1000000, (unsigned)roll(d) % 30, (unsigned)roll(d),
		roll(d) % 2, roll_time(d), (unsigned)roll(d), (unsigned)roll(d) % 17, roll_time(d),
		roll(d) % 2};

	snprintf(r.task, sizeof(r.task), "%016" PRIx64, roll(d));
	roll_text(d, r.status, sizeof(r.status));
	roll_text(d, r.refusal.code, sizeof(r.refusal.code));
	roll_text(d, r.refusal.text, sizeof(r.refusal.text));
	roll_text(d, r.told_status, sizeof(r.told_status));
	roll_text(d, r.told_code, sizeof(r.told_code));
	*ret = r;
}

static inline void roll_cloud(struct dice *d, struct cloud_record *ret)
{
	char texts[5][40];
	struct cloud_record r = {strdup(roll_text(d, texts[0], 40)),
		strdup(roll_text(d, texts[1], 40)), strdup(roll_text(d, texts[2], 40)),
		strdup(roll_text(d, texts[3], 40)), strdup(roll_text(d, texts[4], 40)),
		(enum trouble)(roll(d) % _TROUBLE_MAX), roll_time(d),
		(enum call_kind)(roll(d) % _CALL_KIND_MAX), roll_time(d), (unsigned)roll(d),
		roll_time(d), roll_time(d), roll_time(d), "", "", ""};

	roll_text(d, r.refused_mark, sizeof(r.refused_mark));
	roll_text(d, r.trouble_code, sizeof(r.trouble_code));
	roll_text(d, r.trouble_text, sizeof(r.trouble_text));
	*ret = r;
}
#pragma GCC diagnostic pop

static inline void cloud_free_strings(struct cloud_record *r)
{
	free(r->iam);
	free(r->drs);
	free(r->user);
	free(r->domain);
	free(r->project);
}

/* --- comparison: the name of the first field that differs, or NULL --- */

static inline bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

#define DIFFER(field)                                                                              \
	if (a->field != b->field)                                                                  \
	return #field
#define DIFFER_TEXT(field)                                                                         \
	if (!same_text(a->field, b->field))                                                        \
	return #field

static inline const char *item_difference(const struct item *a, const struct item *b)
{
	DIFFER_TEXT(name);
	DIFFER(result);
	DIFFER_TEXT(said);
	DIFFER_TEXT(group);
	DIFFER_TEXT(reason);
	DIFFER_TEXT(message);
	DIFFER_TEXT(parts);
	DIFFER(checked);
	DIFFER(since);
	DIFFER(runs);
	return NULL;
}

static inline const char *report_difference(const struct report *a, const struct report *b)
{
	if (!a || !b)
		return a == b ? NULL : "only one has a report";
	DIFFER(process);
	DIFFER(rate);
	DIFFER(result);
	DIFFER(pending);
	DIFFER(fingerprint);
	DIFFER(n);
	for (size_t i = 0; i < a->n; i++) {
		const char *field = item_difference(&a->items[i], &b->items[i]);

		if (field)
			return field;
	}
	return NULL;
}

static inline const char *job_difference(const struct job_record *a, const struct job_record *b)
{
	const char *field = report_difference(a->report, b->report);

	if (!field)
		field = report_difference(a->told_report, b->told_report);
	if (field)
		return field;
	if ((a->report == a->told_report) != (b->report == b->told_report))
		return "told_report is report";
	DIFFER_TEXT(drs);
	DIFFER_TEXT(task);
	DIFFER_TEXT(name);
	DIFFER_TEXT(status);
	DIFFER(status_since);
	DIFFER(seen);
	DIFFER(gone);
	DIFFER(refusal.outcome);
	DIFFER_TEXT(refusal.code);
	DIFFER_TEXT(refusal.text);
	DIFFER(refusal.since);
	DIFFER(report_run);
	DIFFER(reported);
	DIFFER(confirmed);
	DIFFER(run.state);
	DIFFER(run.number);
	DIFFER(run.submitted);
	DIFFER(run.fresh);
	DIFFER(run.overdue);
	DIFFER(run.slow);
	DIFFER(run.have_baseline);
	DIFFER(run.baseline);
	DIFFER(due);
	DIFFER(told);
	DIFFER(told_since);
	DIFFER_TEXT(told_status);
	DIFFER_TEXT(told_code);
	DIFFER(told_stale);
	DIFFER(last_news);
	DIFFER(reminded);
	DIFFER(history);
	DIFFER(flapping);
	DIFFER(typical);
	DIFFER(measured);
	DIFFER(slowed);
	DIFFER(created);
	DIFFER(aging_told);
	return NULL;
}

static inline const char *cloud_difference(
	const struct cloud_record *a, const struct cloud_record *b)
{
	DIFFER_TEXT(iam);
	DIFFER_TEXT(drs);
	DIFFER_TEXT(user);
	DIFFER_TEXT(domain);
	DIFFER_TEXT(project);
	DIFFER(trouble);
	DIFFER(trouble_since);
	DIFFER(trouble_call);
	DIFFER(throttled_since);
	DIFFER(pace);
	DIFFER(hold);
	DIFFER(login_hold);
	DIFFER(summarised);
	DIFFER_TEXT(refused_mark);
	DIFFER_TEXT(trouble_code);
	DIFFER_TEXT(trouble_text);
	return NULL;
}

/* --- a job, its run, its news --- */

static inline struct report *a_report(const char *item, enum item_result result)
{
	struct report *r = NULL;
	struct item bad = {.name = (char *)(uintptr_t)item, .result = result, .checked = true};
	struct item good = {.name = (char *)"fine", .result = ITEM_PASSED, .checked = true};

	assert_int_equal(report_new(&r), 0);
	r->process = 100;
	assert_int_equal(report_add(r, &bad), 0);
	assert_int_equal(report_add(r, &good), 0);
	report_seal(r);
	report_mix(r, item, strlen(item));
	return r;
}

static inline struct job_record a_job(void)
{
	return (struct job_record){.drs = (char *)DRS,
		.task = TASK,
		.name = (char *)"shop",
		.status = "CONFIGURATION"};
}

static inline void save_job(struct store *s, const struct job_record *r)
{
	assert_int_equal(store_save_job(s, r), 0);
}

static inline void save_run(
	struct store *s, uint64_t number, int64_t ended, const struct report *report)
{
	struct run_record r = {.drs = DRS,
		.task = TASK,
		.number = number,
		.submitted = ended - 60000,
		.ended = ended,
		.lost = !report,
		.report = report};

	assert_int_equal(store_save_run(s, &r, VERDICT_UNKNOWN), 0);
}

static inline void save_news(struct store *s, uint64_t id, int64_t wall)
{
	struct report *report = a_report("binlog \"off\"", ITEM_FAILED);
	struct news n = {.id = id,
		.kind = NEWS_JOB,
		.wall = wall,
		.cloud = "otc",
		.drs = DRS,
		.iam = "https://iam.example",
		.user = "u",
		.domain = "d",
		.project = "p",
		.project_id = "",
		.job = "shop",
		.task = TASK,
		.verdict = VERDICT_FAILED,
		.status = "CONFIGURATION",
		.previous_status = "",
		.report = report,
		.first = true};

	assert_int_equal(store_save_news(s, &n, journal_fields), 0);
	report_unref(report);
}
