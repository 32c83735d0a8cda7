/* daemon.h - the roof: the loop, the signals, and everything wired together. */
#pragma once

#include "log.h"
#include "macro.h"
#include "watch.h"

struct daemon_options {
	const char *config;     /* path of precheckd.conf */
	enum log_target target; /* resolved, never AUTO */
	int log_level;          /* -1: as configured */
	bool once;              /* bring every job to the end of one run, then leave */
};

/* Runs until a signal, or until --once is through. Returns the exit status. */
int daemon_run(const struct daemon_options *o);

/* The exit status of --once and of gates: 0 all passed, 1 alarms only, 2 any failed, 3 anything else. */
int daemon_gate(const struct watch_summary *s);

enum {
	EXIT_ALARMED = 1,
	EXIT_FAILED = 2,
	EXIT_UNCLEAR = 3,
	EXIT_USAGE = 64,
	EXIT_BUSY = 75,
	EXIT_CONFIG = 78
};
