/* dice.h - the tests' own random numbers: every seed tells the same story again. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static inline uint64_t dice_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * 0x2545f4914f6cdd1du;
}

static inline uint64_t dice_start(uint64_t seed)
{
	uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u | 1;

	for (int i = 0; i < 8; i++)
		dice_next(&state);
	return state;
}

static inline int64_t dice_between(uint64_t *state, int64_t from, int64_t to)
{
	return from + (int64_t)(dice_next(state) % (uint64_t)(to - from + 1));
}

static inline bool dice_chance(uint64_t *state, double p)
{
	return (double)(dice_next(state) >> 11) * 0x1p-53 < p;
}

/* Waiting time of a happening that comes once per `mean` on average. */
static inline int64_t dice_wait(uint64_t *state, double mean)
{
	double u = ((double)(dice_next(state) >> 11) + 1) * 0x1p-53;

	return 1 + (int64_t)(-log(u) * mean);
}
