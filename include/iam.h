/* iam.h - what IAM is asked for a login, and what it answers: tokens, and the project that a key is for. */
#pragma once

#include "call.h"
#include "exchange.h"
#include "macro.h"
#include "secret.h"

/* What a token by password is wanted for. */
enum iam_scope {
	IAM_PROJECT, /* the calls to DRS */
	IAM_ACCOUNT  /* the user's own account, to assume a role from there */
};

/* URL and body of POST /v3/auth/tokens?nocatalog=true by user and password. The body holds the password: the
 * caller hands it to the transport and drops it; it is wiped memory. -ENOMEM. */
int iam_request(const struct cloud_settings *cloud, const struct secret *password,
	enum iam_scope scope, char **ret_url, struct secret **ret_body) _must_check_;

/* The same for the agency of another account; it goes out with a token of IAM_ACCOUNT. -ENOMEM. */
int iam_assume_request(
	const struct cloud_settings *cloud, char **ret_url, char **ret_body) _must_check_;

/* URL of GET /v3/auth/tokens, which says of a token whose it is and how long it lasts. -ENOMEM. */
int iam_check_url(const struct cloud_settings *cloud, char **ret) _must_check_;

/* URL of GET /v3/projects: the configured one by its name, or just any, to see that the key is taken. -ENOMEM. */
int iam_project_url(const struct cloud_settings *cloud, char **ret) _must_check_;

/* What the answer to one of the first two means. `token` is the X-Subject-Token header's value (may be NULL);
 * on OUTCOME_OK *ret_token takes a copy of it, else it is NULL. Life is expires_at - issued_at. -ENOMEM only. */
int iam_reply(const struct call *call, const struct exchange *x, const char *token,
	size_t token_len, enum iam_scope scope, struct reply **ret,
	struct secret **ret_token) _must_check_;

/* What the answer to GET /v3/auth/tokens means; life is what is left at `wall` (ms). -ENOMEM only. */
int iam_check_reply(const struct call *call, const struct exchange *x, int64_t wall,
	struct reply **ret) _must_check_;

/* What the answer to GET /v3/projects means: OUTCOME_OK fills project, and life with INT64_MAX. A key that may
 * not list projects is good all the same if the project's id is configured. -ENOMEM only. */
int iam_project_reply(
	const struct call *call, const struct exchange *x, struct reply **ret) _must_check_;

enum outcome iam_outcome(int status, const char *code, const char *text);
