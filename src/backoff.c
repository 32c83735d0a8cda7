/* backoff.c
 *
 * Delays that grow with failures and never march in step: the jitter is drawn from a splitmix64 sequence
 * whose state the caller keeps, so that a test with a known seed sees the same delays each time.
 */
#include "backoff.h"

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t random_next(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

uint64_t random_below(uint64_t *state, uint64_t below)
{
	/* Multiply and shift: the bias is below 2^-32 for all spans we draw from. */
	return (uint64_t)(((unsigned __int128)random_next(state) * below) >> 64);
}

uint64_t hash_bytes(const void *p, size_t len)
{
	const unsigned char *bytes = p;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return mix(hash);
}

int64_t backoff_delay(unsigned failures, int64_t base, int64_t max, uint64_t *random_state)
{
	int64_t high = base;

	if (failures == 0)
		return 0;
	for (unsigned i = 0; i < failures && high > 0 && high < max; i++)
		if (__builtin_mul_overflow(high, 2, &high))
			high = max;
	high = MIN(high, max);
	if (high <= base)
		return MAX(high, 0);
	return base + (int64_t)random_below(random_state, (uint64_t)(high - base));
}
