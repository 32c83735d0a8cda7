/* store_prune.c - what may go, in small slices; and the write-ahead log into the database file. */
#include "store_inner.h"

#include <errno.h>
#include <string.h>

struct slice {
	struct store *s;
	int64_t before; /* wall: older goes */
	unsigned limit, done;
};

static unsigned left(const struct slice *p)
{
	return p->limit - p->done;
}

static int prune_runs(struct slice *p)
{
	struct store *s = p->s;
	sqlite3_stmt *st = s->statements[RUN_OLD];
	int rc;

	sqlite3_bind_int64(st, 1, p->before);
	sqlite3_bind_int64(st, 2, (int64_t)s->runs_max);
	sqlite3_bind_int64(st, 3, left(p));
	/* a row deleted behind the cursor does it no harm; one that comes twice is gone the second time */
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		sqlite3_bind_int64(s->statements[RUN_DELETE], 1, sqlite3_column_int64(st, 0));
		rc = store_run(s, RUN_DELETE);
		if (rc == SQLITE_OK) {
			p->done += (unsigned)sqlite3_changes(s->db);
			rc = store_drop_report(
				s, sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 1));
		}
		if (rc != SQLITE_OK)
			break;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int prune_news(struct slice *p)
{
	struct store *s = p->s;
	sqlite3_stmt *st = s->statements[NEWS_OLD_DELETE];
	int rc;

	sqlite3_bind_int64(st, 1, p->before);
	sqlite3_bind_int64(st, 2, (int64_t)s->news_max);
	sqlite3_bind_int64(st, 3, left(p));
	rc = store_run(s, NEWS_OLD_DELETE);
	if (rc == SQLITE_OK)
		p->done += (unsigned)sqlite3_changes(s->db);
	return rc;
}

static int delete_job(struct slice *p, sqlite3_stmt *st)
{
	struct store *s = p->s;
	int64_t id = sqlite3_column_int64(st, 0), report = sqlite3_column_int64(st, 1),
		told = sqlite3_column_int64(st, 2);
	int rc;

	sqlite3_bind_int64(s->statements[JOB_DELETE], 1, id);
	rc = store_run(s, JOB_DELETE);
	if (rc == SQLITE_OK)
		rc = store_drop_report(s, report, id);
	if (rc == SQLITE_OK && told != report)
		rc = store_drop_report(s, told, id);
	p->done++;
	return rc;
}

static int prune_jobs(struct slice *p,
	bool (*configured)(void *arg, const char *drs, const char *task), void *arg)
{
	struct store *s = p->s;
	sqlite3_stmt *st = s->statements[JOB_OLD];
	int rc = SQLITE_OK;

	sqlite3_bind_int64(st, 1, p->before);
	while (left(p) > 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *drs = row_text(st, 3), *task = row_text(st, 4);

		/* a key that makes no sense is nobody's */
		if (drs && task && configured && configured(arg, drs, task))
			continue;
		if (drs && task)
			store_forget(s, drs, task);
		rc = delete_job(p, st);
		if (rc != SQLITE_OK)
			break;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int prune_clouds(struct slice *p)
{
	struct store *s = p->s;
	int rc;

	sqlite3_bind_int64(s->statements[CLOUD_OLD_DELETE], 1, p->before);
	rc = store_run(s, CLOUD_OLD_DELETE);
	if (rc == SQLITE_OK)
		p->done += (unsigned)sqlite3_changes(s->db);
	return rc;
}

int store_prune(struct store *s, int64_t wall, int64_t keep_for,
	bool (*configured)(void *arg, const char *drs, const char *task), void *arg, unsigned limit,
	char why[STORE_WHY])
{
	struct slice p = {.s = s, .before = wall - keep_for, .limit = limit};
	int rc;

	*why = '\0';
	if (s->behind)
		return -EAGAIN;
	rc = store_run(s, BEGIN);
	if (rc == SQLITE_OK)
		rc = prune_runs(&p);
	if (rc == SQLITE_OK && left(&p) > 0)
		rc = prune_news(&p);
	if (rc == SQLITE_OK && left(&p) > 0)
		rc = prune_jobs(&p, configured, arg);
	/* a handful at the most: they need no limit, but all their jobs' records gone */
	if (rc == SQLITE_OK && left(&p) > 0)
		rc = prune_clouds(&p);
	if (rc == SQLITE_OK)
		rc = store_run(s, COMMIT);
	if (rc == SQLITE_OK)
		return (int)MIN(p.done, limit);
	rc = store_errno(s->db, rc);
	if (!sqlite3_get_autocommit(s->db))
		store_run(s, ROLLBACK);
	return store_say(s->path, "can't clean up", rc, why);
}

unsigned store_log_pages(const struct store *s)
{
	return s->log_pages;
}

int store_checkpoint(struct store *s)
{
	int in_log = 0, moved = 0, rc;

	if (s->log_pages == 0)
		return 0;
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
	if (rc != SQLITE_OK)
		return store_errno(s->db, rc);
	s->log_pages = (unsigned)(in_log - moved);
	if (in_log != moved || s->behind)
		return 0;
	/* The next commit begins the log anew and syncs its head: a commit of no weight here spares an event's
	 * work that wait. */
	sqlite3_bind_int64(s->statements[NUMBERS_PUT], 1, (int64_t)s->written_run);
	sqlite3_bind_int64(s->statements[NUMBERS_PUT], 2, (int64_t)s->written_news);
	rc = store_run(s, NUMBERS_PUT);
	s->log_pages = 0; /* it is the checkpoint's own: no reason for the next */
	return rc == SQLITE_OK ? 0 : store_errno(s->db, rc);
}
