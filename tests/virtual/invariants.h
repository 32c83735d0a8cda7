/* invariants.h - the judge: knows what was really answered, and what must follow from it. */
#pragma once

#include "fake_drs.h"
#include "trace.h"
#include "watch.h"

struct world;
struct judge;

struct judge_counts {
	uint64_t submits, counted, adopted, overdue, lost, stale, job_news, cloud_news, reminders,
		flapping, steady, slow, aging, summaries, down, up, logins, pace_news, resubmits,
		runs_saved, accepts_ended, accepts_reloaded;
};

struct judge *judge_new(struct world *w);
struct judge *judge_free(struct judge *j);
bool judge_failed(const struct judge *j);
const struct judge_counts *judge_counts(const struct judge *j);

/* Prints seed, time, job and its last events; only the first violation counts. Task -1, cloud -1: none. */
void judge_violation(struct judge *j, long task, long cloud, const char *what, ...) _printf_(4, 5);

/* Configuration and process. */
void judge_process(struct judge *j, bool up);
void judge_configured(struct judge *j); /* after each watch_configure(), before its drain */
void judge_renamed(struct judge *j, unsigned cloud); /* before the watch_configure() */
void judge_exempt(struct judge *j, long task);       /* asked for by the operator; -1: all */
void judge_credential(struct judge *j, unsigned cloud);
void judge_sick(struct judge *j, unsigned cloud, bool begins);
void judge_note(struct judge *j, long task, const char *what, long a, long b);
void judge_note_cloud(struct judge *j, long cloud, const char *what, long a, long b);

/* One event: begin (reply: NULL unless a reply is being handed over), effects, end. */
void judge_begin(struct judge *j, const struct flight *reply);
void judge_effect(struct judge *j, const struct effect *e);
void judge_call(struct judge *j, const struct flight *fl);  /* before the fake executes it */
void judge_taken(struct judge *j, const struct flight *fl); /* after */
void judge_end(struct judge *j);

void judge_state(struct judge *j);   /* after the answer to watch_tell_state() */
void judge_accepts(struct judge *j); /* every few virtual minutes */
void judge_scan(struct judge *j);    /* once per virtual hour */
void judge_finish(struct judge *j);  /* at the end of the story, all healed */
