/* json.c - the only file that knows json-c.
 *
 * json-c is lenient by nature: its getters turn "100%" into 100 and "false" into true, and a
 * parse may end in the middle of the text and still succeed. So the parser is told to be strict,
 * its end is compared with the length, and each getter looks at the type first. */
#include "json.h"

#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16

static struct json_object *inner(const struct json *o)
{
	return (struct json_object *)o;
}

static const struct json *outer(struct json_object *o)
{
	return (const struct json *)o;
}

int json_parse(const char *text, size_t len, struct json **ret)
{
	struct json_tokener *tokener;
	struct json_object *root;
	bool whole;

	if (len >= INT_MAX)
		return -EINVAL;
	tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With the NUL, or a document that ends in a number or null would wait for more. */
	root = json_tokener_parse_ex(tokener, text, (int)len + 1);
	whole = json_tokener_get_error(tokener) == json_tokener_success &&
		json_tokener_get_parse_end(tokener) == len;
	json_tokener_free(tokener);
	if (!whole || !json_object_is_type(root, json_type_object)) {
		json_object_put(root);
		return -EINVAL;
	}
	*ret = (struct json *)root;
	return 0;
}

struct json *json_free(struct json *root)
{
	json_object_put(inner(root));
	return NULL;
}

/* The member whatever its type; NULL if absent or null. */
static struct json_object *member(const struct json *o, const char *key)
{
	struct json_object *value;

	if (!json_object_is_type(inner(o), json_type_object) ||
		!json_object_object_get_ex(inner(o), key, &value))
		return NULL;
	return value;
}

static struct json_object *member_of_type(const struct json *o, const char *key, json_type type)
{
	struct json_object *value = member(o, key);

	return value && json_object_is_type(value, type) ? value : NULL;
}

const struct json *json_get_object(const struct json *o, const char *key)
{
	return outer(member_of_type(o, key, json_type_object));
}

const struct json *json_get_array(const struct json *o, const char *key)
{
	return outer(member_of_type(o, key, json_type_array));
}

bool json_has(const struct json *o, const char *key)
{
	return member(o, key) != NULL;
}

size_t json_count(const struct json *array)
{
	if (!json_object_is_type(inner(array), json_type_array))
		return 0;
	return json_object_array_length(inner(array));
}

const struct json *json_at(const struct json *array, size_t i)
{
	struct json_object *value;

	if (i >= json_count(array))
		return NULL;
	value = json_object_array_get_idx(inner(array), i);
	return value && json_object_is_type(value, json_type_object) ? outer(value) : NULL;
}

const char *json_string_at(const struct json *array, size_t i)
{
	struct json_object *value;
	const char *s;

	if (i >= json_count(array))
		return NULL;
	value = json_object_array_get_idx(inner(array), i);
	if (!json_object_is_type(value, json_type_string))
		return NULL;
	s = json_object_get_string(value);
	return strlen(s) == (size_t)json_object_get_string_len(value) ? s : NULL;
}

const char *json_get_string(const struct json *o, const char *key, size_t *ret_len)
{
	struct json_object *value = member_of_type(o, key, json_type_string);

	if (!value)
		return NULL;
	*ret_len = (size_t)json_object_get_string_len(value);
	return json_object_get_string(value);
}

const char *json_get_word(const struct json *o, const char *key)
{
	size_t len;
	const char *s = json_get_string(o, key, &len);

	return s && len > 0 && strlen(s) == len ? s : NULL;
}

bool json_get_integer(const struct json *o, const char *key, int64_t *ret)
{
	struct json_object *value = member_of_type(o, key, json_type_int);
	int64_t number;

	if (!value)
		return false;
	number = json_object_get_int64(value);
	/* json-c clamps what does not fit, without a word */
	if (number == INT64_MAX || number == INT64_MIN)
		return false;
	*ret = number;
	return true;
}

int json_get_bool(const struct json *o, const char *key)
{
	struct json_object *value = member_of_type(o, key, json_type_boolean);
	const char *word;

	if (value)
		return json_object_get_boolean(value) ? 1 : 0;
	word = json_get_word(o, key);
	if (!word)
		return -1;
	if (strcmp(word, "true") == 0)
		return 1;
	return strcmp(word, "false") == 0 ? 0 : -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int percent_parse(const char *s)
{
	int percent = 0;
	bool rest = false; /* a fraction that is not zero */

	s += strspn(s, " ");
	if (!is_digit(*s))
		return -1;
	for (; is_digit(*s); s++) {
		percent = percent * 10 + (*s - '0');
		if (percent > 100)
			return -1;
	}
	if (*s == '.') {
		if (!is_digit(*++s))
			return -1;
		for (; is_digit(*s); s++)
			rest = rest || *s != '0';
	}
	s += strspn(s, " ");
	if (*s == '%')
		s++;
	s += strspn(s, " ");
	return *s || (percent == 100 && rest) ? -1 : percent;
}

int json_get_percent(const struct json *o, const char *key)
{
	const char *word = json_get_word(o, key);
	int64_t number;

	if (word)
		return percent_parse(word);
	if (!json_get_integer(o, key, &number) || number < 0 || number > 100)
		return -1;
	return (int)number;
}

const char *json_get_text(const struct json *o, const char *key, size_t *ret_len)
{
	struct json_object *value = member(o, key);

	if (!value) {
		*ret_len = 0;
		return "";
	}
	return json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, ret_len);
}

size_t json_quote(char *dst, size_t n, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = 2;

	for (const char *p = s; *p; p++)
		len += *p == '"' || *p == '\\' ? 2 : (unsigned char)*p < 0x20 ? 6 : 1;
	if (len >= n)
		return len;
	*dst++ = '"';
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20) {
			memcpy(dst, "\\u00", 4);
			dst[4] = hex[(unsigned char)*s >> 4];
			dst[5] = hex[*s & 15];
			dst += 6;
			continue;
		}
		if (*s == '"' || *s == '\\')
			*dst++ = '\\';
		*dst++ = *s;
	}
	*dst++ = '"';
	*dst = '\0';
	return len;
}

/* --- writing --- */

static bool make_room(struct json_writer *w, size_t more)
{
	size_t room = w->room ? w->room : 1024;
	char *text;

	if (w->failed)
		return false;
	while (room - w->len <= more)
		room *= 2;
	if (room == w->room)
		return true;
	text = realloc(w->text, room);
	if (!text) {
		w->failed = true;
		return false;
	}
	w->text = text;
	w->room = room;
	return true;
}

static void put_raw(struct json_writer *w, const char *text, size_t len)
{
	if (!make_room(w, len))
		return;
	memcpy(w->text + w->len, text, len);
	w->len += len;
	w->text[w->len] = '\0';
}

static void put_quoted(struct json_writer *w, const char *s)
{
	char none[1];
	size_t len = json_quote(none, 0, s);

	if (!make_room(w, len))
		return;
	w->len += json_quote(w->text + w->len, w->room - w->len, s);
}

/* The comma that the place asks for, and the key. */
static void put_lead(struct json_writer *w, const char *key)
{
	char last = '[';

	if (w->len > 0)
		last = w->text[w->len - 1];
	if (last != '[' && last != '{')
		put_raw(w, ",", 1);
	if (!key)
		return;
	put_quoted(w, key);
	put_raw(w, ":", 1);
}

void json_open(struct json_writer *w, const char *key, char open)
{
	put_lead(w, key);
	put_raw(w, &open, 1);
}

void json_close(struct json_writer *w, char close)
{
	put_raw(w, &close, 1);
}

void json_put_string(struct json_writer *w, const char *key, const char *value)
{
	_cleanup_free_ char *flat = NULL;
	size_t len;

	if (!value)
		return;
	len = strlen(value);
	if (!text_utf8_valid(value, len)) {
		flat = malloc(4 * len + 1);
		if (!flat) {
			w->failed = true;
			return;
		}
		value = text_flatten(flat, 4 * len + 1, value, len);
	}
	put_lead(w, key);
	put_quoted(w, value);
}

void json_put_integer(struct json_writer *w, const char *key, int64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, value);

	put_lead(w, key);
	put_raw(w, text, (size_t)n);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	put_lead(w, key);
	put_raw(w, value ? "true" : "false", value ? 4 : 5);
}

int json_take(struct json_writer *w, char **ret, size_t *ret_len)
{
	struct json_writer done = *w;

	*w = (struct json_writer){0};
	if (done.failed || !done.text) {
		free(done.text);
		return -ENOMEM;
	}
	*ret = done.text;
	if (ret_len)
		*ret_len = done.len;
	return 0;
}
