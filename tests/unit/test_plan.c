/* test_plan.c - the heap behind the plans: always the earliest first, equals by their order, whatever is
 * added and removed in between. */
#include "plan.h"

#include "backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N 500

static const struct plan_entry *earliest(const struct plan_entry *e, size_t n)
{
	const struct plan_entry *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (e[i].slot && (!best || e[i].at < best->at ||
					 (e[i].at == best->at && e[i].order < best->order)))
			best = &e[i];
	return best;
}

static void test_empty(void **state)
{
	struct plan p = {0};
	struct plan_entry e = {0};

	(void)state;
	assert_null(plan_first(&p));
	plan_remove(&p, &e); /* in none: nothing */
	assert_null(plan_first(&p));
	plan_done(&p);
	plan_done(&p);
}

static void test_equals_by_order(void **state)
{
	static const uint64_t orders[] = {5, 3, 9, 1, 7};
	struct plan p = {0};
	struct plan_entry e[5] = {0};
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		e[i] = (struct plan_entry){.at = 100, .order = orders[i]};
		plan_add(&p, &e[i]);
	}
	for (size_t i = 0; i < 5; i++) {
		struct plan_entry *first = plan_first(&p);

		assert_true(first->order > last);
		last = first->order;
		plan_remove(&p, first);
		assert_int_equal(first->slot, 0);
	}
	assert_null(plan_first(&p));
	plan_done(&p);
}

/* Against a linear search: adds, removals from anywhere, many equal times. */
static void test_random_traffic(void **state)
{
	static struct plan_entry e[N];
	struct plan p = {0};
	uint64_t seed = 7;

	(void)state;
	memset(e, 0, sizeof(e));
	for (int step = 0; step < 20000; step++) {
		struct plan_entry *x = &e[random_below(&seed, N)];

		if (x->slot) {
			plan_remove(&p, x);
		} else {
			x->at = (int64_t)random_below(&seed, 60);
			x->order = random_next(&seed);
			plan_add(&p, x);
		}
		assert_ptr_equal(plan_first(&p), earliest(e, N));
		for (size_t i = 1; i <= p.n; i++) {
			const struct plan_entry *parent = p.entries[MAX(i / 2, (size_t)1)];

			assert_int_equal(p.entries[i]->slot, i);
			if (parent->at > p.entries[i]->at)
				fail_msg("an earlier one below a later one at slot %zu", i);
		}
	}
	plan_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_equals_by_order),
		cmocka_unit_test(test_random_traffic),
	};

	return cmocka_run_group_tests_name("plan: what is due next", tests, NULL, NULL);
}
