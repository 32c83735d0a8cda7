/* token.h - the tokens in use, by the id of the login that brought them. */
#pragma once

#include "macro.h"
#include "secret.h"

#define TOKENS_PER_CLOUD 3

struct token_shelf;

int token_shelf_new(struct token_shelf **ret) _must_check_;
struct token_shelf *token_shelf_free(
	struct token_shelf *s); /* wipes all; may be NULL; returns NULL */
DEFINE_CLEANUP(struct token_shelf *, token_shelf_free)

/* Takes the token, on failure not: then it is still the caller's. `cloud` is a label by which old ones are
 * dropped: at most TOKENS_PER_CLOUD per cloud are kept, the oldest goes first. -EINVAL: an empty token, or
 * login 0; -EEXIST: that login has brought one before; -ENOMEM. */
int token_put(struct token_shelf *s, const char *cloud, uint64_t login,
	struct secret *token) _must_check_;

/* Borrowed until the next token_put(); NULL if unknown. */
const struct secret *token_get(const struct token_shelf *s, uint64_t login);
