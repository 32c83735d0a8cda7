/* sim.h - what the simulated cloud consists of; every room of the simulator shares these. */
#pragma once

#include "field.h"
#include "macro.h"

#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <stdio.h>
#include <sys/queue.h>

enum profile {
	PROFILE_OTC,
	PROFILE_HUAWEI
};

/* What a request is for; the order is that of the words in kind_words. */
enum kind {
	KIND_ANY,
	KIND_LOGIN,
	KIND_PROJECTS,
	KIND_VALIDATE,
	KIND_KEYS,
	KIND_STATUS,
	KIND_SUBMIT,
	KIND_RESULT,
	KIND_DETAIL,
	KIND_METADATA,
	KIND_IAM,
	KIND_DRS,
	KIND_OTHER
};
extern const char *const kind_words[];

/* How a refusal of one task comes back (reference shapes B/C, D and E). */
enum shape {
	SHAPE_ENTRY,
	SHAPE_CALL,
	SHAPE_RESULTS400
};
/* What a result call says of a task that was never checked. */
enum never {
	NEVER_ERROR,
	NEVER_ABSENT,
	NEVER_ZERO,
	NEVER_PLAIN
};
/* What a submit on top of a running pre-check does. */
enum overlap {
	OVERLAP_REPLACE,
	OVERLAP_KEEP,
	OVERLAP_BUSY,
	OVERLAP_STATE
};
/* Whether a connection ends after each answer: with a header that says so, or without. */
enum closing {
	CLOSE_NO,
	CLOSE_TOLD,
	CLOSE_SILENT
};
enum deleted {
	DELETED_ERROR,
	DELETED_STATUS
};
/* How a token that is no longer good is refused. */
enum token_answer {
	ANSWER_0307,
	ANSWER_0301,
	ANSWER_M00100,
	ANSWER_KEYSTONE403
};
enum iam_style {
	STYLE_KEYSTONE,
	STYLE_CODE
};
enum role {
	ROLE_FULL,
	ROLE_READONLY,
	ROLE_NONE
};
/* The forms of a signature that the cloud takes. */
enum accepts {
	ACCEPTS_BOTH,
	ACCEPTS_ACCESS,
	ACCEPTS_CREDENTIAL
};
/* What the metadata service is like. */
enum metadata_mode {
	METADATA_NONE, /* no agency is bound */
	METADATA_V1,
	METADATA_V2 /* wants a ticket */
};
enum down_what {
	DOWN_ALL,
	DOWN_IAM,
	DOWN_DRS
};
enum down_mode {
	DOWN_RESET,
	DOWN_HTML,
	DOWN_REFUSE
};

struct defaults {
	bool shuffle, empty_first, page_of_5, early_result;
	int64_t duration, stale, linger, latency;
	int64_t max_jobs; /* 0 none; -1 by profile */
	char *max_jobs_code, *unknown_code, *page_key;
	int shape, never, overlap, deleted, close;
	int64_t large_header; /* HTTP status for headers that are too large */
};

struct token_rules {
	int64_t life, size, catalog;
	char *header;
	int answer, style;
	bool wrong_region;
	int64_t unknown_project; /* HTTP status */
};

struct lockout {
	int64_t tries, window, lock;
};

struct signing {
	int accepts;
	int64_t tries, lock, skew;
};

struct metadata {
	int mode;
	char *user, *agency; /* whose keys; one of them */
	int64_t life, renew;
};

/* One scripted outcome of a pre-check run; shared by script, current and old report. */
struct outcome {
	unsigned refs;
	struct json_object *items;
	int64_t duration, stale, linger; /* -1: the default */
	int64_t stuck_at;                /* percent at which the run stays for ever; -1: never */
	struct json_object *result;      /* NULL: derived */
	char *rate, *process, *code, *message;
};

struct task {
	TAILQ_ENTRY(task) link;
	char *id, *name, *status, *precheck_id, *direction, *instance, *task_type, *db_use_type;
	char *status_code, *status_message; /* of a status entry, beside the status */
	char *submit_code, *submit_message, *result_code, *result_message;
	bool parent, connection_tested, deleted, edited, absent;
	int64_t busy;    /* submits still refused with M01504; -1: all */
	int64_t created; /* how long before the simulator's start */
	int shape;       /* -1: the default */
	struct json_object *script_json, *items_json, *report_json;
	struct outcome **script;
	size_t n_script, next;
	struct outcome *old, *current; /* old: what a stale read still shows */
	int64_t started;
	uint64_t runs;
};
TAILQ_HEAD(task_list, task);

struct project {
	TAILQ_ENTRY(project) link;
	char *id, *name, *domain, *description;
	bool enabled;
	struct json_object *tasks_json;
	struct task_list tasks;
	int64_t calls[256]; /* ring of the last DRS calls, ms */
	size_t n_calls;
};
TAILQ_HEAD(project_list, project);

struct user {
	TAILQ_ENTRY(user) link;
	char *id, *name, *password, *domain;
	bool enabled, console_only;
	int role;
	struct json_object *projects; /* names or ids; NULL: all of the domain */
	struct json_object *keys_json;
	int64_t wrong[16]; /* times of the wrong logins inside the window */
	size_t n_wrong;
	int64_t locked_until;
};
TAILQ_HEAD(user_list, user);

struct agency {
	TAILQ_ENTRY(agency) link;
	char *id, *name, *domain;
	int role;
	struct json_object *projects; /* names or ids; NULL: all of the domain */
	struct json_object *users;    /* names of those who may assume it; NULL: all */
};
TAILQ_HEAD(agency_list, agency);

/* Both NULL: somebody whom another Keystone knows. */
struct caller {
	const struct user *user;     /* NULL: a machine */
	const struct agency *agency; /* whom he stands for; NULL: himself */
};

struct token {
	TAILQ_ENTRY(token) link;
	uint64_t serial;
	char *text;
	const char *method;
	int64_t expires; /* mono ms */
	char issued_text[40], expires_text[40];
	bool revoked;
	struct caller caller;
	struct project *project; /* NULL: not project scoped */
};
TAILQ_HEAD(token_list, token);

struct key {
	TAILQ_ENTRY(key) link;
	char *access, *secret;
	char *token;     /* of a temporary key; NULL: a permanent one */
	int64_t expires; /* mono ms; of a temporary key */
	char expires_text[40];
	bool enabled;
	bool shown; /* by the metadata service */
	struct caller caller;
	int64_t failures; /* one after the other */
	int64_t locked_until;
};
TAILQ_HEAD(key_list, key);

struct fault {
	TAILQ_ENTRY(fault) link;
	int kind, act;
	int64_t count, after, status, retry_after, wait, interval, size, depth, chunk, value;
	char *task, *code, *message, *text, *type, *location;
	struct json_object *body, *headers;
	bool execute;
};
TAILQ_HEAD(fault_list, fault);

struct planned {
	TAILQ_ENTRY(planned) link;
	struct sim *sim;
	struct event *timer;
	char *verb;
	struct json_object *body;
	int64_t at;
};
TAILQ_HEAD(planned_list, planned);

struct inquiry;
TAILQ_HEAD(inquiry_list, inquiry);
struct waiter;
TAILQ_HEAD(waiter_list, waiter);
struct delivery;
TAILQ_HEAD(delivery_list, delivery);

struct sim {
	struct event_base *base;
	struct evhttp *http, *control;
	struct evhttp_bound_socket *bound;
	int placeholder; /* keeps the port ours while nobody listens */
	uint16_t port, control_port;
	char host[64];

	int64_t start;      /* mono ms */
	int64_t wall_start; /* the same moment in ms since 1970 */
	uint64_t random, seed;
	int profile;
	char *region;
	struct defaults defaults;
	struct token_rules tokens;
	struct lockout lockout;
	struct signing signing;
	struct metadata metadata;
	const struct key *metadata_key; /* what it shows now; one of keys */
	struct {
		char text[65];
		int64_t expires;
	} tickets[16]; /* of the metadata service; a ring */
	size_t n_tickets;
	struct {
		char *host, *path; /* NULL: tokens are our own */
		uint16_t port;
	} upstream;
	struct inquiry_list inquiries;
	int64_t clock_offset; /* ms by which the cloud's clock is ahead of the machine's */
	struct user_list users;
	struct agency_list agencies;
	struct key_list keys;
	struct project_list projects;
	struct token_list token_list;
	struct fault_list faults;
	struct planned_list planned;
	struct waiter_list waiters;
	struct delivery_list deliveries;
	uint64_t last_serial, last_request;
	int64_t down_until[3]; /* by down_what; INT64_MAX: until lifted; 0: up */
	int down_mode[3];
	struct event *up_timer;

	struct json_object *log; /* array of entries */
	uint64_t logins;
	FILE *log_file;
};

/* CLOCK_MONOTONIC in ms since the simulator started. */
int64_t sim_now(const struct sim *s);
/* The cloud's own clock, in ms since 1970. */
int64_t sim_wall(const struct sim *s);
/* "YYYY-MM-DDThh:mm:ss.ffffffZ" */
void sim_time_text(int64_t wall, char *ret, size_t n);

struct sim *sim_new(void);
struct sim *sim_free(struct sim *s);
DEFINE_CLEANUP(struct sim *, sim_free)

struct project *sim_project(struct sim *s, const char *id);
struct project *sim_project_named(struct sim *s, const char *name, const char *domain);
/* Finds a task in any project; *ret_project may be NULL. */
struct task *sim_task(struct sim *s, const char *id, struct project **ret_project);
