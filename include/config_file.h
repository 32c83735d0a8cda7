/* config_file.h - inside config: blocks as they stand in the files, before anything is judged. */
#pragma once

#include "config.h"
#include "macro.h"
#include <sys/queue.h>

enum config_kind {
	KIND_TOP, /* of one file */
	KIND_CLOUD,
	KIND_DEFAULTS,
	KIND_JOB,
	KIND_ACCEPT, /* inside of a job or of defaults */
	_KIND_MAX
};
/* As in config_option.block: "" for the top. */
extern const char *const config_kind_names[_KIND_MAX];

struct config_value {
	char *text; /* NULL: not given */
	unsigned line;
};

struct config_block {
	STAILQ_ENTRY(config_block) next; /* config_input.blocks, or accepts of its parent */
	enum config_kind kind;
	char *title;                       /* NULL: a block without one */
	const char *file;                  /* borrowed from the input */
	bool extra;                        /* it stands in a file of jobs.d */
	unsigned line;                     /* where it begins */
	struct config_value *values;       /* by row of config_options */
	const struct config_block *parent; /* KIND_ACCEPT: the block around it; NULL otherwise */
	STAILQ_HEAD(config_blocks, config_block) accepts;
};

struct config_name {
	STAILQ_ENTRY(config_name) next; /* config_input.files */
	char path[];
};

struct config_input {
	config_say *say;
	void *arg;
	bool failed;                 /* an error was said */
	bool syntax;                 /* one of them left a part of a file unread */
	struct config_blocks blocks; /* in the order read */
	STAILQ_HEAD(, config_name) files;
};

void config_input_init(struct config_input *in, config_say *say, void *arg);
void config_input_done(struct config_input *in);

/* Says an error (or warning) of file and line; line 0: of the file as a whole. */
void config_complain(struct config_input *in, bool error, const char *file, unsigned line,
	const char *fmt, ...) _printf_(5, 6);

/* Reads one file and appends its blocks. `extra` marks a file of jobs.d. 0 also when errors were said; -ENOENT
 * and the like (said) if it cannot be read; -ENOMEM. */
int config_file_read(struct config_input *in, const char *path, bool extra) _must_check_;

/* The row of an option in a block of that kind, or -1; a job takes the rows of defaults too. */
int config_row(enum config_kind kind, const char *name);

/* The one of n names that `name` was probably meant to be, or NULL. */
const char *config_suggest(const char *name, const char *const *names, size_t n);
