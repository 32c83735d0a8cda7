/* fault.h - faults for the next calls, and a service that is down. */
#pragma once

#include "sim.h"
#include "wire.h"

/* Checks one fault object. */
int fault_check(struct json_object *o, const char *path, struct problem *p) _must_check_;
/* Adds it behind those that wait. */
int fault_add(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
void fault_clear(struct sim *s);
/* Those that still wait, for /_sim/state; a new reference. */
struct json_object *fault_state(const struct sim *s);

/* Takes the fault for this request, if there is one: its count is already lowered, and the copy in
 * *ret is the caller's, to be given back with fault_done(). */
bool fault_take(struct request *r, struct fault *ret);
void fault_done(struct fault *f);
const char *fault_name(const struct fault *f);

/* True if the request is still carried out (before or beside the damage). */
bool fault_executes(const struct fault *f);
/* Puts the fault's own answer into a, for one that is not executed. */
void fault_answer(const struct fault *f, struct request *r, struct answer *a);
/* Damages the answer to a request that was carried out. */
void fault_spoil(const struct fault *f, struct request *r, struct answer *a);
/* The error of one task's entry, if the fault is of that kind and means this task. Code may be "". */
bool fault_entry(
	const struct fault *f, const char *task, const char **ret_code, const char **ret_message);

/* True if the request's service is down; a has the answer. */
bool fault_down(struct request *r, struct answer *a);
