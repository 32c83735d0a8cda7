/* test_catalog.c - the catalog explains every MESSAGE_ID of the event table, and no other, in whole sentences, with
 * fields only that each such entry has. */
#include "news.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "macro.h"

#define CATALOG   "systemd/precheckd.catalog"
#define ROWS_MAX  200
#define WIDTH_MAX 78

struct entry {
	char name[40]; /* of the comment above it */
	char id[40];
	char *subject, *body; /* into the text */
	bool defined_by, support, documentation;
	unsigned lines, long_lines;
};

static char *text;
static size_t text_len;
static struct entry entries[ROWS_MAX];
static size_t n_entries;

static void take_header(struct entry *e, char *line)
{
	static const char subject[] = "Subject: ";

	if (strncmp(line, subject, strlen(subject)) == 0)
		e->subject = line + strlen(subject);
	else if (strcmp(line, "Defined-By: precheckd") == 0)
		e->defined_by = true;
	else if (strncmp(line, "Support: ", 9) == 0)
		e->support = true;
	else if (strncmp(line, "Documentation: man:precheckd(8)", 31) == 0)
		e->documentation = true;
	else
		fail_msg("no header: %s", line);
}

/* An entry: "-- ID", headers, an empty line, the body. Comments belong to what follows. */
static int parse(void **state)
{
	FILE *f = fopen(CATALOG, "re");
	struct entry *e = NULL;
	char comment[40] = "", *line, *rest;
	bool head = false;
	size_t n = 0;
	ssize_t len;

	(void)state;
	assert_non_null(f);
	len = getdelim(&text, &n, '\0', f);
	assert_true(len > 0);
	text_len = (size_t)len;
	fclose(f);
	for (rest = text; (line = strsep(&rest, "\n"));) {
		if (*line == '#') {
			snprintf(comment, sizeof(comment), "%.39s",
				line + MIN(strlen(line), (size_t)2));
		} else if (strncmp(line, "-- ", 3) == 0) {
			assert_true(n_entries < ROWS_MAX);
			e = &entries[n_entries++];
			snprintf(e->id, sizeof(e->id), "%.39s", line + 3);
			snprintf(e->name, sizeof(e->name), "%s", comment);
			head = true;
		} else if (head && *line == '\0') {
			head = false;
		} else if (head) {
			take_header(e, line);
		} else if (e && *line) {
			e->body = e->body ? e->body : line;
			e->lines++;
			e->long_lines += strlen(line) > WIDTH_MAX;
		}
	}
	return 0;
}

static int forget(void **state)
{
	(void)state;
	free(text);
	return 0;
}

static const struct entry *find(const char *id)
{
	for (size_t i = 0; i < n_entries; i++)
		if (strcmp(entries[i].id, id) == 0)
			return &entries[i];
	return NULL;
}

static void test_each_event_is_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_table_size; i++) {
		const struct event_row *row = &event_table[i];
		const struct entry *e = find(row->message_id);

		if (!e)
			fail_msg(CATALOG " lacks event %s, %s", row->name, row->message_id);
		if (strcmp(e->name, row->name) != 0)
			fail_msg(CATALOG " calls %s \"%s\"", row->name, e->name);
		if (!e->subject || !e->defined_by || !e->support || !e->documentation)
			fail_msg(CATALOG ": %s lacks a header", row->name);
		if (!e->body || e->lines < 2 || e->long_lines > 0)
			fail_msg(CATALOG ": %s is no text of two lines or more, or too wide",
				row->name);
	}
}

static void test_nothing_else_is_explained(void **state)
{
	(void)state;
	assert_int_equal(n_entries, event_table_size);
	for (size_t i = 0; i < n_entries; i++) {
		bool known = false;

		for (size_t j = 0; j < event_table_size; j++)
			known |= strcmp(entries[i].id, event_table[j].message_id) == 0;
		if (!known)
			fail_msg(CATALOG ": %s is no MESSAGE_ID of ours", entries[i].id);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(entries[i].id, entries[j].id);
			assert_string_not_equal(entries[i].subject, entries[j].subject);
		}
	}
}

/* journalctl shows the bare name of a field that the entry lacks. */
static void test_fields_that_each_entry_has(void **state)
{
	static const char *const of_all[] = {"DRS_CLOUD"}, *const of_jobs[] = {"DRS_JOB",
								   "DRS_TASK_ID", "DRS_VERDICT",
								   "DRS_STALE"};
	/* by event: the fields that belong to it and not to all */
	static const struct {
		const char *event, *field;
	} more[] = {
		{"started", "DRS_TASK_STATUS"},
		{"status", "DRS_TASK_STATUS"},
		{"status-trouble", "DRS_TASK_STATUS"},
		{"overdue", "DRS_RUN_ID"},
		{"lost", "DRS_RUN_ID"},
		{"slow", "DRS_RUN_ID"},
		{"reminder", "DRS_SINCE"},
		{"reminder-failed", "DRS_SINCE"},
		{"burst", "DRS_FIRST_TRANSITION_ID"},
		{"burst", "DRS_LAST_TRANSITION_ID"},
		{"burst-failed", "DRS_FIRST_TRANSITION_ID"},
		{"burst-failed", "DRS_LAST_TRANSITION_ID"},
	};
	static const char *const clouds[] = {"cloud-down", "cloud-up", "throttled", "unthrottled",
		"login", "pace", "summary", "clock-wrong", "clock-right", "state", "burst",
		"burst-failed"};

	(void)state;
	for (size_t i = 0; i < n_entries; i++) {
		struct entry *e = &entries[i];
		const char *stop = i + 1 < n_entries ? entries[i + 1].subject : text + text_len;
		bool cloud = false;

		for (size_t j = 0; j < ELEMENTSOF(clouds); j++)
			cloud |= strcmp(clouds[j], e->name) == 0;
		for (const char *p = e->subject; p < stop; p++) {
			char field[40] = "";
			bool good = false;

			if (*p != '@' || sscanf(p, "@%39[A-Z_]@", field) != 1 ||
				p[strlen(field) + 1] != '@')
				continue;
			p += strlen(field) + 1;
			for (size_t j = 0;
				strncmp(e->name, "burst", 5) != 0 && j < ELEMENTSOF(of_all); j++)
				good |= strcmp(of_all[j], field) == 0;
			for (size_t j = 0; !cloud && j < ELEMENTSOF(of_jobs); j++)
				good |= strcmp(of_jobs[j], field) == 0;
			for (size_t j = 0; j < ELEMENTSOF(more); j++)
				good |= strcmp(more[j].event, e->name) == 0 &&
					strcmp(more[j].field, field) == 0;
			if (!good)
				fail_msg(CATALOG ": %s: not every such entry has %s", e->name,
					field);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_event_is_explained),
		cmocka_unit_test(test_nothing_else_is_explained),
		cmocka_unit_test(test_fields_that_each_entry_has),
	};

	return cmocka_run_group_tests_name("catalog: each event explained", tests, parse, forget);
}
