/* test_burst.c - which news are told by themselves, which are counted, and when the count is told; time is given. */
#include "burst.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#define T0 INT64_C(1000000)

/* Gives it n of them; how many of these were told by themselves. */
static unsigned give(
	struct burst *b, uint64_t *id, unsigned n, int64_t mono, int priority, enum verdict verdict)
{
	unsigned told = 0;

	for (; n > 0; n--, ++*id)
		if (burst_single(b, mono, priority)) {
			burst_told(b, priority);
			told++;
		} else {
			burst_count(b, *id, mono + DAYS(1), priority, verdict);
		}
	return told;
}

static void test_below_the_ceiling(void **state)
{
	struct burst b;
	uint64_t id = 1;

	(void)state;
	burst_init(&b, 100);
	/* a hundred a minute, for an hour */
	for (int64_t t = T0; t < T0 + HOURS(1); t += BURST_WINDOW)
		assert_int_equal(give(&b, &id, 100, t, LOG_NOTICE, VERDICT_PASSED), 100);
	assert_true(burst_due(&b) == INT64_MAX);
	assert_null(burst_sum(&b, 0));
}

static void test_a_thousand_at_once(void **state)
{
	struct burst b;
	uint64_t id = 1;
	const struct news *n;

	(void)state;
	burst_init(&b, 100);
	assert_int_equal(give(&b, &id, 300, T0, LOG_NOTICE, VERDICT_PASSED), 100);
	assert_int_equal(give(&b, &id, 500, T0 + 5, LOG_WARNING, VERDICT_ALARMED), 0);
	assert_int_equal(give(&b, &id, 200, T0 + 9, LOG_INFO, _VERDICT_MAX), 0);
	assert_true(burst_due(&b) == T0 + BURST_WINDOW);
	n = burst_sum(&b, 777);
	assert_int_equal(n->kind, NEWS_BURST);
	assert_int_equal(n->first_id, 101);
	assert_int_equal(n->last_id, 1000);
	assert_int_equal(n->jobs, 700);
	assert_int_equal(n->of_clouds, 200);
	assert_int_equal(n->verdicts[VERDICT_PASSED], 200);
	assert_int_equal(n->verdicts[VERDICT_ALARMED], 500);
	assert_int_equal(n->errors, 0);
	assert_int_equal(n->wall, 777);
	assert_true(n->trouble_since == T0 + DAYS(1));
	/* it is told at the window's end, and until then nothing passes it, also later */
	assert_int_equal(give(&b, &id, 1, T0 + BURST_WINDOW + 1, LOG_NOTICE, VERDICT_PASSED), 0);
	assert_int_equal(burst_sum(&b, 0)->last_id, 1001);
	burst_sum_told(&b);
	assert_null(burst_sum(&b, 0));
	assert_true(burst_due(&b) == INT64_MAX);
	/* and a new window begins, full of room */
	assert_int_equal(
		give(&b, &id, 300, T0 + BURST_WINDOW + 2, LOG_NOTICE, VERDICT_PASSED), 100);
	assert_true(burst_due(&b) == T0 + 2 * BURST_WINDOW + 2);
	assert_int_equal(burst_sum(&b, 0)->jobs, 200);
	assert_int_equal(burst_sum(&b, 0)->first_id, 1102);
}

static void test_errors_first(void **state)
{
	struct burst b;
	uint64_t id = 1;

	(void)state;
	burst_init(&b, 100);
	assert_int_equal(give(&b, &id, 90, T0, LOG_ERR, VERDICT_FAILED), 90);
	assert_int_equal(give(&b, &id, 20, T0, LOG_NOTICE, VERDICT_PASSED), 10);
	/* the ceiling is reached, and has another above it for them alone */
	assert_int_equal(give(&b, &id, 60, T0, LOG_ERR, VERDICT_FAILED), 60);
	assert_int_equal(give(&b, &id, 5, T0, LOG_WARNING, VERDICT_ALARMED), 0);
	assert_int_equal(burst_sum(&b, 0)->errors, 0);
	assert_int_equal(give(&b, &id, 60, T0, LOG_ERR, VERDICT_FAILED), 40);
	assert_int_equal(burst_sum(&b, 0)->errors, 20);
	assert_int_equal(burst_sum(&b, 0)->verdicts[VERDICT_FAILED], 20);
	assert_int_equal(burst_sum(&b, 0)->jobs, 35);
	assert_int_equal(burst_sum(&b, 0)->first_id, 101);
	assert_int_equal(burst_sum(&b, 0)->last_id, 235);
}

/* From the first one told on: not by the clock's minutes. */
static void test_the_window(void **state)
{
	struct burst b;
	uint64_t id = 1;

	(void)state;
	burst_init(&b, 10);
	assert_int_equal(give(&b, &id, 6, T0, LOG_NOTICE, VERDICT_PASSED), 6);
	assert_int_equal(give(&b, &id, 4, T0 + BURST_WINDOW - 1, LOG_NOTICE, VERDICT_PASSED), 4);
	assert_int_equal(give(&b, &id, 11, T0 + BURST_WINDOW, LOG_NOTICE, VERDICT_PASSED), 10);
	assert_true(burst_due(&b) == T0 + 2 * BURST_WINDOW);
}

static void test_no_ceiling(void **state)
{
	struct burst b;
	uint64_t id = 1;

	(void)state;
	burst_init(&b, 0);
	assert_int_equal(give(&b, &id, 5000, T0, LOG_INFO, VERDICT_PASSED), 5000);
	assert_null(burst_sum(&b, 0));
}

/* One that is not taken is tried again: it is not counted as told. */
static void test_tries_do_not_count(void **state)
{
	struct burst b;

	(void)state;
	burst_init(&b, 1);
	burst_count(&b, 5, 0, LOG_NOTICE, VERDICT_PASSED);
	burst_count(&b, 6, 0, LOG_NOTICE, VERDICT_PASSED);
	burst_count(&b, 6, 0, LOG_NOTICE, VERDICT_PASSED); /* read once more */
	assert_int_equal(burst_sum(&b, 0)->jobs, 2);
	burst_init(&b, 1);
	for (int i = 0; i < 10; i++)
		assert_true(burst_single(&b, T0 + i, LOG_NOTICE));
	burst_told(&b, LOG_NOTICE);
	assert_false(burst_single(&b, T0 + 10, LOG_NOTICE));
}

static void test_its_sentence(void **state)
{
	struct burst b;
	uint64_t id = 7;
	char text[2048];

	(void)state;
	burst_init(&b, 1);
	give(&b, &id, 2, T0, LOG_NOTICE, VERDICT_PASSED);
	assert_string_equal(news_text(burst_sum(&b, 0), text, sizeof(text)),
		"1 more piece of news within a minute than are told one by one: 1 passed; told "
		"with this "
		"line; each is in precheckd.db, view news, id 8 to 8");
	give(&b, &id, 3, T0, LOG_WARNING, VERDICT_REFUSED);
	give(&b, &id, 1, T0, LOG_NOTICE, _VERDICT_MAX);
	assert_string_equal(news_text(burst_sum(&b, 0), text, sizeof(text)),
		"5 more pieces of news within a minute than are told one by one: 3 refused, 1 "
		"passed, 1 of "
		"clouds; told with this line; each is in precheckd.db, view news, id 8 to 12");
	assert_string_equal(news_event(burst_sum(&b, 0))->name, "burst");
	give(&b, &id, 2, T0, LOG_ERR, VERDICT_FAILED);
	assert_string_equal(news_event(burst_sum(&b, 0))->name, "burst-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_below_the_ceiling),
		cmocka_unit_test(test_a_thousand_at_once),
		cmocka_unit_test(test_errors_first),
		cmocka_unit_test(test_the_window),
		cmocka_unit_test(test_no_ceiling),
		cmocka_unit_test(test_tries_do_not_count),
		cmocka_unit_test(test_its_sentence),
	};

	return cmocka_run_group_tests_name("burst: a ceiling on lines", tests, NULL, NULL);
}
