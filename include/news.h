/* news.h - something worth telling once, and the one line in which it is told. */
#pragma once

#include "job.h"
#include "macro.h"

enum news_kind {
	NEWS_JOB,     /* a verdict, bad items or a status changed */
	NEWS_STALE,   /* verdict became older than stale_after, or is current again */
	NEWS_ADOPTED, /* somebody else's run found and followed */
	NEWS_OVERDUE, /* a run passed run_limit */
	NEWS_LOST, /* a run ended without a verdict (overtaken by a status, given up after 24 h) */
	NEWS_REMINDER,      /* still failed, alarmed or refused */
	NEWS_FLAPPING,      /* changes all the time: single changes are not told from now on */
	NEWS_STEADY,        /* and is steady again */
	NEWS_SLOW,          /* a run takes far longer than this job's usually do */
	NEWS_AGING,         /* 48 h in CONFIGURATION */
	NEWS_REPLACED,      /* its block named another task before */
	NEWS_STATE,         /* the answer to USR2: not news, never saved */
	NEWS_CLOUD_DOWN,    /* a cloud's trouble begins */
	NEWS_CLOUD_UP,      /* and ends */
	NEWS_CLOUD_LOGIN,   /* a login: first, renewed, or anew */
	NEWS_CLOUD_SUMMARY, /* a sign of life: counts by verdict */
	NEWS_CLOUD_CLOCK,   /* its clock and ours differ; or agree again */
	NEWS_CLOUD_PACE,    /* pace or max_runs can't serve all jobs within their interval */
	NEWS_BURST, /* more than is told one by one: counts, and where to find each; of no cloud, never saved */
	_NEWS_KIND_MAX
};

/* One row a weightiest reason to tell: event name, MESSAGE_ID, priority. For NEWS_JOB by verdict. */
struct event_row {
	const char *name;       /* DRS_EVENT */
	const char *message_id; /* 32 hex digits */
	int priority;           /* LOG_ERR ... */
};

enum trouble {
	TROUBLE_NONE,
	TROUBLE_THROTTLED,
	TROUBLE_DENIED,
	TROUBLE_MISCONFIGURED,
	TROUBLE_UNREACHABLE, /* DRS: transport and 5xx */
	TROUBLE_IAM,         /* IAM unreachable or in trouble of its own */
	TROUBLE_TOKENS,      /* fresh tokens are not taken */
	TROUBLE_LOCKED,      /* the user or the key is locked for a while */
	TROUBLE_LOGIN,       /* credential refused */
	_TROUBLE_MAX
};
const char *trouble_name(enum trouble t);

struct news {
	uint64_t id; /* DRS_TRANSITION_ID; rising, never used twice */
	enum news_kind kind;
	int64_t wall; /* when */

	/* the cloud: always */
	const char *cloud, *drs, *iam, *user, *domain,
		*project;        /* borrowed; project: name or id as configured */
	const char *project_id;  /* "" if not known */
	enum auth_method method; /* how it logs in; user: who, "" if that has no name */
	const char *agency, *agency_domain, *secret; /* borrowed, may be NULL; secret: its place */

	/* the job: NULL in cloud news */
	const char *job;
	const char *task;
	uint64_t run; /* 0 none */
	enum verdict verdict, previous;
	bool stale;
	bool first;                  /* the first news of this job */
	int64_t since;               /* the present verdict holds since (wall) */
	int64_t previous_since;      /* the one before held since; 0 unknown */
	const char *status;          /* task status */
	const char *previous_status; /* "" if not changed */
	const struct refusal *refusal;
	struct report *report, *previous_report; /* references of ours; may be NULL */
	int64_t confirmed;                       /* age of the verdict */
	int64_t run_limit, run_age;              /* OVERDUE, LOST: ms */
	const struct job_settings *settings;     /* borrowed; whose accepts hold */
	int64_t created, typical;                /* wall ms, 0 unknown; SLOW: ms */
	int64_t slowed;                          /* LOST: the interval from now on, ms */
	unsigned reminded, changes;              /* REMINDER: how many; FLAPPING: in ten runs */
	const char *old_task, *old_drs;          /* REPLACED: borrowed */

	/* the cloud's trouble */
	enum trouble trouble;
	enum call_kind call; /* the kind of call that met it */
	int64_t trouble_since;
	unsigned jobs; /* how many jobs it covers */
	unsigned pace,
		pace_wanted; /* CLOUD_PACE, THROTTLED: calls a minute in force, and wished or needed */
	int64_t reachable; /* CLOUD_PACE: the interval that can be kept, ms */
	int64_t life;      /* CLOUD_LOGIN: ms; INT64_MAX: no end */
	int64_t skew;      /* CLOUD_CLOCK: ms that ours is ahead; 0: they agree */
	uint64_t login;    /* CLOUD_LOGIN: how many so far */
	unsigned verdicts[_VERDICT_MAX], stale_jobs; /* CLOUD_SUMMARY */
	int64_t oldest,
		token_left; /* CLOUD_SUMMARY: age of the oldest verdict, ms; life of the token; -1 none */
	uint64_t first_id, last_id; /* BURST: of the news it stands for */
	unsigned errors,
		of_clouds; /* BURST: how many of them; those of jobs are in jobs and verdicts[] */
	int64_t next_try;  /* ms from now until the next try; -1: none before a change */
	char code[24], text[200], request_id[64];
};

struct news *news_free(struct news *n); /* drops the report references and the news; may be NULL */
DEFINE_CLEANUP(struct news *, news_free)

const struct event_row *news_event(const struct news *n); /* never NULL */
extern const struct event_row event_table[];
extern const size_t event_table_size;

/* The one line, at most n bytes (2048 is right), valid UTF-8, no control characters. Returns buf. */
char *news_text(const struct news *n, char *buf, size_t size);
