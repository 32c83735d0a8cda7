/* token.h - the tokens in use, by the id of the login that brought them. */
#pragma once

#include "macro.h"
#include "secret.h"

struct token_shelf;

int token_shelf_new(struct token_shelf **ret) _must_check_;
struct token_shelf *token_shelf_free(struct token_shelf *s); /* wipes all; may be NULL */

/* Takes the token. `cloud` is a label by which old ones are dropped: at most three per cloud are kept, the
 * oldest goes first. */
int token_put(struct token_shelf *s, const char *cloud, uint64_t login, struct secret *token) _must_check_;
const struct secret *token_get(const struct token_shelf *s, uint64_t login); /* borrowed; NULL if unknown */
