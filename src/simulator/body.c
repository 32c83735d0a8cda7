/* body.c - reading and writing the JSON of identity requests. */
#include "body.h"

#include <string.h>

struct json_object *body_member(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	return o && json_object_object_get_ex(o, key, &v) && json_object_is_type(v, type) ? v
											  : NULL;
}

const char *body_text(struct json_object *o, const char *key)
{
	struct json_object *v = body_member(o, key, json_type_string);

	return v && json_object_get_string_len(v) > 0 ? json_object_get_string(v) : NULL;
}

bool body_only(struct json_object *o, const char *keys)
{
	if (!json_object_is_type(o, json_type_object))
		return false;
	json_object_object_foreach(o, key, v)
	{
		size_t n = strlen(key);
		bool known = false;

		(void)v;
		for (const char *p = keys; *p && !known;) {
			size_t len = strcspn(p, " ");

			known = len == n && memcmp(p, key, n) == 0;
			p += len + (p[len] == ' ');
		}
		if (!known)
			return false;
	}
	return true;
}

void body_add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

const char *body_method(struct json_object *identity)
{
	struct json_object *list = body_member(identity, "methods", json_type_array), *v;

	if (!list || json_object_array_length(list) != 1)
		return NULL;
	v = json_object_array_get_idx(list, 0);
	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}
