/* sentence.h - pieces of the sentences in which news are told; for sentence.c, sentence_cloud.c, causes.c and
 * check_login.c only. */
#pragma once

#include "news.h"
#include "text.h"

void sentence_time(struct line *l, int64_t wall); /* local, with offset */
void sentence_span(struct line *l, int64_t ms);
void sentence_quoted(
	struct line *l, const char *text, size_t max); /* cut on a character, in quotes of ours */

/* The bad items of n->report as causes, and what was fixed, not checked, accepted. */
void sentence_items(struct line *l, const struct news *n);

/* Code and text as they came; `otherwise` if there is neither. */
void sentence_raw_code(struct line *l, const char *code, const char *text, const char *otherwise);
/* The same with what the catalogue makes of it; `todo` (may be NULL) where that knows nothing. */
void sentence_code(struct line *l, const char *code, const char *text, const char *otherwise,
	const char *todo);
/* A sentence of ours, the code in brackets, and what to do. */
void sentence_reason(struct line *l, const char *reason, const struct refusal *r, const char *todo);

/* Who logs in: "user U", "access key K", by the cloud's way to log in. */
void sentence_who(struct line *l, const struct news *n);
/* What a cloud's trouble is, and what to do about it, without who is hit and what is tried next. */
void sentence_trouble(struct line *l, const struct news *n);
/* The whole line of a cloud's trouble, its end, a login, or its clock. */
void sentence_cloud(struct line *l, const struct news *n);
