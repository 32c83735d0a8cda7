/* iam.h - IAM's token request and reply. */
#pragma once

#include "call.h"
#include "exchange.h"
#include "macro.h"
#include "secret.h"

/* URL and body of POST /v3/auth/tokens?nocatalog=true for the password method, scoped to the
 * project. The body holds the password: the caller hands it to the transport and drops it; it is
 * wiped memory. */
int iam_request(const struct cloud_settings *cloud, const struct secret *password, char **ret_url,
	struct secret **ret_body) _must_check_;

/* What the exchange means. `token` is the X-Subject-Token header's value (may be NULL); on
 * OUTCOME_OK *ret_token takes a copy of it, else it is NULL. Life is expires_at - issued_at.
 * -ENOMEM only. */
int iam_reply(const struct call *call, const struct exchange *x, const char *token,
	size_t token_len, struct reply **ret, struct secret **ret_token) _must_check_;

enum outcome iam_outcome(int status, const char *code, const char *text);
