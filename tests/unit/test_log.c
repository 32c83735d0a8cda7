/* test_log.c - what reaches stderr: one line a message, by target and level. stderr is a file here. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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

static void test_journal(void **state)
{
	struct caught c;

	(void)state;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_open),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
