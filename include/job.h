/* job.h - what we remember of a task, and the verdict that follows from it. */
#pragma once

#include "call.h"
#include "macro.h"
#include "report.h"
#include "settings.h"
#include "status.h"

enum verdict {
	VERDICT_UNKNOWN,
	VERDICT_PASSED,
	VERDICT_ALARMED,
	VERDICT_FAILED,
	VERDICT_REFUSED,
	VERDICT_STARTED,
	VERDICT_ENDED,
	_VERDICT_MAX
};
const char *verdict_name(enum verdict v);

enum run_state {
	RUN_NONE,
	RUN_UNSURE, /* submitted, but whether DRS took it is not known */
	RUN_GOING,  /* DRS took it */
	RUN_FOREIGN /* somebody else's (console, Terraform), adopted */
};

struct run {
	enum run_state state;
	uint64_t number;    /* ours, rising */
	int64_t submitted;  /* wall ms */
	bool fresh;         /* a lower process, an empty item or other content was seen since */
	bool overdue;       /* told as such */
	bool slow;          /* told as far longer than usual */
	bool have_baseline; /* baseline: fingerprint of the result shown before the submit */
	uint64_t baseline;
};

struct refusal {
	enum outcome outcome; /* OUTCOME_OK: not refused */
	char code[24], text[200];
	int64_t since; /* wall ms */
};

/* Everything that outlives a restart. The key is (drs, task). */
struct job_record {
	char *drs; /* URL of the DRS endpoint */
	char task[TASK_ID_SIZE];
	char *name;           /* the block's name when last configured */
	char status[40];      /* verbatim, escaped; "" never read */
	int64_t status_since; /* wall ms, when we first saw it */
	bool seen;            /* DRS once knew this task in this project */
	bool gone;            /* DRS knows it no more */
	struct refusal refusal;
	struct report *
		report; /* of the last finished run, or of the last read with check = no; may be NULL */
	struct report *told_report; /* the one in the last news that named items; may be NULL */
	uint64_t report_run;        /* its run's number; 0 with check = no */
	int64_t reported;           /* wall ms of that report */
	int64_t confirmed;    /* wall ms: when DRS last confirmed the present verdict; 0 never */
	struct run run;       /* in progress */
	int64_t due;          /* wall ms of the next check */
	enum verdict told;    /* verdict in the last news; UNKNOWN: none yet */
	int64_t told_since;   /* wall ms: since when that verdict holds */
	char told_status[40]; /* task status in the last news; "" none */
	char told_code[24];   /* code of the refusal in the last news */
	bool told_stale;
	uint64_t last_news; /* id of the last news; 0 none */
	unsigned reminded;  /* reminders since told_since */
	unsigned
		history; /* the last ten runs, the newest in bit 0: 1 if it differed from the one before */
	bool flapping;   /* told as such; single changes are not told meanwhile */
	int64_t typical; /* ms, how long its runs take, smoothed; of `measured` runs */
	unsigned measured;
	unsigned slowed; /* its interval is doubled so often, for DRS's internal errors */
	int64_t created; /* wall ms of the task's creation; 0 not known */
	bool aging_told; /* 48 h in CONFIGURATION */
};

/* The accept in force for a bad item of a report that may have one (ALARM or OTHER, checked or not); NULL:
 * none. */
const struct accept *job_accepted(
	const struct job_settings *s, const struct item *item, int64_t wall);

/* Derived, never stored; `ended` > `started` > `refused` > by the last report > `unknown`. */
enum verdict job_verdict(const struct job_record *r, const struct job_settings *s, int64_t wall);

/* Older than stale_after, or for a refused job than its next try and an interval; a job never confirmed is not
 * stale but unknown; ended ones never are. */
bool job_stale(const struct job_record *r, const struct job_settings *s, int64_t wall);

void job_record_done(struct job_record *r); /* frees what it owns, zeroes it */
int job_record_copy(struct job_record *dst, const struct job_record *src) _must_check_;
