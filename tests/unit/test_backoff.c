/* test_backoff.c - delays stay in their bounds, grow, and are the same for the same seed. */
#include "backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_random_known(void **state)
{
	/* The published sequence of splitmix64 from seed 1234567. */
	static const uint64_t known[] = {UINT64_C(6457827717110365317),
		UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
	uint64_t s = 1234567;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(known); i++)
		assert_true(random_next(&s) == known[i]);
}

static void test_random_below(void **state)
{
	unsigned seen[7] = {0};
	uint64_t s = 1;

	(void)state;
	for (int i = 0; i < 7000; i++) {
		uint64_t x = random_below(&s, 7);

		assert_true(x < 7);
		seen[x]++;
	}
	for (size_t i = 0; i < 7; i++)
		assert_in_range(seen[i], 850, 1150);
	for (int i = 0; i < 100; i++) {
		assert_true(random_below(&s, 1) == 0);
		assert_true(random_below(&s, UINT64_MAX) < UINT64_MAX);
	}
}

static void test_hash(void **state)
{
	static const char text[] = "8a7f0d5e-1c2b-4f3a-9e8d-0123456jb101";

	(void)state;
	/* Equal in every process and version: the spread of jobs must not change with an upgrade. */
	assert_true(hash_bytes("", 0) == UINT64_C(0xf52a15e9a9b5e89b));
	assert_true(hash_bytes("a", 1) == UINT64_C(0x02c0bdbf481420f8));
	assert_true(hash_bytes(text, 36) == hash_bytes(text, 36));
	for (size_t len = 0; len < 36; len++)
		assert_true(hash_bytes(text, len) != hash_bytes(text, len + 1));
	/* Neighbours differ in the upper half, too: due times are made from it. */
	assert_true(hash_bytes("job1", 4) >> 32 != hash_bytes("job2", 4) >> 32);
}

static void test_delay_bounds(void **state)
{
	static const struct {
		unsigned failures;
		int64_t base, max, low, high; /* low <= delay < high, or == low if equal */
	} table[] = {
		{0, 1000, 60000, 0, 0},
		{1, 1000, 60000, 1000, 2000},
		{2, 1000, 60000, 1000, 4000},
		{3, 1000, 60000, 1000, 8000},
		{6, 1000, 60000, 1000, 60000},
		{7, 1000, 60000, 1000, 60000},
		{63, 1000, 60000, 1000, 60000},
		{64, 1000, 60000, 1000, 60000},
		{1000000, 1000, 60000, 1000, 60000},
		{4294967295U, 1000, INT64_MAX, 1000, INT64_MAX},
		{4294967295U, INT64_MAX / 2 + 1, INT64_MAX, INT64_MAX / 2 + 1, INT64_MAX},
		{1, 1000, 1000, 1000, 1000},
		{5, 1000, 500, 500, 500},
		{5, 0, 60000, 0, 0},
	};
	uint64_t s = 42;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		for (int k = 0; k < 300; k++) {
			int64_t d = backoff_delay(
				table[i].failures, table[i].base, table[i].max, &s);

			if (d < table[i].low ||
				(d >= table[i].high && table[i].low != table[i].high) ||
				(table[i].low == table[i].high && d != table[i].low))
				fail_msg("row %zu: %lld", i, (long long)d);
		}
}

static void test_delay_spread(void **state)
{
	int64_t least = INT64_MAX, most = 0;
	uint64_t s = 7, again = 7;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t d = backoff_delay(3, 1000, 60000, &s);

		assert_int_equal(d, backoff_delay(3, 1000, 60000, &again));
		least = MIN(least, d);
		most = MAX(most, d);
	}
	assert_true(least < 1200);
	assert_true(most > 7800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_known),
		cmocka_unit_test(test_random_below),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_delay_bounds),
		cmocka_unit_test(test_delay_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
