/* fake_drs.h - DRS and IAM in virtual time: takes calls, gives replies, knows nothing of the heart. */
#pragma once

#include "call.h"
#include "content.h"
#include "dice.h"

/* What ails a cloud. */
enum ailment {
	AIL_REFUSED,       /* DRS: connection refused, at once */
	AIL_SILENT,        /* DRS: no answer until the caller gives up */
	AIL_5XX,           /* DRS: 5xx */
	AIL_FLAKY,         /* DRS: every third call one of these */
	AIL_THROTTLED,     /* DRS: every second call */
	AIL_DENIED,        /* submits are not permitted */
	AIL_MISCONFIGURED, /* redirects, or no such API */
	AIL_TOKENS,        /* fresh tokens are not taken */
	AIL_IAM_SILENT,
	AIL_IAM_5XX,
	AIL_IAM_THROTTLED,
	AIL_PASSWORD, /* the credential is wrong until another one is configured */
	_AIL_MAX
};
const char *ailment_name(enum ailment a);

/* What ails a task, each until a time. */
enum trait {
	TRAIT_BUSY,
	TRAIT_NOT_READY,
	TRAIT_PARENT,
	TRAIT_DENIED,
	TRAIT_REFUSED,      /* failed without a code */
	TRAIT_GONE,         /* M05004, though the task is there */
	TRAIT_CULPRIT,      /* a submit with it is a bad request as a whole */
	TRAIT_CULPRIT_READ, /* batch-status too */
	TRAIT_ODD_STATUS,   /* a word nobody knows */
	TRAIT_CREATING,
	_TRAIT_MAX
};

enum run_owner {
	OWNER_NONE,
	OWNER_US,
	OWNER_FOREIGN
};

struct fake_task {
	char id[TASK_ID_SIZE];
	unsigned cloud;
	uint64_t truth;             /* what a run would find now */
	int status;                 /* in fake_walk[] */
	int64_t created;            /* virtual */
	bool deleted, says_deleted; /* says_deleted: status DELETED instead of M05004 */
	int64_t until[_TRAIT_MAX];
	int64_t mute_until; /* answers lack its entry */
	unsigned shy;       /* so many more results of it are left out, until a run begins */

	bool shows; /* a finished result to show */
	uint64_t shown, shown_run;
	enum run_owner shown_owner;

	enum run_owner owner; /* of the run that is going on */
	uint64_t run;         /* rising per task; of the latest run */
	uint64_t finds;
	int64_t began, ends, stale_until;
	bool hangs; /* 100 % with an empty item for the last tenth */
	bool slow;
};

struct fake_login {
	uint64_t id;
	int64_t issued, ends;
	bool expired_once;
};

#define FAKE_LOGINS 8

struct fake_cloud {
	bool ails[_AIL_MAX];
	char bad_mark[SECRET_MARK]; /* with AIL_PASSWORD: the credential that is refused */
	char project[64];
	struct fake_login logins[FAKE_LOGINS]; /* a ring */
	unsigned n_logins;
	bool slow_refusal; /* the next refusal of a token takes long: others overtake it */
	size_t *tasks, n_tasks;
};

struct fake_counts {
	uint64_t calls, entries, runs, foreign, throttled, locked, lost, executed_lost, expired,
		revoked, token_refusals, missing, bad_requests, gone, busy, slow, stuck, late,
		whole_refusals;
};

struct fake {
	uint64_t dice;
	bool gentle; /* no more trouble of its own: the end of the story */
	size_t n_clouds, n_tasks;
	struct fake_cloud *clouds;
	struct fake_task *tasks;
	struct content_cache cache;
	struct fake_counts counts;
};

/* What an answer really said, for the judge. */
struct fact {
	long task; /* -1: an id that nobody watches */
	bool asked, repeated;
	enum outcome outcome;
	int status;           /* CALL_STATUS: index in fake_walk[]; STATUS_ODD */
	bool executed;        /* CALL_SUBMIT: a run began */
	bool shown;           /* CALL_RESULT: a report was delivered */
	bool finished, lower; /* lower: process below 100, or an empty item */
	uint64_t run, content;
	enum run_owner owner;
};

#define FACTS_MAX 16
#define FAKE_WALL 1700000000000 /* virtual 0 in UTC ms */

/* A call on its way. */
struct flight {
	struct call call;
	unsigned cloud;
	int64_t sent, due; /* virtual ms */
	struct reply *reply;
	size_t n;
	struct fact facts[FACTS_MAX];
	long asked[CALL_JOBS_MAX];    /* task numbers */
	bool executed[CALL_JOBS_MAX]; /* CALL_SUBMIT: began a run without saying so */
	bool dead;                    /* its caller died: nobody waits for the reply */
	bool stray; /* its cloud left the configuration: the reply comes, and means nothing */
};

enum {
	STATUS_ODD = 100,
	STATUS_CREATING_NOW = 101,
	STATUS_DELETED_NOW = 102
};
extern const char *const fake_walk[]; /* the statuses of a life; NULL ends */
const char *fake_status_name(int status);
/* 0 checkable, 1 started, 2 ended, 3 refused: the fake's own reading. */
int fake_status_class(int status);

struct fake *fake_new(uint64_t seed, size_t n_clouds, size_t n_tasks);
struct fake *fake_free(struct fake *f);

/* Task number of an id; -1 if there is none. */
long fake_find(const struct fake *f, const char *id);

/* Takes the call in f->call: executes it, makes the reply and the time when it is due. */
void fake_take(struct fake *f, struct flight *fl, int64_t give_up);

/* A run of a submit that dies with its caller: taken by DRS, answer to nobody. */
void fake_submit_blind(struct fake *f, size_t task, int64_t t);

bool fake_foreign(
	struct fake *f, size_t task, int64_t t);  /* somebody else's run; false: not possible */
void fake_settle(struct fake_task *k, int64_t t); /* ends a run whose time has come */
void fake_kill_run(struct fake_task *k); /* and what it showed: the task left CONFIGURATION */
void fake_revoke(struct fake *f, unsigned cloud);
void fake_grow_shy(struct fake *f); /* some results will not be answered for, twice */
void fake_forget_logins(struct fake *f, unsigned cloud);
/* Runs of ours going on at t in a cloud, except those older than 24 h. */
unsigned fake_running(struct fake *f, unsigned cloud, int64_t t, const bool *counted);
