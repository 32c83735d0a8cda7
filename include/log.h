/* log.h - diagnostics: what the daemon says of itself (news of jobs and clouds go by journal.h). */
#pragma once

#include "macro.h"
#include <stdio.h>
#include <syslog.h>

enum log_target {
	LOG_TARGET_AUTO, /* journal if JOURNAL_STREAM is this stderr, else stderr if a terminal, else syslog */
	LOG_TARGET_JOURNAL, /* stderr with "<N>" prefixes, which journald turns into priorities, where that is its
			     * stream; else its socket; where there is none, stderr all the same */
	LOG_TARGET_SYSLOG, /* /dev/log; where there is none, nowhere */
	LOG_TARGET_STDERR, /* "14:05:09.120 warning: text" */
	_LOG_TARGET_MAX
};

/* -EINVAL if the name is none of auto, journal, syslog, stderr. */
int log_target_parse(const char *name, enum log_target *ret) _must_check_;
const char *log_target_name(enum log_target t);

/* Level names: err warning notice info debug. */
int log_level_parse(const char *name, int *ret) _must_check_;
const char *log_level_name(int level);

/* Opens the target (AUTO is resolved first) and returns the one in force, never AUTO. Before this call
 * everything goes to stderr at LOG_INFO. */
enum log_target log_open(enum log_target target, const char *ident);

/* From now on no line is waited for. One that its target does not take at once waits in memory, in order, and when
 * there is no more room for it (LOG_WAITING_MAX bytes) it is dropped, counted, and the count is said afterwards.
 * wake(arg) is called when the first one begins to wait; log_flush() shall be called then, soon. Before this call
 * every line is waited for, as in a tool. NULL: no loop is left; what waits, and what is still to come, is waited
 * for once more, half a second at the most in all. */
#define LOG_WAITING_MAX (128 * 1024)
void log_when_waiting(void (*wake)(void *arg), void *arg);
/* Writes what waits, as far as it is taken. The ms after which to call it again; 0: nothing waits. */
int log_flush(void);
void log_set_level(int level); /* the most talkative level that is written, LOG_ERR .. LOG_DEBUG */
int log_level(void);
bool log_enabled(int level);

/* One line; newlines inside are escaped; the text is cut at 2 KB. errno is kept. */
void log_message(int level, const char *fmt, ...) _printf_(2, 3);
/* The same for news, at any level, in the targets syslog and stderr: 0 if it was written; -EAGAIN if it would have
 * to wait (nothing is kept then), other -errno if there is no syslog. A stderr that is gone has taken it: there is
 * nobody left to tell. */
int log_tell(int level, const char *text) _must_check_;
#define log_err(...)     log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_enabled(LOG_DEBUG))                                                        \
			log_message(LOG_DEBUG, __VA_ARGS__);                                       \
	} while (0)
