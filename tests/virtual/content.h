/* content.h - what a pre-check finds, packed into one number, and the reports made of it. */
#pragma once

#include "report.h"

#include <stdint.h>

/* Four bits an item, lowest item first; bit UNEXPLAINED: DRS says "not passed" and names no item. */
#define CONTENT_ITEMS 6
#define UNEXPLAINED   ((uint64_t)1 << 40)
#define NO_CONTENT    UINT64_MAX /* DRS says that there is no result */

enum finding {
	FOUND_PASSED,
	FOUND_ABSENT, /* the item is not in the report */
	FOUND_OTHER,  /* a word that DRS never documented */
	FOUND_ALARM,
	FOUND_ALARM_ELSE, /* for another reason */
	FOUND_FAILED,
	FOUND_FAILED_ELSE,
	_FOUND_MAX
};

static inline enum finding content_get(uint64_t content, unsigned item)
{
	return (enum finding)(content >> (4 * item) & 15);
}

static inline uint64_t content_set(uint64_t content, unsigned item, enum finding f)
{
	return (content & ~((uint64_t)15 << (4 * item))) | (uint64_t)f << (4 * item);
}

static inline bool finding_bad(enum finding f)
{
	return f >= FOUND_OTHER;
}

/* 0 passed, 1 alarmed, 2 failed: the fake's own reading, never report_grade(). */
int content_grade(uint64_t content);

/* Failed, and no item to blame. */
bool content_unexplained(uint64_t content);

/* A finished report, always a new one: whoever gets it may carry items over into it. */
struct report *content_report(uint64_t content);

/* Reports in mid-run are all alike, so they are made once and shared. */
struct content_cache {
	struct report *unfinished[101], *nothing;
};

/* A reference of one with every item still empty; percent 0-100. */
struct report *content_unfinished(struct content_cache *c, int percent);
struct report *content_nothing(struct content_cache *c); /* no run ever: no process, no items */
void content_done(struct content_cache *c);

/* How it looks in a report; the reason is NULL for findings that have none. */
const char *content_name(unsigned item);
const char *content_reason(enum finding f);

/* Reads an item back; -1: not an item of ours. */
int content_item(const char *name);
enum finding content_finding(const struct item *item);
