/* config_scan.h - inside config: a look at the raw text before libconfuse gets it. */
#pragma once

#include "macro.h"

struct scan {
	unsigned line;	 /* of the first error */
	char why[200];	 /* "" if there is none */
	unsigned *opens; /* lines on which the outermost blocks begin, in order; malloc'ed */
	size_t n_opens;
};

/* Looks through len bytes of text (text[len] is NUL). Comments become blanks in place, line breaks stay.
 * 0, with ret->why set if the text cannot be right; -ENOMEM. ret->opens is the caller's in both cases. */
int config_scan(char *text, size_t len, struct scan *ret) _must_check_;
