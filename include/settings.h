/* settings.h - what the operator said, as plain values: immutable, reference counted. */
#pragma once

#include "auth.h"
#include "macro.h"
#include "secret.h"

#define TASK_ID_SIZE 37 /* 8-4-4-4-12 of [0-9a-z], and the NUL */

/* What auth.h's table wants of a method is there; the rest is NULL. With AUTH_CLOUDS_YAML credential_read()
 * adds what the entry says before anybody else sees the settings. */
struct cloud_settings {
	char *name;
	char *iam,
		*drs; /* URL without trailing slash: "https://host[:port][/path]"; iam may be NULL */
	char *project, *project_id; /* one of them, the other NULL; token-file: both may be NULL */
	enum auth_method auth;
	enum auth_method
		method; /* the same, but never AUTH_CLOUDS_YAML once the credential is read */
	char *user, *domain, *user_id;
	char *access_key;
	char *agency, *agency_domain;
	char *entry, *clouds_file; /* clouds_file NULL: the standard places */
	char *region;              /* clouds.yaml's, and in the scope of the older signature */
	char *metadata;            /* URL of the ECS metadata service */
	enum signature signature;
	char *secret,
		*security_token; /* the places, see secret_read(); never the secrets themselves */
	char mark[SECRET_MARK];  /* of the credential; "" until the roof has read it */
	char *ca_file, *proxy;   /* may be NULL */
	unsigned pace;           /* calls a minute */
	unsigned connections, max_runs;
	int64_t timeout, backoff_max; /* ms */
	char *file;                   /* where it stands, for messages */
	unsigned line;
};

/* An operator's signed-off exception for one ALARM item. */
struct accept {
	char *item;
	char *failed_reason; /* NULL: any */
	char *reason, *by;
	int64_t until; /* wall ms: it holds before this moment */
	char *file;
	unsigned line;
};

struct job_settings {
	char *name;
	const struct cloud_settings *cloud; /* in the same settings */
	char task[TASK_ID_SIZE];
	int64_t interval; /* ms, as all spans here */
	bool check;       /* false: read status and last result only */
	int64_t first_poll, settle, poll;
	int64_t run_limit, stale_after;
	int64_t remind;   /* -1: never */
	size_t n_accepts; /* the job's own in the order written, then those of the defaults */
	struct accept *accepts;
	char *file;
	unsigned line;
};

struct settings {
	unsigned refs;
	char *state_dir;
	unsigned keep_runs;
	int64_t keep_for, summary; /* summary -1: never */
	int log_level;
	bool short_times;
	size_t n_clouds, n_jobs;
	/* arrays: pointers into them stay valid as long as the settings */
	struct cloud_settings *clouds;
	struct job_settings *jobs;
};

struct settings *settings_new(void); /* one reference; NULL: no memory */
struct settings *settings_ref(struct settings *s);
/* May be NULL; returns NULL; the last one frees all. */
struct settings *settings_unref(struct settings *s);
DEFINE_CLEANUP(struct settings *, settings_unref)

/* Who logs in there, in the words of the configuration: user, user id, access key, agency or entry; "" if it
 * has no name. Never NULL. */
const char *cloud_login_name(const struct cloud_settings *c);
/* The account that the login is for: the agency's, else the user's own; NULL: not known by name. */
const char *cloud_account(const struct cloud_settings *c);
/* Whether both stand for one and the same: endpoints, login, account and project. Of entries of clouds.yaml that
 * were not read yet it is told by where they stand. */
bool cloud_settings_same(const struct cloud_settings *a, const struct cloud_settings *b);

/* NULL if there is none of that name. */
struct cloud_settings *settings_cloud(const struct settings *s, const char *name);
struct job_settings *settings_job(const struct settings *s, const char *name);

/* Is it for that item, and for that reason (may be NULL)? */
bool settings_accept_fits(const struct accept *a, const char *item, const char *failed_reason);
/* The first of the job's accepts for that item (and reason; may be NULL) that holds at `wall`; NULL if there
 * is none. */
const struct accept *settings_accept(
	const struct job_settings *s, const char *item, const char *failed_reason, int64_t wall);

/* Frees an array of n accepts and what they hold; a may be NULL; returns NULL. */
struct accept *settings_free_accepts(struct accept *a, size_t n);

/* True for the 8-4-4-4-12 form of lower case letters and digits. */
bool task_id_valid(const char *id);
