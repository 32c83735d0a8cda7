/* json.h - JSON from outside, read strictly: every getter says "absent" rather than guess; json-c
 * is behind it.
 *
 * `o` may be NULL or of any type everywhere; null counts as absent; of a key given twice the
 * last counts. What the getters return is borrowed and lives as long as the document. */
#pragma once

#include "macro.h"

struct json;

/* Parses a whole document of len bytes, NUL-terminated behind them, at most 16 levels deep,
 * whose root is an object. -EINVAL for anything else; -ENOMEM. */
int json_parse(const char *text, size_t len, struct json **ret) _must_check_;
struct json *json_free(struct json *root); /* the root only; may be NULL; returns NULL */
DEFINE_CLEANUP(struct json *, json_free)

/* NULL unless an object, unless an array. */
const struct json *json_get_object(const struct json *o, const char *key);
const struct json *json_get_array(const struct json *o, const char *key);
bool json_has(const struct json *o, const char *key); /* present and not null */

size_t json_count(const struct json *array);                    /* 0 unless an array */
const struct json *json_at(const struct json *array, size_t i); /* NULL unless an object */
/* An element that is a string without NULs ("" too). Else NULL. */
const char *json_string_at(const struct json *array, size_t i);

/* A string with its length; it may hold NULs. NULL unless a string. */
const char *json_get_string(const struct json *o, const char *key, size_t *ret_len);
/* A string without NULs that is not "": for ids and words to compare. Else NULL. */
const char *json_get_word(const struct json *o, const char *key);
/* False unless an integer that fits (no string, no 1.0, no 20 digits). */
bool json_get_integer(const struct json *o, const char *key, int64_t *ret);
/* 1 or 0 for true and false, also as the strings "true" and "false"; -1 for anything else. */
int json_get_bool(const struct json *o, const char *key);
/* Percent as integer 0-100, or as a string "40%", " 40 % ", "40", "99.5%" (rounded down); -1 for
 * anything else. */
int json_get_percent(const struct json *o, const char *key);
/* The value of any type as JSON text; "" if absent. NULL: no memory. */
const char *json_get_text(const struct json *o, const char *key, size_t *ret_len);

/* Writes s as a quoted JSON string (terminated) if it fits n bytes; returns its length without
 * the NUL in any case. Bytes from 0x80 up are passed on as they are. */
size_t json_quote(char *dst, size_t n, const char *s);

/* A document that is being written. Zero it to begin; what goes wrong (no memory) is said once, at the end.
 * Strings come out as valid UTF-8 whatever they hold: bytes that are none are written as \xNN. */
struct json_writer {
	char *text;
	size_t len, room;
	bool failed;
};
/* key: NULL in an array and at the root. open is '{' or '[', close what belongs to it. */
void json_open(struct json_writer *w, const char *key, char open);
void json_close(struct json_writer *w, char close);
void json_put_string(
	struct json_writer *w, const char *key, const char *value); /* NULL: left out */
void json_put_integer(struct json_writer *w, const char *key, int64_t value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
/* Hands over the text, terminated; ret_len may be NULL. -ENOMEM. The writer is empty afterwards in any case. */
int json_take(struct json_writer *w, char **ret, size_t *ret_len) _must_check_;
