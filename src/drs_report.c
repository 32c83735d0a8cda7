/* drs_report.c - one entry of a batch-precheck-result as a report.
 *
 * Everything in it was written by databases, drivers and their error messages, so every text is
 * escaped and capped on its way in; `data` can hold table names and goes into the fingerprint
 * only. */
#include "drs.h"
#include "json.h"
#include "text.h"

#include <errno.h>
#include <string.h>

#define NAME_SIZE  128
#define WORD_SIZE  64
#define PARTS_SIZE 512

#define UNNAMED    "(unnamed)"

/* A member's text, escaped, in buf; NULL if it has none. */
static char *text_of(char *buf, size_t n, const struct json *o, const char *key)
{
	size_t len;
	const char *s = json_get_string(o, key, &len);

	if (!s || len == 0)
		return NULL;
	return text_escape(buf, n, s, len);
}

/* Result word of an item; `said` gets any word that DRS never documented. An item without a
 * result is still being checked, like one with "". */
static int read_result(const struct json *entry, struct item *item, char said[WORD_SIZE])
{
	const char *word = json_get_word(entry, "result");
	size_t len;
	const char *text;

	item->result = ITEM_OTHER;
	if (word && strcmp(word, "PASSED") == 0) {
		item->result = ITEM_PASSED;
	} else if (word && strcmp(word, "ALARM") == 0) {
		item->result = ITEM_ALARM;
	} else if (word && strcmp(word, "FAILED") == 0) {
		item->result = ITEM_FAILED;
	} else if (text_of(said, WORD_SIZE, entry, "result")) {
		item->said = said;
	} else if (!json_has(entry, "result") || json_get_string(entry, "result", &len)) {
		item->result = ITEM_PENDING;
	} else {
		text = json_get_text(entry, "result", &len);
		if (!text)
			return -ENOMEM;
		item->said = text_escape(said, WORD_SIZE, text, len);
	}
	return 0;
}

/* The names of the sub-tasks that failed it; an id serves where there is no name. */
static char *read_parts(const struct json *entry, char buf[PARTS_SIZE])
{
	const struct json *parts = json_get_array(entry, "failed_sub_jobs");
	struct line line;

	line_init(&line, buf, PARTS_SIZE);
	for (size_t i = 0; i < json_count(parts); i++) {
		const struct json *part = json_at(parts, i);
		const char *verdict = json_get_word(part, "check_result");
		char name[NAME_SIZE];

		if (verdict && strcmp(verdict, "PASSED") == 0)
			continue;
		if (!text_of(name, sizeof(name), part, "name") &&
			!text_of(name, sizeof(name), part, "id"))
			continue;
		line_add(&line, "%s%s", line.len ? ", " : "", name);
	}
	return line.len ? buf : NULL;
}

static int read_item(struct report *r, const struct json *entry)
{
	char name[NAME_SIZE], said[WORD_SIZE], group[WORD_SIZE], reason[NAME_SIZE];
	char message[ITEM_MESSAGE_MAX + 1], parts[PARTS_SIZE];
	struct item item = {.checked = true};
	int err = read_result(entry, &item, said);

	if (err < 0)
		return err;
	item.name = text_of(name, sizeof(name), entry, "item");
	if (!item.name) {
		/* Something was checked and we cannot say what: never a clean pass. */
		item.name = (char *)UNNAMED;
		if (item.result == ITEM_PASSED) {
			item.result = ITEM_OTHER;
			item.said = (char *)"passed without a name";
		}
	}
	item.group = text_of(group, sizeof(group), entry, "group");
	item.reason = text_of(reason, sizeof(reason), entry, "failed_reason");
	item.message = text_of(message, sizeof(message), entry, "raw_error_msg");
	item.parts = read_parts(entry, parts);
	return report_add(r, &item);
}

static int read_items(struct report *r, const struct json *entry)
{
	const struct json *items = json_get_array(entry, "precheck_result");
	struct item unreadable = {
		.name = (char *)UNNAMED,
		.result = ITEM_OTHER,
		.said = (char *)"not readable",
		.checked = true,
	};

	if (!items && json_has(entry, "precheck_result"))
		return report_add(r, &unreadable);
	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);
		int err = item ? read_item(r, item) : report_add(r, &unreadable);

		if (err < 0)
			return err;
	}
	return 0;
}

/* Of all that DRS said about items and outcome, in its own order and bytes; not of the progress. */
static int take_fingerprint(struct report *r, const struct json *entry)
{
	static const char *const keys[] = {"result", "total_passed_rate", "precheck_result"};

	for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
		size_t len;
		const char *text = json_get_text(entry, keys[i], &len);

		if (!text)
			return -ENOMEM;
		report_mix(r, text, len);
	}
	return 0;
}

int drs_report(const struct json *entry, struct report **ret)
{
	_cleanup_(report_unrefp) struct report *r = NULL;
	int err = report_new(&r);

	if (err < 0)
		return err;
	r->process = json_get_percent(entry, "process");
	r->rate = json_get_percent(entry, "total_passed_rate");
	r->result = json_get_bool(entry, "result");
	err = read_items(r, entry);
	if (err < 0)
		return err;
	err = take_fingerprint(r, entry);
	if (err < 0)
		return err;
	report_seal(r);
	*ret = r;
	r = NULL;
	return 0;
}
