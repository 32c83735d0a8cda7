/* test_reload_file.c - what came of a reload: the file, and who waits for it. Daemons here are children that answer
 * SIGHUP as the test wants. */
#include "reload.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE SECONDS(20) /* of a busy machine; no test waits so long */

static char dir[128], path[160];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%.80s/test-reload.XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/reload", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir); /* nothing else is left there */
}

static void put(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ---- the file ---- */

static void test_what_is_written_is_read(void **state)
{
	struct reload_outcome o = {.pid = 4711, .number = 18446744073709551615U, .begun = 7}, got;
	struct stat st;

	(void)state;
	assert_int_equal(reload_read(dir, &got), -ENOENT);
	assert_int_equal(reload_write(dir, &o), 0); /* at a start */
	assert_int_equal(reload_read(dir, &got), 0);
	assert_false(got.failed);
	assert_string_equal(got.text, "");
	o.failed = true;
	snprintf(o.text, sizeof(o.text), "/etc/x.conf:12: \\ is no \xc3\xa9;\nFAILED=0");
	assert_int_equal(reload_write(dir, &o), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(reload_read(dir, &got), 0);
	assert_int_equal(got.pid, 4711);
	assert_true(got.number == o.number);
	assert_int_equal(got.begun, 7);
	assert_true(got.failed);
	/* one line, whatever it was */
	assert_string_equal(got.text, "/etc/x.conf:12: \\ is no \xc3\xa9;\\nFAILED=0");
	memset(o.text, 'x', sizeof(o.text) - 1);
	assert_int_equal(reload_write(dir, &o), 0);
	assert_int_equal(reload_read(dir, &got), 0);
	assert_int_equal(strlen(got.text), sizeof(o.text) - 1);
	reload_forget(dir);
	assert_int_equal(reload_read(dir, &got), -ENOENT);
	reload_forget(dir);
}

static void test_what_nobody_wrote(void **state)
{
	static const char *const bad[] = {
		"",
		"PID=1",
		"PID=1\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTEXT=cut off",
		"PID=0\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTEXT=\n",
		"PID=-7\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTEXT=\n",
		"PID=4294967297\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTEXT=\n",
		"PID=1\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTXT=\n",
		"PID=x\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTEXT=\n",
	};
	struct reload_outcome got = {.pid = 99};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		put(bad[i]);
		if (reload_read(dir, &got) != -EBADMSG)
			fail_msg("taken for an outcome: %s", bad[i]);
		assert_int_equal(got.pid, 99);
	}
	/* what would be written to a terminal is shown */
	put("PID=1\nNUMBER=1\nBEGUN_USEC=1\nFAILED=0\nTEXT=\x1b[2J\n");
	assert_int_equal(reload_read(dir, &got), 0);
	assert_string_equal(got.text, "\\x1b[2J");
	/* nor is a link followed, or a pipe waited for */
	unlink(path);
	assert_int_equal(symlink("/proc/self/status", path), 0);
	assert_int_equal(reload_read(dir, &got), -ELOOP);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(reload_read(dir, &got), -EBADMSG);
}

static void test_where_nothing_can_be_written(void **state)
{
	struct reload_outcome o = {.pid = 1}, got;
	char link[160], gone[160];

	(void)state;
	snprintf(gone, sizeof(gone), "%s/gone", dir);
	assert_int_equal(reload_write(gone, &o), -ENOENT);
	/* what somebody has put in the way is not written through, and not for ever in the way */
	snprintf(link, sizeof(link), "%s/.reload.new", dir);
	assert_int_equal(symlink("/dev/full", link), 0);
	assert_int_equal(reload_write(dir, &o), -ELOOP);
	assert_int_equal(reload_write(dir, &o), 0);
	assert_int_equal(reload_read(dir, &got), 0);
}

static void test_the_directory(void **state)
{
	static const struct {
		const char *value, *wanted;
	} table[] = {
		{NULL, NULL}, {"", NULL}, {":/run/b", NULL}, {"/run/a", "/run/a"},
		{"/run/a:/run/b", "/run/a"}, {"/run/01234567890", NULL}, /* does not fit */
	};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char *got;

		if (table[i].value)
			setenv("RUNTIME_DIRECTORY", table[i].value, 1);
		else
			unsetenv("RUNTIME_DIRECTORY");
		got = reload_dir(buf, sizeof(buf));
		if (table[i].wanted) {
			assert_ptr_equal(got, buf);
			assert_string_equal(got, table[i].wanted);
		} else {
			assert_null(got);
		}
	}
	unsetenv("RUNTIME_DIRECTORY");
}

/* ---- asking ---- */

enum act {
	ACT_GOOD,
	ACT_BAD,
	ACT_OLD_FIRST, /* first of a reload that began before it was asked */
	ACT_SAME_NUMBER_FIRST,
	ACT_OTHER_FIRST, /* first another process's */
	ACT_NEVER,
	ACT_END,
	ACT_END_AFTER /* the outcome, then its end */
};

static void answer(struct reload_outcome *o, uint64_t begun, const char *text)
{
	o->number++;
	o->begun = begun;
	snprintf(o->text, sizeof(o->text), "%s", text);
	if (reload_write(dir, o) < 0)
		_exit(1);
}

static void on_hup(enum act act, struct reload_outcome *o)
{
	switch (act) {
	case ACT_BAD:
		o->failed = true;
		answer(o, reload_clock(), "reload failed: x.conf:12: no");
		break;
	case ACT_OLD_FIRST:
		o->failed = true;
		answer(o, 1, "of an older file");
		usleep(100000); /* time enough to fall for it */
		o->failed = false;
		answer(o, reload_clock(), "reloaded");
		break;
	case ACT_SAME_NUMBER_FIRST:
		o->number--;
		answer(o, reload_clock(), "not another one");
		usleep(100000);
		answer(o, reload_clock(), "reloaded");
		break;
	case ACT_OTHER_FIRST:
		o->pid++;
		answer(o, reload_clock(), "of somebody else");
		usleep(100000);
		o->pid--;
		answer(o, reload_clock(), "reloaded");
		break;
	case ACT_END:
		_exit(0);
	case ACT_NEVER:
		break;
	case ACT_GOOD:
	case ACT_END_AFTER:
		answer(o, reload_clock(), "reloaded");
		if (act == ACT_END_AFTER)
			_exit(0);
		break;
	}
}

/* An older valgrind knows no pidfd_open(2), without which nobody is asked. */
static void need_pidfd(void)
{
	int fd = pidfd_open(getpid(), 0);

	if (fd < 0 && errno == ENOSYS)
		skip();
	close(fd);
}

/* A daemon that has started; it answers each HUP. */
static pid_t begin(enum act act)
{
	struct reload_outcome o = {0}, got;
	sigset_t hup;
	pid_t pid;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int sig;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		o.pid = getpid();
		if (reload_write(dir, &o) < 0)
			_exit(1);
		while (sigwait(&hup, &sig) == 0)
			on_hup(act, &o);
		_exit(1);
	}
	while (reload_read(dir, &got) < 0 || got.pid != pid)
		usleep(1000);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What it printed to stdout or stderr. */
static int ask(pid_t pid, int64_t patience, char out[1000])
{
	FILE *f = tmpfile();
	int saved[2] = {dup(1), dup(2)}, r;
	ssize_t n;

	assert_non_null(f);
	fflush(stdout);
	fflush(stderr);
	dup2(fileno(f), 1);
	dup2(fileno(f), 2);
	r = reload_ask(dir, pid, patience);
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	n = pread(fileno(f), out, 999, 0);
	out[n > 0 ? n : 0] = '\0';
	fclose(f);
	return r;
}

static void test_outcomes(void **state)
{
	static const struct {
		enum act act;
		int status;
		const char *said;
	} table[] = {
		{ACT_GOOD, 0, "reloaded\n"},
		{ACT_BAD, RELOAD_FAILED, "precheckd: reload failed: x.conf:12: no\n"},
		{ACT_OLD_FIRST, 0, "reloaded\n"},
		{ACT_SAME_NUMBER_FIRST, 0, "reloaded\n"},
		{ACT_OTHER_FIRST, 0, "reloaded\n"},
		{ACT_END_AFTER, 0, "reloaded\n"},
		{ACT_END, RELOAD_UNCLEAR, "has ended without an outcome\n"},
	};
	char out[1000];

	(void)state;
	need_pidfd();
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		pid_t pid = begin(table[i].act);

		assert_int_equal(ask(pid, PATIENCE, out), table[i].status);
		if (!strstr(out, table[i].said))
			fail_msg("%zu: said \"%s\", wanted \"%s\"", i, out, table[i].said);
		if (table[i].status == 0)
			assert_string_equal(out, table[i].said);
		end(pid);
	}
}

static void test_nobody_answers(void **state)
{
	uint64_t before = reload_clock();
	char out[1000];
	pid_t pid;

	(void)state;
	need_pidfd();
	pid = begin(ACT_NEVER);
	assert_int_equal(ask(pid, 300, out), RELOAD_UNCLEAR);
	assert_true(reload_clock() - before >= 300000);
	assert_non_null(strstr(out, "was asked, but nothing came of it within 0 s"));
	end(pid);
}

/* Several at once: each gets an outcome that began after it had asked, if need be the same one. */
static void test_several_at_once(void **state)
{
	enum {
		MANY = 8
	};
	pid_t pid, askers[MANY];
	struct reload_outcome o;
	int status;

	(void)state;
	need_pidfd();
	pid = begin(ACT_GOOD);
	for (int i = 0; i < MANY; i++) {
		askers[i] = fork();
		assert_true(askers[i] >= 0);
		if (askers[i] == 0) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(null, 1);
			_exit(reload_ask(dir, pid, PATIENCE));
		}
	}
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(waitpid(askers[i], &status, 0), askers[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_int_equal(reload_read(dir, &o), 0);
	assert_in_range(o.number, 1, MANY);
	end(pid);
}

/* HUP kills whoever does not expect it: only who wrote the file gets one. */
static void test_others_get_no_signal(void **state)
{
	struct reload_outcome o = {0};
	pid_t pid, other;
	char out[1000];

	(void)state;
	need_pidfd();
	pid = begin(ACT_NEVER);
	other = fork();
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGHUP, SIG_DFL);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		for (;;)
			pause();
	}
	assert_int_equal(ask(other, PATIENCE, out), RELOAD_UNCLEAR);
	assert_non_null(strstr(out, "was not asked"));
	assert_non_null(strstr(out, "is of the precheckd with PID"));
	reload_forget(dir);
	assert_int_equal(ask(other, PATIENCE, out), RELOAD_UNCLEAR);
	assert_non_null(
		strstr(out, "it is no precheckd, or it runs with another RUNTIME_DIRECTORY"));
	put("PID=");
	assert_int_equal(ask(other, PATIENCE, out), RELOAD_UNCLEAR);
	assert_non_null(strstr(out, "it is damaged"));
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	end(other);

	/* a process that is gone, though the file is its own */
	o.pid = other;
	assert_int_equal(reload_write(dir, &o), 0);
	assert_int_equal(ask(other, PATIENCE, out), RELOAD_UNCLEAR);
	assert_non_null(strstr(out, "there is no process"));
	end(pid);
}

static void test_no_right_to_ask(void **state)
{
	pid_t pid, asker;
	int status;

	(void)state;
	need_pidfd();
	if (geteuid() != 0)
		skip();
	pid = begin(ACT_GOOD);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(path, 0644), 0);
	asker = fork();
	if (asker == 0) {
		char out[1000];

		if (setuid(65534) < 0)
			_exit(90);
		if (ask(pid, PATIENCE, out) != RELOAD_UNCLEAR)
			_exit(91);
		_exit(strstr(out, "can't send SIGHUP to process") ? 0 : 92);
	}
	assert_int_equal(waitpid(asker, &status, 0), asker);
	assert_int_equal(WEXITSTATUS(status), 0);
	end(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_nobody_wrote, setup, teardown),
		cmocka_unit_test_setup_teardown(test_where_nothing_can_be_written, setup, teardown),
		cmocka_unit_test(test_the_directory),
		cmocka_unit_test_setup_teardown(test_outcomes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_get_no_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_right_to_ask, setup, teardown),
	};

	return cmocka_run_group_tests_name("reload: what came of it", tests, NULL, NULL);
}
