/* store.h - what outlives the process: records, news and history in $state_dir/precheckd.db; SQLite is behind
 * it.
 *
 * How it is used, with every event of the daemon:
 *
 *   store_save_*() for each effect    takes copies, touches no disk
 *   store_commit()                    all of it in one transaction
 *   store_untold()                    hands out what is to be told, from earlier, too; store_told() each that was
 *   store_commit()                    only if something was told
 *   make the calls
 *
 * When a commit fails (disk full, read-only, locked) nothing is forgotten: what was not written stays in memory,
 * newer records replace older ones of the same key, and store_behind() is true. The daemon says `why` once, goes
 * on saving, committing (which then costs nothing) and telling, and calls store_retry() every half minute or so;
 * with its first success everything is on the disk and store_behind() is false. A process that ends while behind
 * leaves the old state whole: what was told meanwhile is told again, none is hidden. */
#pragma once

#include "job.h"
#include "macro.h"
#include "news.h"
#include "watch.h"

#define STORE_FILE   "precheckd.db"
#define STORE_SCHEMA 2 /* the version that this program writes */
#define STORE_WHY                                                                                  \
	400 /* bytes of the one sentence that says what is wrong and what to do about it */
#define STORE_RUNS 5000000 /* rows kept at the most, whatever keep_for says */
#define STORE_NEWS 100000
#define STORE_PENDING                                                                              \
	1000 /* runs, news and marks each that are kept in memory while behind; the oldest go, of \
	      * the news those first that were told */

struct store;

/* What earlier processes knew, for watch_restore() and watch_new(). */
struct store_memory {
	struct job_record *jobs;
	size_t n_jobs;
	struct cloud_record *clouds;
	size_t n_clouds;
	uint64_t next_run,
		next_news; /* never given before, also by processes whose rows are pruned by now */
	size_t unreadable; /* records left out because they make no sense; each is replaced when saved again */
};
void store_memory_done(struct store_memory *m); /* frees what it owns, zeroes it */

/* Opens state_dir/precheckd.db, made if it is not there (mode 0600; state_dir must exist, and its lock be held),
 * checks it, brings an older schema up to ours, and loads. `wall` names what is set aside.
 *
 * 0 with *ret_damaged: the file was damaged; it is now precheckd.db.bad-YYYYMMDDTHHMMSSZ, the store is a fresh
 * one, and `why` says so. Else 0 leaves `why` empty. -errno, with `why`, if there can be no store here:
 * -EACCES, -EROFS, -ENOSPC, -EBUSY (another program has it locked), -ENOTSUP (made by a newer precheckd; not a
 * byte of it is changed), -EIO, -ENOMEM ... */
int store_open(const char *state_dir, int64_t wall, struct store **ret,
	struct store_memory *ret_memory, bool *ret_damaged, char why[STORE_WHY]) _must_check_;
/* Checkpoints, closes. What is not committed is lost. May be NULL; returns NULL. */
struct store *store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close)

/* Full reports kept for each job (keep_runs; 0 none), counted when a run is saved. 20 until set. */
void store_keep_runs(struct store *s, unsigned keep_runs);

/* Each takes copies and replaces what was saved under the same key since the last commit. -ENOMEM. */
int store_save_job(struct store *s, const struct job_record *r) _must_check_;
int store_save_cloud(struct store *s, const struct cloud_record *r) _must_check_;
/* Its job must have been saved or loaded before (-ENOENT). `verdict`: what this run meant then, accepts counted;
 * VERDICT_UNKNOWN: by the report alone. */
int store_save_run(struct store *s, const struct run_record *r, enum verdict verdict) _must_check_;
/* `fields` is journal_fields(): the news can be told again, with the same fields, by a process that knows
 * nothing else of it. Not for NEWS_STATE (-EINVAL). */
typedef void store_fields(const struct news *n, bool repeated,
	void (*add)(void *arg, const char *field, size_t len), void *arg);
int store_save_news(struct store *s, const struct news *n, store_fields *fields) _must_check_;
/* The news of this id was told: marked with the next commit. */
void store_told(struct store *s, uint64_t id);
/* The same for all of these ids that were not told yet. */
void store_told_all(struct store *s, uint64_t first, uint64_t last);

/* Writes all that was saved; wall: now. 0 also if there is nothing to write. -errno with `why`; -EAGAIN, without
 * touching the disk and with `why` empty, while behind. */
int store_commit(struct store *s, int64_t wall, char why[STORE_WHY]) _must_check_;
/* While behind: tries to write all that is still to be written. 0: done, or was not behind. */
int store_retry(struct store *s, int64_t wall, char why[STORE_WHY]) _must_check_;
bool store_behind(const struct store *s);
/* Runs and told news that fell out of memory while behind, in this process. */
uint64_t store_dropped(const struct store *s);
/* News that did so without being told: neither the disk nor the journal had taken them. */
uint64_t store_lost(const struct store *s);

/* News that the journal did not take, oldest first; all borrowed, for the time of the call. */
struct stored_news {
	uint64_t id;
	int64_t wall;
	int priority;
	const char *event, *message;    /* DRS_EVENT; the one line */
	const char *cloud, *job, *task; /* job and task "" in news of a cloud */
	const char *const *fields;      /* "NAME=value", in order */
	size_t n_fields;
};
/* Calls `each` for every news with an id above `after` that was not told, up to the first for which it returns
 * false; it may call store_told(). Those on the disk first, then those that could not be written yet. -errno with
 * `why` if the disk cannot be read; those in memory are handed out all the same. */
int store_untold(struct store *s, uint64_t after,
	bool (*each)(void *arg, const struct stored_news *n), void *arg,
	char why[STORE_WHY]) _must_check_;

/* What may go, in one transaction of at most `limit` rows (100 is right): runs and told news older than keep_for
 * or beyond the bounds above; records not saved for keep_for, of jobs for which `configured` (NULL: none is)
 * says false, and of clouds no record is left of. Rows removed: `limit` means that there may be more, so come
 * again soon; less, in an hour. -EAGAIN while behind; other -errno are harmless, with `why`. */
int store_prune(struct store *s, int64_t wall, int64_t keep_for,
	bool (*configured)(void *arg, const char *drs, const char *task), void *arg, unsigned limit,
	char why[STORE_WHY]) _must_check_;

/* Pages in the write-ahead log that are not in the database file yet. */
unsigned store_log_pages(const struct store *s);
/* Moves them there and syncs: may take as long as the disk does, so call it when nothing else is to be done,
 * and at the latest at some thousand pages. A reader elsewhere may hold some back: no error. -errno is harmless. */
int store_checkpoint(struct store *s) _must_check_;
