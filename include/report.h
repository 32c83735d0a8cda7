/* report.h - the items of one pre-check result, and what changed between two of them. */
#pragma once

#include "macro.h"

enum item_result {
	ITEM_PASSED,
	ITEM_PENDING, /* "" on the wire: still being checked */
	ITEM_OTHER,   /* a word never documented: counts like an alarm, kept in `said` */
	ITEM_ALARM,
	ITEM_FAILED, /* the larger, the worse */
	_ITEM_RESULT_MAX
};
const char *item_result_name(enum item_result r); /* "PASSED", "", "OTHER", "ALARM", "FAILED" */

#define ITEM_MESSAGE_MAX 512

struct item {
	char *name;
	enum item_result result;
	char *said;    /* the result word of ITEM_OTHER, escaped; else NULL */
	char *group;   /* these may be NULL */
	char *reason;  /* failed_reason, escaped */
	char *message; /* raw_error_msg, escaped, at most ITEM_MESSAGE_MAX bytes; never `data` */
	char *parts;   /* names of the sub-tasks that failed it, escaped, ", " between them */
	bool checked;  /* false: bad in the report before, absent from this one, carried over */
	int64_t since; /* wall ms: first run of the present unbroken badness; 0 unless bad */
	unsigned runs; /* for how many runs it has been bad */
};

/* What DRS says of one task's pre-check at one moment; a finished one is what we call a report. */
struct report {
	unsigned refs;
	int process;  /* percent, 0-100; -1: not said */
	int rate;     /* total_passed_rate in percent; -1: not said */
	int result;   /* 1 true, 0 false, -1: not said */
	bool pending; /* at least one item is ITEM_PENDING */
	/* of all that DRS said about items and outcome (also of `data`), not of process */
	uint64_t fingerprint;
	size_t n, room;
	struct item *items; /* sorted by name once sealed */
};

enum grade {
	GRADE_PASSED,
	GRADE_ALARMED,
	GRADE_FAILED
};

int report_new(struct report **ret) _must_check_;
struct report *report_ref(struct report *r);
struct report *report_unref(struct report *r); /* may be NULL; returns NULL */
DEFINE_CLEANUP(struct report *, report_unref)

/* Adds an item; copies the strings (reason, message, group, parts, said may be NULL or "", both
 * become NULL). An item named a second time counts as its worst, once sealed. -ENOMEM. */
int report_add(struct report *r, const struct item *item) _must_check_;

/* Mixes bytes into the fingerprint; the decoder calls it for every raw value in the answer's
 * order of items, so that any change of content is noticed. */
void report_mix(struct report *r, const char *bytes, size_t len);

/* Sorts, drops doubles, sets `pending`; call once after the last report_add(). report_item() and
 * all below want a sealed report. */
void report_seal(struct report *r);

/* 100 %, no item left pending, and something to judge by (items, a rate, or a result). */
bool report_finished(const struct report *r);

/* FAILED: a checked item FAILED, result false, or rate below 100. ALARMED: a checked item ALARM
 * or OTHER. Only for finished ones. */
enum grade report_grade(const struct report *r);
/* Failed although no item is: DRS says not passed and names no item. */
bool report_unexplained(const struct report *r);

/* r may be NULL; NULL if absent; the item may be a carried one. */
const struct item *report_item(const struct report *r, const char *name);
bool item_bad(const struct item *item); /* ALARM, OTHER or FAILED */

/* Takes over from `last` (may be NULL) what must not be forgotten: bad items absent from `r` are
 * appended with checked = false, `since` and `runs` of items that were bad go on; new bad ones
 * get since = wall. */
int report_carry(struct report *r, const struct report *last, int64_t wall) _must_check_;

enum change_kind {
	CHANGE_NEW,       /* bad now, was not, or turned from ALARM to FAILED */
	CHANGE_CHANGED,   /* still bad, but another reason, or eased from FAILED to ALARM */
	CHANGE_STILL,     /* bad as before */
	CHANGE_FIXED,     /* was bad, PASSED now; nothing else fixes */
	CHANGE_UNCHECKED, /* was bad, not in this report */
	_CHANGE_KIND_MAX
};

struct change {
	enum change_kind kind;
	bool news;                 /* CHANGE_STILL, and UNCHECKED that was so before, are none */
	const struct item *item;   /* in the new report; NULL only if it has none of that name */
	const struct item *before; /* in the old one; may be NULL */
};

/* Compares two reports after report_carry(); `last` may be NULL. Worst and newest first: by kind
 * in the order NEW, CHANGED, STILL, UNCHECKED, FIXED; within a kind FAILED before ALARM, then by
 * name. *ret is malloc'ed (NULL if *ret_n is 0) and borrows from both. -ENOMEM. */
int report_compare(const struct report *last, const struct report *now, struct change **ret,
	size_t *ret_n) _must_check_;
