/* issue.h - tokens: how they are made, found, shown and ended. */
#pragma once

#include "sim.h"
#include "wire.h"

enum token_verdict {
	TOKEN_GOOD,
	TOKEN_MISSING,
	TOKEN_UNKNOWN,
	TOKEN_EXPIRED
};

/* A new token; p NULL: not of a project; method is a literal. NULL when memory is short. */
struct token *issue_token(
	struct sim *s, const struct caller *who, const char *method, struct project *p);
/* The body that goes with it; a new reference. */
struct json_object *issue_json(const struct sim *s, const struct token *t, bool catalog);
/* Text of `size` bytes that begins with MII and a mark, for what must not leak; malloc'ed. */
char *issue_text(struct sim *s, uint64_t serial, size_t size);

struct token *issue_find(struct sim *s, const char *text);
bool issue_good(const struct sim *s, const struct token *t);
/* Looks at X-Auth-Token; sets r->token and r->caller if it is one of ours, good or not. */
enum token_verdict issue_of(struct request *r);

/* Ends tokens: all (serial 0) or one. Expire sets their time to now, revoke voids them. */
void issue_end(struct sim *s, uint64_t serial, bool revoke);
/* For /_sim/state; a new reference. */
struct json_object *issue_state(const struct sim *s);
void issue_forget(struct sim *s);
