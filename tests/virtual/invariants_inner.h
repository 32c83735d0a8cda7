/* invariants_inner.h - what the judge's files share; nobody else includes it. */
#pragma once

#include "invariants.h"
#include "world.h"

enum tri {
	NO,
	MAYBE,
	YES
};

enum submit_state {
	SUBMIT_NONE,
	SUBMIT_OPEN,    /* on the wire */
	SUBMIT_TAKEN,   /* accepted */
	SUBMIT_UNCLEAR, /* may have been taken */
	SUBMIT_NOT      /* certainly not taken */
};

/* What an operator was last told of a job. */
struct told {
	bool any;
	uint64_t id;
	enum verdict verdict;
	char status[40], code[24];
	uint64_t
		bad; /* as in content.h: bad items; << 24: which are unchecked; << 60: unexplained */
	bool stale;
	int64_t since;
};

struct watched { /* one per task */
	bool on;
	int64_t on_since;
	int64_t interval, settle, stale_after;

	/* as delivered */
	int status; /* -1: never */
	bool seen;
	enum tri refused, ended;
	bool bad_request; /* so refused: any status is an answer to that */
	int64_t gone_at;  /* of the first "gone" in a row; -1: none */
	unsigned gone_process;
	enum tri wrong_state; /* a submit or result said so; the status will tell */
	unsigned wrong_state_process;
	bool has_report;
	uint64_t content;
	uint64_t bad, unchecked; /* content.h's four bits an item */
	int64_t counted_at;      /* virtual */
	uint64_t counted_drain;
	int64_t refused_at;  /* the last refusal, which confirms a verdict too */
	bool looked;         /* a result was answered in this process */
	unsigned unanswered; /* results asked for in this process that lacked its entry */
	bool running_seen;   /* and the last one showed a run going on */
	uint64_t run_seen;   /* the run last seen under way */
	bool content_seen;
	uint64_t seen_content; /* of the last finished result shown */

	enum submit_state submit;
	int64_t submit_at, submit_healthy; /* virtual; the cloud's healthy ms */
	uint64_t run_before;               /* the fake's latest run before that submit */
	bool had_content;                  /* what was shown before the submit */
	uint64_t old_content;
	bool adopted;        /* somebody else's run is followed */
	bool exempt;         /* the next submit may come before its time */
	int64_t paced_from;  /* submit of the last run that was counted; -1: none */
	uint64_t run_number; /* of the last saved run */
	uint64_t submit_number;
	int64_t reported; /* the record's, wall */
	uint64_t overdue_run;

	bool dormant; /* gone: asked anew on reload only */
	int64_t fed;  /* healthy ms of the cloud, from when hunger counts */

	unsigned n_accepts;
	struct accept_conf accepts[ACCEPTS_MAX];
	bool accepts_changed; /* by the reload that is going on */
	bool excused;         /* owed when the process began: told with a report */
	bool checking;        /* from the first call of a check to where the next one is planned */
	int64_t due;          /* the record's, wall */
	int64_t owed_since;   /* virtual; -1: what was told still holds */

	struct told told;
	bool flapping, was_flapping; /* told as such; at the beginning of this drain */
	unsigned changes;            /* of the last ten reports, the newest in bit 0 */
	unsigned reminded;
	bool aging_told;
	uint64_t slow_run;
	uint64_t told_unchecked; /* in the last news that named items */

	/* within one drain */
	uint64_t drain;
	const struct fact *fact;
	unsigned news;
	bool must, may;

	struct trace trace;
};

#define PACE_MAX 60

struct cloud_judge {
	int64_t calls[PACE_MAX]; /* times of the last calls, a ring */
	uint64_t n_calls;
	unsigned in_flight, logins_in_flight;

	uint64_t login; /* the present one; 0 none */
	int64_t login_at, login_life;
	bool login_refused; /* a call with it came back as token not taken */
	unsigned fresh_refusals;
	bool credential_new; /* replaced: one more login is fine */
	unsigned configured_mark;
	char mark[SECRET_MARK];
	unsigned refusals; /* of that mark */
	int64_t locked_until;
	uint64_t logins_ok, login_news;

	unsigned causes; /* told since the trouble began, a mask */
	unsigned faint;  /* told by an earlier process, which saved the heaviest only */
	enum trouble trouble, throttled; /* told; the latter TROUBLE_THROTTLED or NONE */
	unsigned parked_causes;
	enum trouble parked, parked_throttled; /* of the cloud's other user */
	int64_t calm_since;                    /* end of the last trouble told */
	bool failing;                          /* a call failed since the last good one */
	int64_t pace_told, summary_told;

	unsigned sick;                 /* ailments, and 1 while no process is there */
	int64_t healthy, healthy_from; /* ms so far; virtual since when (may lie ahead) */
	struct trace trace;
};

struct judge {
	struct world *w;
	bool failed;
	unsigned process;
	bool up;
	int64_t up_since;
	struct watched *jobs;
	struct cloud_judge *clouds;
	bool *counted;  /* tasks whose runs count for max_runs */
	uint64_t calls; /* the highest id of this process */
	uint64_t last_news;
	uint64_t last_run;
	unsigned states;  /* news of state in this drain */
	bool started;     /* in this drain: a process */
	bool configuring; /* in this drain: accepts may have changed */
	unsigned rank;    /* of the effects in this drain */
	uint64_t drain;
	const struct flight *reply;
	struct judge_counts counts;
};

/* Time in which a cloud was well, recovery excluded. */
int64_t judge_healthy(const struct judge *j, unsigned cloud);
struct watched *judge_job(struct judge *j, long task);
void judge_touch(const struct judge *j, struct watched *k); /* first thing in a drain */

/* invariants_truth.c: what follows from the answers */
void truth_deliver(struct judge *j, const struct flight *fl);
void truth_counted(struct judge *j, long task, const struct job_record *r);
unsigned truth_verdicts(const struct judge *j,
	const struct watched *k); /* a mask of those that may have been told last */

/* invariants_accepts.c */
enum verdict accepts_verdict(const struct watched *k, uint64_t content, int64_t wall);
bool accepts_matter(const struct watched *k); /* for its last report, and what was told of it */
bool accepts_busy(const struct judge *j, long task);
/* anew: nobody watched the job just before */
void accepts_configured(struct judge *j, long task, bool anew);
void accepts_settled(struct judge *j);
void accepts_told(struct judge *j, long task, const struct news *n); /* before it counts as told */

/* invariants_news.c */
void news_check(struct judge *j, const struct news *n);

/* invariants_calls.c */
void judge_print_runs(struct judge *j, unsigned cloud);
void calls_delivered(struct judge *j, const struct flight *fl);
