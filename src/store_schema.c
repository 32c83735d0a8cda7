/* store_schema.c - the tables, how they came to be what they are, and the statements on them.
 *
 * Times are milliseconds since 1970 UTC, 0 "never". For people there are the views `jobs`, `clouds`, `runs` and
 * `news`, with times as text in UTC:
 *
 *   sqlite3 -readonly precheckd.db "SELECT at, job, message FROM news ORDER BY id DESC LIMIT 20"
 *
 * A released step is never changed: files made by it lie on disks. A change is a new step, and STORE_SCHEMA + 1. */
#include "store_inner.h"

#include <stdio.h>
#include <string.h>

const struct migration store_migrations[STORE_SCHEMA] = {
	{
		/* 1. A report is a row of its own, so that it is written when it changes and not whenever its
		 * job does: a job's last one, the one last told and its newest run's are often the same. */
		"CREATE TABLE report(id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;"
		"CREATE TABLE job_record("
		" id INTEGER PRIMARY KEY,"
		" saved INTEGER NOT NULL,"
		" cloud TEXT," /* its name; NULL: no news yet */
		" report INTEGER, told_report INTEGER,"
		" drs TEXT NOT NULL, task TEXT NOT NULL, name TEXT NOT NULL,"
		" status TEXT NOT NULL, status_since INTEGER NOT NULL,"
		" seen INTEGER NOT NULL, gone INTEGER NOT NULL,"
		" refusal TEXT NOT NULL, refusal_code TEXT NOT NULL, refusal_text TEXT NOT NULL,"
		" refusal_since INTEGER NOT NULL,"
		" report_run INTEGER NOT NULL, reported INTEGER NOT NULL, confirmed INTEGER NOT "
		"NULL,"
		" run TEXT NOT NULL, run_number INTEGER NOT NULL, run_submitted INTEGER NOT NULL,"
		" run_fresh INTEGER NOT NULL, run_overdue INTEGER NOT NULL,"
		" run_have_baseline INTEGER NOT NULL, run_baseline INTEGER NOT NULL,"
		" due INTEGER NOT NULL,"
		" told TEXT NOT NULL, told_since INTEGER NOT NULL, told_status TEXT NOT NULL,"
		" told_code TEXT NOT NULL, told_stale INTEGER NOT NULL,"
		" last_news INTEGER NOT NULL,"
		" UNIQUE(drs, task)) STRICT;"
		"CREATE TABLE cloud_record("
		" saved INTEGER NOT NULL,"
		" iam TEXT NOT NULL, drs TEXT NOT NULL, user TEXT NOT NULL, domain TEXT NOT NULL,"
		" project TEXT NOT NULL,"
		" trouble TEXT NOT NULL, trouble_since INTEGER NOT NULL, trouble_call TEXT NOT "
		"NULL,"
		" throttled_since INTEGER NOT NULL, refused_mark TEXT NOT NULL,"
		" trouble_code TEXT NOT NULL, trouble_text TEXT NOT NULL,"
		" PRIMARY KEY(iam, drs, user, domain, project)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE run_record("
		" number INTEGER PRIMARY KEY,"
		" job INTEGER NOT NULL,"
		" submitted INTEGER NOT NULL, ended INTEGER NOT NULL,"
		" verdict TEXT NOT NULL," /* unknown if lost */
		" lost INTEGER NOT NULL, foreign_run INTEGER NOT NULL,"
		" passed INTEGER NOT NULL, alarms INTEGER NOT NULL, failed INTEGER NOT NULL,"
		" unchecked INTEGER NOT NULL,"
		" report INTEGER) STRICT;" /* NULL: lost, or not among the newest of its job */
		"CREATE INDEX run_by_job ON run_record(job, number);"
		"CREATE INDEX run_by_end ON run_record(ended);"
		"CREATE INDEX run_by_report ON run_record(report) WHERE report IS NOT NULL;"
		"CREATE INDEX run_with_report ON run_record(job, number) WHERE report IS NOT NULL;"
		"CREATE TABLE news_record("
		" id INTEGER PRIMARY KEY,"
		" wall INTEGER NOT NULL,"
		" event TEXT NOT NULL, message_id TEXT NOT NULL, priority INTEGER NOT NULL,"
		" cloud TEXT NOT NULL, drs TEXT NOT NULL, job TEXT NOT NULL, task TEXT NOT NULL,"
		" message TEXT NOT NULL,"
		" fields TEXT NOT NULL," /* JSON: [\"NAME=value\", ..] as in the journal */
		" told INTEGER NOT NULL) STRICT;"
		"CREATE INDEX news_by_time ON news_record(wall);"
		"CREATE INDEX news_untold ON news_record(id) WHERE told = 0;"
		/* The highest numbers given, for when the rows that had them are gone. */
		"CREATE TABLE numbers(id INTEGER PRIMARY KEY CHECK (id = 1),"
		" run INTEGER NOT NULL, news INTEGER NOT NULL) STRICT;"
		"INSERT INTO numbers VALUES(1, 0, 0);",
	},
	{
		/* 2. What judgement needs to remember: reminders, flapping, usual run times, age; pace and holds
		 * of a cloud, so that a restart is no reason to hurry. */
		"ALTER TABLE job_record ADD COLUMN run_slow INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN reminded INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN history INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN flapping INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN typical INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN measured INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN slowed INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN created INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE job_record ADD COLUMN aging_told INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE cloud_record ADD COLUMN pace INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE cloud_record ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE cloud_record ADD COLUMN login_hold INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE cloud_record ADD COLUMN summarised INTEGER NOT NULL DEFAULT 0;",
	},
};

#define UTC(column) "strftime('%Y-%m-%dT%H:%M:%SZ', nullif(" column ", 0) / 1000, 'unixepoch')"

/* clang-format off */
static const char views[] =
	"DROP VIEW IF EXISTS jobs;"
	"CREATE VIEW jobs AS SELECT name AS job, cloud, task, drs, status, told AS verdict, "
	UTC("told_since") " AS since, told_stale AS stale, " UTC("confirmed") " AS confirmed, "
	"nullif(refusal, 'ok') AS refusal, refusal_code AS code, refusal_text AS text, "
	"nullif(run, 'none') AS run, " UTC("run_submitted") " AS submitted, " UTC("due") " AS due, "
	"gone, body AS report FROM job_record LEFT JOIN report ON report.id = "
	"job_record.report;"
	"DROP VIEW IF EXISTS clouds;"
	"CREATE VIEW clouds AS SELECT iam, drs, user, domain, project, nullif(trouble, "
	"'none') AS trouble, " UTC("trouble_since") " AS since, trouble_code AS code, "
	"trouble_text AS text, " UTC("throttled_since") " AS throttled, refused_mark AS refused "
	"FROM cloud_record;"
	"DROP VIEW IF EXISTS runs;"
	"CREATE VIEW runs AS SELECT number, name AS job, cloud, task, drs, " UTC("submitted") " "
	"AS submitted, " UTC("ended") " AS ended, (ended - submitted) / 1000 AS seconds, "
	"iif(lost, 'lost', verdict) AS verdict, foreign_run AS \"foreign\", passed, alarms, "
	"failed, unchecked, body AS report FROM run_record JOIN job_record ON job_record.id = "
	"run_record.job LEFT JOIN report ON report.id = run_record.report;"
	"DROP VIEW IF EXISTS news;"
	"CREATE VIEW news AS SELECT id, " UTC("wall") " AS at, event, cloud, job, task, message, "
	"priority, told, fields FROM news_record;";
/* clang-format on */

int64_t schema_pragma(sqlite3 *db, const char *sql, int *ret_rc)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	int64_t value = -1;

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW) {
			value = sqlite3_column_int64(st, 0);
			rc = SQLITE_OK;
		}
	}
	sqlite3_finalize(st);
	*ret_rc = rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
	return value;
}

static int migrate_once(sqlite3 *db, const char *sql, int to)
{
	char version[64];
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	snprintf(version, sizeof(version), "PRAGMA user_version = %d", to);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, version, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int schema_migrate(sqlite3 *db, const struct migration *table, int from, int to)
{
	int rc = SQLITE_OK;

	for (int v = from; rc == SQLITE_OK && v < to; v++)
		rc = migrate_once(db, table[v].sql, v + 1);
	return rc;
}

int schema_views(sqlite3 *db)
{
	return sqlite3_exec(db, views, NULL, NULL, NULL);
}

/* --- statements --- */

/* %1: the columns of store_row.c by name, %2: a question mark for each. */
static const char *const texts[_STATEMENT_MAX] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[JOB_FIND] = "SELECT id, report, told_report, cloud FROM job_record"
		     " WHERE drs = ? AND task = ?",
	[JOB_PUT] = "INSERT OR REPLACE INTO job_record(id, saved, cloud, report, told_report%1)"
		    " VALUES(?, ?, ?, ?, ?%2)",
	[JOB_ALL] = "SELECT id, cloud, report, told_report%1 FROM job_record ORDER BY id",
	[JOB_OLD] = "SELECT id, report, told_report, drs, task FROM job_record j WHERE saved < ?"
		    " AND NOT EXISTS (SELECT 1 FROM run_record WHERE job = j.id)",
	[JOB_DELETE] = "DELETE FROM job_record WHERE id = ?",
	[CLOUD_PUT] = "INSERT OR REPLACE INTO cloud_record(saved%1) VALUES(?%2)",
	[CLOUD_ALL] = "SELECT 0%1 FROM cloud_record",
	[CLOUD_OLD_DELETE] = "DELETE FROM cloud_record WHERE saved < ?"
			     " AND drs NOT IN (SELECT drs FROM job_record)",
	[REPORT_PUT] = "INSERT INTO report(body) VALUES(?)",
	[REPORT_GET] = "SELECT body FROM report WHERE id = ?",
	[REPORT_DROP] = "DELETE FROM report WHERE id = ?1"
			" AND NOT EXISTS (SELECT 1 FROM run_record WHERE report = ?1)"
			" AND NOT EXISTS (SELECT 1 FROM job_record WHERE id = ?2"
			" AND (report = ?1 OR told_report = ?1))",
	[RUN_PUT] =
		"INSERT OR REPLACE INTO run_record(number, job, submitted, ended, verdict, lost,"
		" foreign_run, passed, alarms, failed, unchecked, report)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	/* a few more than one at a time, so that a smaller keep_runs is reached in some runs */
	[RUN_TRIM] = "SELECT number, report FROM run_record WHERE job = ? AND report IS NOT NULL"
		     " ORDER BY number DESC LIMIT 8 OFFSET ?",
	[RUN_TRIMMED] = "UPDATE run_record SET report = NULL WHERE number = ?",
	[RUN_OLD] = "SELECT number, job, report FROM (SELECT * FROM run_record WHERE ended < ?1"
		    " UNION ALL SELECT * FROM run_record"
		    " WHERE number <= (SELECT max(number) FROM run_record) - ?2) LIMIT ?3",
	[RUN_DELETE] = "DELETE FROM run_record WHERE number = ?",
	[NEWS_PUT] = "INSERT OR REPLACE INTO news_record(id, wall, event, message_id, priority,"
		     " cloud, drs, job, task, message, fields, told)"
		     " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[NEWS_TOLD] = "UPDATE news_record SET told = 1 WHERE told = 0 AND id BETWEEN ? AND ?",
	[NEWS_UNTOLD] = "SELECT id, wall, priority, event, message, cloud, job, task, fields"
			" FROM news_record WHERE told = 0 AND id > ? ORDER BY id LIMIT 1",
	[NEWS_OLD_DELETE] = "DELETE FROM news_record WHERE id IN (SELECT id FROM"
			    " (SELECT id FROM news_record WHERE told = 1 AND wall < ?1"
			    " UNION ALL SELECT id FROM news_record WHERE told = 1"
			    " AND id <= (SELECT max(id) FROM news_record) - ?2) LIMIT ?3)",
	[NUMBERS_GET] = "SELECT max(run, (SELECT ifnull(max(number), 0) FROM run_record),"
			" (SELECT ifnull(max(max(run_number, report_run)), 0) FROM job_record)),"
			" max(news, (SELECT ifnull(max(id), 0) FROM news_record),"
			" (SELECT ifnull(max(last_news), 0) FROM job_record)) FROM numbers",
	[NUMBERS_PUT] = "UPDATE numbers SET run = ?, news = ?",
};

static char *expand(enum statement which)
{
	bool job = which == JOB_PUT || which == JOB_ALL;
	const struct column *columns = job ? job_columns : cloud_columns;
	size_t n = job ? n_job_columns : n_cloud_columns;
	const char *sql = texts[which];
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (const char *p = sql; *p; p++) {
		if (*p != '%') {
			fputc(*p, f);
			continue;
		}
		p++;
		for (size_t i = 0; i < n; i++)
			fprintf(f, ", %s", *p == '1' ? columns[i].name : "?");
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int schema_prepare(struct store *s)
{
	for (int i = 0; i < _STATEMENT_MAX; i++) {
		_cleanup_free_ char *sql = expand((enum statement)i);
		int rc;

		if (!sql)
			return SQLITE_NOMEM;
		rc = sqlite3_prepare_v3(
			s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}
