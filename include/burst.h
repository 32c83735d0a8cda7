/* burst.h - a ceiling on news told one by one; what is above it is counted and told in one. No I/O, no clock. */
#pragma once

#include "macro.h"
#include "news.h"

/* So many in a window; and as many errors again, when other news have used it up. */
#define BURST_CEILING 200
#define BURST_WINDOW  MINUTES(1)

struct burst {
	unsigned ceiling; /* 0: none */
	int64_t began;    /* mono: of the present window */
	unsigned told, errors;
	struct news sum; /* of what was counted instead: id range, counts, since when */
	bool repeated;   /* some of it may have been told before */
};

void burst_init(struct burst *b, unsigned ceiling);

/* May one of this priority be told by itself? Then tell it and call burst_told(); if not, burst_count() it. */
bool burst_single(struct burst *b, int64_t mono, int priority);
void burst_told(struct burst *b, int priority);
/* verdict: _VERDICT_MAX in news of a cloud. Ids rise. */
void burst_count(struct burst *b, uint64_t id, int64_t wall, int priority, enum verdict verdict);

/* Mono ms when what was counted is to be told: at the window's end; INT64_MAX: nothing was. Until it is told, no
 * window begins. */
int64_t burst_due(const struct burst *b);
/* What was counted as one piece of news, borrowed until the next call; NULL: nothing. It stands for all untold ones
 * from first_id to last_id. */
const struct news *burst_sum(struct burst *b, int64_t wall);
void burst_sum_told(struct burst *b);
