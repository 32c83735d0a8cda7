/* test_text.c - cuts at every byte, escapes of hostile text, times to text and back. */
#include "text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define ROCKET "\xf0\x9f\x9a\x80"
#define EURO   "\xe2\x82\xac"
#define UMLAUT "\xc3\xa4"

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool valid;
	} table[] = {
		{"", 0, true},
		{"abc", 3, true},
		{"a\0b", 3, true},
		{UMLAUT EURO ROCKET, 9, true},
		{"\x7f", 1, true},
		{"\xc2\x80", 2, true},
		{"\xdf\xbf", 2, true},
		{"\xe0\xa0\x80", 3, true},
		{"\xed\x9f\xbf", 3, true},
		{"\xee\x80\x80", 3, true},
		{"\xef\xbf\xbf", 3, true},
		{"\xf0\x90\x80\x80", 4, true},
		{"\xf4\x8f\xbf\xbf", 4, true},
		{"\x80", 1, false}, /* continuation alone */
		{"\xbf", 1, false},
		{"\xc0\x80", 2, false}, /* overlong NUL */
		{"\xc0\xaf", 2, false}, /* overlong slash */
		{"\xc1\xbf", 2, false}, /* overlong */
		{"\xe0\x80\xaf", 3, false},
		{"\xe0\x9f\xbf", 3, false},
		{"\xf0\x80\x80\xaf", 4, false},
		{"\xf0\x8f\xbf\xbf", 4, false},
		{"\xed\xa0\x80", 3, false}, /* surrogates */
		{"\xed\xbf\xbf", 3, false},
		{"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 4, false},
		{"\xf8\x88\x80\x80\x80", 5, false},
		{"\xfe", 1, false},
		{"\xff", 1, false},
		{"\xc3", 1, false}, /* truncated */
		{"\xe2\x82", 2, false},
		{"\xf0\x9f\x9a", 3, false},
		{"\xc3"
		 "a",
			2, false},
		{"\xe2\x82"
		 "a",
			3, false},
		{"\xf0\x9f\x9a"
		 "a",
			4, false},
		{"\xf0\x9f"
		 "a\x80",
			4, false},
		{"a\xff"
		 "b",
			3, false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (text_utf8_valid(table[i].text, table[i].len) != table[i].valid)
			fail_msg("row %zu", i);
}

static void test_copy_every_cut(void **state)
{
	static const char src[] = "a" UMLAUT "b" EURO "c" ROCKET "d";
	/* The bytes that may be kept when n - 1 are free. */
	static const size_t kept[] = {0, 1, 1, 3, 4, 4, 4, 7, 8, 8, 8, 8, 12, 13};
	char dst[32];

	(void)state;
	assert_int_equal(strlen(src), 13);
	for (size_t n = 1; n <= 20; n++) {
		size_t expect = n - 1 < ELEMENTSOF(kept) ? kept[n - 1] : 13;

		memset(dst, 'x', sizeof(dst));
		assert_int_equal(text_copy(dst, n, src), n - 1 >= 13);
		assert_int_equal(strlen(dst), expect);
		assert_memory_equal(dst, src, expect);
		assert_int_equal(dst[n], 'x');
	}
}

static void test_copy_odd(void **state)
{
	char dst[8] = "xxxxxxx";

	(void)state;
	assert_true(text_copy(dst, sizeof(dst), NULL));
	assert_string_equal(dst, "");
	assert_true(text_copy(dst, 1, ""));
	assert_false(text_copy(dst, 1, "a"));
	assert_string_equal(dst, "");
	/* No UTF-8 at all: cut where it must be, and not to nothing. */
	assert_false(text_copy(dst, 5, "\x80\x80\x80\x80\x80\x80\x80"));
	assert_int_equal(strlen(dst), 4);
	dst[0] = 'q';
	assert_false(text_copy(dst, 0, "abc"));
	assert_int_equal(dst[0], 'q');
}

static void test_escape_table(void **state)
{
	static const struct {
		const char *src;
		size_t len;
		const char *shown;
	} table[] = {
		{"", 0, ""},
		{"plain text", 10, "plain text"},
		{"a\nb\tc\rd", 7, "a\\nb\\tc\\rd"},
		{"\x1b[31mred", 8, "\\x1b[31mred"},
		{"a\0b", 3, "a\\x00b"},
		{"\x01\x1f\x7f", 3, "\\x01\\x1f\\x7f"},
		{"C:\\x", 4, "C:\\\\x"},
		{"\\n", 2, "\\\\n"},
		{UMLAUT EURO ROCKET, 9, UMLAUT EURO ROCKET},
		{"\xc2\x80\xc2\x9b\xc2\x9f", 6, "\\u{0080}\\u{009B}\\u{009F}"},
		{"\xc2\xa0", 2, "\xc2\xa0"},
		{"\xe2\x80\xae"
		 "gnp",
			6, "\\u{202E}gnp"},
		{"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad", 12,
			"\\u{202A}\\u{202B}\\u{202C}\\u{202D}"},
		{"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", 12,
			"\\u{2066}\\u{2067}\\u{2068}\\u{2069}"},
		{"\xe2\x80\xa8\xe2\x80\xa9", 6, "\\u{2028}\\u{2029}"},
		{"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa", 12,
			"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"},
		{"\xff\xfe", 2, "\\xff\\xfe"},
		{"\xc0\xaf", 2, "\\xc0\\xaf"},
		{"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
		{"\xe2\x82", 2, "\\xe2\\x82"},
		{"\xc3"
		 "a",
			2,
			"\\xc3"
			"a"},
	};
	char dst[128];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		assert_string_equal(
			text_escape(dst, sizeof(dst), table[i].src, table[i].len), table[i].shown);
}

/* At every size: terminated, nothing written behind it, whole units and then "...". */
static void test_escape_every_cut(void **state)
{
	static const char src[] = "a\n" UMLAUT "\x1b\\\xe2\x80\xae" ROCKET "\xff"
				  "e";
	static const char *const units[] = {
		"a", "\\n", UMLAUT, "\\x1b", "\\\\", "\\u{202E}", ROCKET, "\\xff", "e"};
	char whole[64], dst[64], expect[64];

	(void)state;
	text_escape(whole, sizeof(whole), src, sizeof(src) - 1);
	for (size_t n = 1; n <= strlen(whole) + 4; n++) {
		memset(dst, '#', sizeof(dst));
		assert_ptr_equal(text_escape(dst, n, src, sizeof(src) - 1), dst);
		assert_int_equal(dst[n], '#');
		expect[0] = '\0';
		if (n > strlen(whole))
			snprintf(expect, sizeof(expect), "%s", whole);
		else {
			size_t len = 0;

			for (size_t i = 0; i < ELEMENTSOF(units) && len + strlen(units[i]) + 3 < n;
				i++)
				len += strlen(units[i]);
			snprintf(expect, sizeof(expect), "%.*s%.*s", (int)len, whole,
				(int)MIN(n - 1 - len, (size_t)3), "...");
		}
		assert_string_equal(dst, expect);
		assert_true(text_utf8_valid(dst, strlen(dst)));
	}
	dst[0] = '#';
	text_escape(dst, 0, "abc", 3);
	assert_int_equal(dst[0], '#');
}

static void test_escape_exact_fit(void **state)
{
	char dst[4];

	(void)state;
	assert_string_equal(text_escape(dst, 4, "abc", 3), "abc");
	assert_string_equal(text_escape(dst, 4, "abcd", 4), "...");
}

static void test_flatten(void **state)
{
	char dst[64];

	(void)state;
	assert_string_equal(text_flatten(dst, sizeof(dst), "a\\x1b\nb\\", 8), "a\\x1b\\nb\\");
}

static void test_line(void **state)
{
	char buf[16];
	struct line l;

	(void)state;
	line_init(&l, buf, sizeof(buf));
	assert_string_equal(buf, "");
	line_add(&l, "%s-%d", "abc", 7);
	line_add(&l, "%s", "");
	assert_string_equal(buf, "abc-7");
	assert_int_equal(l.len, 5);
	line_add(&l, "%s", "0123456789"); /* exactly full */
	assert_string_equal(buf, "abc-70123456789");
	assert_false(l.cut);
	line_add(&l, "x");
	assert_true(l.cut);
	assert_string_equal(buf, "abc-70123456...");
	assert_int_equal(l.len, strlen(buf));
	line_add(&l, "more");
	assert_string_equal(buf, "abc-70123456...");
}

static void test_line_cuts_between_characters(void **state)
{
	(void)state;
	for (size_t size = 8; size < 20; size++) {
		char buf[32];
		struct line l;

		memset(buf, '#', sizeof(buf));
		line_init(&l, buf, size);
		line_add(&l, "%s", ROCKET ROCKET ROCKET ROCKET ROCKET);
		assert_true(l.cut);
		assert_true(text_utf8_valid(buf, strlen(buf)));
		assert_string_equal(buf + strlen(buf) - 3, "...");
		assert_int_equal(strlen(buf), (size - 4) / 4 * 4 + 3);
		assert_int_equal(buf[size], '#');
	}
}

static void test_time_format(void **state)
{
	static const struct {
		int64_t wall;
		const char *utc, *local;
	} table[] = {
		{0, "1970-01-01T00:00:00.000Z", "1970-01-01 05:30:00 +0530"},
		{INT64_C(1795611909120), "2026-11-25T13:05:09.120Z", "2026-11-25 18:35:09 +0530"},
		{-1, "1969-12-31T23:59:59.999Z", "1970-01-01 05:29:59 +0530"},
		{-1000, "1969-12-31T23:59:59.000Z", "1970-01-01 05:29:59 +0530"},
		{INT64_C(253402300799999), "9999-12-31T23:59:59.999Z",
			"10000-01-01 05:29:59 +0530"},
	};
	char buf[TIME_TEXT_MAX];

	(void)state;
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		assert_string_equal(time_format_utc(buf, sizeof(buf), table[i].wall), table[i].utc);
		assert_string_equal(
			time_format_local(buf, sizeof(buf), table[i].wall), table[i].local);
	}
	/* Absurd times: no crash, terminated. */
	time_format_utc(buf, sizeof(buf), INT64_MAX);
	time_format_local(buf, sizeof(buf), INT64_MAX);
	time_format_utc(buf, sizeof(buf), INT64_MIN);
	time_format_local(buf, sizeof(buf), INT64_MIN);
}

static void test_time_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t wall; /* -77: refused */
	} table[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-25T13:05:09.120Z", INT64_C(1795611909120)},
		{"2026-11-25T13:05:09.120000Z", INT64_C(1795611909120)},
		{"2026-11-25T13:05:09.1209999999999999999999Z", INT64_C(1795611909120)},
		{"2026-11-25T13:05:09.1", INT64_C(1795611909100)},
		{"2026-11-25T13:05:09", INT64_C(1795611909000)},
		{"2026-11-25T14:05:09+01:00", INT64_C(1795611909000)},
		{"2026-11-25T07:35:09.5-05:30", INT64_C(1795611909500)},
		{"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
		{"2000-02-29T00:00:00Z", INT64_C(951782400000)},
		{"1969-12-31T23:59:59.999Z", -1},
		{"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
		{"", -77},
		{"2026-11-25", -77},
		{"2026-11-25T13:05", -77},
		{"2026-11-25 13:05:09Z", -77},
		{"2026-11-25T13:05:09.Z", -77},
		{"2026-11-25T13:05:09Zx", -77},
		{"2026-11-25T13:05:09z", -77},
		{" 2026-11-25T13:05:09Z", -77},
		{"2026-11-25T13:05:09+0100", -77},
		{"2026-11-25T13:05:09+01", -77},
		{"2026-11-25T13:05:09+24:00", -77},
		{"2026-11-25T13:05:09+01:60", -77},
		{"2026-13-25T13:05:09Z", -77},
		{"2026-00-25T13:05:09Z", -77},
		{"2026-11-31T13:05:09Z", -77},
		{"2026-11-00T13:05:09Z", -77},
		{"2025-02-29T00:00:00Z", -77},
		{"1900-02-29T00:00:00Z", -77},
		{"2026-11-25T24:05:09Z", -77},
		{"2026-11-25T13:60:09Z", -77},
		{"2026-11-25T13:05:61Z", -77},
		{"26-11-25T13:05:09Z", -77},
		{"2026-1-25T13:05:09Z", -77},
		{"+026-11-25T13:05:09Z", -77},
		{"20261125T130509Z", -77},
		{"1795611909", -77},
	};

	(void)state;
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		int64_t wall = -77;
		int r = time_parse_utc(table[i].text, &wall);

		if (wall != table[i].wall || r != (table[i].wall == -77 ? -EINVAL : 0))
			fail_msg("'%s' gives %d, %lld", table[i].text, r, (long long)wall);
	}
}

static void test_time_round_trip(void **state)
{
	char buf[TIME_TEXT_MAX];

	(void)state;
	for (int64_t wall = -DAYS(200000); wall < DAYS(1000000); wall += DAYS(97) + 12345677) {
		int64_t back = 0;

		assert_int_equal(time_parse_utc(time_format_utc(buf, sizeof(buf), wall), &back), 0);
		assert_int_equal(back, wall);
	}
}

static void test_is_word(void **state)
{
	(void)state;
	assert_true(text_is_word("MII+/=~!", 8));
	assert_true(text_is_word("", 0));
	assert_true(text_is_word("a b", 1));
	assert_false(text_is_word("a b", 3));
	assert_false(text_is_word("a\n", 2));
	assert_false(text_is_word("a\x7f", 2));
	assert_false(text_is_word("\xc3\xa4", 2));
	assert_false(text_is_word("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_word),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_copy_every_cut),
		cmocka_unit_test(test_copy_odd),
		cmocka_unit_test(test_escape_table),
		cmocka_unit_test(test_escape_every_cut),
		cmocka_unit_test(test_escape_exact_fit),
		cmocka_unit_test(test_flatten),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_line_cuts_between_characters),
		cmocka_unit_test(test_time_format),
		cmocka_unit_test(test_time_parse),
		cmocka_unit_test(test_time_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
