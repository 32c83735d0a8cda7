/* token.h - the passes in use, by the id of the login that brought them: tokens, or keys to sign with. */
#pragma once

#include "auth.h"
#include "macro.h"
#include "secret.h"

#define TOKENS_PER_CLOUD 3

/* What a call shows: a token, or else a signature made with a key. */
struct pass {
	struct secret *token;          /* NULL: sign */
	char *access;                  /* access key */
	struct secret *key;            /* secret key */
	struct secret *security_token; /* of a temporary key; NULL: none */
	enum signature form;
};
struct pass *pass_free(struct pass *p); /* wipes; may be NULL; returns NULL */
DEFINE_CLEANUP(struct pass *, pass_free)

struct token_shelf;

int token_shelf_new(struct token_shelf **ret) _must_check_;
struct token_shelf *token_shelf_free(
	struct token_shelf *s); /* wipes all; may be NULL; returns NULL */
DEFINE_CLEANUP(struct token_shelf *, token_shelf_free)

/* Takes the pass (malloc'ed), on failure not: then it is still the caller's. `cloud` is a label by which old
 * ones are dropped: at most TOKENS_PER_CLOUD per cloud are kept, the oldest goes first. -EINVAL: neither token
 * nor key in it, or login 0; -EEXIST: that login has brought one before; -ENOMEM. */
int token_put(
	struct token_shelf *s, const char *cloud, uint64_t login, struct pass *pass) _must_check_;

/* Borrowed until the next token_put(); NULL if unknown. */
const struct pass *token_get(const struct token_shelf *s, uint64_t login);
