/* store_write.c - the one transaction that writes what was saved, and the words for its failure. */
#include "store_inner.h"

#include "report_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- errors --- */

bool store_damage(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* no such table: what quick_check did not see */
		return rc > 0;
	default:
		return rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS;
	}
}

/* What the system said to the last call that failed on the log (or journal) or the database; 0 not known.
 * sqlite3_system_errno() alone is not enough: it knows nothing of a COMMIT's writes. */
static int system_errno(sqlite3 *db)
{
	sqlite3_file *log = NULL;
	int error = 0;

	if (!db)
		return 0;
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
		log && log->pMethods &&
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK &&
		error > 0)
		return error;
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK &&
		error > 0)
		return error;
	return sqlite3_system_errno(db);
}

int store_errno(sqlite3 *db, int rc)
{
	int system;

	if (rc <= 0)
		return rc;
	if (store_damage(rc))
		return -EUCLEAN;
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return rc == SQLITE_READONLY_DIRECTORY ? -EACCES : -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		system = system_errno(db);
		return system > 0 ? -system : -EIO;
	default:
		return -EIO;
	}
}

static const char *remedy(int r)
{
	switch (-r) {
	case ENOSPC:
	case EDQUOT:
		return "free some space on its file system";
	case EROFS:
		return "mount its file system writable, or set another state_dir";
	case EACCES:
	case EPERM:
		return "make it and its directory writable for the user that precheckd runs as";
	case EBUSY:
		return "end the program that has it locked (fuser names it)";
	case EFBIG:
		return "raise the limit of the size of files (LimitFSIZE=)";
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files (LimitNOFILE=)";
	case EUCLEAN:
		return "restart precheckd, which sets a damaged file aside and starts afresh";
	case ENOMEM:
		return "give precheckd more memory (MemoryMax=)";
	case EISDIR:
	case ELOOP:
	case ENOTDIR:
		return "move it away, or set another state_dir";
	default:
		return "look for trouble of the disk in the kernel's log, or set another state_dir";
	}
}

int store_say(const char *path, const char *doing, int r, char why[STORE_WHY])
{
	snprintf(why, STORE_WHY, "%s %.180s: %s; %s", doing, path,
		r == -EUCLEAN ? "it is damaged" : strerror(-r), remedy(r));
	return r;
}

/* --- writing --- */

int store_run(struct store *s, enum statement which)
{
	sqlite3_stmt *st = s->statements[which];
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void bind_id(sqlite3_stmt *st, int at, int64_t id)
{
	if (id)
		sqlite3_bind_int64(st, at, id);
	else
		sqlite3_bind_null(st, at);
}

static int find_job(struct store *s, struct known_job *k)
{
	sqlite3_stmt *st = s->statements[JOB_FIND];
	int rc;

	k->id = 0;
	k->report = k->told = (struct known_report){0};
	sqlite3_bind_text(st, 1, k->rec.drs, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, k->rec.task, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *cloud = row_text(st, 3);

		k->id = sqlite3_column_int64(st, 0);
		k->report.id = sqlite3_column_int64(st, 1);
		k->told.id = sqlite3_column_int64(st, 2);
		rc = !k->cloud && cloud && store_set_string(&k->cloud, cloud) < 0 ? -ENOMEM
										  : SQLITE_DONE;
	}
	sqlite3_reset(st);
	k->found = rc == SQLITE_DONE;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The row of this report: one of the job's, if it is the same as that, or a new one. */
static int put_report(struct store *s, const struct known_job *k, const struct report *r,
	struct known_report *ret)
{
	sqlite3_stmt *st = s->statements[REPORT_PUT];
	char *body = NULL;
	uint64_t hash;
	int rc;

	if (!r) {
		*ret = (struct known_report){0};
		return SQLITE_OK;
	}
	hash = report_hash(r);
	if (k->report.id && k->report.hash == hash) {
		*ret = k->report;
		return SQLITE_OK;
	}
	if (k->told.id && k->told.hash == hash) {
		*ret = k->told;
		return SQLITE_OK;
	}
	if (report_to_json(r, &body, NULL) < 0)
		return SQLITE_NOMEM;
	sqlite3_bind_text(st, 1, body, -1, SQLITE_STATIC);
	rc = store_run(s, REPORT_PUT);
	sqlite3_clear_bindings(st);
	free(body);
	*ret = (struct known_report){.id = sqlite3_last_insert_rowid(s->db), .hash = hash};
	return rc;
}

int store_drop_report(struct store *s, int64_t report, int64_t job)
{
	if (!report)
		return SQLITE_OK;
	sqlite3_bind_int64(s->statements[REPORT_DROP], 1, report);
	sqlite3_bind_int64(s->statements[REPORT_DROP], 2, job);
	return store_run(s, REPORT_DROP);
}

static int write_job(struct store *s, struct known_job *k, int64_t wall)
{
	const struct job_record *r = &k->rec;
	sqlite3_stmt *st = s->statements[JOB_PUT];
	struct known_report report, told, old_report, old_told;
	int rc = k->found ? SQLITE_OK : find_job(s, k);

	if (rc == SQLITE_OK)
		rc = put_report(s, k, r->report, &report);
	if (rc != SQLITE_OK)
		return rc;
	told = report;
	if (r->told_report != r->report)
		rc = put_report(s, k, r->told_report, &told);
	if (rc != SQLITE_OK)
		return rc;
	bind_id(st, 1, k->id);
	sqlite3_bind_int64(st, 2, wall);
	sqlite3_bind_text(st, 3, k->cloud, -1, SQLITE_STATIC);
	bind_id(st, 4, report.id);
	bind_id(st, 5, told.id);
	rc = row_bind(st, 6, job_columns, n_job_columns, r);
	if (rc == SQLITE_OK)
		rc = store_run(s, JOB_PUT);
	if (rc != SQLITE_OK)
		return rc;
	if (k->id == 0)
		k->id = sqlite3_last_insert_rowid(s->db);
	old_report = k->report;
	old_told = k->told;
	k->report = report;
	k->told = told;
	if (old_report.id != report.id && old_report.id != told.id)
		rc = store_drop_report(s, old_report.id, k->id);
	if (rc == SQLITE_OK && old_told.id != report.id && old_told.id != told.id &&
		old_told.id != old_report.id)
		rc = store_drop_report(s, old_told.id, k->id);
	return rc;
}

static int write_cloud(struct store *s, const struct cloud_record *r, int64_t wall)
{
	sqlite3_stmt *st = s->statements[CLOUD_PUT];
	int rc;

	sqlite3_bind_int64(st, 1, wall);
	rc = row_bind(st, 2, cloud_columns, n_cloud_columns, r);
	return rc == SQLITE_OK ? store_run(s, CLOUD_PUT) : rc;
}

/* Only the newest keep_runs of a job keep their report. */
static int trim_runs(struct store *s, int64_t job)
{
	sqlite3_stmt *st = s->statements[RUN_TRIM];
	struct {
		int64_t number, report;
	} rows[8];
	size_t n = 0;
	int rc;

	sqlite3_bind_int64(st, 1, job);
	sqlite3_bind_int64(st, 2, s->keep_runs);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && n < ELEMENTSOF(rows)) {
		rows[n].number = sqlite3_column_int64(st, 0);
		rows[n++].report = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return rc;
	rc = SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		sqlite3_bind_int64(s->statements[RUN_TRIMMED], 1, rows[i].number);
		rc = store_run(s, RUN_TRIMMED);
		if (rc == SQLITE_OK)
			rc = store_drop_report(s, rows[i].report, job);
	}
	return rc;
}

struct counts {
	int passed, alarms, failed, unchecked;
};

static struct counts count_items(const struct report *r)
{
	struct counts c = {0};

	for (size_t i = 0; r && i < r->n; i++) {
		const struct item *item = &r->items[i];

		if (!item->checked || item->result == ITEM_PENDING)
			c.unchecked++;
		else if (item->result == ITEM_PASSED)
			c.passed++;
		else if (item->result == ITEM_FAILED)
			c.failed++;
		else
			c.alarms++;
	}
	return c;
}

static int write_run(struct store *s, const struct pending_run *p)
{
	sqlite3_stmt *st = s->statements[RUN_PUT];
	struct counts c = count_items(p->report);
	struct known_report report;
	int rc = put_report(s, p->job, s->keep_runs > 0 ? p->report : NULL, &report);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(st, 1, (int64_t)p->rec.number);
	sqlite3_bind_int64(st, 2, p->job->id);
	sqlite3_bind_int64(st, 3, p->rec.submitted);
	sqlite3_bind_int64(st, 4, p->rec.ended);
	sqlite3_bind_text(st, 5, verdict_name(p->verdict), -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 6, p->rec.lost);
	sqlite3_bind_int(st, 7, p->rec.foreign);
	sqlite3_bind_int(st, 8, c.passed);
	sqlite3_bind_int(st, 9, c.alarms);
	sqlite3_bind_int(st, 10, c.failed);
	sqlite3_bind_int(st, 11, c.unchecked);
	bind_id(st, 12, report.id);
	rc = store_run(s, RUN_PUT);
	return rc == SQLITE_OK ? trim_runs(s, p->job->id) : rc;
}

static int write_news(struct store *s, const struct pending_news *p)
{
	const char *texts[] = {p->cloud, p->drs, p->job, p->task, p->message, p->fields};
	sqlite3_stmt *st = s->statements[NEWS_PUT];

	sqlite3_bind_int64(st, 1, (int64_t)p->id);
	sqlite3_bind_int64(st, 2, p->wall);
	sqlite3_bind_text(st, 3, p->event->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 4, p->event->message_id, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 5, p->event->priority);
	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		sqlite3_bind_text(st, 6 + (int)i, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 12, p->told);
	return store_run(s, NEWS_PUT);
}

static int write_numbers(struct store *s)
{
	if (s->top_run == s->written_run && s->top_news == s->written_news)
		return SQLITE_OK;
	sqlite3_bind_int64(s->statements[NUMBERS_PUT], 1, (int64_t)s->top_run);
	sqlite3_bind_int64(s->statements[NUMBERS_PUT], 2, (int64_t)s->top_news);
	return store_run(s, NUMBERS_PUT);
}

static int write_all(struct store *s, int64_t wall)
{
	const struct pending_news *news;
	const struct pending_run *run;
	const struct known_cloud *c;
	struct known_job *k;
	int rc = SQLITE_OK;

	TAILQ_FOREACH (k, &s->dirty_jobs, link)
		if (rc == SQLITE_OK)
			rc = write_job(s, k, wall);
	TAILQ_FOREACH (c, &s->dirty_clouds, link)
		if (rc == SQLITE_OK)
			rc = write_cloud(s, &c->rec, wall);
	STAILQ_FOREACH (run, &s->runs, link)
		if (rc == SQLITE_OK)
			rc = write_run(s, run);
	STAILQ_FOREACH (news, &s->news, link)
		if (rc == SQLITE_OK)
			rc = write_news(s, news);
	for (size_t i = 0; rc == SQLITE_OK && i < s->n_told; i++) {
		sqlite3_bind_int64(s->statements[NEWS_TOLD], 1, (int64_t)s->told[i].first);
		sqlite3_bind_int64(s->statements[NEWS_TOLD], 2, (int64_t)s->told[i].last);
		rc = store_run(s, NEWS_TOLD);
	}
	return rc == SQLITE_OK ? write_numbers(s) : rc;
}

static int write_pending(struct store *s, int64_t wall, char why[STORE_WHY])
{
	struct known_job *k;
	int rc = store_run(s, BEGIN);

	if (rc == SQLITE_OK)
		rc = write_all(s, wall);
	if (rc == SQLITE_OK)
		rc = store_run(s, COMMIT);
	if (rc == SQLITE_OK) {
		s->written_run = s->top_run;
		s->written_news = s->top_news;
		s->behind = false;
		store_forget_pending(s);
		return 0;
	}
	rc = store_errno(s->db, rc);
	/* some failures have rolled back by themselves */
	if (!sqlite3_get_autocommit(s->db))
		store_run(s, ROLLBACK);
	/* what was noted of the rows on the way is not so */
	TAILQ_FOREACH (k, &s->dirty_jobs, link)
		k->found = false;
	s->behind = true;
	return store_say(s->path, "can't write", rc, why);
}

int store_commit(struct store *s, int64_t wall, char why[STORE_WHY])
{
	*why = '\0';
	if (s->behind)
		return -EAGAIN;
	if (TAILQ_EMPTY(&s->dirty_jobs) && TAILQ_EMPTY(&s->dirty_clouds) &&
		STAILQ_EMPTY(&s->runs) && STAILQ_EMPTY(&s->news) && s->n_told == 0)
		return 0;
	return write_pending(s, wall, why);
}

int store_retry(struct store *s, int64_t wall, char why[STORE_WHY])
{
	*why = '\0';
	return s->behind ? write_pending(s, wall, why) : 0;
}
