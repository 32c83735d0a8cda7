/* report.c - the items of one pre-check result, and what changed between two of them.
 *
 * Two rules carry the weight here: only PASSED fixes an item, so a bad one that a later report
 * leaves out is carried along instead of forgotten; and of an item named twice only its worst
 * counts. */
#include "report.h"

#include <errno.h>
#include <string.h>

#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static const char *const item_result_names[_ITEM_RESULT_MAX] = {
	[ITEM_PASSED] = "PASSED",
	[ITEM_PENDING] = "",
	[ITEM_OTHER] = "OTHER",
	[ITEM_ALARM] = "ALARM",
	[ITEM_FAILED] = "FAILED",
};

const char *item_result_name(enum item_result r)
{
	return (unsigned)r < _ITEM_RESULT_MAX ? item_result_names[r] : "OTHER";
}

bool item_bad(const struct item *item)
{
	return item->result >= ITEM_OTHER;
}

static void item_done(struct item *item)
{
	free(item->name);
	free(item->said);
	free(item->group);
	free(item->reason);
	free(item->message);
	free(item->parts);
	*item = (struct item){0};
}

/* "" becomes NULL: nobody has to tell the two apart later. */
static int copy_string(char **dst, const char *src)
{
	*dst = NULL;
	if (!src || !*src)
		return 0;
	*dst = strdup(src);
	return *dst ? 0 : -ENOMEM;
}

static int item_copy(struct item *dst, const struct item *src)
{
	struct item copy = {
		.result = src->result,
		.checked = src->checked,
		.since = src->since,
		.runs = src->runs,
	};

	copy.name = strdup(src->name ? src->name : "");
	if (!copy.name || copy_string(&copy.said, src->said) < 0 ||
		copy_string(&copy.group, src->group) < 0 ||
		copy_string(&copy.reason, src->reason) < 0 ||
		copy_string(&copy.message, src->message) < 0 ||
		copy_string(&copy.parts, src->parts) < 0) {
		item_done(&copy);
		return -ENOMEM;
	}
	*dst = copy;
	return 0;
}

int report_new(struct report **ret)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->refs = 1;
	r->process = r->rate = r->result = -1;
	r->fingerprint = FNV_START;
	*ret = r;
	return 0;
}

struct report *report_ref(struct report *r)
{
	if (r)
		r->refs++;
	return r;
}

struct report *report_unref(struct report *r)
{
	if (!r || --r->refs > 0)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		item_done(&r->items[i]);
	free(r->items);
	free(r);
	return NULL;
}

int report_add(struct report *r, const struct item *item)
{
	int err;

	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 16;
		struct item *items = reallocarray(r->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		r->items = items;
		r->room = room;
	}
	err = item_copy(&r->items[r->n], item);
	if (err < 0)
		return err;
	r->n++;
	return 0;
}

/* The length is mixed in too, or "ab" + "c" would look like "a" + "bc". */
void report_mix(struct report *r, const char *bytes, size_t len)
{
	uint64_t h = r->fingerprint;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * FNV_PRIME;
	r->fingerprint = (h ^ (uint64_t)len) * FNV_PRIME;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* By name, the worst of a name first. Reason and message only make the choice among equally bad
 * ones the same whatever order DRS sends them in: else each report would look changed. */
static int compare_items(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int c = strcmp(a->name, b->name);

	if (c)
		return c;
	if (a->result != b->result)
		return a->result > b->result ? -1 : 1;
	c = compare_text(a->reason, b->reason);
	return c ? c : compare_text(a->message, b->message);
}

static void sort_items(struct report *r)
{
	if (r->n > 1)
		qsort(r->items, r->n, sizeof(*r->items), compare_items);
}

void report_seal(struct report *r)
{
	size_t kept = 0;

	/* Before doubles go: a pending one behind a failed one still means "not finished". */
	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].result == ITEM_PENDING)
			r->pending = true;
	sort_items(r);
	for (size_t i = 0; i < r->n; i++) {
		if (kept > 0 && strcmp(r->items[kept - 1].name, r->items[i].name) == 0)
			item_done(&r->items[i]);
		else
			r->items[kept++] = r->items[i];
	}
	r->n = kept;
}

/* The worst result among the checked items; -1 if there is none. */
static int worst_checked(const struct report *r)
{
	int worst = -1;

	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].checked)
			worst = MAX(worst, (int)r->items[i].result);
	return worst;
}

bool report_finished(const struct report *r)
{
	if (r->process != 100 || r->pending)
		return false;
	return worst_checked(r) >= 0 || r->rate >= 0 || r->result >= 0;
}

enum grade report_grade(const struct report *r)
{
	int worst = worst_checked(r);

	if (worst == ITEM_FAILED || r->result == 0 || (r->rate >= 0 && r->rate < 100))
		return GRADE_FAILED;
	return worst >= ITEM_OTHER ? GRADE_ALARMED : GRADE_PASSED;
}

bool report_unexplained(const struct report *r)
{
	return report_grade(r) == GRADE_FAILED && worst_checked(r) != ITEM_FAILED;
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct item *)item)->name);
}

const struct item *report_item(const struct report *r, const char *name)
{
	if (!r || r->n == 0)
		return NULL;
	return bsearch(name, r->items, r->n, sizeof(*r->items), compare_name);
}

/* Appends the bad items of `last` that `r` lacks; r stays as it was on failure. */
static int append_missing(struct report *r, const struct report *last)
{
	size_t checked = r->n;

	for (size_t i = 0; i < last->n; i++) {
		struct item carried = last->items[i];
		int err;

		if (!item_bad(&carried) ||
			(checked > 0 && bsearch(carried.name, r->items, checked, sizeof(*r->items),
						compare_name)))
			continue;
		carried.checked = false;
		err = report_add(r, &carried);
		if (err < 0) {
			while (r->n > checked)
				item_done(&r->items[--r->n]);
			return err;
		}
	}
	return 0;
}

int report_carry(struct report *r, const struct report *last, int64_t wall)
{
	if (last) {
		int err = append_missing(r, last);

		if (err < 0)
			return err;
		sort_items(r);
	}
	for (size_t i = 0; i < r->n; i++) {
		struct item *item = &r->items[i];
		const struct item *before = report_item(last, item->name);

		if (!item->checked)
			continue;
		if (!item_bad(item)) {
			item->since = 0;
			item->runs = 0;
		} else if (before && item_bad(before)) {
			item->since = before->since;
			item->runs = before->runs + 1;
		} else {
			item->since = wall;
			item->runs = 1;
		}
	}
	return 0;
}

/* Fills *c for an item of the present report; false if there is nothing to say of it. */
static bool change_of(const struct item *item, const struct item *before, struct change *c)
{
	bool was_bad = before && item_bad(before);
	bool missing = !item->checked || item->result == ITEM_PENDING;

	*c = (struct change){.news = true, .item = item, .before = before};
	if (missing) {
		c->kind = CHANGE_UNCHECKED;
		c->news = !before || before->checked;
		return was_bad || item_bad(item);
	}
	if (!item_bad(item)) {
		c->kind = CHANGE_FIXED;
		return was_bad;
	}
	if (!was_bad || (item->result == ITEM_FAILED && before->result != ITEM_FAILED)) {
		c->kind = CHANGE_NEW;
	} else if (item->result != before->result ||
		   compare_text(item->reason, before->reason) != 0 ||
		   compare_text(item->said, before->said) != 0) {
		c->kind = CHANGE_CHANGED;
	} else {
		c->kind = CHANGE_STILL;
		c->news = false;
	}
	return true;
}

/* The item that tells how bad it is or was: what is fixed now is judged by what it had been. */
static const struct item *weight_of(const struct change *c)
{
	return c->kind == CHANGE_FIXED || !c->item ? c->before : c->item;
}

static int compare_changes(const void *pa, const void *pb)
{
	static const int rank[_CHANGE_KIND_MAX] = {
		[CHANGE_NEW] = 0,
		[CHANGE_CHANGED] = 1,
		[CHANGE_STILL] = 2,
		[CHANGE_UNCHECKED] = 3,
		[CHANGE_FIXED] = 4,
	};
	const struct change *a = pa, *b = pb;
	const struct item *wa = weight_of(a), *wb = weight_of(b);

	if (a->kind != b->kind)
		return rank[a->kind] - rank[b->kind];
	if (wa->result != wb->result)
		return wa->result > wb->result ? -1 : 1;
	return strcmp(wa->name, wb->name);
}

int report_compare(
	const struct report *last, const struct report *now, struct change **ret, size_t *ret_n)
{
	size_t room = now->n + (last ? last->n : 0), n = 0;
	struct change *changes;

	changes = calloc(room ? room : 1, sizeof(*changes));
	if (!changes)
		return -ENOMEM;
	for (size_t i = 0; i < now->n; i++) {
		const struct item *item = &now->items[i];

		if (change_of(item, report_item(last, item->name), &changes[n]))
			n++;
	}
	/* Only if nobody called report_carry(): never let a bad item slip away. */
	for (size_t i = 0; last && i < last->n; i++) {
		const struct item *before = &last->items[i];

		if (item_bad(before) && !report_item(now, before->name))
			changes[n++] = (struct change){.kind = CHANGE_UNCHECKED,
				.news = before->checked,
				.before = before};
	}
	if (n == 0) {
		free(changes);
		changes = NULL;
	} else {
		qsort(changes, n, sizeof(*changes), compare_changes);
	}
	*ret = changes;
	*ret_n = n;
	return 0;
}
