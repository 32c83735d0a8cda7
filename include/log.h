/* log.h - diagnostics: what the daemon says of itself (news of jobs and clouds go by journal.h). */
#pragma once

#include "macro.h"
#include <stdio.h>
#include <syslog.h>

enum log_target {
	LOG_TARGET_AUTO, /* journal if JOURNAL_STREAM is this stderr, else stderr if a terminal, else syslog */
	LOG_TARGET_JOURNAL, /* stderr with "<N>" prefixes, which journald turns into priorities */
	LOG_TARGET_SYSLOG,
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
void log_set_level(int level); /* the most talkative level that is written, LOG_ERR .. LOG_DEBUG */
int log_level(void);
bool log_enabled(int level);

/* One line; newlines inside are escaped; the text is cut at 2 KB. errno is kept. */
void log_message(int level, const char *fmt, ...) _printf_(2, 3);
#define log_err(...)     log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_enabled(LOG_DEBUG))                                                        \
			log_message(LOG_DEBUG, __VA_ARGS__);                                       \
	} while (0)
