/* report_json.c - a report as JSON text and back.
 *
 * Read as strictly as what comes from outside: the text lay on a disk, and a report that lost an item on the
 * way would turn a failed job into a passed one. */
#include "report_json.h"

#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static void put_item(struct json_writer *w, const struct item *item)
{
	json_open(w, NULL, '{');
	json_put_string(w, "name", item->name);
	json_put_string(w, "result", item_result_name(item->result));
	json_put_string(w, "said", item->said);
	json_put_string(w, "group", item->group);
	json_put_string(w, "reason", item->reason);
	json_put_string(w, "message", item->message);
	json_put_string(w, "parts", item->parts);
	if (!item->checked)
		json_put_bool(w, "checked", false);
	if (item->since != 0)
		json_put_integer(w, "since", item->since);
	if (item->runs != 0)
		json_put_integer(w, "runs", item->runs);
	json_close(w, '}');
}

int report_to_json(const struct report *r, char **ret, size_t *ret_len)
{
	struct json_writer w = {0};
	char hex[17];

	json_open(&w, NULL, '{');
	json_put_integer(&w, "process", r->process);
	if (r->rate >= 0)
		json_put_integer(&w, "rate", r->rate);
	if (r->result >= 0)
		json_put_integer(&w, "result", r->result);
	if (r->pending)
		json_put_bool(&w, "pending", true);
	snprintf(hex, sizeof(hex), "%016" PRIx64, r->fingerprint);
	json_put_string(&w, "fingerprint", hex);
	json_open(&w, "items", '[');
	for (size_t i = 0; i < r->n; i++)
		put_item(&w, &r->items[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	return json_take(&w, ret, ret_len);
}

/* Absent: dflt. False if it is there and out of bounds, or no integer. */
static bool get_within(
	const struct json *o, const char *key, int64_t min, int64_t max, int64_t dflt, int64_t *ret)
{
	*ret = dflt;
	if (!json_has(o, key))
		return true;
	return json_get_integer(o, key, ret) && *ret >= min && *ret <= max;
}

static bool get_result(const struct json *o, enum item_result *ret)
{
	size_t len;
	const char *word = json_get_string(o, "result", &len);

	for (int r = 0; word && r < _ITEM_RESULT_MAX; r++)
		if (strcmp(word, item_result_name((enum item_result)r)) == 0) {
			*ret = (enum item_result)r;
			return true;
		}
	return false;
}

/* Absent: NULL. False if it is there and no text. */
static bool get_text(const struct json *o, const char *key, char **ret)
{
	/* borrowed: report_add() copies */
	*ret = (char *)json_get_word(o, key);
	return *ret || !json_has(o, key);
}

static int add_item(struct report *r, const struct json *o)
{
	struct item item = {.checked = json_get_bool(o, "checked") != 0};
	int64_t runs;

	if (!get_text(o, "name", &item.name) || !item.name || !get_result(o, &item.result) ||
		!get_text(o, "said", &item.said) || !get_text(o, "group", &item.group) ||
		!get_text(o, "reason", &item.reason) || !get_text(o, "message", &item.message) ||
		!get_text(o, "parts", &item.parts) ||
		!get_within(o, "since", INT64_MIN, INT64_MAX, 0, &item.since) ||
		!get_within(o, "runs", 0, UINT_MAX, 0, &runs))
		return -EINVAL;
	item.runs = (unsigned)runs;
	return report_add(r, &item);
}

static bool get_fingerprint(const struct json *o, uint64_t *ret)
{
	const char *hex = json_get_word(o, "fingerprint");

	if (!hex || strlen(hex) != 16 || strspn(hex, "0123456789abcdef") != 16)
		return false;
	*ret = strtoull(hex, NULL, 16);
	return true;
}

static int fill(struct report *r, const struct json *o)
{
	const struct json *items = json_get_array(o, "items");
	int64_t process, rate, result;

	if (!items || !json_has(o, "process") || !get_within(o, "process", -1, 100, -1, &process) ||
		!get_within(o, "rate", 0, 100, -1, &rate) ||
		!get_within(o, "result", 0, 1, -1, &result) || !get_fingerprint(o, &r->fingerprint))
		return -EINVAL;
	r->process = (int)process;
	r->rate = (int)rate;
	r->result = (int)result;
	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);
		int err = item ? add_item(r, item) : -EINVAL;

		if (err < 0)
			return err;
	}
	report_seal(r);
	r->pending = r->pending || json_get_bool(o, "pending") == 1;
	return 0;
}

int report_from_json(const char *text, size_t len, struct report **ret)
{
	_cleanup_(report_unrefp) struct report *r = NULL;
	_cleanup_(json_freep) struct json *root = NULL;
	int err = json_parse(text, len, &root);

	if (err == 0)
		err = report_new(&r);
	if (err == 0)
		err = fill(r, root);
	if (err < 0)
		return err;
	*ret = r;
	r = NULL;
	return 0;
}
