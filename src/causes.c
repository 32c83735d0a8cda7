/* causes.c - items, reasons and codes in words: what broke and what to do, the first cause in full. */
#include "sentence.h"

#include "catalogue.h"
#include "job.h"
#include "span.h"

#include <stdio.h>
#include <string.h>

#define RESOURCES_KEPT HOURS(72)

void sentence_time(struct line *l, int64_t wall)
{
	char buf[TIME_TEXT_MAX];

	line_add(l, "%s", time_format_local(buf, sizeof(buf), wall));
}

void sentence_span(struct line *l, int64_t ms)
{
	char buf[SPAN_MAX];

	line_add(l, "%s", span_format(buf, sizeof(buf), ms));
}

#define QUOTED_MAX 160

/* What DRS or IAM said, cut on a character, in quotes of ours only. */
void sentence_quoted(struct line *l, const char *text, size_t max)
{
	char buf[QUOTED_MAX + 1];
	bool whole = text_copy(buf, MIN(max + 1, sizeof(buf)), text);

	for (char *p = buf; *p; p++)
		if (*p == '"')
			*p = '\'';
	line_add(l, "\"%s%s\"", buf, whole ? "" : "...");
}

/* Same reason word, same cause: one missing grant makes three items fail. */
static bool same_cause(const struct item *a, const struct item *b)
{
	return a->reason && b->reason && strcmp(a->reason, b->reason) == 0;
}

static bool is_bad(const struct change *c)
{
	return c->kind == CHANGE_NEW || c->kind == CHANGE_CHANGED || c->kind == CHANGE_STILL;
}

static const struct catalogue_entry *explain(const struct item *item)
{
	const struct catalogue_entry *e = NULL;

	if (item->reason)
		e = catalogue_find(CATALOGUE_REASON, item->reason);
	return e ? e : catalogue_find(CATALOGUE_ITEM, item->name);
}

/* "alpha FAILED", "alpha still FAILED", "alpha eased to ALARM", "alpha FAILED for another reason" */
static void add_result(struct line *l, const struct change *c)
{
	const struct item *item = c->item;
	bool changed = c->kind == CHANGE_CHANGED;
	bool eased = changed && c->before && c->before->result > item->result;

	line_add(l, "%s %s%s", item->name,
		c->kind == CHANGE_STILL ? "still "
		: eased                 ? "eased to "
					: "",
		item->result == ITEM_OTHER && item->said ? item->said
							 : item_result_name(item->result));
	if (changed && !eased)
		line_add(l, " for another reason");
}

static void add_cause(struct line *l, const struct change *c, size_t others, bool remedy)
{
	const struct item *item = c->item;
	const struct catalogue_entry *e = explain(item);

	add_result(l, c);
	if (others)
		line_add(l, " and %zu more for the same reason", others);
	if (item->parts && remedy) {
		char parts[81];
		bool whole = text_copy(parts, sizeof(parts), item->parts);

		line_add(l, " in sub-tasks %s%s", parts, whole ? "" : "...");
	}
	if (item->reason && (!e || remedy))
		line_add(l, " (%s)", item->reason);
	if (!remedy)
		return;
	if (e) {
		line_add(l, ": %s; to do: %s", e->cause, e->remedy);
		return;
	}
	if (item->message) {
		line_add(l, ": DRS says ");
		sentence_quoted(l, item->message, QUOTED_MAX);
	}
	line_add(l, "; to do: look at the task in the console");
}

/* The causes, FAILED ones first: the first with its remedy, two more by name, the rest counted. */
static void add_causes(struct line *l, const struct change *changes, size_t n, bool one_is_shown)
{
	static const enum item_result order[] = {ITEM_FAILED, ITEM_ALARM, ITEM_OTHER};
	unsigned shown = one_is_shown, hidden = 0;

	for (size_t o = 0; o < ELEMENTSOF(order); o++)
		for (size_t i = 0; i < n; i++) {
			size_t others = 0;
			bool again = false;

			if (!is_bad(&changes[i]) || changes[i].item->result != order[o])
				continue;
			for (size_t k = 0; k < n; k++) {
				if (k == i || !is_bad(&changes[k]) ||
					changes[k].item->result != order[o] ||
					!same_cause(changes[i].item, changes[k].item))
					continue;
				again |= k < i;
				others++;
			}
			if (again)
				continue;
			if (shown == 3) {
				hidden++;
				continue;
			}
			line_add(l, shown == 0 ? "" : shown == 1 ? "; also " : ", ");
			add_cause(l, &changes[i], others, shown == 0);
			shown++;
		}
	if (hidden)
		line_add(l, " and %u more cause%s", hidden, hidden == 1 ? "" : "s");
}

static unsigned add_names(struct line *l, const char *lead, const struct change *changes, size_t n,
	enum change_kind kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++) {
		if (changes[i].kind != kind)
			continue;
		if (count < 4)
			line_add(l, "%s%s", count == 0 ? lead : ", ",
				(changes[i].item ? changes[i].item : changes[i].before)->name);
		count++;
	}
	if (count > 4)
		line_add(l, " and %u more", count - 4);
	return count;
}

static bool reaches_a_database(const struct change *c)
{
	const struct catalogue_entry *e;

	if (!is_bad(c) || c->item->result != ITEM_FAILED)
		return false;
	e = catalogue_find(CATALOGUE_ITEM, c->item->name);
	return e && e->network;
}

/* After three days DRS takes the task's resources away, and everything that reaches a database fails: one cause,
 * whose remedy is none of theirs. Drops them from the changes, and returns how many there were. */
static unsigned take_lost_resources(
	struct line *l, const struct news *n, struct change *changes, size_t *count)
{
	unsigned lost = 0;
	size_t kept = 0;

	if (n->created <= 0 || n->wall - n->created < RESOURCES_KEPT)
		return 0;
	for (size_t i = 0; i < *count; i++) {
		if (!reaches_a_database(&changes[i])) {
			changes[kept++] = changes[i];
			continue;
		}
		if (lost++ == 0)
			line_add(l, "%s", changes[i].item->name);
	}
	*count = kept;
	if (lost == 0)
		return 0;
	if (lost > 1)
		line_add(l, " and %u more", lost - 1);
	line_add(l,
		" FAILED: its resources were most likely taken away, it is in CONFIGURATION for ");
	sentence_span(l, n->wall - n->created);
	line_add(l, "; to do: configure the task again");
	return lost;
}

static const struct accept *accepted(const struct news *n, const struct item *item)
{
	return n->settings && item->checked ? job_accepted(n->settings, item, n->wall) : NULL;
}

/* What somebody signed for is nothing to do: it is named elsewhere, and not as a cause. */
static size_t drop_accepted(const struct news *n, struct change *changes, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_bad(&changes[i]) || !accepted(n, changes[i].item))
			changes[kept++] = changes[i];
	return kept;
}

/* Alarms that somebody signed for are named with who and until when. */
static unsigned add_accepted(struct line *l, const struct news *n, const char *sep)
{
	unsigned count = 0;

	for (size_t i = 0; i < n->report->n; i++) {
		const struct item *item = &n->report->items[i];
		const struct accept *a = accepted(n, item);

		if (!a)
			continue;
		if (count == 0)
			line_add(l, "%saccepted: ", sep);
		line_add(l, "%s%s, by %s until ", count == 0 ? "" : ", ", item->name, a->by);
		sentence_time(l, a->until);
		line_add(l, " (%s)", a->reason);
		count++;
	}
	return count;
}

/* Why an alarm counts that did not count yesterday. */
static void add_ended_accepts(struct line *l, const struct news *n)
{
	for (size_t i = 0; n->settings && i < n->report->n; i++) {
		const struct item *item = &n->report->items[i];
		const struct accept *last = NULL;

		if (!item->checked || accepted(n, item) ||
			(item->result != ITEM_ALARM && item->result != ITEM_OTHER))
			continue;
		for (size_t k = 0; k < n->settings->n_accepts; k++) {
			const struct accept *a = &n->settings->accepts[k];

			if (settings_accept_fits(a, item->name, item->reason) &&
				(!last || a->until > last->until))
				last = a;
		}
		if (!last)
			continue;
		line_add(l, "; the accept of %s by %s ended ", item->name, last->by);
		sentence_time(l, last->until);
	}
}

/* A FAILED item can't be accepted: DRS would not start the task. */
static void add_vain_accepts(struct line *l, const struct news *n)
{
	for (size_t i = 0; n->settings && i < n->report->n; i++) {
		const struct item *item = &n->report->items[i];

		if (item->result != ITEM_FAILED || !item->checked ||
			!settings_accept(n->settings, item->name, item->reason, n->wall))
			continue;
		line_add(l,
			"; the accept of %s does not help, DRS starts no task with a FAILED item",
			item->name);
		return;
	}
}

void sentence_items(struct line *l, const struct news *n)
{
	_cleanup_free_ struct change *changes = NULL;
	size_t count = 0;
	unsigned lost;

	if (!n->report || report_compare(n->previous_report, n->report, &changes, &count) < 0)
		return;
	count = drop_accepted(n, changes, count);
	lost = take_lost_resources(l, n, changes, &count);
	if (report_unexplained(n->report))
		line_add(l, "DRS says not passed and names no item; to do: look at the task in the "
			    "console");
	else
		add_causes(l, changes, count, lost > 0);
	/* "fixed" needs no separator where nothing bad is left to name before it */
	const char *sep = n->verdict == VERDICT_PASSED ? "" : "; ";
	char lead[32];

	snprintf(lead, sizeof(lead), "%sfixed: ", sep);
	if (add_names(l, lead, changes, count, CHANGE_FIXED))
		sep = "; ";
	snprintf(lead, sizeof(lead), "%snot checked this time: ", sep);
	if (add_names(l, lead, changes, count, CHANGE_UNCHECKED))
		sep = "; ";
	if (add_accepted(l, n, sep))
		sep = "; ";
	if (*sep == '\0')
		line_add(l, "all items of the pre-check are fine");
	add_ended_accepts(l, n);
	add_vain_accepts(l, n);
}

/* The code and what was said with it, without what the catalogue makes of it. */
void sentence_raw_code(struct line *l, const char *code, const char *text, const char *otherwise)
{
	if (*code || !*text)
		line_add(l, "%s%s", *code ? code : otherwise, *text ? " " : "");
	if (*text)
		sentence_quoted(l, text, QUOTED_MAX);
}

/* What the catalogue makes of the code; `todo` (may be NULL) where it knows nothing. */
void sentence_code(
	struct line *l, const char *code, const char *text, const char *otherwise, const char *todo)
{
	const struct catalogue_entry *e = *code ? catalogue_find(CATALOGUE_CODE, code) : NULL;

	if (e) {
		line_add(l, "%s (%s)", code, e->cause);
		if (*text) {
			line_add(l, " ");
			sentence_quoted(l, text, QUOTED_MAX);
		}
		todo = e->remedy;
	} else {
		sentence_raw_code(l, code, text, otherwise);
	}
	if (todo)
		line_add(l, "; to do: %s", todo);
}

/* A sentence of ours about the outcome, then the code, then what to do. */
void sentence_reason(struct line *l, const char *reason, const struct refusal *r, const char *todo)
{
	line_add(l, "%s", reason);
	if (*r->code || *r->text) {
		line_add(l, " (");
		sentence_raw_code(l, r->code, r->text, "");
		line_add(l, ")");
	}
	line_add(l, "; to do: %s", todo);
}
