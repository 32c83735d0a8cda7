/* test_store.c - what was saved is loaded again, every piece of news is told, and what is old goes. */
#include "store_fixture.h"

/* --- round trips --- */

static void compare_jobs(const struct job_record *saved, const struct store_memory *m, size_t n)
{
	assert_int_equal(m->n_jobs, n);
	for (size_t i = 0; i < n; i++) {
		const char *field = job_difference(&saved[i], &m->jobs[i]);

		if (field)
			fail_msg("job %zu: %s differs", i, field);
	}
}

/* Saved, changed and saved again, over several processes: all that is loaded is the last of it. */
static void test_job_round_trip(void **state)
{
	struct dice d = {1};
	struct job_record jobs[100];
	size_t n = ELEMENTSOF(jobs);

	(void)state;
	for (size_t i = 0; i < n; i++)
		roll_job(&d, &jobs[i]);
	for (int process = 0; process < 4; process++) {
		struct store_memory m = {0};
		struct store *s = open_with(&m);

		if (process > 0)
			compare_jobs(jobs, &m, n);
		assert_int_equal(m.unreadable, 0);
		store_memory_done(&m);
		for (int event = 0; event < 30; event++) {
			for (size_t i = 0; i < n; i++) {
				struct job_record next;

				if (process + event > 0 && roll(&d) % 4)
					continue;
				roll_job(&d, &next);
				free(next.drs);
				next.drs = strdup(jobs[i].drs);
				text_copy(next.task, sizeof(next.task), jobs[i].task);
				/* now and then a report that others have, too */
				if (roll(&d) % 2) {
					report_unref(next.report);
					next.report = report_ref(roll(&d) % 2
									 ? jobs[i].report
									 : jobs[i].told_report);
				}
				job_record_done(&jobs[i]);
				jobs[i] = next;
				save_job(s, &jobs[i]);
				if (roll(&d) % 8 == 0)
					save_job(s, &jobs[i]);
			}
			commit(s);
		}
		/* no report without an owner, none shared between jobs */
		assert_int_equal(
			ask(s, "SELECT count(*) FROM report WHERE id NOT IN (SELECT report FROM "
			       "job_record WHERE report NOT NULL UNION SELECT told_report FROM "
			       "job_record WHERE told_report NOT NULL)"),
			0);
		assert_int_equal(ask(s, "SELECT count(*) FROM job_record a JOIN job_record b ON "
					"a.id <> b.id "
					"AND a.report IN (b.report, b.told_report)"),
			0);
		store_close(s);
	}
	for (size_t i = 0; i < n; i++)
		job_record_done(&jobs[i]);
}

static int by_key(const void *pa, const void *pb)
{
	const struct cloud_record *a = pa, *b = pb;

	return strcmp(a->iam, b->iam);
}

static void test_cloud_round_trip(void **state)
{
	struct dice d = {2};
	struct cloud_record clouds[40];
	struct store_memory m = {0};
	struct store *s = open_good();

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(clouds); i++) {
		struct cloud_record first;

		roll_cloud(&d, &clouds[i]);
		free(clouds[i].iam);
		assert_true(asprintf(&clouds[i].iam, "https://%02zu", i) > 0);
		first = clouds[i];
		first.trouble_since++;
		assert_int_equal(store_save_cloud(s, &first), 0);
		if (i % 2)
			commit(s);
		assert_int_equal(store_save_cloud(s, &clouds[i]), 0);
	}
	commit(s);
	store_close(s);
	s = open_with(&m);
	assert_int_equal(m.n_clouds, ELEMENTSOF(clouds));
	qsort(m.clouds, m.n_clouds, sizeof(m.clouds[0]), by_key);
	for (size_t i = 0; i < m.n_clouds; i++) {
		const char *field = cloud_difference(&clouds[i], &m.clouds[i]);

		if (field)
			fail_msg("cloud %zu: %s differs", i, field);
		cloud_free_strings(&clouds[i]);
	}
	store_memory_done(&m);
	store_close(s);
}

/* The heart counts on in the report that it has: the same object, other content. */
static void test_report_changed_in_place(void **state)
{
	struct job_record r = a_job();
	struct store_memory m = {0};
	struct store *s = open_good();

	(void)state;
	r.report = a_report("a", ITEM_FAILED);
	r.told_report = report_ref(r.report);
	save_job(s, &r);
	commit(s);
	r.report->items[0].runs = 7;
	save_job(s, &r);
	commit(s);
	store_close(s);
	s = open_with(&m);
	compare_jobs(&r, &m, 1);
	assert_int_equal(m.jobs[0].told_report->items[0].runs, 7);
	assert_int_equal(ask(s, "SELECT count(*) FROM report"), 1);
	store_memory_done(&m);
	store_close(s);
	job_record_done(&(struct job_record){.report = r.report, .told_report = r.told_report});
}

/* What did not change is not written again: a poll of ten jobs with long reports would be 100 KB. */
static void test_report_written_once(void **state)
{
	struct job_record r = a_job();
	struct store_memory m = {0};
	struct store *s = open_good();
	int64_t before;

	(void)state;
	r.report = a_report("a", ITEM_FAILED);
	r.told_report = a_report("b", ITEM_FAILED);
	save_job(s, &r);
	save_run(s, 1, WALL, r.report);
	commit(s);
	before = ask(s, "SELECT sum(id) FROM report");
	assert_int_equal(ask(s, "SELECT count(*) FROM report"), 2);
	for (int process = 0; process < 3; process++) {
		for (int i = 0; i < 3; i++) {
			r.due++;
			save_job(s, &r);
			commit(s);
		}
		store_close(s);
		s = open_with(&m);
		store_memory_done(&m);
	}
	assert_int_equal(ask(s, "SELECT sum(id) FROM report"), before);
	store_close(s);
	report_unref(r.report);
	report_unref(r.told_report);
}

static void test_unreadable(void **state)
{
	static const char *const damage[] = {
		"UPDATE job_record SET told = 'fine' WHERE task = 't1'",
		"UPDATE job_record SET seen = 2 WHERE task = 't1'",
		"UPDATE job_record SET status = '0123456789012345678901234567890123456789' WHERE "
		"task = 't1'",
		"UPDATE job_record SET status = 'a' || char(0) || 'b' WHERE task = 't1'",
		"UPDATE job_record SET report = 999 WHERE task = 't1'",
		"UPDATE report SET body = substr(body, 2) WHERE id = (SELECT report FROM "
		"job_record WHERE "
		"task = 't1')",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(damage); i++) {
		struct job_record r = a_job();
		struct store_memory m = {0};
		struct store *s = open_good();

		r.report = a_report("a", ITEM_FAILED);
		for (char t = '0'; t < '3'; t++) {
			snprintf(r.task, sizeof(r.task), "t%c", t);
			save_job(s, &r);
		}
		commit(s);
		do_sql(s, damage[i]);
		store_close(s);
		s = open_with(&m);
		if (m.n_jobs != 2 || m.unreadable != 1 || strcmp(m.jobs[0].task, "t0") != 0 ||
			strcmp(m.jobs[1].task, "t2") != 0)
			fail_msg("%s: %zu jobs, %zu unreadable", damage[i], m.n_jobs, m.unreadable);
		store_memory_done(&m);
		/* replaced, not doubled */
		snprintf(r.task, sizeof(r.task), "t1");
		save_job(s, &r);
		commit(s);
		store_close(s);
		s = open_with(&m);
		assert_int_equal(m.n_jobs, 3);
		assert_int_equal(m.unreadable, 0);
		store_memory_done(&m);
		store_close(s);
		report_unref(r.report);
		empty_dir();
	}
}

/* --- numbers --- */

static void test_numbers_rise(void **state)
{
	struct job_record r = a_job();
	struct store_memory m = {0};
	struct store *s = open_with(&m);
	char why[STORE_WHY];

	(void)state;
	assert_int_equal(m.next_run, 1);
	assert_int_equal(m.next_news, 1);
	assert_int_equal(m.n_jobs + m.n_clouds + m.unreadable, 0);
	r.run.number = 41; /* in progress: no row of its own yet */
	save_job(s, &r);
	save_news(s, 17, WALL);
	commit(s);
	store_close(s);
	s = open_with(&m);
	assert_int_equal(m.next_run, 42);
	assert_int_equal(m.next_news, 18);
	store_memory_done(&m);
	/* the rows that had the numbers go, the numbers do not come back */
	store_told(s, 17);
	commit(s);
	assert_int_equal(store_prune(s, WALL + DAYS(400), DAYS(7), NULL, NULL, 100, why), 2);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record"), 0);
	assert_int_equal(ask(s, "SELECT count(*) FROM job_record"), 0);
	store_close(s);
	s = open_with(&m);
	assert_int_equal(m.next_run, 42);
	assert_int_equal(m.next_news, 18);
	store_memory_done(&m);
	store_close(s);
}

/* --- news --- */

struct heard {
	uint64_t ids[32];
	unsigned n, stop_at;
	struct store *tell; /* NULL: only listens */
};

static bool hear(void *arg, const struct stored_news *n)
{
	struct heard *h = arg;
	bool message = false, item = false;

	h->ids[h->n++] = n->id;
	for (size_t i = 0; i < n->n_fields; i++) {
		message = message || (strncmp(n->fields[i], "MESSAGE=", 8) == 0 &&
					     strcmp(n->fields[i] + 8, n->message) == 0);
		item = item || strcmp(n->fields[i], "DRS_ITEM_NEW=binlog \"off\"") == 0;
	}
	assert_true(message);
	assert_true(item);
	assert_string_equal(n->cloud, "otc");
	assert_string_equal(n->job, "shop");
	assert_string_equal(n->task, TASK);
	assert_string_equal(n->event, "failed");
	assert_int_equal(n->priority, 3);
	assert_int_equal(n->wall, WALL + (int64_t)n->id);
	if (h->tell)
		store_told(h->tell, n->id);
	return h->n != h->stop_at;
}

static unsigned untold(struct store *s, struct heard *h)
{
	char why[STORE_WHY];
	unsigned n = h->n;

	assert_int_equal(store_untold(s, 0, hear, h, why), 0);
	return h->n - n;
}

static void test_untold(void **state)
{
	static const uint64_t all[] = {3, 5, 8, 200, 201};
	struct heard h = {0};
	struct store *s = open_good();

	(void)state;
	assert_int_equal(untold(s, &h), 0);
	/* not in their order, in one event and in several */
	save_news(s, 200, WALL + 200);
	save_news(s, 5, WALL + 5);
	commit(s);
	save_news(s, 3, WALL + 3);
	commit(s);
	save_news(s, 8, WALL + 8);
	save_news(s, 201, WALL + 201);
	commit(s);
	store_close(s); /* told by nobody */

	s = open_good();
	assert_int_equal(untold(s, &h), ELEMENTSOF(all));
	assert_memory_equal(h.ids, all, sizeof(all));
	h = (struct heard){.stop_at = 2, .tell = s};
	assert_int_equal(untold(s, &h), 2);
	commit(s);
	store_close(s);

	s = open_good();
	h = (struct heard){.tell = s};
	assert_int_equal(untold(s, &h), 3);
	assert_memory_equal(h.ids, all + 2, 3 * sizeof(all[0]));
	store_close(s); /* the marks were not committed */

	s = open_good();
	h = (struct heard){.tell = s};
	assert_int_equal(untold(s, &h), 3);
	commit(s);
	assert_int_equal(untold(s, &h), 0);
	assert_int_equal(ask(s, "SELECT count(*) FROM news WHERE told = 1"), 5);
	store_close(s);
}

/* What is told in one is marked in one; what was told stays told before it is written, too. */
static void test_told_all(void **state)
{
	static const uint64_t rest[] = {1, 5};
	struct heard h = {0};
	struct store *s = open_good();
	char why[STORE_WHY];

	(void)state;
	for (uint64_t id = 1; id <= 5; id++)
		save_news(s, id, WALL + (int64_t)id);
	commit(s);
	assert_int_equal(store_untold(s, 3, hear, &h, why), 0);
	assert_int_equal(h.n, 2); /* 4 and 5 */
	store_told(s, 2);
	store_told_all(s, 3, 4);
	h.n = 0;
	assert_int_equal(untold(s, &h), 2);
	assert_memory_equal(h.ids, rest, sizeof(rest));
	/* those that are not written yet come after */
	save_news(s, 6, WALL + 6);
	save_news(s, 7, WALL + 7);
	store_told(s, 6);
	h.n = 0;
	assert_int_equal(untold(s, &h), 3);
	assert_int_equal(h.ids[2], 7);
	commit(s);
	assert_int_equal(
		ask(s, "SELECT group_concat(id) = '1,5,7' FROM news_record WHERE told = 0"), 1);
	/* a mark for each would be more than there is room for */
	for (uint64_t id = 8; id <= 8 + STORE_PENDING; id++)
		save_news(s, id, WALL + (int64_t)id);
	commit(s);
	for (uint64_t id = 1; id <= 8 + STORE_PENDING; id++)
		store_told(s, id);
	h.n = 0;
	assert_int_equal(untold(s, &h), 0);
	commit(s);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record WHERE told = 0"), 0);
	store_close(s);
}

/* Told before it is written, as happens while the disk is full. */
static void test_told_in_memory(void **state)
{
	struct heard h = {0};
	struct store *s = open_good();

	(void)state;
	save_news(s, 1, WALL + 1);
	save_news(s, 2, WALL + 2);
	store_told(s, 1);
	commit(s);
	assert_int_equal(untold(s, &h), 1);
	assert_int_equal(h.ids[0], 2);
	store_close(s);
}

static void test_news_fields(void **state)
{
	struct store *s = open_good();
	struct news state_news = {.kind = NEWS_STATE};

	(void)state;
	save_news(s, 9, WALL);
	commit(s);
	assert_int_equal(
		ask(s, "SELECT count(*) FROM news WHERE id = 9 AND at = '2026-11-18T11:06:40Z' "
		       "AND event = 'failed' AND cloud = 'otc' AND job = 'shop' "
		       "AND task = '" TASK "' AND priority = 3 AND told = 0 "
		       "AND message LIKE '%binlog%'"),
		1);
	assert_int_equal(ask(s, "SELECT count(*) FROM news, json_each(fields) WHERE value = "
				"'DRS_ITEM_NEW=binlog \"off\"'"),
		1);
	assert_int_equal(store_save_news(s, &state_news, journal_fields), -EINVAL);
	store_close(s);
}

/* --- runs --- */

static void test_runs(void **state)
{
	struct job_record r = a_job();
	struct store *s = open_good();
	struct report *mixed = NULL;
	static const enum item_result results[] = {ITEM_PASSED, ITEM_PASSED, ITEM_PASSED,
		ITEM_ALARM, ITEM_OTHER, ITEM_FAILED, ITEM_FAILED, ITEM_FAILED, ITEM_FAILED};
	struct run_record run = {.drs = DRS,
		.task = TASK,
		.number = 7,
		.submitted = WALL,
		.ended = WALL + 65000,
		.foreign = true};

	(void)state;
	assert_int_equal(store_save_run(s, &run, VERDICT_UNKNOWN), -ENOENT);
	assert_int_equal(report_new(&mixed), 0);
	for (size_t i = 0; i < ELEMENTSOF(results); i++) {
		char name[8];
		struct item item = {.name = name, .result = results[i], .checked = i != 8};

		snprintf(name, sizeof(name), "i%zu", i);
		assert_int_equal(report_add(mixed, &item), 0);
	}
	report_seal(mixed);
	mixed->process = 100;
	run.report = mixed;
	save_job(s, &r);
	assert_int_equal(store_save_run(s, &run, VERDICT_UNKNOWN), 0);
	run.number = 8;
	run.foreign = false;
	assert_int_equal(store_save_run(s, &run, VERDICT_PASSED), 0); /* as accepted */
	run.number = 9;
	run.report = NULL;
	run.lost = true;
	assert_int_equal(store_save_run(s, &run, VERDICT_UNKNOWN), 0);
	report_unref(mixed);
	commit(s);
	assert_int_equal(
		ask(s, "SELECT count(*) FROM runs WHERE number = 7 AND job = 'shop' AND task = "
		       "'" TASK "' "
		       "AND submitted = '2026-11-18T11:06:40Z' AND ended = '2026-11-18T11:07:45Z' "
		       "AND seconds = 65 AND verdict = 'failed' AND \"foreign\" = 1 AND passed = 3 "
		       "AND alarms = 2 AND failed = 3 AND unchecked = 1 "
		       "AND json_extract(report, '$.items[0].name') = 'i0'"),
		1);
	assert_int_equal(ask(s, "SELECT count(*) FROM runs WHERE number = 8 AND verdict = 'passed' "
				"AND \"foreign\" = 0"),
		1);
	assert_int_equal(
		ask(s, "SELECT count(*) FROM runs WHERE number = 9 AND verdict = 'lost' AND "
		       "report IS NULL AND passed + alarms + failed + unchecked = 0"),
		1);
	store_close(s);
}

static void test_keep_runs(void **state)
{
	struct job_record r = a_job();
	struct store *s = open_good();

	(void)state;
	store_keep_runs(s, 5);
	for (uint64_t i = 1; i <= 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "item%u", (unsigned)i);
		report_unref(r.report);
		r.report = a_report(name, ITEM_FAILED);
		save_job(s, &r);
		save_run(s, i, WALL, r.report);
		commit(s);
		assert_int_equal(ask(s, "SELECT count(*) FROM run_record WHERE report IS NOT NULL"),
			MIN(i, (uint64_t)5));
		assert_int_equal(ask(s, "SELECT count(*) FROM report"), MIN(i, (uint64_t)5));
	}
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record"), 40);
	assert_int_equal(ask(s, "SELECT count(*) FROM runs WHERE number > 35 AND "
				"json_extract(report, '$.items[1].name') = 'item' || number"),
		5);
	store_keep_runs(s, 1);
	save_run(s, 41, WALL, r.report);
	commit(s);
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record WHERE report IS NOT NULL"), 1);
	assert_int_equal(ask(s, "SELECT count(*) FROM report"), 1); /* shared with the job */
	store_keep_runs(s, 0);
	save_run(s, 42, WALL, r.report);
	commit(s);
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record WHERE report IS NOT NULL"), 0);
	assert_int_equal(ask(s, "SELECT count(*) FROM report"), 1); /* the job's own stays */
	store_close(s);
	report_unref(r.report);
}

/* --- what is old --- */

static bool is_shop(void *arg, const char *drs, const char *task)
{
	++*(unsigned *)arg;
	return strcmp(drs, DRS) == 0 && strcmp(task, TASK) == 0;
}

static int prune_all(struct store *s, int64_t wall, int64_t keep_for, unsigned limit)
{
	unsigned asked = 0;
	char why[STORE_WHY];
	int n, total = 0;

	do {
		n = store_prune(s, wall, keep_for, is_shop, &asked, limit, why);
		assert_in_range(n, 0, limit);
		total += n;
	} while (n == (int)limit);
	return total;
}

static void test_prune(void **state)
{
	struct job_record r = a_job(), gone = a_job();
	struct cloud_record cloud = {.iam = (char *)"i",
		.drs = (char *)"https://other.example",
		.user = (char *)"u",
		.domain = (char *)"d",
		.project = (char *)"p"};
	struct store *s = open_good();
	int64_t later = WALL + DAYS(30);

	(void)state;
	gone.drs = cloud.drs;
	gone.report = a_report("gone", ITEM_FAILED);
	gone.told_report = a_report("told", ITEM_FAILED);
	save_job(s, &gone);
	assert_int_equal(store_save_cloud(s, &cloud), 0);
	save_job(s, &r);
	for (uint64_t i = 1; i <= 60; i++) {
		struct report *report = a_report("a", i % 2 ? ITEM_FAILED : ITEM_ALARM);

		save_run(s, i, WALL + DAYS((int64_t)i), report);
		report_unref(report);
		save_news(s, i, WALL + DAYS((int64_t)i));
		if (i != 7)
			store_told(s, i);
	}
	commit(s);
	/* nothing is that old */
	assert_int_equal(prune_all(s, later, DAYS(400), 10), 0);
	/* 29 runs, 28 news (one was never told), a job that nobody configured, and its cloud */
	assert_int_equal(prune_all(s, later, DAYS(0), 10), 29 + 28 + 1 + 1);
	assert_int_equal(ask(s, "SELECT min(number) FROM run_record"), 30);
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record"), 31);
	assert_int_equal(ask(s, "SELECT min(id) FROM news_record"), 7);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record"), 32);
	assert_int_equal(ask(s, "SELECT count(*) FROM job_record"), 1);
	assert_int_equal(ask(s, "SELECT count(*) FROM job_record WHERE task = '" TASK "'"), 1);
	assert_int_equal(ask(s, "SELECT count(*) FROM cloud_record"), 0);
	assert_int_equal(ask(s, "SELECT count(*) FROM report"), 20); /* of keep_runs */
	/* it comes back as a new one */
	save_job(s, &gone);
	commit(s);
	assert_int_equal(ask(s, "SELECT count(*) FROM job_record"), 2);
	assert_int_equal(ask(s, "SELECT count(*) FROM report"), 22);
	store_close(s);
	report_unref(gone.report);
	report_unref(gone.told_report);
}

/* A job out of the configuration keeps its record as long as there is history of it. */
static void test_prune_job_with_history(void **state)
{
	struct job_record r = a_job();
	struct store *s = open_good();

	(void)state;
	r.task[0] = 'x';
	save_job(s, &r);
	commit(s);
	struct run_record run = {
		.drs = DRS, .task = r.task, .number = 1, .ended = WALL + DAYS(9), .lost = true};
	assert_int_equal(store_save_run(s, &run, VERDICT_UNKNOWN), 0);
	commit(s);
	assert_int_equal(prune_all(s, WALL + DAYS(15), DAYS(7), 10), 0);
	assert_int_equal(prune_all(s, WALL + DAYS(17), DAYS(7), 10), 2);
	assert_int_equal(ask(s, "SELECT count(*) FROM job_record"), 0);
	store_close(s);
}

/* One that ended long ago, or whose cloud is down, is not saved for weeks: it is configured all the same. */
static void test_prune_quiet_job(void **state)
{
	struct job_record r = a_job();
	struct store *s = open_good();
	char why[STORE_WHY];

	(void)state;
	save_job(s, &r);
	commit(s);
	assert_int_equal(prune_all(s, WALL + DAYS(999), DAYS(7), 10), 0);
	assert_int_equal(store_prune(s, WALL + DAYS(999), DAYS(7), NULL, NULL, 10, why), 1);
	store_close(s);
}

static void test_bounds(void **state)
{
	struct job_record r = a_job();
	struct store *s = open_good();

	(void)state;
	s->runs_max = 10;
	s->news_max = 20;
	save_job(s, &r);
	for (uint64_t i = 1; i <= 100; i++) {
		save_run(s, i, WALL, NULL);
		save_news(s, i, WALL);
		store_told(s, i);
	}
	commit(s);
	assert_int_equal(prune_all(s, WALL, DAYS(400), 7), 90 + 80);
	assert_int_equal(ask(s, "SELECT min(number) FROM run_record"), 91);
	assert_int_equal(ask(s, "SELECT min(id) FROM news_record"), 81);
	store_close(s);
}

/* --- the write-ahead log --- */

static void test_checkpoint(void **state)
{
	struct job_record r = a_job();
	struct store *s = open_good();
	struct stat before, after;

	(void)state;
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(stat(file, &before), 0);
	for (int i = 0; i < 3000; i++) { /* SQLite would do it by itself at 1000 pages */
		r.due = i;
		save_job(s, &r);
		commit(s);
	}
	assert_int_equal(stat(file, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_in_range(store_log_pages(s), 3000, 30000);
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(store_log_pages(s), 0);
	save_job(s, &r);
	commit(s);
	assert_in_range(store_log_pages(s), 1, 20); /* the log began anew */
	store_close(s);
	assert_int_equal(count_files(""), 1); /* all is in the database */
}

static void test_views(void **state)
{
	static const char *const views[] = {"jobs", "clouds", "runs", "news"};
	struct job_record r = a_job();
	struct store *s = open_good();

	(void)state;
	r.told = VERDICT_FAILED;
	r.told_since = WALL;
	save_job(s, &r);
	save_news(s, 1, WALL);
	commit(s);
	for (size_t i = 0; i < ELEMENTSOF(views); i++) {
		char sql[64];

		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", views[i]);
		assert_int_equal(ask(s, sql), i == 0 || i == 3);
	}
	assert_int_equal(
		ask(s, "SELECT count(*) FROM jobs WHERE job = 'shop' AND cloud = 'otc' AND "
		       "verdict = 'failed' AND since = '2026-11-18T11:06:40Z' AND refusal IS NULL "
		       "AND confirmed IS NULL AND due IS NULL AND run IS NULL"),
		1);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_job_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cloud_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report_changed_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report_written_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_rise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_untold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_news_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prune, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prune_job_with_history, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prune_quiet_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checkpoint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_views, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
