/* test_store_file.c - the file: made, brought up to date, refused, set aside when it is damaged. */
#include "store_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

/* Schema 1 as it was released. It lies on disks: a change is a step of its own, and this text stays. */
static const char version_1[] =
	"CREATE TABLE report(id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;"
	"CREATE TABLE job_record( id INTEGER PRIMARY KEY, saved INTEGER NOT NULL, cloud TEXT,"
	" report INTEGER, told_report INTEGER, drs TEXT NOT NULL, task TEXT NOT NULL,"
	" name TEXT NOT NULL, status TEXT NOT NULL, status_since INTEGER NOT NULL,"
	" seen INTEGER NOT NULL, gone INTEGER NOT NULL, refusal TEXT NOT NULL,"
	" refusal_code TEXT NOT NULL, refusal_text TEXT NOT NULL, refusal_since INTEGER NOT NULL,"
	" report_run INTEGER NOT NULL, reported INTEGER NOT NULL, confirmed INTEGER NOT NULL,"
	" run TEXT NOT NULL, run_number INTEGER NOT NULL, run_submitted INTEGER NOT NULL,"
	" run_fresh INTEGER NOT NULL, run_overdue INTEGER NOT NULL,"
	" run_have_baseline INTEGER NOT NULL, run_baseline INTEGER NOT NULL, due INTEGER NOT NULL,"
	" told TEXT NOT NULL, told_since INTEGER NOT NULL, told_status TEXT NOT NULL,"
	" told_code TEXT NOT NULL, told_stale INTEGER NOT NULL, last_news INTEGER NOT NULL,"
	" UNIQUE(drs, task)) STRICT;"
	"CREATE TABLE cloud_record( saved INTEGER NOT NULL, iam TEXT NOT NULL, drs TEXT NOT NULL,"
	" user TEXT NOT NULL, domain TEXT NOT NULL, project TEXT NOT NULL, trouble TEXT NOT NULL,"
	" trouble_since INTEGER NOT NULL, trouble_call TEXT NOT NULL,"
	" throttled_since INTEGER NOT NULL, refused_mark TEXT NOT NULL, trouble_code TEXT NOT NULL,"
	" trouble_text TEXT NOT NULL, PRIMARY KEY(iam, drs, user, domain, project))"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE run_record( number INTEGER PRIMARY KEY, job INTEGER NOT NULL,"
	" submitted INTEGER NOT NULL, ended INTEGER NOT NULL, verdict TEXT NOT NULL,"
	" lost INTEGER NOT NULL, foreign_run INTEGER NOT NULL, passed INTEGER NOT NULL,"
	" alarms INTEGER NOT NULL, failed INTEGER NOT NULL, unchecked INTEGER NOT NULL,"
	" report INTEGER) STRICT;"
	"CREATE INDEX run_by_job ON run_record(job, number);"
	"CREATE INDEX run_by_end ON run_record(ended);"
	"CREATE INDEX run_by_report ON run_record(report) WHERE report IS NOT NULL;"
	"CREATE INDEX run_with_report ON run_record(job, number) WHERE report IS NOT NULL;"
	"CREATE TABLE news_record( id INTEGER PRIMARY KEY, wall INTEGER NOT NULL,"
	" event TEXT NOT NULL, message_id TEXT NOT NULL, priority INTEGER NOT NULL,"
	" cloud TEXT NOT NULL, drs TEXT NOT NULL, job TEXT NOT NULL, task TEXT NOT NULL,"
	" message TEXT NOT NULL, fields TEXT NOT NULL, told INTEGER NOT NULL) STRICT;"
	"CREATE INDEX news_by_time ON news_record(wall);"
	"CREATE INDEX news_untold ON news_record(id) WHERE told = 0;"
	"CREATE TABLE numbers(id INTEGER PRIMARY KEY CHECK (id = 1), run INTEGER NOT NULL,"
	" news INTEGER NOT NULL) STRICT;"
	"INSERT INTO numbers VALUES(1, 70, 80);"
	"INSERT INTO report VALUES(5, "
	"'{\"process\":100,\"fingerprint\":\"00000000000000ff\",\"items\":"
	"[{\"name\":\"a\",\"result\":\"FAILED\",\"since\":5,\"runs\":2}]}');"
	"INSERT INTO job_record VALUES(3, 1795000000000, 'otc', 5, 5, 'https://drs.example/v5', "
	"'t1',"
	" 'shop', 'CONFIGURATION', 1, 1, 0, 'not-ready', 'DRS.M00300', 'not configured', 2, 60, 3, "
	"4,"
	" 'going', 61, 5, 1, 0, 1, -1, 6, 'failed', 7, 'CONFIGURATION', 'DRS.M00300', 0, 79);"
	"INSERT INTO cloud_record VALUES(1795000000000, 'https://iam.example', "
	"'https://drs.example/v5',"
	" 'u', 'd', 'p', 'login refused', 8, 'login', 9, '0123abcd', 'IAM.1', 'no');"
	"INSERT INTO run_record VALUES(60, 3, 5, 6, 'failed', 0, 0, 0, 0, 1, 0, 5);"
	"INSERT INTO news_record VALUES(79, 7, 'failed', '0', 3, 'otc', 'https://drs.example/v5', "
	"'shop',"
	" 't1', 'job shop: failed', '[\"MESSAGE=job shop: failed\",\"PRIORITY=3\"]', 0);"
	"PRAGMA application_id = 0x50524543; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;";

static sqlite3 *raw(void)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	return db;
}

static void raw_sql(const char *sql)
{
	sqlite3 *db = raw();

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static char *slurp(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0) {
		*ret_len = 0;
		return NULL;
	}
	assert_int_equal(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

static void spit(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* --- a new one --- */

static void test_new_file(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	mode_t mask = umask(0);
	struct store *s;
	struct job_record r = a_job();
	char path[sizeof(file) + 16];
	struct stat st;

	(void)state;
	/* of a start that was cut off */
	snprintf(path, sizeof(path), "%s.new", file);
	spit(path, "half a", 6);
	s = open_good();
	save_job(s, &r);
	commit(s);
	for (size_t i = 0; i < ELEMENTSOF(tails); i++) {
		snprintf(path, sizeof(path), "%s%s", file, tails[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	assert_int_equal(ask(s, "PRAGMA application_id"), STORE_APPLICATION);
	assert_int_equal(ask(s, "PRAGMA user_version"), STORE_SCHEMA);
	assert_int_equal(ask(s, "PRAGMA synchronous"), 1);
	assert_int_equal(ask(s, "PRAGMA wal_autocheckpoint"), 0);
	assert_int_equal(ask(s, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	assert_int_equal(count_files(""), 3);
	store_close(s);
	/* made readable by somebody: made private again */
	assert_int_equal(chmod(file, 0644), 0);
	store_close(open_good());
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	umask(mask);
}

/* --- errors --- */

static void expect_error(int error, const char *said)
{
	struct store *s = (struct store *)1;
	struct store_memory m = {.next_run = 99};
	bool damaged = true;
	char why[STORE_WHY];
	int r = store_open(dir, WALL, &s, &m, &damaged, why);

	if (r != -error || !strstr(why, said) || strchr(why, '\n'))
		fail_msg("%d: %s\n-- expected %d: %s", r, why, -error, said);
	assert_ptr_equal(s, (struct store *)1);
	assert_int_equal(m.next_run, 99);
	assert_true(damaged);
}

static void test_errors(void **state)
{
	char inner[sizeof(dir)];
	sqlite3 *db;

	(void)state;
	assert_int_equal(mkdir(file, 0700), 0);
	expect_error(
		EISDIR, "precheckd.db: Is a directory; move it away, or set another state_dir");
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(symlink("elsewhere", file), 0);
	expect_error(ELOOP, "; move it away, or set another state_dir");
	assert_int_equal(unlink(file), 0);

	store_close(open_good());
	db = raw();
	assert_int_equal(sqlite3_exec(db,
				 "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;"
				 "UPDATE numbers SET run = 1",
				 NULL, NULL, NULL),
		SQLITE_OK);
	expect_error(EBUSY, "; end the program that has it locked (fuser names it)");
	sqlite3_close(db);
	store_close(open_good());
	assert_int_equal(count_files("bad"), 0);

	snprintf(inner, sizeof(inner), "%s", dir);
	at_dir("/nowhere/at/all");
	expect_error(
		ENOENT, "can't make /nowhere/at/all/precheckd.db: No such file or directory; ");
	at_dir(inner);
}

/* A read-only file system; only root can have one. */
static void test_read_only(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", dir, "tmpfs", 0, "size=8m") < 0) {
		print_message("skipped: no mount: %s\n", strerror(errno));
		skip();
	}
	store_close(open_good());
	assert_int_equal(mount("none", dir, "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
	expect_error(EROFS,
		"precheckd.db: Read-only file system; mount its file system writable, or set "
		"another state_dir");
	assert_int_equal(mount("none", dir, "none", MS_REMOUNT, NULL), 0);
	empty_dir();
	assert_int_equal(mount("none", dir, "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
	expect_error(EROFS, "can't make ");
	assert_int_equal(umount(dir), 0);
}

/* --- versions --- */

static bool listen(void *arg, const struct stored_news *n)
{
	assert_int_equal(n->id, 79);
	assert_int_equal(n->n_fields, 2);
	assert_string_equal(n->fields[1], "PRIORITY=3");
	++*(int *)arg;
	return true;
}

static void test_version_1(void **state)
{
	struct store_memory m = {0};
	struct store *s;
	struct job_record *r;
	char why[STORE_WHY];
	int heard = 0;

	(void)state;
	raw_sql(version_1);
	s = open_with(&m);
	assert_int_equal(m.next_run, 71);
	assert_int_equal(m.next_news, 81);
	assert_int_equal(m.unreadable, 0);
	assert_int_equal(m.n_jobs, 1);
	r = m.jobs;
	assert_string_equal(r->name, "shop");
	assert_int_equal(r->refusal.outcome, OUTCOME_NOT_READY);
	assert_int_equal(r->run.state, RUN_GOING);
	assert_true(r->run.baseline == UINT64_MAX);
	assert_int_equal(r->told, VERDICT_FAILED);
	assert_ptr_equal(r->report, r->told_report);
	assert_int_equal(report_item(r->report, "a")->runs, 2);
	assert_int_equal(m.n_clouds, 1);
	assert_int_equal(m.clouds[0].trouble, TROUBLE_LOGIN);
	assert_string_equal(m.clouds[0].refused_mark, "0123abcd");
	assert_int_equal(ask(s, "PRAGMA user_version"), STORE_SCHEMA);
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record"), 1);
	assert_int_equal(store_untold(s, 0, listen, &heard, why), 0);
	assert_int_equal(heard, 1);
	store_memory_done(&m);
	store_close(s);
}

/* An old file brought up has the same tables as a new one: name and columns with their types. */
static char *schema_of(void)
{
	static const char sql[] =
		"SELECT group_concat(line, char(10)) FROM (SELECT m.type || ' ' || m.name || ' ' "
		"|| "
		"ifnull(c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk, '') AS "
		"line "
		"FROM sqlite_schema m LEFT JOIN pragma_table_info(m.name) c WHERE m.type <> 'view' "
		"ORDER BY line)";
	sqlite3 *db = raw();
	sqlite3_stmt *st = NULL;
	char *text;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	text = strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return text;
}

static void test_old_like_new(void **state)
{
	char *old, *new;

	(void)state;
	raw_sql(version_1);
	store_close(open_good());
	old = schema_of();
	empty_dir();
	store_close(open_good());
	new = schema_of();
	assert_string_equal(old, new);
	free(old);
	free(new);
}

static void test_migrate(void **state)
{
	static const struct migration steps[] = {
		{"CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)"},
		{"ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 7"},
		{"UPDATE t SET b = b + a; CREATE TABLE u(c INTEGER)"},
		{"CREATE TABLE w(d INTEGER); INSERT INTO nowhere VALUES(1)"},
	};
	sqlite3 *db = raw();
	int rc;

	(void)state;
	assert_int_equal(schema_migrate(db, steps, 0, 1), SQLITE_OK);
	assert_int_equal(schema_pragma(db, "PRAGMA user_version", &rc), 1);
	assert_int_equal(schema_migrate(db, steps, 1, 3), SQLITE_OK);
	assert_int_equal(schema_pragma(db, "PRAGMA user_version", &rc), 3);
	assert_int_equal(schema_pragma(db, "SELECT b FROM t", &rc), 8);
	assert_int_equal(schema_migrate(db, steps, 3, 3), SQLITE_OK);
	/* one that fails half-way leaves nothing of itself */
	assert_int_equal(schema_migrate(db, steps, 3, 4), SQLITE_ERROR);
	assert_int_equal(schema_pragma(db, "PRAGMA user_version", &rc), 3);
	assert_int_equal(
		schema_pragma(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'w'", &rc), 0);
	assert_true(sqlite3_get_autocommit(db));
	sqlite3_close(db);
}

/* Refused, and left as it was: also when the version is in the log only, as after a crash. */
static void test_newer(void **state)
{
	char wal[sizeof(file) + 16];

	(void)state;
	snprintf(wal, sizeof(wal), "%s-wal", file);
	for (int in_log = 0; in_log < 2; in_log++) {
		char *before, *before_wal, *after, *after_wal;
		size_t len, len_wal, now, now_wal;
		sqlite3 *db;

		store_close(open_good());
		db = raw();
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, in_log, NULL);
		assert_int_equal(
			sqlite3_exec(db, "CREATE TABLE future(x); PRAGMA user_version = 99", NULL,
				NULL, NULL),
			SQLITE_OK);
		sqlite3_close(db);
		before = slurp(file, &len);
		before_wal = slurp(wal, &len_wal);
		assert_int_equal(len_wal > 0, in_log);
		expect_error(ENOTSUP, "was made by a newer precheckd (this one knows schema");
		after = slurp(file, &now);
		after_wal = slurp(wal, &now_wal);
		assert_int_equal(now, len);
		assert_memory_equal(before, after, len);
		assert_int_equal(now_wal, len_wal);
		if (len_wal > 0)
			assert_memory_equal(before_wal, after_wal, len_wal);
		assert_int_equal(count_files("bad"), 0);
		free(before);
		free(before_wal);
		free(after);
		free(after_wal);
		empty_dir();
	}
}

/* --- damage --- */

static void fill(void)
{
	struct dice d = {5};
	struct store *s = open_good();

	for (int i = 0; i < 60; i++) {
		struct job_record r;

		roll_job(&d, &r);
		save_job(s, &r);
		save_news(s, (uint64_t)i + 1, WALL);
		job_record_done(&r);
	}
	commit(s);
	store_close(s);
}

/* Opens what is there; whatever it is, a working store comes out. True if it was set aside. */
static bool open_damaged(size_t *ret_jobs)
{
	struct store *s = NULL;
	struct store_memory m = {0};
	struct job_record r = a_job();
	bool damaged = false;
	char why[STORE_WHY];

	if (store_open(dir, WALL, &s, &m, &damaged, why) != 0)
		fail_msg("%s", why);
	*ret_jobs = m.n_jobs;
	if (damaged) {
		char expected[600];

		snprintf(expected, sizeof(expected),
			"%s was damaged and is now %s.bad-20261118T110640Z; precheckd begins "
			"without memory",
			file, file);
		assert_string_equal(why, expected);
		assert_int_equal(m.n_jobs + m.n_clouds + m.unreadable, 0);
		assert_int_equal(m.next_run, 1);
		assert_true(count_files(".bad-20261118T110640Z") >= 1);
		save_job(s, &r);
		commit(s);
	} else {
		assert_string_equal(why, "");
		assert_int_equal(count_files("bad"), 0);
	}
	store_memory_done(&m);
	store_close(s);
	return damaged;
}

static void test_damaged(void **state)
{
	size_t len, jobs;
	char *good, *bytes;

	(void)state;
	fill();
	good = slurp(file, &len);
	assert_in_range(len, 20000, 2000000);
	bytes = malloc(len);
	assert_non_null(bytes);

	const struct {
		const char *name;
		size_t keep;  /* bytes of the good file */
		size_t at, n; /* overwritten */
	} rows[] = {
		{"empty", 0, 0, 0},
		{"one byte", 1, 0, 0},
		{"half a header", 50, 0, 0},
		{"half a page", 2048, 0, 0},
		{"one page", 4096, 0, 0},
		{"half", len / 2, 0, 0},
		{"half, uneven", len / 2 + 77, 0, 0},
		{"a page is missing", len - 4096, 0, 0},
		{"magic", len, 0, 1},
		{"page size", len, 16, 2},
		{"application", len, 68, 4},
		{"schema page", len, 100, 3996},
		{"zeroed page", len, 4096, 4096},
		{"all", len, 0, len},
	};
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		memcpy(bytes, good, len);
		memset(bytes + rows[i].at, 0x5a, rows[i].n);
		empty_dir();
		spit(file, bytes, rows[i].keep);
		if (!open_damaged(&jobs))
			fail_msg("%s: not noticed", rows[i].name);
	}
	free(bytes);
	free(good);
}

/* Any byte turned: never an error, never a crash; what it says is either ours or set aside. */
static void test_flipped_bytes(void **state)
{
	struct dice d = {6};
	size_t len, jobs, asides = 0, tries = getenv("PRECHECKD_SLOW") ? 60 : 300;
	char *good;

	(void)state;
	fill();
	good = slurp(file, &len);
	for (size_t i = 0; i < tries; i++) {
		size_t at = i < 112 ? i : roll(&d) % len;
		char old = good[at];

		/* what is no precheckd's version is a newer one's: see there */
		if (at >= 60 && at < 64)
			continue;
		good[at] = (char)(old ^ (1 << roll(&d) % 8));
		empty_dir();
		spit(file, good, len);
		asides += open_damaged(&jobs);
		good[at] = old;
	}
	assert_in_range(asides, 20, tries);
	free(good);
}

/* The log is checked by its own sums: a torn end of it is a transaction that never was. */
static void test_torn_log(void **state)
{
	struct job_record r = a_job();
	char wal[sizeof(file) + 16];
	struct store *s = open_good();
	size_t len, len_wal, jobs;
	char *db, *log;

	(void)state;
	snprintf(wal, sizeof(wal), "%s-wal", file);
	for (char t = '0'; t < '8'; t++) {
		snprintf(r.task, sizeof(r.task), "t%c", t);
		save_job(s, &r);
		commit(s);
	}
	db = slurp(file, &len);
	log = slurp(wal, &len_wal);
	store_close(s);
	for (size_t keep = 0; keep <= len_wal; keep += 1013) {
		empty_dir();
		spit(file, db, len);
		spit(wal, log, keep);
		assert_false(open_damaged(&jobs));
		assert_in_range(jobs, 0, 8);
	}
	empty_dir();
	spit(file, db, len);
	spit(wal, log, len_wal);
	assert_false(open_damaged(&jobs));
	assert_int_equal(jobs, 8);
	/* a log whose database is gone would be played into the new one */
	empty_dir();
	spit(wal, log, len_wal);
	assert_true(open_damaged(&jobs));
	assert_int_equal(count_files("Z-wal"), 1);
	free(db);
	free(log);
}

static void test_not_ours(void **state)
{
	size_t jobs;

	(void)state;
	raw_sql("CREATE TABLE job_record(x)");
	assert_true(open_damaged(&jobs));
	empty_dir();
	raw_sql("CREATE TABLE job_record(x); PRAGMA application_id = 0x50524543; PRAGMA "
		"user_version = 1");
	assert_true(open_damaged(&jobs));
	/* twice in a second: the first is not overwritten */
	raw_sql("DROP TABLE job_record");
	struct store *s = NULL;
	struct store_memory m = {0};
	bool damaged = false;
	char why[STORE_WHY];

	assert_int_equal(store_open(dir, WALL, &s, &m, &damaged, why), 0);
	assert_true(damaged);
	assert_non_null(strstr(why, ".bad-20261118T110640Z-2; "));
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_1, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_like_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_migrate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flipped_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_ours, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
