/* call.h - what crosses the border between heart and shell: calls, replies, outcomes, as plain
 * values. */
#pragma once

#include "macro.h"
#include "report.h"
#include "settings.h"

#define CALL_JOBS_MAX 10

enum call_kind {
	CALL_LOGIN,  /* IAM: a token */
	CALL_STATUS, /* batch-status */
	CALL_SUBMIT, /* batch-precheck */
	CALL_RESULT, /* batch-precheck-result */
	CALL_DETAIL, /* batch-detail: only status and create_time are taken of it */
	_CALL_KIND_MAX
};
const char *call_kind_name(enum call_kind k); /* "login", "batch-status", ... */

struct call {
	uint64_t id; /* never used twice in a process */
	enum call_kind kind;
	const struct cloud_settings *cloud; /* borrowed: valid until the next watch_configure() */
	uint64_t login;   /* id of the CALL_LOGIN whose token to send; 0 in a login */
	char project[64]; /* project id of that login; "" in a login */
	int64_t give_up;  /* mono ms; the shell owes exactly one reply by then */
	unsigned n;       /* jobs; 0 in a login */
	struct {
		char task[TASK_ID_SIZE];
		bool retry_mode; /* forRetryJob instead of forStartJob */
	} jobs[CALL_JOBS_MAX];
};

/* What became of a call as a whole, or of one job in it. */
enum outcome {
	OUTCOME_OK,
	OUTCOME_BUSY,        /* M01504: another operation runs on the task */
	OUTCOME_WRONG_STATE, /* M00304 */
	OUTCOME_NOT_READY,   /* M00300, 302, 303: not configured, connection not tested */
	OUTCOME_PARENT,      /* M00307, 308: only sub-tasks, only parents */
	OUTCOME_REFUSED,     /* failed without a code, or by one that is the task's own trouble */
	OUTCOME_DENIED,      /* not permitted, or the account is restricted */
	OUTCOME_GONE,        /* M00289, M05003, M05004 */
	OUTCOME_BAD_REQUEST, /* parameters refused */
	OUTCOME_THROTTLED,
	OUTCOME_TOKEN,         /* token not taken */
	OUTCOME_CREDENTIAL,    /* login only: user, password, domain or scope not taken */
	OUTCOME_LOCKED,        /* the user or the key is locked for a while, whatever is tried */
	OUTCOME_MISCONFIGURED, /* wrong host, path, project, region; redirect; token too large */
	OUTCOME_SERVER,        /* 5xx, not JSON, cut off: DRS's or IAM's own trouble */
	OUTCOME_TRANSPORT,     /* no answer at all: name, connect, TLS, timeout */
	_OUTCOME_MAX
};
/* True for the outcomes that speak of a task and not of the call. */
bool outcome_is_task(enum outcome o);
/* IAM found the user and says that it is the project: no fault of the credential's. */
bool refusal_names_project(const char *code, const char *text);
const char *outcome_name(enum outcome o); /* "ok", "busy", ... for debug lines and tests */

struct answer {
	char task[TASK_ID_SIZE];
	enum outcome outcome;
	char status[40];          /* CALL_STATUS, CALL_DETAIL: verbatim, escaped; "" otherwise */
	int64_t created;          /* CALL_DETAIL: wall ms of create_time; 0 unknown */
	struct report *report;    /* CALL_RESULT with OUTCOME_OK: never NULL; a reference of ours */
	char code[24], text[200]; /* error_code and escaped error_msg; "" if none */
};

struct reply {
	uint64_t call;
	/* of the call as a whole; OK whenever there are results to judge one by one */
	enum outcome outcome;
	bool maybe_done;     /* not OK, yet the request may have reached DRS */
	int64_t retry_after; /* ms, clamped to 0 .. 15 min; -1 none */
	int64_t life; /* CALL_LOGIN OK: ms, expires_at - issued_at; INT64_MAX: a key without an end */
	int64_t date;     /* what the other side's clock says, wall ms; 0: not known */
	char project[64]; /* CALL_LOGIN OK: id of the project that the login is for */
	/* text: what DRS, IAM or the transport said, escaped */
	char code[24], text[200], request_id[64];
	size_t n;
	struct answer *answers; /* any order; may lack, repeat or add ids */
};

/* Zeroed but for call, n and retry_after = -1. -ENOMEM. */
int reply_new(uint64_t call, size_t n, struct reply **ret) _must_check_;
struct reply *reply_free(struct reply *r); /* may be NULL; returns NULL */
DEFINE_CLEANUP(struct reply *, reply_free)
