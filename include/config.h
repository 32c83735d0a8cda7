/* config.h - precheckd.conf and jobs.d: files to settings; the only room that knows libconfuse. */
#pragma once

#include "macro.h"
#include "settings.h"
#include <stdio.h>

/* One error or warning, as "FILE:LINE: text" ("FILE: text" where there is no line). */
typedef void config_say(void *arg, bool error, const char *text);

/* Reads path, then jobs.d/ *.conf beside it in name order. All value and reference errors, and the first
 * syntax error of each file, are said. 0 and *ret with one reference, or -EINVAL (something was said),
 * -ENOENT and the like for path itself (said too), -ENOMEM. Opens no secrets. Not reentrant: libconfuse
 * keeps its scanner in globals. */
int config_load(const char *path, config_say *say, void *arg, struct settings **ret) _must_check_;

/* The effective configuration in the file's own notation, secrets as their places; what it writes can be
 * read again. */
void config_print(const struct settings *s, FILE *f);

/* The option table: libconfuse's arrays, the defaults, the checks, config_print() and the test of the manual
 * page all follow from it. */
enum config_type {
	CONFIG_TEXT,
	CONFIG_PATH,     /* absolute */
	CONFIG_URL,      /* https, http for loopback only */
	CONFIG_PROXY,    /* URL of a proxy */
	CONFIG_METADATA, /* URL of the metadata service: http for loopback and 169.254.169.254 only */
	CONFIG_SPAN,
	CONFIG_MOMENT, /* a day, which is its end in the host's zone; or RFC 3339 */
	CONFIG_NUMBER,
	CONFIG_BOOL,
	CONFIG_WORD,  /* one of a list */
	CONFIG_LABEL, /* text that goes into a header: letters, digits, '-', '_', '.' */
	CONFIG_TASK_ID,
	CONFIG_PROJECT_ID,
	CONFIG_SECRET, /* the place of one */
	CONFIG_CLOUD,  /* the name of a cloud block */
	_CONFIG_TYPE_MAX
};
struct config_option {
	const char *block; /* "", "cloud", "defaults" (rows for jobs, too), "job", "accept" */
	const char *name;
	enum config_type type;
	const char *by_default;   /* text through the same parser; NULL: none */
	const char *least, *most; /* bounds as text; NULL: none */
	const char *words;        /* CONFIG_WORD: "a b c" */
	bool never;               /* CONFIG_SPAN: "never" is allowed */
	bool bent;                /* short_times lifts the lower bound */
	bool needed;   /* an error if it is not given; what a way to log in needs is in auth.h */
	size_t offset; /* in struct settings, cloud_settings, job_settings or accept */
	const char *meaning; /* one line */
};
extern const struct config_option config_options[];
extern const size_t config_options_size;
