/* iam.h - the simulated identity service: logins, checks of tokens, temporary keys. */
#pragma once

#include "sim.h"
#include "wire.h"

/* POST /v3/auth/tokens */
void iam_login(struct request *r, struct answer *a);
/* GET and HEAD /v3/auth/tokens */
void iam_validate(struct request *r, struct answer *a);
/* POST /v3.0/OS-CREDENTIAL/securitytokens */
void iam_temporary_keys(struct request *r, struct answer *a);

/* A refusal in the style that the scenario chose; message is for Keystone's. */
void iam_refuse(
	struct answer *a, struct request *r, int status, const char *code, const char *message);
/* True if a good token or signature came with the request; else the answer is in a. */
bool iam_admits(struct request *r, struct answer *a);

struct user *iam_user(struct sim *s, const char *name, const char *domain);
/* For /_sim/state; a new reference. */
struct json_object *iam_state_users(const struct sim *s);
