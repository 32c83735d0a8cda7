/* key.h - access keys, permanent and temporary, and the requests that are signed with them. */
#pragma once

#include "sim.h"
#include "wire.h"

#define KEY_SECRET_MAX 256

/* Adds a permanent key {"access","secret","enabled"} of the user. -EINVAL and p, -ENOMEM. */
int key_add(struct sim *s, const struct user *u, struct json_object *o, const char *path,
	struct problem *p) _must_check_;
/* Makes a temporary key that lasts `life` ms. NULL when memory is short. */
struct key *key_issue(struct sim *s, const struct caller *who, int64_t life);
/* {"credential": {...}}; a new reference. */
struct json_object *key_json(const struct key *k);

struct key *key_find(struct sim *s, const char *access);
bool key_good(const struct sim *s, const struct key *k);

/* Looks at the Authorization header for the log only: r->auth and r->access. */
void key_named(struct request *r);
/* True if the request is signed, or seems to be. */
bool key_signed(const struct request *r);
/* Verifies the signature and sets r->caller. False, with an answer in a, if it is not good. */
bool key_admits(struct request *r, struct answer *a);

/* For /_sim/state; a new reference. */
struct json_object *key_state(const struct sim *s);
void key_forget(struct sim *s);
