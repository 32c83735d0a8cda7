/* log.c
 *
 * Diagnostics. One line is one write, so that lines of several processes do not mix, and nothing that a
 * message carries can begin a second line. The level and the target are the only writable globals of the
 * whole program.
 */
#include "log.h"

#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LINE_ROOM 2048

static int current_level = LOG_INFO;
static enum log_target current_target = LOG_TARGET_STDERR;

static const char *const target_names[_LOG_TARGET_MAX] = {
	[LOG_TARGET_AUTO] = "auto",
	[LOG_TARGET_JOURNAL] = "journal",
	[LOG_TARGET_SYSLOG] = "syslog",
	[LOG_TARGET_STDERR] = "stderr",
};

static const struct {
	int level;
	const char *name;
} levels[] = {
	{LOG_ERR, "err"},
	{LOG_WARNING, "warning"},
	{LOG_NOTICE, "notice"},
	{LOG_INFO, "info"},
	{LOG_DEBUG, "debug"},
};

int log_target_parse(const char *name, enum log_target *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(target_names); i++)
		if (strcmp(name, target_names[i]) == 0) {
			*ret = (enum log_target)i;
			return 0;
		}
	return -EINVAL;
}

const char *log_target_name(enum log_target t)
{
	return (unsigned)t < _LOG_TARGET_MAX ? target_names[t] : "unknown";
}

int log_level_parse(const char *name, int *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(levels); i++)
		if (strcmp(name, levels[i].name) == 0) {
			*ret = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

const char *log_level_name(int level)
{
	for (size_t i = 0; i < ELEMENTSOF(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

/* systemd names the socket behind stderr in JOURNAL_STREAM; only if it is still the same one, the prefixes
 * will be understood. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

enum log_target log_open(enum log_target target, const char *ident)
{
	if (target == LOG_TARGET_AUTO)
		target = stderr_is_journal()          ? LOG_TARGET_JOURNAL
			 : isatty(STDERR_FILENO) == 1 ? LOG_TARGET_STDERR
						      : LOG_TARGET_SYSLOG;
	if (target == LOG_TARGET_SYSLOG)
		openlog(ident, LOG_PID, LOG_DAEMON);
	current_target = target;
	return target;
}

void log_set_level(int level)
{
	current_level = level;
}

int log_level(void)
{
	return current_level;
}

bool log_enabled(int level)
{
	return level <= current_level;
}

static void write_line(const char *prefix, const char *text)
{
	struct iovec parts[] = {
		{.iov_base = (void *)(uintptr_t)prefix, .iov_len = strlen(prefix)},
		{.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)},
		{.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1},
	};
	ssize_t n;

	/* A stderr that is full, closed or gone is no reason to stop; there is nobody left to tell. */
	do
		n = writev(STDERR_FILENO, parts, ELEMENTSOF(parts));
	while (n < 0 && errno == EINTR);
}

static void write_stderr(int level, const char *text)
{
	struct timespec now;
	struct tm tm = {0};
	char prefix[64];

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	snprintf(prefix, sizeof(prefix), "%02d:%02d:%02d.%03ld %s: ", tm.tm_hour, tm.tm_min,
		tm.tm_sec, now.tv_nsec / 1000000, log_level_name(level));
	write_line(prefix, text);
}

static void write_journal(int level, const char *text)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "<%d>", level);
	write_line(prefix, text);
}

void log_message(int level, const char *fmt, ...)
{
	int saved = errno;
	char raw[LINE_ROOM], text[LINE_ROOM];
	struct line line;
	va_list ap;

	if (!log_enabled(level))
		return;
	line_init(&line, raw, sizeof(raw));
	errno = saved; /* for %m */
	va_start(ap, fmt);
	line_vadd(&line, fmt, ap);
	va_end(ap);
	/* Backslashes stay: remote text in a message was escaped where it came in. */
	text_flatten(text, sizeof(text), raw, line.len);
	if (current_target == LOG_TARGET_SYSLOG)
		syslog(level, "%s", text);
	else if (current_target == LOG_TARGET_JOURNAL)
		write_journal(level, text);
	else
		write_stderr(level, text);
	errno = saved;
}
