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

/* The fields of one entry, as they go to the journal and into the store: calls add("NAME=value", len),
 * NUL-terminated, the line itself as MESSAGE. A field without a value is left out; DRS_STALE is 0 or 1 in all news
 * of a job. Values are valid UTF-8 on one line. */
void journal_fields(const struct news *n, bool repeated,
	void (*add)(void *arg, const char *field, size_t len), void *arg);

struct journal;

/* For a target that log_open() returned; -EINVAL for LOG_TARGET_AUTO. `socket`: where the journal listens
 * (JOURNAL_SOCKET). Opens nothing yet. */
int journal_new(enum log_target target, const char *socket, struct journal **ret) _must_check_;
struct journal *journal_free(struct journal *j); /* may be NULL; returns NULL */

/* Tells a piece of news by its fields, at any log level, and with DRS_REPEATED=1 if it may have been told before.
 * Never waits. 0: the target has it; for the journal that is, the kernel took the datagram. Else it was not told:
 * -EAGAIN while the journal does not read, -ENOENT and -ECONNREFUSED where there is none, other -errno. To syslog and
 * stderr the line alone is written. */
int journal_tell(struct journal *j, int priority, const char *message, const char *const *fields,
	size_t n, bool repeated) _must_check_;

/* The socket that becomes writable when the journal reads again; -1: nothing to wait for but time. */
int journal_descriptor(const struct journal *j);
