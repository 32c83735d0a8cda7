/* field.c - the one way in which the simulator reads JSON that people write: scenario, events, control.
 *
 * A misspelt key in a scenario would make a test pass for the wrong reason; therefore unknown keys are
 * errors everywhere, and every error names its path ("projects[0].tasks[2].statsu"). */
#include "field.h"
#include "span.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int problem_set(struct problem *p, const char *path, const char *key, const char *fmt, ...)
{
	va_list ap;

	if (!p)
		return -EINVAL;
	snprintf(p->path, sizeof(p->path), "%s%s%s", path, key && *path ? "." : "", key ? key : "");
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int field_span(struct json_object *v, int64_t *ret_ms)
{
	int64_t ms;

	if (json_object_is_type(v, json_type_string)) {
		if (span_parse(json_object_get_string(v), &ms) < 0)
			return -EINVAL;
	} else if (json_object_is_type(v, json_type_int) ||
		   json_object_is_type(v, json_type_double)) {
		double s = json_object_get_double(v);

		/* A thousand years is more than a test will wait, and far from overflow. */
		if (!(s >= 0 && s <= 3.2e10))
			return -EINVAL;
		ms = (int64_t)(s * 1000.0 + 0.5);
	} else {
		return -EINVAL;
	}
	*ret_ms = ms;
	return 0;
}

static int field_offset(struct json_object *v, int64_t *ret_ms)
{
	bool minus = false;
	struct json_object *rest;
	int64_t ms;
	int r;

	if (json_object_is_type(v, json_type_string)) {
		const char *text = json_object_get_string(v);

		minus = *text == '-';
		rest = json_object_new_string(text + minus);
	} else {
		double s = json_object_get_double(v);

		minus = s < 0;
		rest = json_object_is_type(v, json_type_int) ||
				       json_object_is_type(v, json_type_double)
			       ? json_object_new_double(minus ? -s : s)
			       : NULL;
	}
	r = field_span(rest, &ms);
	json_object_put(rest);
	if (r >= 0)
		*ret_ms = minus ? -ms : ms;
	return r;
}

static int word_index(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

static const struct field *find(const struct field *table, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].key, key) == 0)
			return &table[i];
	return NULL;
}

static int check_one(
	const struct field *f, struct json_object *v, const char *path, struct problem *p)
{
	int64_t ms;

	switch (f->type) {
	case FIELD_TEXT:
		if (v && !json_object_is_type(v, json_type_string))
			return problem_set(p, path, f->key, "must be a text");
		if (v && strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
			return problem_set(p, path, f->key, "must not contain \\u0000");
		return 0;
	case FIELD_BOOL:
		if (!json_object_is_type(v, json_type_boolean))
			return problem_set(p, path, f->key, "must be true or false");
		return 0;
	case FIELD_NUMBER:
		if (!json_object_is_type(v, json_type_int))
			return problem_set(p, path, f->key, "must be a whole number");
		return 0;
	case FIELD_SPAN:
		if (field_span(v, &ms) < 0)
			return problem_set(p, path, f->key,
				"must be a time span such as \"1.5s\" or a number of seconds");
		return 0;
	case FIELD_OFFSET:
		if (field_offset(v, &ms) < 0)
			return problem_set(p, path, f->key,
				"must be a time span with or without a minus in front");
		return 0;
	case FIELD_WORD:
		if (!json_object_is_type(v, json_type_string) ||
			word_index(f->words, json_object_get_string(v)) < 0) {
			char known[150] = "";
			size_t at = 0;

			for (int i = 0; f->words[i] && at < sizeof(known) - 1; i++) {
				int len = snprintf(known + at, sizeof(known) - at, "%s%s",
					i ? ", " : "", f->words[i]);
				at = MIN(at + (size_t)len, sizeof(known) - 1);
			}
			return problem_set(p, path, f->key, "must be one of: %s", known);
		}
		return 0;
	case FIELD_JSON:
		return 0;
	}
	return -EINVAL;
}

int field_check(struct json_object *o, const struct field *table, size_t n, const char *path,
	struct problem *p)
{
	if (!json_object_is_type(o, json_type_object))
		return problem_set(p, path, NULL, "must be an object");
	json_object_object_foreach(o, key, v)
	{
		const struct field *f = find(table, n, key);
		int r;

		if (!f)
			return problem_set(p, path, key, "unknown key");
		r = check_one(f, v, path, p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int store_one(const struct field *f, struct json_object *v, void *ret)
{
	void *at = (char *)ret + f->offset;

	switch (f->type) {
	case FIELD_TEXT: {
		char *copy = v ? strdup(json_object_get_string(v)) : NULL;

		if (v && !copy)
			return -ENOMEM;
		free(*(char **)at);
		*(char **)at = copy;
		return 0;
	}
	case FIELD_BOOL:
		*(bool *)at = json_object_get_boolean(v);
		return 0;
	case FIELD_NUMBER:
		*(int64_t *)at = json_object_get_int64(v);
		return 0;
	case FIELD_SPAN:
		return field_span(v, at);
	case FIELD_OFFSET:
		return field_offset(v, at);
	case FIELD_WORD:
		*(int *)at = word_index(f->words, json_object_get_string(v));
		return 0;
	case FIELD_JSON: {
		struct json_object *old = *(struct json_object **)at;

		*(struct json_object **)at = json_object_get(v);
		json_object_put(old);
		return 0;
	}
	}
	return -EINVAL;
}

int field_read(struct json_object *o, const struct field *table, size_t n, void *ret,
	const char *path, struct problem *p)
{
	int r = field_check(o, table, n, path, p);

	if (r < 0)
		return r;
	json_object_object_foreach(o, key, v)
	{
		const struct field *f = find(table, n, key);

		r = f ? store_one(f, v, ret) : -EINVAL;
		if (r < 0)
			return r;
	}
	return 0;
}

void field_free(const struct field *table, size_t n, void *s)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (char *)s + table[i].offset;

		if (table[i].type == FIELD_TEXT) {
			free(*(char **)at);
			*(char **)at = NULL;
		} else if (table[i].type == FIELD_JSON) {
			json_object_put(*(struct json_object **)at);
			*(struct json_object **)at = NULL;
		}
	}
}
