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
 * what is wrong. -errno if there can be no store. */
int keep_open(struct event_base *base, enum log_target target, struct settings *s,
	struct keep **ret, struct store_memory *ret_memory) _must_check_;
struct keep *keep_close(struct keep *k); /* may be NULL; returns NULL */

void keep_take_settings(struct keep *k, struct settings *s); /* takes a reference */

/* Tells again what an earlier process saved and, as far as anybody knows, did not tell. */
void keep_repeat(struct keep *k);

/* Acts on all effects of the last event in their order; `call` makes a call, its argument is borrowed. */
void keep_act(
	struct keep *k, struct watch *w, void (*call)(void *arg, const struct call *c), void *arg);
