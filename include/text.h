/* text.h - text of limited length: copies that end on a character, remote text made harmless. */
#pragma once

#include "macro.h"
#include <stdarg.h>

/* Copies src (NULL counts as "") into dst of n bytes, cut at a UTF-8 character's border if it must be
 * cut. Always terminated (n > 0). Returns false if it was cut. */
bool text_copy(char *dst, size_t n, const char *src);

/* Makes len bytes of remote text safe to show: valid UTF-8 is kept, C0/C1 control characters, DEL,
 * bidi overrides (U+202A-202E, U+2066-2069), line separators and invalid bytes are written as \xNN (or
 * \n, \t, \r, \u{XXXX}), a backslash as \\; when it does not fit n bytes it ends in "...". Always
 * terminated; never half an escape or character. Returns dst. */
char *text_escape(char *dst, size_t n, const char *src, size_t len);

/* The same, but a backslash stays as it is: for lines that are put together from escaped parts. */
char *text_flatten(char *dst, size_t n, const char *src, size_t len);

/* True if the len bytes are valid UTF-8 (no overlong forms, no surrogates, <= U+10FFFF). */
bool text_utf8_valid(const char *s, size_t len);

/* True if the len bytes are printable ASCII without blanks: what may be a header's value as it is. */
bool text_is_word(const char *s, size_t len);

/* A line that grows inside a caller's buffer and is cut with "..." when full; for messages. */
struct line {
	char *buf;
	size_t size, len;
	bool cut;
};
void line_init(struct line *l, char *buf, size_t size); /* borrows buf; size >= 8 */
void line_add(struct line *l, const char *fmt, ...) _printf_(2, 3);
void line_vadd(struct line *l, const char *fmt, va_list ap) _printf_(2, 0);

/* Wall time in ms as local time with offset, "2026-11-25 14:05:09 +0100"; n >= TIME_TEXT_MAX. Returns buf. */
#define TIME_TEXT_MAX 40
char *time_format_local(char *buf, size_t n, int64_t wall);
/* Wall time in ms as RFC 3339 UTC with milliseconds, "2026-11-25T13:05:09.120Z". */
char *time_format_utc(char *buf, size_t n, int64_t wall);
/* Parses "YYYY-MM-DDThh:mm:ss[.fraction][Z|+hh:mm|-hh:mm]" (no zone: UTC). -EINVAL if it is not that. */
int time_parse_utc(const char *s, int64_t *ret_wall) _must_check_;
