/* iam.h - the simulated identity service: logins, tokens, projects. */
#pragma once

#include "sim.h"
#include "wire.h"

enum token_verdict {
	TOKEN_GOOD,
	TOKEN_MISSING,
	TOKEN_UNKNOWN,
	TOKEN_EXPIRED
};

/* POST /v3/auth/tokens */
void iam_login(struct request *r, struct answer *a);
/* GET /v3/projects */
void iam_projects(struct request *r, struct answer *a);

/* Looks at X-Auth-Token and sets r->token if it is one of ours, good or not. */
enum token_verdict iam_token(struct request *r);

/* Ends tokens: all (serial 0) or one. expire sets their time to now, revoke voids them. */
void iam_end_tokens(struct sim *s, uint64_t serial, bool revoke);
struct user *iam_user(struct sim *s, const char *name, const char *domain);
/* For /_sim/state; new references. */
struct json_object *iam_state_tokens(const struct sim *s);
struct json_object *iam_state_users(const struct sim *s);
void iam_forget(struct sim *s);
