/* content.c - findings to reports and back.
 *
 * Only this file knows how a finding looks as an item. Grades are judged here a second time, from the
 * findings alone, so that a slip in the product's report.c cannot excuse itself. */
#include "content.h"

#include <stdio.h>
#include <string.h>

static const char *const names[CONTENT_ITEMS] = {
	"srcDbConnection",
	"dstDbDiskSize",
	"srcDbBinlogIsOff",
	"dstDbVersion",
	"srcDbUserPrivilege",
	"dstDbParams",
};

static const char *const reasons[_FOUND_MAX] = {
	[FOUND_ALARM] = "SIZE_UP_ALARM",
	[FOUND_ALARM_ELSE] = "VERSION_ALARM",
	[FOUND_FAILED] = "IS_OFF_FOR_UP",
	[FOUND_FAILED_ELSE] = "PRIVILEGE_LACKING",
};

static void must(int err)
{
	if (err < 0) {
		fputs("virtual: no memory\n", stderr);
		abort();
	}
}

int content_grade(uint64_t content)
{
	int grade = content & UNEXPLAINED ? 2 : 0;

	for (unsigned i = 0; i < CONTENT_ITEMS; i++) {
		enum finding f = content_get(content, i);

		if (f >= FOUND_FAILED)
			grade = 2;
		else if (finding_bad(f) && grade < 1)
			grade = 1;
	}
	return grade;
}

bool content_unexplained(uint64_t content)
{
	return content & UNEXPLAINED && content_grade(content & ~UNEXPLAINED) < 2;
}

static enum item_result result_of(enum finding f)
{
	if (f >= FOUND_FAILED)
		return ITEM_FAILED;
	if (f >= FOUND_ALARM)
		return ITEM_ALARM;
	return f == FOUND_OTHER ? ITEM_OTHER : ITEM_PASSED;
}

struct report *content_report(uint64_t content)
{
	struct report *r = NULL;
	unsigned failed = 0, n = 0;

	must(report_new(&r));
	for (unsigned k = 0; k < CONTENT_ITEMS; k++) {
		/* Not in the order of their names: DRS promises none. */
		unsigned i = (k * 5 + (unsigned)(content >> 7)) % CONTENT_ITEMS;
		enum finding f = content_get(content, i);
		struct item item = {.name = (char *)names[i],
			.result = result_of(f),
			.said = (char *)(f == FOUND_OTHER ? "WARN" : NULL),
			.reason = (char *)reasons[f],
			.checked = true};

		if (f == FOUND_ABSENT)
			continue;
		n++;
		failed += f >= FOUND_FAILED;
		must(report_add(r, &item));
	}
	r->process = 100;
	r->rate = n ? (int)(100 * (n - failed) / n) : 100;
	if (content & UNEXPLAINED)
		r->rate = 99;
	r->result = r->rate == 100;
	report_mix(r, (const char *)&content, sizeof(content));
	report_seal(r);
	return r;
}

struct report *content_unfinished(struct content_cache *c, int percent)
{
	struct report **slot = &c->unfinished[percent];

	if (!*slot) {
		must(report_new(slot));
		for (unsigned i = 0; i < CONTENT_ITEMS; i++)
			must(report_add(*slot, &(struct item){.name = (char *)names[i],
						       .result = ITEM_PENDING,
						       .checked = true}));
		(*slot)->process = percent;
		report_mix(*slot, "pending", 7);
		report_seal(*slot);
	}
	return report_ref(*slot);
}

struct report *content_nothing(struct content_cache *c)
{
	struct report **slot = &c->nothing;

	if (!*slot) {
		must(report_new(slot));
		report_seal(*slot);
	}
	return report_ref(*slot);
}

void content_done(struct content_cache *c)
{
	for (size_t i = 0; i < ELEMENTSOF(c->unfinished); i++)
		c->unfinished[i] = report_unref(c->unfinished[i]);
	c->nothing = report_unref(c->nothing);
}

const char *content_name(unsigned item)
{
	return names[item];
}

const char *content_reason(enum finding f)
{
	return reasons[f];
}

int content_item(const char *name)
{
	for (int i = 0; i < CONTENT_ITEMS; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

enum finding content_finding(const struct item *item)
{
	const char *reason = item->reason ? item->reason : "";

	switch (item->result) {
	case ITEM_FAILED:
		return strcmp(reason, reasons[FOUND_FAILED]) == 0 ? FOUND_FAILED
								  : FOUND_FAILED_ELSE;
	case ITEM_ALARM:
		return strcmp(reason, reasons[FOUND_ALARM]) == 0 ? FOUND_ALARM : FOUND_ALARM_ELSE;
	case ITEM_OTHER:
		return FOUND_OTHER;
	default:
		return FOUND_PASSED;
	}
}
