/* outbox.h - hands over what the store holds untold, oldest first, as fast as the journal takes it. */
#pragma once

#include "log.h"
#include "macro.h"
#include "news.h"
#include "store.h"

#include <event2/event.h>

struct outbox;

struct outbox_options {
	enum log_target target;
	const char *socket;  /* where the journal listens */
	struct store *store; /* borrowed */
	uint64_t first; /* the first id of this process: what is older may have been told before */
	unsigned ceiling;        /* see burst.h; 0: all are told one by one */
	void (*told)(void *arg); /* some were told, out of an event of ours: commit the marks */
	void *arg;
};

int outbox_new(
	struct event_base *base, const struct outbox_options *o, struct outbox **ret) _must_check_;
struct outbox *outbox_free(struct outbox *o); /* may be NULL; returns NULL */

/* Tells what the store holds untold, and marks it there. What is not taken is told later, in this order, without
 * being asked again. True if something was told: commit the marks. */
bool outbox_tell(struct outbox *o);
/* The answer to USR2: told by the next outbox_tell(), after all news; waits in memory if it must. */
void outbox_answer(struct outbox *o, const struct news *n);
/* Before the end: what was counted by the ceiling is told now, and what waits is given a second. True as above. */
bool outbox_finish(struct outbox *o);
/* Wall ms: since when news wait to be taken; 0: none does. */
int64_t outbox_blocked(const struct outbox *o);
