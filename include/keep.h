/* keep.h - the roof's memory: saves before it tells, tells before it calls. */
#pragma once

#include "log.h"
#include "macro.h"
#include "settings.h"
#include "store.h"
#include "watch.h"

#include <event2/event.h>

struct keep;

/* Opens the store in s->state_dir; what it remembers goes to *ret_memory (store_memory_done() it). Says itself
 * what is wrong. -errno if there can be no store. `once`: all news are told one by one, however many. */
int keep_open(struct event_base *base, enum log_target target, bool once, struct settings *s,
	struct keep **ret, struct store_memory *ret_memory) _must_check_;
/* Gives what waits to be told a second, or ten minutes with `once` to stderr, which may be read in a pager. May be
 * NULL; returns NULL. */
struct keep *keep_close(struct keep *k);

void keep_take_settings(struct keep *k, struct settings *s); /* takes a reference */

/* Wall ms: since when news wait for the journal; 0: none does. */
int64_t keep_blocked(const struct keep *k);

/* Acts on all effects of the last event in their order, behind what still waits to be told, also from earlier
 * processes; `call` makes a call, its argument is borrowed. */
void keep_act(
	struct keep *k, struct watch *w, void (*call)(void *arg, const struct call *c), void *arg);
