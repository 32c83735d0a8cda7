/* journal.h - news to the journal with all their fields; to syslog or stderr where there is none. */
#pragma once

#include "log.h"
#include "macro.h"
#include "news.h"

/* 0 when the target took it (the journal: the datagram was accepted); -errno otherwise. Never blocks longer
 * than the journal does. In stderr and syslog the line alone is written. */
int journal_tell(enum log_target target, const struct news *n, bool repeated) _must_check_;

/* The fields of one entry, as they go to the journal, for tests: calls add("NAME=value", len). */
void journal_fields(const struct news *n, bool repeated, void (*add)(void *arg, const char *field, size_t len),
	void *arg);
