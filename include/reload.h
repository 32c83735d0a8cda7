/* reload.h - what came of a reload: the daemon leaves it in its runtime directory, --reload waits for it there. */
#pragma once

#include "macro.h"

#include <sys/types.h>

#define RELOAD_TEXT 400

struct reload_outcome {
	pid_t pid;       /* the daemon's */
	uint64_t number; /* 0: started; one more with each reload */
	uint64_t begun;  /* CLOCK_MONOTONIC, microseconds: before anything was read */
	bool failed;
	char text
		[RELOAD_TEXT]; /* one line; after a failure with file and line of the first error */
};

uint64_t reload_clock(void); /* for `begun` */

/* The first directory of $RUNTIME_DIRECTORY, into n bytes; NULL if there is none, or it does not fit. */
char *reload_dir(char *buf, size_t n);

/* Replaces dir/reload in one step; readable by its owner. */
int reload_write(const char *dir, const struct reload_outcome *o) _must_check_;
/* -ENOENT: none there; -EBADMSG: not written by reload_write(). */
int reload_read(const char *dir, struct reload_outcome *ret) _must_check_;
void reload_forget(const char *dir);

/* precheckd --reload PID: makes that daemon reload, waits up to `patience` ms for an outcome that began after it was
 * asked, prints it, and returns the exit status: 0 reloaded, 1 failed (RELOAD_UNCLEAR: not asked, or not known). Sends
 * no signal to a process that did not write dir/reload. */
int reload_ask(const char *dir, pid_t pid, int64_t patience);

enum {
	RELOAD_FAILED = 1,
	RELOAD_UNCLEAR = 2
};
