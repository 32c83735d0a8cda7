/* status.h - the task statuses that DRS has, in one table. */
#pragma once

#include "macro.h"

enum status_class {
	STATUS_UNREAD,    /* "": never read */
	STATUS_CREATING,  /* not yet to be checked */
	STATUS_CHECKABLE, /* CONFIGURATION */
	STATUS_STARTED,   /* WAITING_FOR_START, STARTJOBING and all after */
	STATUS_TROUBLED,  /* started too, but a failure that somebody must look at */
	STATUS_ENDED,     /* nothing will come after */
	STATUS_UNKNOWN,   /* a word that DRS never documented */
	_STATUS_CLASS_MAX
};

struct status_row {
	const char *name; /* as on the wire */
	enum status_class class;
	const char *meaning; /* a few words for messages */
};

extern const struct status_row status_table[]; /* ends with a NULL name */

/* Never NULL: an undocumented word gives a row of STATUS_UNKNOWN, "" one of STATUS_UNREAD. */
const struct status_row *status_find(const char *name);
enum status_class status_class(const char *name);
