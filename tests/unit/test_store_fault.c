/* test_store_fault.c - the disk is full, read-only, broken, or the process dies: at every write there is. */
#include "store_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* --- writes that fail --- */

static int strike_in;    /* the write after this many strikes; -1: none */
static int strike_error; /* 0: the process dies, with half of it written */

static bool struck(void)
{
	if (strike_in < 0)
		return false;
	if (strike_in > 0) {
		strike_in--;
		return false;
	}
	return true; /* and all after it */
}

/* Stops, and the parent kills: a SIGKILL of its own makes valgrind speak of what was not freed. */
static void die(void)
{
	for (;;)
		raise(SIGSTOP);
}

static ssize_t faulty_write(int fd, const void *bytes, size_t n)
{
	if (!struck())
		return write(fd, bytes, n);
	if (strike_error == 0) {
		(void)!write(fd, bytes, n / 2);
		die();
	}
	errno = strike_error;
	return -1;
}

static ssize_t faulty_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (!struck())
		return pwrite(fd, bytes, n, at);
	if (strike_error == 0) {
		(void)!pwrite(fd, bytes, n / 2, at);
		die();
	}
	errno = strike_error;
	return -1;
}

static int faulty_truncate(int fd, off_t size)
{
	if (!struck())
		return ftruncate(fd, size);
	if (strike_error == 0)
		die();
	errno = strike_error;
	return -1;
}

/* Under valgrind not every write, but some of all kinds. */
static int stride(void)
{
	return getenv("PRECHECKD_SLOW") ? 7 : 1;
}

static int setup_faults(void **state)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	(void)state;
	strike_in = -1;
	vfs->xSetSystemCall(vfs, "write", (sqlite3_syscall_ptr)faulty_write);
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)faulty_pwrite);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)faulty_pwrite);
	vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)faulty_truncate);
	return 0;
}

/* --- a state with a number, in all kinds of rows --- */

static void put_state(struct store *s, int64_t k)
{
	struct job_record r = a_job();
	struct cloud_record c = {.iam = (char *)"i",
		.drs = (char *)DRS,
		.user = (char *)"u",
		.domain = (char *)"d",
		.project = (char *)"p",
		.trouble_since = k};
	char name[24];

	snprintf(name, sizeof(name), "item%" PRId64, k);
	r.due = k;
	r.report = a_report(name, ITEM_FAILED);
	r.told_report = k % 2 ? report_ref(r.report) : a_report("else", ITEM_ALARM);
	save_job(s, &r);
	assert_int_equal(store_save_cloud(s, &c), 0);
	save_run(s, (uint64_t)k, k, r.report);
	save_news(s, (uint64_t)k, k);
	report_unref(r.report);
	report_unref(r.told_report);
}

static void put(struct store *s, int64_t k)
{
	put_state(s, k);
	commit(s);
}

/* What is on the disk: the number; all rows must speak of the same, and all runs and news up to it be there. */
static int64_t state_on_disk(void)
{
	struct store_memory m = {0};
	struct store *s = open_with(&m);
	int64_t k = m.n_jobs == 0 ? 0 : m.jobs[0].due;
	char name[24];

	snprintf(name, sizeof(name), "item%" PRId64, k);
	assert_int_equal(m.unreadable, 0);
	if (k > 0) {
		assert_int_equal(m.n_jobs, 1);
		assert_non_null(report_item(m.jobs[0].report, name));
		assert_true((m.jobs[0].report == m.jobs[0].told_report) == (k % 2 == 1));
		assert_int_equal(m.n_clouds, 1);
		assert_int_equal(m.clouds[0].trouble_since, k);
	}
	assert_int_equal(m.next_run, k + 1);
	assert_int_equal(m.next_news, k + 1);
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record"), k);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record"), k);
	assert_int_equal(
		ask(s, "SELECT count(*) FROM report WHERE id NOT IN (SELECT report FROM job_record "
		       "UNION SELECT told_report FROM job_record UNION SELECT report FROM "
		       "run_record WHERE report NOT NULL)"),
		0);
	store_memory_done(&m);
	store_close(s);
	return k;
}

/* --- death --- */

/* Runs work() in a process of its own that dies at its n-th write; false if it had no more than that. */
static bool dies_at(int n, void (*work)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		strike_in = n;
		strike_error = 0;
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return true;
}

/* Failures in there are for _exit(): cmocka belongs to the parent. */
static struct store *child_open(void)
{
	struct store *s = NULL;
	struct store_memory m = {0};
	bool damaged;
	char why[STORE_WHY];

	if (store_open(dir, WALL, &s, &m, &damaged, why) != 0 || damaged)
		_exit(1);
	store_memory_done(&m);
	return s;
}

static void child_commit(struct store *s)
{
	char why[STORE_WHY];

	if (store_commit(s, WALL, why) != 0)
		_exit(2);
}

static void begin_life(void)
{
	struct store *s = child_open();

	put_state(s, 1);
	child_commit(s);
	store_close(s);
}

static void test_dies_when_made(void **state)
{
	int n = 0;

	(void)state;
	for (; dies_at(n, begin_life); n += stride()) {
		int64_t k = state_on_disk();

		assert_in_range(k, 0, 1);
		empty_dir();
	}
	assert_in_range(n, 10, 1000);
	assert_int_equal(state_on_disk(), 1);
}

static void go_on(void)
{
	struct store *s = child_open();

	for (int64_t k = 2; k < 6; k++) {
		put_state(s, k);
		child_commit(s);
		if (k % 2 && store_checkpoint(s) != 0)
			_exit(3);
	}
	store_close(s);
}

static void test_dies_at_every_write(void **state)
{
	bool seen[6] = {0};
	int n = 0;

	(void)state;
	begin_life();
	for (; dies_at(n, go_on); n += stride()) {
		int64_t k = state_on_disk();

		assert_in_range(k, 1, 5);
		seen[k] = true;
		empty_dir();
		begin_life();
	}
	assert_in_range(n, 20, 2000);
	for (int k = 1; k < 6; k++)
		assert_true(seen[k] || stride() > 1);
}

static void die_in_row(void *arg, int what, const char *db, const char *table, sqlite3_int64 row)
{
	int *left = arg;

	(void)what;
	(void)db;
	(void)table;
	(void)row;
	if ((*left)-- == 0)
		die();
}

static int rows_left;

static void change_rows(void)
{
	struct store *s = child_open();

	sqlite3_update_hook(s->db, die_in_row, &rows_left);
	put_state(s, 2);
	child_commit(s);
	die();
}

/* In the middle of the transaction: the old state, whole. */
static void test_dies_between_rows(void **state)
{
	int n = 0;
	int64_t k;

	(void)state;
	begin_life();
	do {
		rows_left = n++;
		assert_true(dies_at(100000, change_rows));
		k = state_on_disk();
		assert_in_range(k, 1, 2);
	} while (k == 1);
	assert_in_range(n, 5, 50); /* job, reports, run, news, numbers */
}

/* Killed from outside, at any moment: what it said it had committed is there. */
static void test_killed(void **state)
{
	struct dice d = {7};

	(void)state;
	for (int i = 0; i < 25; i++) {
		unsigned rounds = (unsigned)(roll(&d) % 60) + 1;
		int64_t said = 0;
		int ends[2], status;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct store *s = child_open();

			for (int64_t k = 1;; k++) {
				put_state(s, k);
				child_commit(s);
				if (write(ends[1], &k, sizeof(k)) != sizeof(k))
					_exit(4);
				if (k % 16 == 0 && store_checkpoint(s) != 0)
					_exit(5);
			}
		}
		close(ends[1]);
		while (rounds-- > 0)
			assert_int_equal(read(ends[0], &said, sizeof(said)), sizeof(said));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		close(ends[0]);
		assert_true(state_on_disk() >= said);
		empty_dir();
	}
}

/* --- writes that fail --- */

static const struct {
	int error, given;
	const char *said;
} failures[] = {
	{ENOSPC, ENOSPC,
		"precheckd.db: No space left on device; free some space on its file system"},
	{EROFS, EROFS,
		"precheckd.db: Read-only file system; mount its file system writable, or set "
		"another "
		"state_dir"},
	{EIO, EIO,
		"precheckd.db: Input/output error; look for trouble of the disk in the kernel's "
		"log, or set "
		"another state_dir"},
	{EDQUOT, EDQUOT, "precheckd.db: Disk quota exceeded; free some space on its file system"},
};

/* From the n-th write on all fail, for some events; then the disk is well again, or the process ends. */
enum end {
	RECOVERS_AT_ONCE, /* before the next event */
	RECOVERS,
	DIES,
	_END_MAX
};

static bool fails_at(int n, size_t failure, enum end end)
{
	struct store *s = open_good();
	char why[STORE_WHY];
	int r;

	put(s, 1);
	store_told(s, 1);
	put_state(s, 2);
	strike_error = failures[failure].error;
	strike_in = n;
	r = store_commit(s, WALL, why);
	strike_in = -1;
	if (r == 0) {
		store_close(s);
		return false;
	}
	assert_int_equal(r, -failures[failure].given);
	if (strncmp(why, "can't write ", 12) != 0 || !strstr(why, failures[failure].said))
		fail_msg("%s", why);
	assert_true(store_behind(s));
	if (end == RECOVERS_AT_ONCE) {
		assert_int_equal(store_retry(s, WALL, why), 0);
		store_close(s);
		assert_int_equal(state_on_disk(), 2);
		return true;
	}

	strike_in = 0;
	put_state(s, 3);
	assert_int_equal(store_commit(s, WALL, why), -EAGAIN);
	assert_string_equal(why, "");
	store_told(s, 3);
	put_state(s, 4);
	assert_int_equal(store_commit(s, WALL, why), -EAGAIN);
	assert_int_equal(store_prune(s, WALL, 0, NULL, NULL, 9, why), -EAGAIN);
	assert_true(store_retry(s, WALL, why) < 0);
	assert_true(store_behind(s));
	strike_in = -1;
	if (end == RECOVERS) {
		assert_int_equal(store_retry(s, WALL, why), 0);
		assert_false(store_behind(s));
		assert_int_equal(store_retry(s, WALL, why), 0);
		assert_int_equal(
			ask(s, "SELECT group_concat(id) = '2,4' FROM news_record WHERE told = 0"),
			1);
		put(s, 5);
	}
	assert_int_equal(store_dropped(s), 0);
	store_close(s);
	assert_int_equal(state_on_disk(), end == RECOVERS ? 5 : 1);
	return true;
}

static void test_every_write_fails(void **state)
{
	(void)state;
	for (size_t f = 0; f < ELEMENTSOF(failures); f++)
		for (int end = 0; end < _END_MAX; end++) {
			int n = 0;

			while (fails_at(n, f, (enum end)end)) {
				n += stride();
				empty_dir();
			}
			empty_dir();
			assert_in_range(n, 4, 500);
		}
}

static void test_open_fails(void **state)
{
	(void)state;
	for (size_t f = 0; f < ELEMENTSOF(failures); f++)
		for (int n = 0;; n += stride()) {
			struct store *s = NULL;
			struct store_memory m = {0};
			bool damaged;
			char why[STORE_WHY];
			int r;

			strike_error = failures[f].error;
			strike_in = n;
			r = store_open(dir, WALL, &s, &m, &damaged, why);
			strike_in = -1;
			if (r == 0) {
				assert_in_range(n, 10, 1000);
				store_close(s);
				empty_dir();
				break;
			}
			if (r != -failures[f].given || !strstr(why, "precheckd.db: "))
				fail_msg("write %d: %d %s", n, r, why);
			assert_int_equal(count_files("bad"), 0);
			store_close(open_good());
			empty_dir();
		}
}

/* A checkpoint that fails does no harm. */
static void test_checkpoint_fails(void **state)
{
	(void)state;
	for (int n = 0;; n++) {
		struct store *s = open_good();
		int r;

		put(s, 1);
		strike_error = ENOSPC;
		strike_in = n;
		r = store_checkpoint(s);
		strike_in = -1;
		assert_false(store_behind(s));
		put(s, 2);
		assert_int_equal(store_checkpoint(s), 0);
		put(s, 3);
		store_close(s);
		assert_int_equal(state_on_disk(), 3);
		empty_dir();
		if (r == 0) {
			assert_in_range(n, 2, 100);
			return;
		}
		assert_int_equal(r, -ENOSPC);
	}
}

static void test_locked(void **state)
{
	struct store *s = open_good();
	sqlite3 *other = NULL;
	char why[STORE_WHY];

	(void)state;
	put(s, 1);
	assert_int_equal(sqlite3_open(file, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	put_state(s, 2);
	assert_int_equal(store_commit(s, WALL, why), -EBUSY);
	assert_non_null(strstr(why, "; end the program that has it locked"));
	assert_true(store_behind(s));
	sqlite3_close(other);
	assert_int_equal(store_retry(s, WALL, why), 0);
	/* a reader is no trouble */
	assert_int_equal(sqlite3_open(file, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "BEGIN; SELECT * FROM news", NULL, NULL, NULL), SQLITE_OK);
	put(s, 3);
	assert_int_equal(store_checkpoint(s), 0);
	sqlite3_close(other);
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(store_log_pages(s), 0);
	store_close(s);
	assert_int_equal(state_on_disk(), 3);
}

/* Memory has an end, too: the oldest go, and are counted; of the news those first that were told. */
static void test_long_outage(void **state)
{
	struct store *s = open_good();
	char why[STORE_WHY];

	(void)state;
	put(s, 1);
	strike_error = ENOSPC;
	strike_in = 0;
	put_state(s, 2);
	assert_int_equal(store_commit(s, WALL, why), -ENOSPC);
	for (int64_t k = 3; k <= STORE_PENDING + 11; k++)
		put_state(s, k);
	assert_int_equal(store_dropped(s), 10);
	assert_int_equal(store_lost(s), 10);
	store_told_all(s, 100, 101); /* not the oldest */
	put_state(s, STORE_PENDING + 12);
	put_state(s, STORE_PENDING + 13);
	assert_int_equal(store_dropped(s), 10 + 2 + 2);
	assert_int_equal(store_lost(s), 10);
	strike_in = -1;
	assert_int_equal(store_retry(s, WALL, why), 0);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record"), STORE_PENDING + 1);
	assert_int_equal(ask(s, "SELECT count(*) FROM run_record"), STORE_PENDING + 1);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record WHERE id > 11"), STORE_PENDING);
	assert_int_equal(ask(s, "SELECT count(*) FROM news_record WHERE id IN (100, 101)"), 0);
	assert_int_equal(ask(s, "SELECT due FROM job_record"), STORE_PENDING + 13);
	store_close(s);
}

/* The real thing; only root can have it. */
static void test_disk_full(void **state)
{
	char filler[sizeof(file)];
	char why[STORE_WHY], block[65536] = "";
	struct store *s;
	FILE *f;
	int64_t k = 1;
	int r;

	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", dir, "tmpfs", 0, "size=2m") < 0) {
		print_message("skipped: no mount: %s\n", strerror(errno));
		skip();
	}
	s = open_good();
	put(s, k);
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	f = fopen(filler, "w");
	assert_non_null(f);
	while (fwrite(block, 1, sizeof(block), f) == sizeof(block) && fflush(f) == 0)
		;
	fclose(f);
	do {
		put_state(s, ++k);
		r = store_commit(s, WALL, why);
		assert_in_range(k, 2, 1000);
	} while (r == 0);
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(why, "No space left on device; free some space"));
	put_state(s, ++k);
	assert_true(store_retry(s, WALL, why) < 0);
	/* a start on a full disk is none, and says why */
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(store_retry(s, WALL, why), 0);
	put(s, ++k);
	store_close(s);
	assert_int_equal(state_on_disk(), k);
	empty_dir();
	assert_int_equal(umount(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dies_when_made, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dies_at_every_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dies_between_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_write_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checkpoint_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_outage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, setup_faults, NULL);
}
