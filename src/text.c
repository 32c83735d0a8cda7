/* text.c
 *
 * Text of limited length. Everything that a cloud says passes here before it is shown: what could move a
 * terminal's cursor, fake a line, or turn the reading direction is written out as an escape. Cuts never
 * leave half a character behind.
 */
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The length of the valid UTF-8 character at s, 0 if there is none. */
static size_t utf8_char(const unsigned char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t n;

	if (len == 0)
		return 0;
	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	if ((s[0] & 0xe0) == 0xc0) {
		n = 2;
		code = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		n = 3;
		code = s[0] & 0x0f;
	} else if ((s[0] & 0xf8) == 0xf0) {
		n = 4;
		code = s[0] & 0x07;
	} else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret = code;
	return n;
}

bool text_utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t code;

	while (len > 0) {
		size_t n = utf8_char(p, len, &code);

		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

/* The largest cut <= at that does not split a character of s. Bytes that are no UTF-8 are cut anywhere. */
static size_t cut_before(const char *s, size_t at)
{
	size_t cut = at;

	while (cut > 0 && at - cut < 3 && ((unsigned char)s[cut] & 0xc0) == 0x80)
		cut--;
	return ((unsigned char)s[cut] & 0xc0) == 0x80 ? at : cut;
}

bool text_copy(char *dst, size_t n, const char *src)
{
	size_t len = src ? strlen(src) : 0, take;

	if (n == 0)
		return len == 0;
	take = len < n ? len : cut_before(src, n - 1);
	if (take > 0)
		memcpy(dst, src, take);
	dst[take] = '\0';
	return take == len;
}

/* True for what could deceive a reader although it is valid. */
static bool is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0x2028 || code == 0x2029;
}

/* One character or invalid byte at src as it is shown; returns the bytes of src that it stands for. */
static size_t show_char(
	char show[16], size_t *ret_len, const unsigned char *src, size_t len, bool backslash)
{
	uint32_t code = 0;
	size_t n = utf8_char(src, len, &code);
	int shown;

	if (n == 0) {
		shown = snprintf(show, 16, "\\x%02x", (unsigned)src[0]);
		n = 1;
	} else if (code == '\n' || code == '\t' || code == '\r')
		shown = snprintf(show, 16, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
	else if (code == '\\' && backslash)
		shown = snprintf(show, 16, "\\\\");
	else if (is_unsafe(code))
		shown = snprintf(show, 16, code < 0x80 ? "\\x%02x" : "\\u{%04X}", (unsigned)code);
	else {
		memcpy(show, src, n);
		shown = (int)n;
	}
	*ret_len = (size_t)shown;
	return n;
}

static char *escape(char *dst, size_t n, const char *src, size_t len, bool backslash)
{
	const unsigned char *p = (const unsigned char *)src;
	size_t out = 0, safe = 0; /* safe: the last border behind which "..." still fits */

	if (n == 0)
		return dst;
	while (len > 0) {
		char show[16];
		size_t width, used = show_char(show, &width, p, len, backslash);

		if (out + width >= n) {
			out = safe;
			for (int i = 0; i < 3 && out + 1 < n; i++)
				dst[out++] = '.';
			break;
		}
		memcpy(dst + out, show, width);
		out += width;
		if (out + 3 < n)
			safe = out;
		p += used;
		len -= used;
	}
	dst[out] = '\0';
	return dst;
}

char *text_escape(char *dst, size_t n, const char *src, size_t len)
{
	return escape(dst, n, src, len, true);
}

char *text_flatten(char *dst, size_t n, const char *src, size_t len)
{
	return escape(dst, n, src, len, false);
}

bool text_is_word(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return true;
}

void line_init(struct line *l, char *buf, size_t size)
{
	*l = (struct line){.buf = buf, .size = size};
	buf[0] = '\0';
}

void line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
}

void line_vadd(struct line *l, const char *fmt, va_list ap)
{
	int n;

	if (l->cut)
		return;
	n = vsnprintf(l->buf + l->len, l->size - l->len, fmt, ap);
	if (n < 0)
		l->buf[l->len] = '\0';
	else if ((size_t)n < l->size - l->len)
		l->len += (size_t)n;
	else {
		l->cut = true;
		l->len = cut_before(l->buf, l->size - sizeof("..."));
		memcpy(l->buf + l->len, "...", sizeof("..."));
		l->len += strlen("...");
	}
}

/* Splits wall ms into seconds and milliseconds, also before 1970. */
static time_t split_wall(int64_t wall, int *ret_ms)
{
	int64_t ms = wall % 1000, s = wall / 1000;

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	*ret_ms = (int)ms;
	return (time_t)s;
}

char *time_format_local(char *buf, size_t n, int64_t wall)
{
	struct tm tm;
	time_t s;
	int ms;

	s = split_wall(wall, &ms);
	if (n > 0 && (!localtime_r(&s, &tm) || strftime(buf, n, "%Y-%m-%d %H:%M:%S %z", &tm) == 0))
		buf[0] = '\0';
	return buf;
}

char *time_format_utc(char *buf, size_t n, int64_t wall)
{
	char whole[TIME_TEXT_MAX];
	struct tm tm;
	time_t s;
	int ms;

	s = split_wall(wall, &ms);
	if (!gmtime_r(&s, &tm) || strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		whole[0] = '\0';
	snprintf(buf, n, "%s.%03dZ", whole, ms);
	return buf;
}

/* Takes exactly `digits` digits of a number within [least, most]. */
static bool take_number(const char **p, int digits, int least, int most, int *ret)
{
	int number = 0;

	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		number = number * 10 + (**p - '0');
	}
	*ret = number;
	return number >= least && number <= most;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
		       ? 29
		       : days[month - 1];
}

int time_parse_utc(const char *s, int64_t *ret_wall)
{
	int year, month, day, hour, minute, second, ms = 0, offset = 0;
	const char *p = s;
	struct tm tm = {0};

	if (!take_number(&p, 4, 0, 9999, &year) || !take_char(&p, '-') ||
		!take_number(&p, 2, 1, 12, &month) || !take_char(&p, '-') ||
		!take_number(&p, 2, 1, days_in_month(year, month), &day) || !take_char(&p, 'T') ||
		!take_number(&p, 2, 0, 23, &hour) || !take_char(&p, ':') ||
		!take_number(&p, 2, 0, 59, &minute) || !take_char(&p, ':') ||
		!take_number(&p, 2, 0, 60, &second))
		return -EINVAL;
	if (take_char(&p, '.')) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		for (int scale = 100; *p >= '0' && *p <= '9'; p++, scale /= 10)
			ms += (*p - '0') * scale;
	}
	if (*p == '+' || *p == '-') {
		int sign = *p++ == '+' ? 1 : -1, hours, minutes;

		if (!take_number(&p, 2, 0, 23, &hours) || !take_char(&p, ':') ||
			!take_number(&p, 2, 0, 59, &minutes))
			return -EINVAL;
		offset = sign * (hours * 60 + minutes) * 60;
	} else
		(void)take_char(&p, 'Z');
	if (*p != '\0')
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	*ret_wall = ((int64_t)timegm(&tm) - offset) * 1000 + ms;
	return 0;
}
