/* test_log.c - what reaches stderr, the journal and syslog: one line a message, by target and level; and that nobody
 * who does not read is waited for. */
#include "journal_fake.h"

#include "log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct caught {
	int saved, fd;
	char text[16384];
};

static void catch_stderr(struct caught *c)
{
	c->saved = dup(STDERR_FILENO);
	c->fd = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(c->saved >= 0 && c->fd >= 0);
	assert_int_equal(dup2(c->fd, STDERR_FILENO), STDERR_FILENO);
}

static const char *caught_text(struct caught *c)
{
	ssize_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	n = pread(c->fd, c->text, sizeof(c->text) - 1, 0);
	close(c->fd);
	assert_true(n >= 0);
	c->text[n] = '\0';
	return c->text;
}

/* Like the first line "14:05:09.120 LEVEL: text". */
static bool is_stderr_line(const char *line, const char *rest)
{
	static const char shape[] = "dd:dd:dd.ddd ";

	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != shape[i])
			return false;
	return strcmp(line + sizeof(shape) - 1, rest) == 0;
}

static void test_names(void **state)
{
	enum log_target t = _LOG_TARGET_MAX;
	int level = -77;

	(void)state;
	for (int i = 0; i < _LOG_TARGET_MAX; i++) {
		assert_int_equal(log_target_parse(log_target_name((enum log_target)i), &t), 0);
		assert_int_equal(t, i);
	}
	for (int i = LOG_ERR; i <= LOG_DEBUG; i++) {
		assert_int_equal(log_level_parse(log_level_name(i), &level), 0);
		assert_int_equal(level, i);
	}
	level = -77;
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(log_level_parse("Info", &level), -EINVAL);
	assert_int_equal(level, -77);
	assert_int_equal(log_target_parse("console", &t), -EINVAL);
	assert_string_equal(log_level_name(LOG_EMERG), "unknown");
	assert_string_equal(log_target_name(_LOG_TARGET_MAX), "unknown");
}

/* Runs first: nothing was opened or set yet. */
static void test_before_open(void **state)
{
	struct caught c;

	(void)state;
	assert_int_equal(log_level(), LOG_INFO);
	catch_stderr(&c);
	log_debug("hidden");
	log_info("shown");
	caught_text(&c);
	assert_true(is_stderr_line(c.text, "info: shown\n"));
}

static void test_stderr(void **state)
{
	struct caught c;

	(void)state;
	assert_int_equal(log_open(LOG_TARGET_STDERR, "test"), LOG_TARGET_STDERR);
	catch_stderr(&c);
	log_warning("disk %s is %d%% full", "a", 97);
	caught_text(&c);
	assert_true(is_stderr_line(c.text, "warning: disk a is 97% full\n"));
}

static void test_journal_without_one(void **state)
{
	struct caught c;

	(void)state;
	journal.reach = -ENOENT;
	assert_int_equal(log_open(LOG_TARGET_JOURNAL, "test"), LOG_TARGET_JOURNAL);
	log_set_level(LOG_DEBUG);
	catch_stderr(&c);
	log_err("e");
	log_warning("w");
	log_notice("n");
	log_info("i");
	log_debug("d");
	assert_string_equal(caught_text(&c), "<3>e\n<4>w\n<5>n\n<6>i\n<7>d\n");
	log_set_level(LOG_INFO);
}

static void test_level(void **state)
{
	struct caught c;

	(void)state;
	log_open(LOG_TARGET_JOURNAL, "test");
	log_set_level(LOG_WARNING);
	assert_int_equal(log_level(), LOG_WARNING);
	assert_true(log_enabled(LOG_ERR));
	assert_true(log_enabled(LOG_WARNING));
	assert_false(log_enabled(LOG_NOTICE));
	catch_stderr(&c);
	log_notice("n");
	log_warning("w");
	log_err("e");
	assert_string_equal(caught_text(&c), "<4>w\n<3>e\n");
	log_set_level(LOG_INFO);
}

static void test_one_line(void **state)
{
	struct caught c;

	(void)state;
	log_open(LOG_TARGET_JOURNAL, "test");
	catch_stderr(&c);
	log_info("a\nb<3>\rc\x1b[0m \\x1b \xff %s", "\xe2\x80\xae");
	assert_string_equal(caught_text(&c), "<6>a\\nb<3>\\rc\\x1b[0m \\x1b \\xff \\u{202E}\n");
}

static void test_cut(void **state)
{
	char *text = malloc(5001);
	struct caught c;

	(void)state;
	memset(text, 'y', 5000);
	text[5000] = '\0';
	log_open(LOG_TARGET_JOURNAL, "test");
	catch_stderr(&c);
	log_info("%s", text);
	caught_text(&c);
	assert_int_equal(strlen(c.text), 3 + 2047 + 1);
	assert_string_equal(c.text + 3 + 2044, "...\n");
	/* Escapes make it longer than it was. */
	memset(text, '\n', 5000);
	catch_stderr(&c);
	log_info("%s", text);
	caught_text(&c);
	assert_true(strlen(c.text) <= 3 + 2047 + 1);
	assert_non_null(strstr(c.text, "\\n...\n"));
	free(text);
}

static void test_errno(void **state)
{
	struct caught c;

	(void)state;
	log_open(LOG_TARGET_STDERR, "test");
	catch_stderr(&c);
	close(STDERR_FILENO); /* the write fails */
	errno = ENOENT;
	log_info("lost");
	assert_int_equal(errno, ENOENT);
	errno = ENOENT;
	log_debug("hidden");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(caught_text(&c), "");
	log_open(LOG_TARGET_JOURNAL, "test");
	catch_stderr(&c);
	errno = EACCES;
	log_err("open: %m");
	assert_int_equal(errno, EACCES);
	assert_string_equal(caught_text(&c), "<3>open: Permission denied\n");
}

static void test_auto(void **state)
{
	char stream[64];
	struct caught c;
	struct stat st;
	enum log_target t[4];

	(void)state;
	catch_stderr(&c);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	t[0] = log_open(LOG_TARGET_AUTO, "test");
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	t[1] = log_open(LOG_TARGET_AUTO, "test");
	setenv("JOURNAL_STREAM", "rubbish", 1);
	t[2] = log_open(LOG_TARGET_AUTO, "test");
	unsetenv("JOURNAL_STREAM");
	t[3] = log_open(LOG_TARGET_AUTO, "test");
	log_open(LOG_TARGET_STDERR, "test");
	caught_text(&c);
	assert_int_equal(t[0], LOG_TARGET_JOURNAL);
	/* The file is no terminal. */
	assert_int_equal(t[1], LOG_TARGET_SYSLOG);
	assert_int_equal(t[2], LOG_TARGET_SYSLOG);
	assert_int_equal(t[3], LOG_TARGET_SYSLOG);
}

static void test_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, saved = dup(STDERR_FILENO);
	enum log_target t;

	(void)state;
	if (master < 0)
		skip();
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	unsetenv("JOURNAL_STREAM");
	dup2(slave, STDERR_FILENO);
	t = log_open(LOG_TARGET_AUTO, "test");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(slave);
	close(master);
	assert_int_equal(t, LOG_TARGET_STDERR);
}

/* --- the journal and syslog --- */

static void test_journal(void **state)
{
	struct caught c;

	(void)state;
	memset(&journal, 0, sizeof(journal));
	catch_stderr(&c);
	log_open(LOG_TARGET_JOURNAL, "test");
	log_warning("disk %d\nfull", 1);
	assert_string_equal(
		journal.text, "MESSAGE=disk 1\\nfull\nPRIORITY=4\nSYSLOG_IDENTIFIER=test\n");
	log_debug("hidden");
	assert_int_equal(journal.tries, 1);
	/* whose datagrams are refused, for whatever reason */
	journal.answer = -EPERM;
	log_err("here");
	assert_string_equal(caught_text(&c), "<3>here\n");
	journal.answer = 0;
	log_err("there again");
	assert_true(journal_has("MESSAGE=there again"));
}

/* What a unit's stderr is connected to. */
static void test_journal_stream(void **state)
{
	int saved = dup(STDERR_FILENO), ends[2];
	char stream[64], text[100] = "";
	struct stat st;

	(void)state;
	memset(&journal, 0, sizeof(journal));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	dup2(ends[1], STDERR_FILENO);
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_int_equal(log_open(LOG_TARGET_JOURNAL, "test"), LOG_TARGET_JOURNAL);
	unsetenv("JOURNAL_STREAM");
	log_err("by the stream");
	assert_int_equal(journal.tries, 0);
	assert_true(recv(ends[0], text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, "<3>by the stream\n");
	close(ends[0]);
	log_err("by the socket");
	log_err("and again");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	assert_int_equal(journal.entries, 2);
	assert_true(journal_has("MESSAGE=and again"));
}

static void test_syslog(void **state)
{
	char wanted[64];
	struct caught c;

	(void)state;
	memset(&journal, 0, sizeof(journal));
	catch_stderr(&c);
	log_open(LOG_TARGET_SYSLOG, "test");
	log_set_level(LOG_ERR);
	assert_int_equal(log_tell(LOG_NOTICE, "told at any level"), 0);
	log_set_level(LOG_INFO);
	snprintf(wanted, sizeof(wanted), " test[%d]: told at any level", (int)getpid());
	assert_memory_equal(journal.text, "<29>", 4);      /* daemon.notice */
	assert_memory_equal(journal.text + 4 + 3, " ", 1); /* "<29>Nov 25 09:01:22 test[..." */
	assert_string_equal(journal.text + 4 + 15, wanted);
	journal.answer = -EAGAIN;
	log_when_waiting(NULL, NULL);
	assert_int_equal(log_tell(LOG_ERR, "x"), -EAGAIN);
	journal.answer = 0;
	journal.reach = -ENOENT;
	log_open(LOG_TARGET_SYSLOG, "test");
	assert_int_equal(log_tell(LOG_ERR, "x"), -ENOENT);
	log_info("to nobody");
	assert_string_equal(caught_text(&c), "");
	journal.reach = 0;
	log_info("y"); /* what went before it is not hidden */
	assert_non_null(strstr(journal.text, "]: y"));
	assert_int_equal(journal.entries, 3);
}

/* --- who does not read --- */

static unsigned woken;

static void wake(void *arg)
{
	assert_ptr_equal(arg, &woken);
	woken++;
}

static void test_journal_that_stands_still(void **state)
{
	unsigned sent = 0;
	char first[64];

	(void)state;
	memset(&journal, 0, sizeof(journal));
	woken = 0;
	log_open(LOG_TARGET_JOURNAL, "test");
	log_when_waiting(wake, &woken);
	log_info("taken");
	journal.answer = -EAGAIN;
	log_info("one");
	log_info("two");
	assert_int_equal(woken, 1); /* and not for each */
	assert_int_equal(journal.entries, 1);
	assert_true(log_flush() > 0);
	journal.room = 2; /* one of them */
	assert_true(log_flush() > 0);
	assert_true(journal_has("MESSAGE=one"));
	journal.room = 0;
	/* in order, however much comes */
	while (sent < 3000)
		log_info("line %u of many, of some length, to fill all that there is", sent++);
	assert_int_equal(woken, 1);
	snprintf(first, sizeof(first), "MESSAGE=two");
	journal.answer = 0;
	assert_int_equal(log_flush(), 0);
	assert_true(journal_has("PRIORITY=4")); /* the last thing said: what is not there */
	assert_int_equal(
		sscanf(journal.text, "MESSAGE=%u lines of diagnostics were dropped here", &sent),
		1);
	assert_in_range(journal.entries, 3 + LOG_WAITING_MAX / 200, 3 + LOG_WAITING_MAX / 60);
	assert_int_equal(journal.entries + sent, 3 + 3000 + 1);
	log_info("and again");
	assert_true(journal_has("MESSAGE=and again"));
	journal.answer = -EAGAIN;
	log_info("later");
	assert_int_equal(woken, 2);
	journal.answer = 0;
	log_info("latest"); /* nothing passes another */
	assert_int_equal(journal.entries + sent, 3 + 3000 + 1 + 3);
	assert_int_equal(log_flush(), 0);
	log_when_waiting(NULL, NULL);
}

/* What can be read from it now. */
static size_t drain(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = recv(fd, text + len, size - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return len;
}

/* All numbers from 0 on, each line whole. */
static unsigned count_lines(const char *text)
{
	unsigned n = 0, number;

	for (const char *p = text; *p; p = strchr(p, '\n') + 1) {
		assert_non_null(strchr(p, '\n'));
		assert_int_equal(sscanf(p + 13, "info: %u and", &number), 1);
		assert_int_equal(number, n++);
		assert_memory_equal(strchr(p, '\n') - 5, " end.", 5);
	}
	return n;
}

static void fill_stderr(int theirs, unsigned lines)
{
	int saved = dup(STDERR_FILENO), flags = fcntl(theirs, F_GETFL);
	char padding[701];

	memset(padding, 'p', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	woken = 0;
	log_open(LOG_TARGET_STDERR, "test");
	dup2(theirs, STDERR_FILENO);
	log_when_waiting(wake, &woken);
	for (unsigned i = 0; i < lines; i++)
		log_info("%u and %s end.", i, padding);
	assert_int_equal(woken, 1);
	assert_true(log_flush() > 0);
	assert_int_equal(log_tell(LOG_ERR, "news"), -EAGAIN); /* which waits elsewhere */
	assert_int_equal(fcntl(theirs, F_GETFL), flags);      /* it is others' too */
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void flush_to(int fd)
{
	int saved = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	while (log_flush() > 0 && recv(fd, (char[1]){0}, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		;
	dup2(saved, STDERR_FILENO);
	close(saved);
}

/* If not 0: every second send(2) takes a piece only, the others nothing. */
static unsigned torn;

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	if (torn > 0 && fd == STDERR_FILENO && ++torn % 2) {
		errno = EAGAIN;
		return -1;
	}
	return sendto(fd, bytes, torn > 0 ? MIN(len, (size_t)300) : len, flags, NULL, 0);
}

/* A stream takes a part of a line; the rest of it goes before anything else. */
static void test_stream_that_is_full(void **state)
{
	static char text[1 << 20];
	int ends[2];
	size_t len = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	torn = 1;
	fill_stderr(ends[1], 100);
	while (!strstr(text, "99 and") || text[len - 1] != '\n') {
		struct pollfd p = {.fd = ends[0], .events = POLLIN};

		poll(&p, 1, 10);
		len += drain(ends[0], text + len, sizeof(text) - len);
		flush_to(ends[1]);
	}
	torn = 0;
	assert_int_equal(count_lines(text), 100);
	log_when_waiting(NULL, NULL);
	close(ends[0]);
	close(ends[1]);
}

static void test_pipe_that_is_full(void **state)
{
	static char text[1 << 20];
	int ends[2];
	size_t len = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fill_stderr(ends[1], 150);
	for (int i = 0; i < 200; i++) {
		while ((n = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
			len += (size_t)n;
		flush_to(ends[1]);
	}
	text[len] = '\0';
	assert_int_equal(count_lines(text), 150);
	/* a reader that has gone is nobody to wait for */
	signal(SIGPIPE, SIG_IGN);
	fill_stderr(ends[1], 150);
	close(ends[0]);
	flush_to(ends[1]);
	assert_int_equal(log_flush(), 0);
	log_when_waiting(NULL, NULL);
	close(ends[1]);
}

/* The end does not take longer because nobody reads. */
static void test_last_words(void **state)
{
	struct timespec before, after;

	(void)state;
	memset(&journal, 0, sizeof(journal));
	woken = 0;
	log_open(LOG_TARGET_JOURNAL, "test");
	log_when_waiting(wake, &woken);
	journal.answer = -EAGAIN;
	log_info("waits");
	clock_gettime(CLOCK_MONOTONIC, &before);
	log_when_waiting(NULL, NULL);
	for (int i = 0; i < 20; i++)
		log_info("the end");
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(
		after.tv_sec - before.tv_sec, 0, 10); /* half a second, were it not for others */
	assert_int_equal(journal.entries, 0);
	journal.answer = 0;
	log_info("the very end");
	assert_true(journal_has("MESSAGE=the very end"));
	assert_int_equal(journal.entries, 22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_open),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_journal_without_one),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_journal_stream),
		cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_journal_that_stands_still),
		cmocka_unit_test(test_stream_that_is_full),
		cmocka_unit_test(test_pipe_that_is_full),
		cmocka_unit_test(test_last_words),
	};

	alarm(100); /* what waits for somebody who does not read would wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
