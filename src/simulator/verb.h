/* verb.h - changes to the simulated cloud: the same words at run time (POST /_sim/VERB) and in a
 * scenario's events. */
#pragma once

#include "sim.h"

/* Checks that verb exists and that o fits it; names that it mentions are not looked up. */
int verb_check(
	const char *verb, struct json_object *o, const char *path, struct problem *p) _must_check_;

/* Does it. -EINVAL and p says why not. */
int verb_apply(struct sim *s, const char *verb, struct json_object *o, const char *path,
	struct problem *p) _must_check_;

/* Checks and plans {"at": SPAN, VERB: {...}}; at counts from the start of the simulator, or from now
 * if from_now. The timers run once verb_start() was called or if they were planned later. */
int verb_plan(struct sim *s, struct json_object *event, bool from_now, const char *path,
	struct problem *p) _must_check_;
void verb_start(struct sim *s);

/* What is still planned, for /_sim/state; a new reference. */
struct json_object *verb_planned(const struct sim *s);
void verb_forget(struct sim *s);
