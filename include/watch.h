/* watch.h - the heart: decides when which job is checked, and what an answer means. No I/O, no clock. */
#pragma once

#include "call.h"
#include "job.h"
#include "macro.h"
#include "news.h"
#include "settings.h"

struct watch;

struct now {
	int64_t mono; /* ms, CLOCK_BOOTTIME: for plans */
	int64_t wall; /* ms, UTC: for meaning; the two are never compared */
};

struct cloud_record {
	char *iam, *drs, *user, *domain, *project; /* the key; owned */
	enum trouble trouble;
	int64_t trouble_since;          /* wall */
	enum call_kind trouble_call;    /* the kind of call that met it: its success ends it */
	int64_t throttled_since;        /* wall; 0: pace is as configured */
	unsigned pace;                  /* calls a minute in force while throttled */
	int64_t hold, login_hold;       /* wall: no calls, no logins before; 0 none */
	int64_t summarised;             /* wall: when it was last summed up; 0 never */
	char refused_mark[SECRET_MARK]; /* of the credential that IAM refused twice; "" none */
	char trouble_code[24], trouble_text[200];
};

/* A finished run, for the history. Borrowed. */
struct run_record {
	const char *drs, *task;
	uint64_t number;
	int64_t submitted, ended; /* wall */
	bool foreign;
	bool lost;                   /* ended without a verdict */
	enum verdict verdict;        /* that it meant, accepts counted; UNKNOWN if lost */
	const struct report *report; /* NULL if lost */
};

enum effect_kind {
	EFFECT_SAVE_JOB,
	EFFECT_SAVE_CLOUD,
	EFFECT_SAVE_RUN,
	EFFECT_NEWS,
	EFFECT_CALL,
	_EFFECT_KIND_MAX
};

struct effect { /* news and calls are borrowed until the next event, the rest until the next
		 * watch_next() */
	enum effect_kind kind;
	const struct job_record *job;
	const struct cloud_record *cloud;
	const struct run_record *run;
	const struct news *news;
	const struct call *call;
};

/* next_run and next_news: the first numbers to give (1 in a fresh start). -ENOMEM. */
int watch_new(
	struct watch **ret, uint64_t seed, uint64_t next_run, uint64_t next_news) _must_check_;
struct watch *watch_free(struct watch *w); /* may be NULL; returns NULL */
DEFINE_CLEANUP(struct watch *, watch_free)

/* Before the first watch_configure(): what earlier processes knew. Copies. */
int watch_restore(struct watch *w, const struct job_record *jobs, size_t n,
	const struct cloud_record *clouds, size_t m) _must_check_;

/* Start and reload alike; takes a reference of s. Jobs are matched by key and keep record, plan and run;
 * clouds by (iam, drs, user, domain, project) and keep pace, login and calls in flight. On -ENOMEM the old
 * configuration stays. */
int watch_configure(struct watch *w, struct settings *s, struct now now) _must_check_;

void watch_reply(struct watch *w, const struct reply *r,
	struct now now); /* borrows; late ones are ignored */
void watch_tick(struct watch *w, struct now now);

/* Checks a job (NULL: all) as soon as may be; never on top of a run in progress. */
void watch_check_now(struct watch *w, const char *job, struct now now);
/* The credential of a cloud was replaced: log in anew, try again what was given up. */
void watch_credential_changed(struct watch *w, const char *cloud, struct now now);
/* Hands out one NEWS_STATE for every job of which there was no news with an id from `since` on (0: for every
 * job), and one for every cloud in trouble. */
void watch_tell_state(struct watch *w, uint64_t since, struct now now);
/* Before the first watch_configure() of a start that remembers nothing: a first verdict "passed" is no news of
 * the job, but counted in its cloud's first summary. */
void watch_quiet_start(struct watch *w);

/* Mono ms when watch_tick() is wanted; INT64_MAX: only after a reply. */
int64_t watch_wake(const struct watch *w);

/* Drains the effects of the last event: saves, then news, then calls. False: none left; only then may another
 * watch function be called. */
bool watch_next(struct watch *w, struct effect *ret);

/* A view for status line, --once and tests. */
struct watch_summary {
	unsigned jobs, stale, running;
	unsigned verdicts[_VERDICT_MAX];
	unsigned
		unfinished; /* jobs that have not yet come to the end of a first check in this process, and
			      * whose cloud is not in told trouble either */
	unsigned clouds, clouds_down;
	int64_t next_due;  /* mono ms of the next check; INT64_MAX none */
	int64_t token_end; /* mono ms: the earliest end of a token in use; INT64_MAX none */
};
void watch_summarise(const struct watch *w, struct now now, struct watch_summary *ret);
