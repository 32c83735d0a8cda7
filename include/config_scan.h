/* config_scan.h - inside config: a look at the raw text before libconfuse gets it. */
#pragma once

#include "macro.h"

struct scan {
	unsigned line; /* of the first error */
	char why[200]; /* "" if there is none */
	/* lines on which blocks begin, in the order in which they end, blocks in blocks too; malloc'ed */
	unsigned *begins;
	size_t n_begins;
};

/* Looks through len bytes of text (text[len] is NUL). Comments become blanks in place, line breaks stay.
 * 0, with ret->why set if the text cannot be right; -ENOMEM. ret->begins is the caller's in both cases. */
int config_scan(char *text, size_t len, struct scan *ret) _must_check_;
