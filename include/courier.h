/* courier.h - carries calls to DRS and IAM, and brings exactly one reply for each. */
#pragma once

#include "call.h"
#include "credential.h"
#include "http.h"
#include "macro.h"
#include "settings.h"

struct courier;

/* Called once per courier_send() unless the courier is freed before, never from inside it; borrows r. */
typedef void courier_done(void *arg, const struct reply *r);

int courier_new(
	struct event_base *base, courier_done *done, void *arg, struct courier **ret) _must_check_;
struct courier *courier_free(
	struct courier *c); /* drops what is under way; may be NULL; returns NULL */

/* Sends a call; borrows it. `settings` are those that call->cloud belongs to (a reference is taken); `credential`
 * is the cloud's, read in a login only; budget is the time until call->give_up in ms. What can't be sent is
 * replied to from the loop, as transport trouble. */
void courier_send(struct courier *c, const struct call *call, struct settings *settings,
	const struct credential *credential, int64_t budget);

/* TLS settings may have changed: no old connection is used again. */
void courier_reset(struct courier *c);
