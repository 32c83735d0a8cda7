/* body.h - JSON bodies of IAM: members by type, and objects that may hold nothing else. */
#pragma once

#include "macro.h"

#include <json-c/json.h>

/* The member of o (may be NULL), if it is of the type; else NULL. */
struct json_object *body_member(struct json_object *o, const char *key, enum json_type type);
/* The text at key, NULL if it is none or empty. */
const char *body_text(struct json_object *o, const char *key);
/* True if o is an object without keys other than the space separated ones. */
bool body_only(struct json_object *o, const char *keys);
void body_add(struct json_object *o, const char *key, const char *text);
/* The one method of an identity object; NULL if there is not exactly one. */
const char *body_method(struct json_object *identity);
