/* field.h - JSON objects read into structs by a table; a key that is not in the table is an error. */
#pragma once

#include "macro.h"

#include <json-c/json.h>

/* What is wrong with a document: the path of the bad key and the reason. */
struct problem {
	char path[160];
	char text[200];
};

enum field_type {
	FIELD_TEXT,   /* char *, owned by the struct; null clears it */
	FIELD_BOOL,   /* bool */
	FIELD_NUMBER, /* int64_t */
	FIELD_SPAN,   /* int64_t in ms; "1.5s", "2min", or a number of seconds */
	FIELD_OFFSET, /* the same with a sign in front: "-20min", or a number that may be negative */
	FIELD_WORD,   /* int, index into words */
	FIELD_JSON,   /* struct json_object *, a reference of the struct's own; null clears it */
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	const char *const *words; /* FIELD_WORD: NULL terminated */
};

/* Fills p (may be NULL) with path "path.key" (key may be NULL) and the formatted reason; -EINVAL. */
int problem_set(struct problem *p, const char *path, const char *key, const char *fmt, ...)
	_printf_(4, 5);

/* Checks that o is an object whose keys and types all fit the table. -EINVAL, and p says why. */
int field_check(struct json_object *o, const struct field *table, size_t n, const char *path,
	struct problem *p) _must_check_;

/* As field_check(), and then stores the keys that are present into ret; what is absent stays as it
 * was. Nothing is stored unless everything fits. -ENOMEM when memory is short. */
int field_read(struct json_object *o, const struct field *table, size_t n, void *ret,
	const char *path, struct problem *p) _must_check_;

/* Frees the texts and references that the table names in s. */
void field_free(const struct field *table, size_t n, void *s);

/* A span as in FIELD_SPAN. -EINVAL if v is none. */
int field_span(struct json_object *v, int64_t *ret_ms) _must_check_;
