/* store_inner.h - the inside of the store, for store*.c and its tests only. */
#pragma once

#include "macro.h"
#include "store.h"

#include <sqlite3.h>
#include <sys/queue.h>
#include <uthash.h>

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	JOB_FIND,
	JOB_PUT,
	JOB_ALL,
	JOB_OLD,
	JOB_DELETE,
	CLOUD_PUT,
	CLOUD_ALL,
	CLOUD_OLD_DELETE,
	REPORT_PUT,
	REPORT_GET,
	REPORT_DROP,
	RUN_PUT,
	RUN_TRIM,
	RUN_TRIMMED,
	RUN_OLD,
	RUN_DELETE,
	NEWS_PUT,
	NEWS_TOLD,
	NEWS_UNTOLD,
	NEWS_OLD_DELETE,
	NUMBERS_GET,
	NUMBERS_PUT,
	_STATEMENT_MAX
};

/* A report row and what is in it. */
struct known_report {
	int64_t id;    /* 0 none */
	uint64_t hash; /* 0: not known */
};

struct known_job {
	bool found; /* what follows is as in the database */
	int64_t id; /* 0: it has no row yet */
	struct known_report report, told;
	char *cloud; /* name of its cloud; NULL not known */
	bool dirty;  /* rec: to be written */
	struct job_record rec;
	TAILQ_ENTRY(known_job) link;
	UT_hash_handle hh;
	char key[]; /* drs, newline, task */
};

struct known_cloud {
	struct cloud_record rec;
	TAILQ_ENTRY(known_cloud) link;
};

struct pending_run {
	struct run_record rec; /* of its strings only the job's are used */
	struct known_job *job;
	enum verdict verdict;
	struct report *report;
	STAILQ_ENTRY(pending_run) link;
};

struct pending_news {
	uint64_t id;
	int64_t wall;
	const struct event_row *event;
	bool told;
	char *cloud, *drs, *job, *task, *message, *fields;
	STAILQ_ENTRY(pending_news) link;
};

/* From the first to the last: what is told together, or one after the other, is one mark. */
struct told_ids {
	uint64_t first, last;
};

struct store {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[_STATEMENT_MAX];
	struct known_job *jobs;
	TAILQ_HEAD(known_jobs, known_job) dirty_jobs;
	TAILQ_HEAD(known_clouds, known_cloud) dirty_clouds;
	STAILQ_HEAD(pending_runs, pending_run) runs;
	STAILQ_HEAD(pending_news_list, pending_news) news;
	size_t n_runs, n_news;
	struct told_ids told[STORE_PENDING]; /* on the disk by now, and still to be marked there */
	size_t n_told;
	uint64_t top_run, top_news;         /* the highest seen */
	uint64_t written_run, written_news; /* and as it is on the disk */
	uint64_t dropped, lost;
	uint64_t runs_max, news_max;
	unsigned keep_runs;
	bool behind;
	unsigned log_pages;
};

/* --- store_row.c: records as rows --- */

enum column_type {
	COLUMN_STRING, /* char * */
	COLUMN_CHARS,  /* char [] */
	COLUMN_INT64,
	COLUMN_UINT64,
	COLUMN_BOOL,
	COLUMN_UNSIGNED,
	COLUMN_OUTCOME,
	COLUMN_VERDICT,
	COLUMN_RUN_STATE,
	COLUMN_CALL_KIND,
	COLUMN_TROUBLE,
	_COLUMN_TYPE_MAX
};
struct column {
	const char *name;
	enum column_type type;
	size_t offset, size;
};
extern const struct column job_columns[], cloud_columns[];
extern const size_t n_job_columns, n_cloud_columns;

/* One column each from parameter or result column `first` on. 0 or an SQLite code; row_read(): -EBADMSG if a
 * value makes no sense, -ENOMEM; the record then holds what was read so far. */
int row_bind(
	sqlite3_stmt *st, int first, const struct column *columns, size_t n, const void *record);
int row_read(sqlite3_stmt *st, int first, const struct column *columns, size_t n, void *record);
/* The text of a result column; NULL unless it is text without NULs. */
const char *row_text(sqlite3_stmt *st, int column);
/* Of everything in it. Never 0. */
uint64_t report_hash(const struct report *r);

/* --- store_schema.c: tables and their versions --- */

struct migration {
	const char *sql; /* from the version before to this one */
};
extern const struct migration store_migrations[STORE_SCHEMA];

#define STORE_APPLICATION 0x50524543 /* "PREC" */

/* Brings the schema from `from` to `to` (the number of steps in the table), each step in one transaction. 0 or an
 * SQLite code. */
int schema_migrate(sqlite3 *db, const struct migration *table, int from, int to);
/* (Re)makes the views: they hold nothing, so that no version is needed for them. 0 or an SQLite code. */
int schema_views(sqlite3 *db);
int schema_prepare(struct store *s);
/* A pragma's number; -1 on failure. */
int64_t schema_pragma(sqlite3 *db, const char *sql, int *ret_rc);

/* --- store_load.c --- */
int load_memory(struct store *s, struct store_memory *ret); /* 0, an SQLite code, or -ENOMEM */

/* --- store.c --- */
struct known_job *store_known(
	struct store *s, const char *drs, const char *task);           /* NULL: no memory */
void store_forget(struct store *s, const char *drs, const char *task); /* its row is gone */
void store_forget_pending(struct store *s);        /* what was written needs no place in memory */
int store_set_string(char **dst, const char *src); /* -ENOMEM */

/* --- store_write.c --- */
int store_errno(sqlite3 *db, int rc); /* negative; rc may be negative already */
bool store_damage(int rc);            /* the code speaks of the file's content */
/* Says what could not be done ("can't write"), why, and the remedy. Returns r. */
int store_say(const char *path, const char *doing, int r, char why[STORE_WHY]);
/* Steps a statement that gives no row, and resets it. 0 or an SQLite code. */
int store_run(struct store *s, enum statement which);
/* Deletes the report unless a run or this job uses it. 0 or an SQLite code. */
int store_drop_report(struct store *s, int64_t report, int64_t job);
