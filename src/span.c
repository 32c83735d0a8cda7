/* span.c
 *
 * Lengths of time in the notation of systemd.time(7), so that an operator writes here what he writes in
 * unit files. Sums are kept in microseconds and every step is checked: a hostile text is refused, it does
 * not wrap around.
 */
#include "span.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define USEC_MS   INT64_C(1000)
#define USEC_SEC  (1000 * USEC_MS)
#define USEC_MIN  (60 * USEC_SEC)
#define USEC_HOUR (60 * USEC_MIN)
#define USEC_DAY  (24 * USEC_HOUR)

/* A month is 30.44 days and a year 365.25, as in systemd. */
static const struct {
	const char *name;
	int64_t usec;
} units[] = {
	{"us", 1},
	{"usec", 1},
	{"\xc2\xb5s", 1}, /* micro sign */
	{"\xce\xbcs", 1}, /* Greek mu */
	{"ms", USEC_MS},
	{"msec", USEC_MS},
	{"s", USEC_SEC},
	{"sec", USEC_SEC},
	{"second", USEC_SEC},
	{"seconds", USEC_SEC},
	{"m", USEC_MIN},
	{"min", USEC_MIN},
	{"minute", USEC_MIN},
	{"minutes", USEC_MIN},
	{"h", USEC_HOUR},
	{"hr", USEC_HOUR},
	{"hour", USEC_HOUR},
	{"hours", USEC_HOUR},
	{"d", USEC_DAY},
	{"day", USEC_DAY},
	{"days", USEC_DAY},
	{"w", 7 * USEC_DAY},
	{"week", 7 * USEC_DAY},
	{"weeks", 7 * USEC_DAY},
	{"M", 2629800 * USEC_SEC},
	{"month", 2629800 * USEC_SEC},
	{"months", 2629800 * USEC_SEC},
	{"y", 31557600 * USEC_SEC},
	{"year", 31557600 * USEC_SEC},
	{"years", 31557600 * USEC_SEC},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_white(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

/* The unit at *p, and moves *p behind it; seconds where there is none; 0 for an unknown one. */
static int64_t take_unit(const char **p)
{
	const char *start = *p, *end = start;
	size_t len;

	while ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z') || (*end & 0x80))
		end++;
	len = (size_t)(end - start);
	*p = end;
	if (len == 0)
		return USEC_SEC;
	for (size_t i = 0; i < ELEMENTSOF(units); i++)
		if (strlen(units[i].name) == len && memcmp(units[i].name, start, len) == 0)
			return units[i].usec;
	return 0;
}

int span_parse(const char *text, int64_t *ret_ms)
{
	const char *p = skip_white(text);
	bool too_large = false;
	int64_t sum = 0;

	if (*p == '\0')
		return -EINVAL;
	/* An overflow does not end the walk: nonsense behind a large number is nonsense first. */
	while (*p != '\0') {
		const char *fraction = NULL;
		int64_t whole = 0, unit, part;

		if (!is_digit(*p) && !(*p == '.' && is_digit(p[1])))
			return -EINVAL;
		for (; is_digit(*p); p++)
			if (__builtin_mul_overflow(whole, 10, &whole) ||
				__builtin_add_overflow(whole, *p - '0', &whole))
				too_large = true;
		if (*p == '.') {
			fraction = ++p;
			if (!is_digit(*p))
				return -EINVAL;
			while (is_digit(*p))
				p++;
		}
		p = skip_white(p);
		unit = take_unit(&p);
		if (unit == 0)
			return -EINVAL;
		if (__builtin_mul_overflow(whole, unit, &part) ||
			__builtin_add_overflow(sum, part, &sum))
			too_large = true;
		for (int64_t tenth = unit / 10; fraction && is_digit(*fraction) && tenth > 0;
			tenth /= 10)
			if (__builtin_add_overflow(sum, tenth * (*fraction++ - '0'), &sum))
				too_large = true;
		p = skip_white(p);
	}
	if (too_large)
		return -ERANGE;
	*ret_ms = sum / USEC_MS;
	return 0;
}

static const struct {
	const char *name;
	int64_t ms;
} shown[] = {
	{"d", DAYS(1)},
	{"h", HOURS(1)},
	{"min", MINUTES(1)},
	{"s", SECONDS(1)},
	{"ms", 1},
};

/* Writes the shown[] units from the first that is not 0 up to `last`; zero ones in between are left out. */
static char *format_units(char *buf, size_t n, int64_t ms, size_t first, size_t last)
{
	char whole[SPAN_MAX];
	size_t len = 0;

	for (size_t i = first; i <= last; i++) {
		int64_t count = ms / shown[i].ms;

		ms %= shown[i].ms;
		if (count > 0)
			len += (size_t)snprintf(whole + len, sizeof(whole) - len, "%s%" PRId64 "%s",
				len > 0 ? " " : "", count, shown[i].name);
	}
	snprintf(buf, n, "%s", len > 0 ? whole : "0s");
	return buf;
}

char *span_format(char *buf, size_t n, int64_t ms)
{
	const size_t seconds = ELEMENTSOF(shown) - 2, millis = ELEMENTSOF(shown) - 1;
	size_t first = 0;

	while (first < millis && ms < shown[first].ms)
		first++;
	if (first == millis)
		return format_units(buf, n, MAX(ms, 0), millis, millis);
	return format_units(buf, n, ms, first, MIN(first + 1, seconds));
}

char *span_format_exact(char *buf, size_t n, int64_t ms)
{
	return format_units(buf, n, MAX(ms, 0), 0, ELEMENTSOF(shown) - 1);
}
