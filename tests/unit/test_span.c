/* test_span.c - spans: what systemd.time(7) allows, what it does not, and the way back. */
#include "span.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define UNTOUCHED (-77)

static void test_parse_good(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} table[] = {
		{"0", 0},
		{"45", 45000},
		{"2d", DAYS(2)},
		{"30min", MINUTES(30)},
		{"1h 30min", MINUTES(90)},
		{"1h30min", MINUTES(90)},
		{"1h30", HOURS(1) + SECONDS(30)},
		{" \t1 h  30  min \n", MINUTES(90)},
		{"500ms", 500},
		{"500msec", 500},
		{"1.5h", MINUTES(90)},
		{"0.25s", 250},
		{".7", 700},
		{"3.1s.2", 3300},
		{"3.1 .2", 3300},
		{"3.1 sec 1.2 sec", 4300},
		{"1.9999999999999999999999999s", 1999},
		{"999us", 0},
		{"1000us", 1},
		{"600us 400usec", 1},
		{"1500\xc2\xb5s", 1},
		{"1500\xce\xbcs", 1},
		{"3s", 3000},
		{"3sec", 3000},
		{"1second", 1000},
		{"2seconds", 2000},
		{"1m", 60000},
		{"1minute", 60000},
		{"2minutes", 120000},
		{"1hr", HOURS(1)},
		{"1hour", HOURS(1)},
		{"2hours", HOURS(2)},
		{"1day", DAYS(1)},
		{"2days", DAYS(2)},
		{"1w", DAYS(7)},
		{"1week", DAYS(7)},
		{"2weeks", DAYS(14)},
		{"1M", SECONDS(2629800)},
		{"1month", SECONDS(2629800)},
		{"2months", SECONDS(5259600)},
		{"1y", SECONDS(31557600)},
		{"1year", SECONDS(31557600)},
		{"10years", SECONDS(315576000)},
		{"007", 7000},
		{"9223372036854775us", INT64_C(9223372036854)},
		{"9223372036854s", INT64_C(9223372036854000)},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		int64_t ms = UNTOUCHED;

		if (span_parse(table[i].text, &ms) != 0 || ms != table[i].ms)
			fail_msg("'%s' gives %lld", table[i].text, (long long)ms);
	}
}

static void test_parse_bad(void **state)
{
	static const struct {
		const char *text;
		int error;
	} table[] = {
		{"", -EINVAL},
		{"   ", -EINVAL},
		{"h", -EINVAL},
		{"-5s", -EINVAL},
		{"+5s", -EINVAL},
		{"5 . ", -EINVAL},
		{"5.", -EINVAL},
		{"5.s", -EINVAL},
		{".", -EINVAL},
		{".s", -EINVAL},
		{"1..5s", -EINVAL},
		{"1.5.5s", 0}, /* 1.5 and .5s: two parts, as in systemd */
		{"5 parsecs", -EINVAL},
		{"5S", -EINVAL},
		{"5Min", -EINVAL},
		{"5mins", -EINVAL},
		{"5s,", -EINVAL},
		{"5s;", -EINVAL},
		{"1e3", -EINVAL},
		{"0x10", -EINVAL},
		{"never", -EINVAL},
		{"infinity", -EINVAL},
		{"5\x80", -EINVAL},
		{"\xd9\xa3s", -EINVAL},
		{"9223372036855s", -ERANGE},
		{"99999999999999999999", -ERANGE},
		{"99999999999999999999us", -ERANGE},
		{"300000y", -ERANGE},
		{"9223372036854s 9223372036854s", -ERANGE},
		{"292471y 292471y", -ERANGE},
		{"99999999999999999999 parsecs", -EINVAL},
		{"99999999999999999999s x", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		int64_t ms = UNTOUCHED;
		int r = span_parse(table[i].text, &ms);

		if (r != table[i].error || (r < 0 && ms != UNTOUCHED))
			fail_msg("'%s' gives %d, %lld", table[i].text, r, (long long)ms);
	}
}

/* Every text of up to four characters of a nasty alphabet: no crash, and never a negative span. */
static void test_parse_hostile(void **state)
{
	static const char alphabet[] = "09.smhMy -\t\xc2\xb5";
	const size_t n = sizeof(alphabet) - 1;

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		char text[] = {alphabet[i % n], alphabet[i / n % n], alphabet[i / n / n % n],
			alphabet[i / n / n / n], '\0'};
		int64_t ms = UNTOUCHED;
		int r = span_parse(text, &ms);

		assert_true(r == 0 ? ms >= 0 : r == -EINVAL && ms == UNTOUCHED);
	}
}

static void test_format(void **state)
{
	static const struct {
		int64_t ms;
		const char *text, *exact;
	} table[] = {
		{INT64_MIN, "0s", "0s"},
		{-1, "0s", "0s"},
		{0, "0s", "0s"},
		{1, "1ms", "1ms"},
		{800, "800ms", "800ms"},
		{999, "999ms", "999ms"},
		{1000, "1s", "1s"},
		{1999, "1s", "1s 999ms"},
		{45000, "45s", "45s"},
		{59999, "59s", "59s 999ms"},
		{60000, "1min", "1min"},
		{61500, "1min 1s", "1min 1s 500ms"},
		{MINUTES(90), "1h 30min", "1h 30min"},
		{HOURS(2) + MINUTES(5) + SECONDS(59), "2h 5min", "2h 5min 59s"},
		{HOURS(1) + SECONDS(5), "1h", "1h 5s"},
		{DAYS(1) - 1, "23h 59min", "23h 59min 59s 999ms"},
		{DAYS(1) + MINUTES(5), "1d", "1d 5min"},
		{DAYS(1) + HOURS(2) + MINUTES(5) + 3020, "1d 2h", "1d 2h 5min 3s 20ms"},
		{DAYS(400), "400d", "400d"},
		{INT64_MAX, "106751991167d 7h", "106751991167d 7h 12min 55s 807ms"},
	};
	char buf[SPAN_MAX];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		assert_string_equal(span_format(buf, sizeof(buf), table[i].ms), table[i].text);
		assert_string_equal(
			span_format_exact(buf, sizeof(buf), table[i].ms), table[i].exact);
	}
}

static void test_format_longest_fits(void **state)
{
	char buf[SPAN_MAX], narrow[8];

	(void)state;
	/* The longest text that there is. */
	span_format_exact(buf, sizeof(buf), DAYS(100000000000) + DAYS(1) - 1);
	assert_string_equal(buf, "100000000000d 23h 59min 59s 999ms");
	memset(narrow, 'x', sizeof(narrow));
	span_format_exact(narrow, 5, DAYS(100000000000));
	assert_string_equal(narrow, "1000");
	assert_int_equal(narrow[5], 'x');
}

static void test_round_trip(void **state)
{
	char buf[SPAN_MAX];

	(void)state;
	for (int64_t ms = 1; ms < INT64_C(9000000000000000); ms = ms * 3 + 7) {
		int64_t back = UNTOUCHED;

		assert_int_equal(span_parse(span_format_exact(buf, sizeof(buf), ms), &back), 0);
		assert_int_equal(back, ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_good),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_parse_hostile),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_longest_fits),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
