/* test_keep.c - saved, then told, then done, each event anew, in a real store: what the journal saw is on the disk
 * already, what is on the wire was told; a disk that is full and a journal that is away are waited for. */
#include "heart_kit.h"
#include "journal_fake.h"

#include "keep.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- half a minute, as short as may be --- */

int event_add(struct event *e, const struct timeval *tv)
{
	static int (*real)(struct event *, const struct timeval *);
	static const struct timeval soon = {0};

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "event_add");
	return real(e, tv && tv->tv_sec <= 30 && tv->tv_sec != 20 ? &soon : tv);
}

/* --- a disk that may be full --- */

static bool full;

static ssize_t disk_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (!full)
		return pwrite(fd, bytes, n, at);
	errno = ENOSPC;
	return -1;
}

static ssize_t disk_write(int fd, const void *bytes, size_t n)
{
	if (!full)
		return write(fd, bytes, n);
	errno = ENOSPC;
	return -1;
}

/* --- a daemon's memory without the daemon --- */

static char dir[128];

struct rig {
	struct event_base *base;
	struct keep *keep;
	struct watch *w;
	struct settings *s;
	struct now now;
	struct call calls[16];
	size_t n_calls, seen; /* calls on the wire, and those that were answered */
	int saved, caught;
	char said[8192];
};

/* What a reader finds on the disk at this moment. */
static int64_t on_disk(const char *sql)
{
	char path[160];
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t value;

	snprintf(path, sizeof(path), "%s/%s", dir, STORE_FILE);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

static void act(struct rig *r);

static void begin(struct rig *r)
{
	struct store_memory m = {0};

	r->s = make_settings(1, 1);
	r->s->state_dir = strdup(dir);
	r->s->keep_runs = 20;
	r->s->keep_for = DAYS(400);
	assert_int_equal(keep_open(r->base, LOG_TARGET_JOURNAL, false, r->s, &r->keep, &m), 0);
	assert_int_equal(watch_new(&r->w, 42, m.next_run, m.next_news), 0);
	assert_int_equal(watch_restore(r->w, m.jobs, m.n_jobs, m.clouds, m.n_clouds), 0);
	store_memory_done(&m);
	act(r); /* what an earlier one left comes first */
}

static void end(struct rig *r)
{
	r->keep = keep_close(r->keep);
	r->w = watch_free(r->w);
	r->s = settings_unref(r->s);
}

static int rig_setup(void **state)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	vfs->xSetSystemCall(vfs, "write", (sqlite3_syscall_ptr)disk_write);
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)disk_pwrite);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)disk_pwrite);
	memset(&journal, 0, sizeof(journal));
	full = false;
	snprintf(dir, sizeof(dir), "%.80s/test-keep.XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	r->base = event_base_new();
	r->now = (struct now){.mono = 1000000, .wall = KIT_WALL};
	r->saved = dup(STDERR_FILENO);
	r->caught = memfd_create("stderr", MFD_CLOEXEC);
	dup2(r->caught, STDERR_FILENO);
	begin(r);
	*state = r;
	return 0;
}

static void empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

static int rig_teardown(void **state)
{
	struct rig *r = *state;

	journal.look = NULL;
	end(r);
	event_base_free(r->base);
	dup2(r->saved, STDERR_FILENO);
	close(r->saved);
	close(r->caught);
	free(r);
	empty_dir();
	return rmdir(dir);
}

static unsigned times_said(struct rig *r, const char *text)
{
	ssize_t n = pread(r->caught, r->said, sizeof(r->said) - 1, 0);
	unsigned times = 0;

	assert_true(n >= 0);
	r->said[n] = '\0';
	for (const char *p = r->said; (p = strstr(p, text)); p++)
		times++;
	return times;
}

static void on_call(void *arg, const struct call *c)
{
	struct rig *r = arg;

	if (!full && journal.answer == 0) {
		/* before anything is on the wire, the news are told and the run is in the store */
		assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 0"), 0);
		if (c->kind == CALL_SUBMIT)
			assert_int_equal(on_disk("SELECT run = 'unsure' FROM job_record"), 1);
	}
	assert_true(r->n_calls < ELEMENTSOF(r->calls));
	r->calls[r->n_calls++] = *c;
}

static void act(struct rig *r)
{
	keep_act(r->keep, r->w, on_call, r);
}

static void reply(struct rig *r, struct reply *reply)
{
	watch_reply(r->w, reply, r->now);
	reply_free(reply);
	act(r);
	/* pace, and no more */
	r->now.mono += 1000;
	r->now.wall += 1000;
	watch_tick(r->w, r->now);
	act(r);
}

static const struct call *next_call(struct rig *r, enum call_kind kind)
{
	const struct call *c = &r->calls[r->seen];

	assert_true(r->seen < r->n_calls);
	assert_int_equal(c->kind, kind);
	r->seen++;
	return c;
}

/* Up to the status, which is on the wire. */
static void log_in(struct rig *r)
{
	struct reply *in;

	assert_int_equal(watch_configure(r->w, r->s, r->now), 0);
	act(r);
	in = reply_to(next_call(r, CALL_LOGIN));
	in->life = DAYS(1);
	reply(r, in);
}

static void say_status(struct rig *r, const char *status)
{
	reply(r, with_status(next_call(r, CALL_STATUS), status));
}

/* Another status of a started task is news each time. */
static void later_status(struct rig *r, const char *status)
{
	r->now.mono += MINUTES(31);
	r->now.wall += MINUTES(31);
	watch_tick(r->w, r->now);
	act(r);
	say_status(r, status);
}

/* What waits for half a minute. */
static void half_a_minute(struct rig *r)
{
	event_base_loop(r->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* --- tests --- */

static void look_saved_not_told(void)
{
	/* committed, for anybody to see; told only when the journal has it */
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 0"), 1);
	if (journal_has("DRS_EVENT=started"))
		assert_int_equal(on_disk("SELECT told = 'started' FROM job_record"), 1);
}

static void test_saved_then_told_then_called(void **state)
{
	struct rig *r = *state;

	journal.look = look_saved_not_told;
	log_in(r);
	assert_int_equal(journal.entries, 1);
	say_status(r, "CONFIGURATION");
	reply(r, with_outcome(next_call(r, CALL_RESULT), OUTCOME_WRONG_STATE, "DRS.M00304"));
	reply(r, with_outcome(next_call(r, CALL_SUBMIT), OUTCOME_OK, "")); /* see on_call() */
	assert_int_equal(on_disk("SELECT run = 'going' FROM job_record"), 1);
	r->now.mono += SECONDS(20);
	watch_tick(r->w, r->now);
	act(r);
	reply(r, with_outcome(next_call(r, CALL_RESULT), OUTCOME_WRONG_STATE, "DRS.M00304"));
	say_status(r, "STARTJOBING");
	assert_int_equal(journal.entries, 2);
	assert_true(journal_has("DRS_EVENT=started"));
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 1"), 2);
	assert_int_equal(journal.repeated, 0);
	assert_int_equal(times_said(r, "\n"), 0);
}

static void test_full_disk_is_said_once_and_recovers(void **state)
{
	struct rig *r = *state;

	log_in(r);
	full = true;
	say_status(r, "STARTJOBING");
	later_status(r, "FULL_TRANSFER_STARTED");
	later_status(r, "INCRE_TRANSFER_STARTED");
	/* watching and telling went on */
	assert_int_equal(journal.entries, 4);
	half_a_minute(r);
	half_a_minute(r);
	assert_int_equal(times_said(r, "can't write to the store"), 1);
	assert_int_equal(times_said(r, "can be written again"), 0);
	assert_int_equal(on_disk("SELECT count(*) FROM news_record"), 1);
	full = false;
	half_a_minute(r);
	assert_int_equal(times_said(r, "can be written again; everything is saved"), 1);
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 1"), 4);
	assert_int_equal(on_disk("SELECT status = 'INCRE_TRANSFER_STARTED' FROM job_record"), 1);
	later_status(r, "FULL_TRANSFER_FAILED");
	half_a_minute(r);
	assert_int_equal(times_said(r, "the store"), 2);
	/* the next time it is said again */
	full = true;
	later_status(r, "INCRE_TRANSFER_STARTED");
	assert_int_equal(times_said(r, "can't write to the store"), 2);
	full = false;
	half_a_minute(r);
	end(r);
	begin(r);
	assert_int_equal(journal.entries, 6); /* each once */
	assert_int_equal(journal.repeated, 0);
}

/* A process that ends while the disk is full told what it could not save: the next one has to tell it again. */
static void test_full_disk_and_a_death(void **state)
{
	struct rig *r = *state;

	log_in(r);
	full = true;
	say_status(r, "STARTJOBING");
	end(r);
	full = false;
	r->n_calls = r->seen = 0;
	begin(r);
	assert_int_equal(on_disk("SELECT count(*) FROM news_record"), 1);
	log_in(r);
	say_status(r, "STARTJOBING");
	assert_true(journal_has("DRS_EVENT=started"));
}

static void test_journal_that_is_away(void **state)
{
	struct rig *r = *state;

	log_in(r);
	journal.answer = -ECONNREFUSED;
	say_status(r, "STARTJOBING");
	assert_int_equal(times_said(r, "the journal did not take news 2"), 1);
	assert_int_equal(times_said(r, "started: status STARTJOBING"), 1); /* here at least */
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 0"), 1);
	assert_int_not_equal(keep_blocked(r->keep), 0);
	half_a_minute(r);
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 0"), 1);
	journal.answer = 0;
	half_a_minute(r);
	assert_int_equal(journal.entries, 2);
	assert_true(journal_has("DRS_EVENT=started"));
	assert_true(journal_has("DRS_TRANSITION_ID=2"));
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 0"), 0);
	assert_int_equal(journal.repeated, 0); /* that it was not told is known */
	assert_int_equal(times_said(r, "the journal did not take news"), 1);
	assert_int_equal(times_said(r, "the journal took nothing for "), 1);
	assert_int_equal(times_said(r, "; 1 piece of news was told late"), 1);
	assert_int_equal(keep_blocked(r->keep), 0);
	half_a_minute(r);
	half_a_minute(r);
	assert_int_equal(journal.entries, 2);
}

/* The disk is full and the journal stands still: nothing is lost, nothing is out of order. */
static void test_neither_disk_nor_journal(void **state)
{
	static const unsigned all[] = {1, 2, 3, 4, 5};
	struct rig *r = *state;

	log_in(r);
	journal.answer = -EAGAIN;
	say_status(r, "STARTJOBING"); /* on the disk */
	full = true;
	later_status(r, "FULL_TRANSFER_STARTED"); /* in memory only */
	later_status(r, "INCRE_TRANSFER_STARTED");
	half_a_minute(r);
	assert_int_equal(journal.entries, 1);
	journal.answer = 0;
	half_a_minute(r);
	assert_int_equal(journal.entries, 4);
	later_status(r, "FULL_TRANSFER_FAILED");
	assert_memory_equal(journal.ids, all, sizeof(all));
	full = false;
	half_a_minute(r);
	assert_int_equal(on_disk("SELECT count(*) FROM news_record WHERE told = 1"), 5);
	end(r);
	begin(r);
	assert_int_equal(journal.entries, 5);
	assert_int_equal(journal.repeated, 0);
}

/* Died after saving: the next process tells it, with the same id, in order, and once. */
static void test_untold_news_are_told_at_the_next_start(void **state)
{
	struct rig *r = *state;
	unsigned before;

	log_in(r);
	journal.answer = -ECONNREFUSED;
	say_status(r, "STARTJOBING");
	later_status(r, "FULL_TRANSFER_STARTED");
	end(r);
	journal.answer = 0;
	journal.repeated = 0;
	before = journal.entries;
	begin(r);
	assert_int_equal(journal.entries, before + 2);
	assert_int_equal(journal.repeated, 2);
	assert_true(journal_has("DRS_TASK_STATUS=FULL_TRANSFER_STARTED"));
	assert_true(journal_has("DRS_TRANSITION_ID=3"));
	end(r);
	begin(r);
	assert_int_equal(journal.entries, before + 2);
}

/* The answer to USR2 is no news: not saved, and of no use to the next process. */
static void test_state_is_not_kept(void **state)
{
	struct rig *r = *state;

	log_in(r);
	say_status(r, "STARTJOBING");
	watch_tell_state(r->w, 0, r->now);
	act(r);
	assert_true(journal_has("DRS_EVENT=state"));
	assert_int_equal(journal.entries, 3);
	journal.answer = -ECONNREFUSED;
	watch_tell_state(r->w, 0, r->now);
	act(r);
	journal.answer = 0;
	half_a_minute(r);
	assert_int_equal(journal.entries, 4);
	assert_int_equal(on_disk("SELECT count(*) FROM news_record"), 2);
	journal.answer = -ECONNREFUSED;
	watch_tell_state(r->w, 0, r->now);
	act(r);
	end(r);
	journal.answer = 0;
	begin(r);
	assert_int_equal(journal.entries, 4);
}

static void test_no_store_at_all(void **state)
{
	struct rig *r = *state;
	struct settings *s = make_settings(1, 1);
	struct store_memory m = {0};
	struct keep *k = NULL;

	assert_true(asprintf(&s->state_dir, "%s/none", dir) > 0);
	assert_int_equal(keep_open(r->base, LOG_TARGET_JOURNAL, false, s, &k, &m), -ENOENT);
	assert_null(k);
	assert_int_equal(times_said(r, "/none"), 1);
	settings_unref(s);
	assert_null(keep_close(NULL));
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_saved_then_told_then_called),
		RIG_TEST(test_full_disk_is_said_once_and_recovers),
		RIG_TEST(test_full_disk_and_a_death),
		RIG_TEST(test_journal_that_is_away),
		RIG_TEST(test_neither_disk_nor_journal),
		RIG_TEST(test_untold_news_are_told_at_the_next_start),
		RIG_TEST(test_state_is_not_kept),
		RIG_TEST(test_no_store_at_all),
	};

	return cmocka_run_group_tests_name("keep: saved, told, done", tests, NULL, NULL);
}
