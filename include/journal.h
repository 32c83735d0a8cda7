/* journal.h - news to the journal with all their fields; to syslog or stderr where there is none. */
#pragma once

#include "log.h"
#include "macro.h"
#include "news.h"

#define JOURNAL_FIELD_MAX 4096 /* bytes of one field, its name included; longer ones end in "..." */
#define JOURNAL_ENTRY_MAX                                                                          \
	(32 * 1024) /* bytes of an entry's fields; what does not fit is left out, items last */
#define JOURNAL_DETAIL_MAX 512 /* bytes of one DRS_ITEM_DETAIL value */
#define JOURNAL_ITEMS_MAX  64  /* values of one DRS_ITEM_ field */

/* Tells it at the priority of its event, whatever the log level. 0 when the target took it (the journal: the
 * datagram was accepted); -errno otherwise: -ENOENT and -ECONNREFUSED where no journal runs, -EINVAL for
 * LOG_TARGET_AUTO, which log_open() resolves. Never blocks longer than the journal does. In stderr and syslog
 * the line alone is written, which always works. */
int journal_tell(enum log_target target, const struct news *n, bool repeated) _must_check_;

/* The fields of one entry, as they go to the journal, for tests: calls add("NAME=value", len), NUL-terminated.
 * A field without a value is left out; DRS_STALE is 0 or 1 in all news of a job. Values are valid UTF-8 on one
 * line. */
void journal_fields(const struct news *n, bool repeated,
	void (*add)(void *arg, const char *field, size_t len), void *arg);

/* Tells stored news again, with the fields that journal_fields() gave then, and DRS_REPEATED=1. As
 * journal_tell(). */
int journal_repeat(enum log_target target, int priority, const char *message,
	const char *const *fields, size_t n) _must_check_;
