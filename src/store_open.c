/* store_open.c - finds the database in a state that can be worked with, or makes it so.
 *
 * A new file is made under another name and renamed when it is whole, so that an empty or half-made one is always
 * damage and never a start cut off. A damaged one is set aside, not deleted: somebody may want its history. */
#include "store_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MS   100       /* an event's work waits no longer for somebody else's transaction */
#define LOG_BYTES "4194304" /* what the write-ahead log is cut to when it begins anew */

static const char *const sides[] = {"-wal", "-shm", "-journal", ""};

static int sync_dir(const char *state_dir)
{
	int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Moves `from` and what belongs to it to `to`: the log first, as it would be played into any file that
 * takes the place. */
static int move(const char *from, const char *to)
{
	for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
		_cleanup_free_ char *a = NULL, *b = NULL;

		if (asprintf(&a, "%s%s", from, sides[i]) < 0) {
			a = NULL;
			return -ENOMEM;
		}
		if (asprintf(&b, "%s%s", to, sides[i]) < 0) {
			b = NULL;
			return -ENOMEM;
		}
		if (rename(a, b) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

static bool any_exists(const char *path)
{
	bool found = false;

	for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
		_cleanup_free_ char *name = NULL;
		struct stat st;

		if (asprintf(&name, "%s%s", path, sides[i]) < 0)
			name = NULL;
		found = found || !name || lstat(name, &st) == 0;
	}
	return found;
}

/* precheckd.db.bad-YYYYMMDDTHHMMSSZ, with -2, -3 .. behind it if that is taken. */
static int set_aside(const char *state_dir, const char *path, int64_t wall, char **ret_bad)
{
	time_t when = (time_t)(wall / 1000);
	char stamp[32] = "";
	struct tm tm;
	int r;

	if (!gmtime_r(&when, &tm) || strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm) == 0)
		return -EINVAL;
	for (unsigned i = 1;; i++) {
		_cleanup_free_ char *bad = NULL;
		char tail[16] = "";

		if (i > 1)
			snprintf(tail, sizeof(tail), "-%u", i);
		if (asprintf(&bad, "%s.bad-%s%s", path, stamp, tail) < 0) {
			bad = NULL;
			return -ENOMEM;
		}
		if (any_exists(bad))
			continue;
		r = move(path, bad);
		if (r == 0)
			r = sync_dir(state_dir);
		if (r == 0) {
			*ret_bad = bad;
			bad = NULL;
		}
		return r;
	}
}

/* Ours alone, whatever the umask; SQLite gives its side files the same mode. O_NOFOLLOW here, and not
 * SQLITE_OPEN_NOFOLLOW, which would refuse the link that systemd makes of a state directory. */
static int open_own(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600), r = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EISDIR;
	else if ((st.st_mode & 0777) != 0600 && fchmod(fd, 0600) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int open_database(const char *path, sqlite3 **ret)
{
	return sqlite3_open_v2(path, ret,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
}

static int make_schema(sqlite3 *db)
{
	char sql[64];
	int rc;

	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", STORE_APPLICATION);
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = schema_migrate(db, store_migrations, 0, STORE_SCHEMA);
	return rc == SQLITE_OK ? schema_views(db) : rc;
}

static int make_file(const char *state_dir, const char *path)
{
	_cleanup_free_ char *temporary = NULL;
	sqlite3 *db = NULL;
	int r;

	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	for (size_t i = 0; i < ELEMENTSOF(sides); i++) { /* of a start that was cut off */
		_cleanup_free_ char *old = NULL;

		if (asprintf(&old, "%s%s", temporary, sides[i]) < 0) {
			old = NULL;
			return -ENOMEM;
		}
		if (unlink(old) < 0 && errno != ENOENT)
			return -errno;
	}
	r = open_own(temporary, O_CREAT | O_EXCL);
	if (r < 0)
		return r;
	errno = 0;
	r = store_errno(NULL, open_database(temporary, &db));
	if (r == 0)
		r = store_errno(db, make_schema(db));
	/* the journal, which would know the reason, is closed by now; what came after it did not fail */
	if (r == -EIO && errno > 0)
		r = -errno;
	sqlite3_close(db);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	return r == 0 ? sync_dir(state_dir) : r;
}

/* --- a file that is there --- */

static int on_log(void *arg, sqlite3 *db _unused_, const char *name _unused_, int pages)
{
	struct store *s = arg;

	s->log_pages = (unsigned)pages;
	return SQLITE_OK;
}

/* -ENOTSUP: made by a newer program; -EUCLEAN: damaged, or never ours. */
static int look_at(struct store *s, int *ret_version)
{
	int rc;
	int64_t application = schema_pragma(s->db, "PRAGMA application_id", &rc), version = 0;

	if (rc == SQLITE_OK)
		version = schema_pragma(s->db, "PRAGMA user_version", &rc);
	if (rc != SQLITE_OK)
		return store_errno(s->db, rc);
	if (application != STORE_APPLICATION || version < 1)
		return -EUCLEAN;
	*ret_version = (int)version;
	return version > STORE_SCHEMA ? -ENOTSUP : 0;
}

static int quick_check(struct store *s)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *text = row_text(st, 0);

		rc = text && strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

/* An older file: each step is synced before the next, and a power loss leaves one of the versions. */
static int bring_up(struct store *s, int version)
{
	int rc = SQLITE_OK;

	if (version == STORE_SCHEMA)
		return rc;
	rc = sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = schema_migrate(s->db, store_migrations, version, STORE_SCHEMA);
	return rc == SQLITE_OK ? schema_views(s->db) : rc;
}

static int set_up(struct store *s)
{
	static const char pragmas[] = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
				      "PRAGMA journal_size_limit = " LOG_BYTES
				      "; PRAGMA temp_store = MEMORY;"
				      "PRAGMA mmap_size = 0;" /* an I/O error there is a SIGBUS */
				      "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -4096";
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *mode = row_text(st, 0);

		/* SQLite goes on without where there can be no shared memory (network file systems) */
		rc = mode && strcmp(mode, "wal") == 0 ? SQLITE_OK : SQLITE_IOERR;
	}
	sqlite3_finalize(st);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, pragmas, NULL, NULL, NULL);
	sqlite3_wal_hook(s->db, on_log, s);
	return rc;
}

static int open_file(struct store *s, struct store_memory *ret)
{
	int r = store_errno(NULL, open_database(s->path, &s->db)), rc, version = 0;

	if (r < 0) {
		/* the code alone does not say why it can't be opened */
		int system = s->db ? sqlite3_system_errno(s->db) : 0;

		return r == -EIO && system > 0 ? -system : r;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	/* a file of a newer version stays as it is to the last byte, its log included */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = look_at(s, &version);
	if (r < 0)
		return r;
	/* open_own() has found it writable: what SQLite does not want to write then is of a format unknown to it */
	if (sqlite3_db_readonly(s->db, "main") == 1)
		return -EUCLEAN;
	rc = quick_check(s);
	if (rc == SQLITE_OK)
		rc = bring_up(s, version);
	if (rc == SQLITE_OK)
		rc = set_up(s);
	if (rc == SQLITE_OK)
		rc = schema_prepare(s);
	if (rc == SQLITE_OK)
		rc = load_memory(s, ret);
	if (rc == SQLITE_OK)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return store_errno(s->db, rc);
}

/* --- all together --- */

static int new_store(const char *state_dir, struct store **ret)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	TAILQ_INIT(&s->dirty_jobs);
	TAILQ_INIT(&s->dirty_clouds);
	STAILQ_INIT(&s->runs);
	STAILQ_INIT(&s->news);
	s->keep_runs = 20;
	s->runs_max = STORE_RUNS;
	s->news_max = STORE_NEWS;
	if (asprintf(&s->path, "%s/%s", state_dir, STORE_FILE) < 0) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

/* Opens what is there; -ENOENT if nothing is. */
static int open_present(const char *state_dir, struct store **ret, struct store_memory *ret_memory)
{
	struct store *s = NULL;
	int r = new_store(state_dir, &s);

	if (r < 0)
		return r;
	r = open_own(s->path, 0);
	if (r == -ENOENT && any_exists(s->path))
		r = -EUCLEAN; /* a log whose database is gone */
	if (r == 0)
		r = open_file(s, ret_memory);
	if (r < 0) {
		store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int say_newer(const char *path, char why[STORE_WHY])
{
	snprintf(why, STORE_WHY,
		"%.180s was made by a newer precheckd (this one knows schema %d); install that "
		"version again, or move the file away to begin without its memory",
		path, STORE_SCHEMA);
	return -ENOTSUP;
}

int store_open(const char *state_dir, int64_t wall, struct store **ret,
	struct store_memory *ret_memory, bool *ret_damaged, char why[STORE_WHY])
{
	_cleanup_free_ char *path = NULL, *bad = NULL;
	int r;

	*why = '\0';
	if (asprintf(&path, "%s/%s", state_dir, STORE_FILE) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = open_present(state_dir, ret, ret_memory);
	if (r == -EUCLEAN) {
		r = set_aside(state_dir, path, wall, &bad);
		if (r < 0)
			return store_say(path, "can't set aside the damaged", r, why);
		r = -ENOENT;
	}
	if (r == -ENOENT) {
		r = make_file(state_dir, path);
		if (r < 0)
			return store_say(path, "can't make", r, why);
		r = open_present(state_dir, ret, ret_memory);
	}
	if (r == -ENOTSUP)
		return say_newer(path, why);
	if (r < 0)
		return store_say(path, "can't open", r, why);
	if (bad)
		snprintf(why, STORE_WHY,
			"%.150s was damaged and is now %.170s; precheckd begins without memory",
			path, bad);
	*ret_damaged = bad != NULL;
	return 0;
}
