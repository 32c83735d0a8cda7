/* backoff.h - growing, jittered delays, and the small random generator that every jitter comes from. */
#pragma once

#include "macro.h"

/* The next number of a splitmix64 sequence; *state moves on. Not for secrets. */
uint64_t random_next(uint64_t *state);

/* A number in [0, below); below > 0. */
uint64_t random_below(uint64_t *state, uint64_t below);

/* A well mixed 64 bit hash of len bytes, equal in every process (FNV-1a, finished by splitmix64). */
uint64_t hash_bytes(const void *p, size_t len);

/* The delay in ms before the next try after `failures` failures in a row (1 = the first): drawn evenly
 * from [base, min(max, base * 2^(failures-1) * 2)), never over max. failures 0 gives 0. */
int64_t backoff_delay(unsigned failures, int64_t base, int64_t max, uint64_t *random_state);
