/* heart.h - the inside of the heart, for watch.c, round.c, judge.c, run.c, cloud.c and tell.c only. */
#pragma once

#include "call.h"
#include "job.h"
#include "macro.h"
#include "news.h"
#include "plan.h"
#include "settings.h"
#include "watch.h"

#include <sys/queue.h>
#include <uthash.h>

#define NEVER        INT64_MAX
#define REFUSALS_MAX 2 /* of one credential: IAM locks a user after a few more */

/* What a job wants next. The plan it waits in follows from it: one for each kind of call. */
enum step {
	STEP_NONE,     /* ended: nothing before a reload or USR1 */
	STEP_STATUS,   /* due: is it to be checked at all? */
	STEP_BASELINE, /* the result as it is before our first submit */
	STEP_LOOK,     /* busy: is somebody else's run going on? */
	STEP_READ,     /* only read the last result: check = no, or submits are not permitted */
	STEP_SUBMIT,
	STEP_POLL,
	STEP_DETAIL /* once: since when does the task exist? Then STATUS at `after_detail` */
};

struct job {
	struct plan_entry plan;   /* must be first: plans hand it back */
	struct plan_entry moment; /* in watch->moments: what time alone brings, see moment.c */
	struct job_record rec;
	const struct job_settings *set;
	struct cloud *cloud;
	int64_t stale_at, accept_at, remind_at, aging_at; /* mono ms; NEVER: none */
	enum step step;
	struct flight *flight; /* the call that it is in, or NULL */

	int64_t submitted; /* mono ms, of the run in progress */
	int64_t settled;   /* mono ms: what is asked for from then on shows the new result */
	int64_t poll;      /* present poll delay */
	int64_t took_part; /* mono ms when the present check began; next due counts from it */
	bool accepts_late; /* they changed in the middle of the present check */
	unsigned tries;    /* failures in a row of the present step, the task's own */
	unsigned resubmits;
	unsigned errors; /* answers in a row by which DRS says that it broke */
	unsigned blanks; /* answers in a row that left it out, since settle */
	int64_t gone_at; /* mono ms of the first "gone"; 0 none */
	int64_t after_detail;
	bool detailed;  /* asked in this process */
	bool baselined; /* in this process */
	uint64_t
		shown; /* fingerprint of the finished result that DRS showed last; 0: it had none */
	bool have_shown;
	bool alone;             /* its call was refused as bad: ask for it by itself */
	bool asked_wrong_state; /* a submit said M00304: judge it by the status now read */
	struct refusal wrong_state;
	bool ended_once; /* came to the end of a check in this process */
	bool quiet;      /* a first verdict that is passed is told in the cloud's summary */
	char previous_status[40]; /* for the news under way */

	bool dirty;
	TAILQ_ENTRY(job) dirty_link;
	TAILQ_ENTRY(job) link; /* watch->jobs */
	bool kept;             /* named by the configuration being taken over */
	bool named_anew;       /* that gives it its name, */
	bool renamed;          /* and it had another one */
	UT_hash_handle hh;     /* watch->by_key */
	char key[];            /* drs, newline, task */
};

struct flight {
	struct call call;
	struct cloud *cloud;
	int64_t made;                    /* mono ms */
	struct job *jobs[CALL_JOBS_MAX]; /* NULL: left the configuration meanwhile */
	UT_hash_handle hh;
};

enum {
	PLAN_STATUS,
	PLAN_SUBMIT,
	PLAN_RESULT,
	PLAN_DETAIL,
	_PLAN_MAX
};

struct cloud {
	const struct cloud_settings *set;
	struct cloud_record rec;
	struct watch *watch;
	struct plan plans[_PLAN_MAX];
	unsigned jobs, running,
		in_flight; /* running: jobs whose run is in progress or on its way */

	/* login */
	uint64_t login; /* in use; 0 none */
	struct flight *login_flight;
	char project[64];
	int64_t login_end, login_renew, login_life, login_hold; /* mono ms */
	unsigned logins, login_failures, refusals, fresh_refused;
	unsigned
		shared_refusals; /* of its credential, by whichever cloud, since it was last taken */
	bool login_proved;       /* a call with it was taken */
	bool given_up;           /* the credential was refused twice */
	bool skew_told;          /* that the clocks differ */
	bool renew; /* the credential changed while a login with the old one was on its way */

	/* reachability */
	int64_t hold;      /* no calls before */
	int64_t failed_at; /* when it last failed: what was sent before is of the same incident */
	unsigned failures;
	int64_t submit_hold;  /* submits are not permitted: not before */
	unsigned told_causes; /* bit 1 << trouble: told in this time of trouble */
	int64_t healed_at;    /* mono: when trouble or throttling last ended */

	/* pace */
	unsigned pace; /* calls a minute in force */
	int64_t calls[600];
	size_t calls_at; /* index of the oldest */
	int64_t last_call;
	unsigned throttles;
	int64_t throttled_at; /* mono */
	int64_t summary_at;   /* mono */
	bool pace_told;       /* that it is not enough */

	bool dirty;
	TAILQ_ENTRY(cloud) dirty_link, link;
	bool kept;
};

struct run_effect {
	struct run_record rec;
	struct report *report;
	STAILQ_ENTRY(run_effect) link;
};
struct news_effect {
	struct news *news;
	STAILQ_ENTRY(news_effect) link;
};
struct call_effect {
	struct call call;
	STAILQ_ENTRY(call_effect) link;
};

struct kept_record { /* of a job that the configuration does not name (yet, or any more) */
	struct job_record rec;
	UT_hash_handle hh;
	char key[];
};

struct watch {
	struct settings *settings;
	uint64_t random, next_call, next_run, next_news;
	struct job *by_key;
	struct kept_record *kept_jobs;
	struct cloud_record *kept_clouds;
	size_t n_kept_clouds;
	struct flight *flights;
	TAILQ_HEAD(job_list, job) jobs, dirty_jobs;
	TAILQ_HEAD(cloud_list, cloud) clouds, dirty_clouds;
	STAILQ_HEAD(run_list, run_effect) runs;
	STAILQ_HEAD(news_list, news_effect) news;
	STAILQ_HEAD(call_list, call_effect) calls;
	struct plan moments;
	int64_t wake;
	bool quiet_start;
	const struct reply *reply; /* being judged; NULL otherwise */
	struct run_list lent_runs; /* handed out since the last event */
	struct news_list lent_news;
	struct call_list lent_calls;
};

/* Memory that can't be had ends the process: what was saved is whole and a restart goes on from there,
 * while a heart that lost a piece of news would lie. */
void *heart_alloc(size_t size); /* zeroed */
void *heart_grow(void *p, size_t n, size_t size);
char *heart_copy(const char *s);

/* A moment of the wall clock that was written down, on today's monotonic clock; a clock that was set in
 * between makes it neither future nor older than `most`. */
int64_t heart_mono(int64_t wall, int64_t most, struct now now);

/* --- round.c: who goes into which call --- */

/* Puts the job into the plan of its step at mono `at`; takes it out of where it was. */
void job_plan(struct job *j, enum step step, int64_t at);
void job_unplan(struct job *j);
/* Makes all calls of the cloud that may be made now; returns when it should be looked at again. */
int64_t round_go_on(struct cloud *c, struct now now);
bool job_running(const struct job *j);
void job_set_run(struct job *j, enum run_state state);

/* --- judge.c: what an answer means for a job --- */

/* `a` is the job's own entry; NULL: DRS did not answer for it. `kind` as of the call; `asked`: mono ms when it
 * was made. */
void judge_answer(
	struct job *j, enum call_kind kind, const struct answer *a, int64_t asked, struct now now);
/* The whole call failed for a reason that is not the job's: what it wanted is still wanted. */
void judge_requeue(struct job *j, enum call_kind kind, bool maybe_done, int64_t at, struct now now);
/* A submit of the whole call was not permitted. */
void judge_submit_denied(struct job *j, struct now now);
/* Ends the present check: due one interval after it began, or at `next` if that is not 0. */
void judge_check_ended(struct job *j, int64_t next, struct now now);

/* DRS takes the job again: what it was refused for is over. */
void judge_accepted(struct job *j, struct now now);

/* --- run.c: from the submit to the report --- */

/* Ends a run without a verdict; `lost`, if not NULL: that is news, and what DRS said of it. */
void run_drop(struct job *j, const struct answer *lost, struct now now);
/* The answer says that DRS broke: true if that ends the run. */
bool run_broke(struct job *j, const struct answer *a, struct now now);
/* From submit to submit: the configured one, doubled up to a day while DRS breaks. */
int64_t run_interval(const struct job *j);
/* Somebody else's run is followed as if it were ours. */
void run_adopt(struct job *j, struct now now);
bool run_under_way(const struct report *r); /* DRS says that it is going on */
void run_poll_again(struct job *j, struct now now);
/* A poll that was asked at mono `asked`: the answer, or one that says that there is no result. */
void run_poll_answer(struct job *j, const struct report *r, int64_t asked, struct now now);
void run_poll_blank(struct job *j, int64_t asked, struct now now);
/* Takes over what DRS says as the job's report; true if it differs from the one before in what is told. */
bool run_take_report(struct job *j, const struct report *r, uint64_t run, struct now now);

/* --- cloud.c: pace, back-off, login, trouble --- */

struct cloud *cloud_new(struct watch *w, const struct cloud_settings *set, struct now now);
struct cloud *cloud_free(struct cloud *c);
/* By (iam, drs, user, domain, project). */
bool cloud_is(const struct cloud_record *rec, const struct cloud_settings *set);
bool cloud_same(const struct cloud_record *a, const struct cloud_record *b);
void cloud_take_settings(struct cloud *c, const struct cloud_settings *set, struct now now);
/* When the next DRS call may be made; NEVER: only after a reply. */
int64_t cloud_free_at(const struct cloud *c, struct now now);
void cloud_count_call(struct cloud *c, struct now now);
/* Whether a login is wanted, and when it may be tried; NEVER: not wanted or not allowed. */
int64_t cloud_login_at(struct cloud *c, struct now now);
void cloud_login_reply(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now);
/* Bookkeeping of a DRS call that failed as a whole, for a reason that is the cloud's. */
void cloud_call_failed(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now);
void cloud_call_answered(struct cloud *c, const struct flight *f, struct now now);
/* After every answer: does the other side's clock agree with ours? */
void cloud_weigh_clock(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now);
void cloud_credential_changed(struct cloud *c, struct now now);
void cloud_check_now(struct cloud *c, struct now now);
int64_t cloud_backoff_base(const struct cloud_settings *s);
bool cloud_in_told_trouble(const struct cloud *c);
void cloud_tell_state(struct cloud *c, struct now now);

/* --- keyring.c: clouds that log in with one and the same credential --- */

/* When it is the cloud's turn to log in (mono): not while another one waits for its answer. */
int64_t keyring_turn(const struct cloud *c, struct now now);
void keyring_taken(struct cloud *c); /* its credential was taken */
/* Its credential was refused: true if that is enough for all that share it. */
bool keyring_refused(struct cloud *c, const struct reply *r, struct now now);
/* Those that share it and have no token to show for it: the one after `after`, NULL: the first. */
struct cloud *keyring_next(struct cloud *c, struct cloud *after);

/* --- summary.c: what a cloud's jobs amount to --- */

/* Tells once if pace or max_runs can't serve the jobs within their intervals. */
void summary_weigh_pace(struct cloud *c, struct now now);
/* Sums the cloud up when it is time; returns when to come again (mono), NEVER: not by this configuration. */
int64_t summary_due(struct cloud *c, struct now now);

/* --- moment.c: what the passing of time alone brings --- */

void moment_resume(struct job *j, struct now now); /* from the record, at a start */
void moment_confirmed(struct job *j, struct now now);
/* The job is not asked for before mono `at`: it does not grow stale for that. */
void moment_held(struct job *j, int64_t at);
void moment_told(struct job *j, struct now now); /* a verdict was told: reminders count from it */
void moment_weigh_accepts(
	struct job *j, struct now now);             /* report, accepts or clock may have changed */
void moment_created(struct job *j, struct now now); /* rec.created became known */
void moment_retimed(struct job *j, const struct job_settings *old, struct now now);
void moment_forget(struct job *j);
void moment_due(struct watch *w, struct now now);

/* --- tell.c: effects --- */

void tell_take_back(struct watch *w); /* at the beginning of each event */

void tell_dirty_job(struct job *j);
void tell_dirty_cloud(struct cloud *c);
void tell_run(struct job *j, struct report *report, bool lost, struct now now);
/* DRS confirmed the present verdict just now: it is not stale. Call before tell_job(). */
void tell_confirmed(struct job *j, struct now now);
/* NEWS_JOB if the verdict, bad items, refusal or status differ from what was last told; true if so. */
bool tell_job(struct job *j, struct now now);
/* Tells what accepts that began or ended make of the last report. In the middle of a check its end does, and of a
 * flapping job it is not told. DRS confirmed nothing by it: what is stale stays stale. */
void tell_accepts(struct job *j, struct now now);
/* After a time of changes that were not told: the difference to what was, even if there is none. */
void tell_steady(struct job *j, struct now now);
bool tell_items_differ(const struct report *told, const struct report *report);
/* The job's other news; the caller fills in what is particular. */
struct news *tell_job_news(struct job *j, enum news_kind kind, struct now now);
struct news *tell_cloud_news(struct cloud *c, enum news_kind kind, struct now now);
