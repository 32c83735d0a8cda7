/* config_scan.c
 *
 * libconfuse 3.3 is a lenient reader. Measured: an unterminated comment swallows the rest of the file without
 * a word, so does a missing closing brace at its end; every "#" comment counts as three lines and every other
 * comment as one more than it has, so that all line numbers behind it are wrong; "\x00" ends a string
 * early; unknown characters are skipped; ${NAME} is replaced from the environment. Therefore the text is
 * looked through first, by the same rules as libconfuse's scanner, and its comments are blanked out.
 */
#include "config_scan.h"

#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 2

struct scanner {
	char *p, *end;
	unsigned line, depth;
	/* lines on which the open blocks begin, outermost first; what is deeper is no block */
	unsigned open[DEPTH_MAX];
	struct scan *ret;
};

/* Notes the first error. */
static _printf_(3, 4) bool fail(struct scanner *s, unsigned line, const char *fmt, ...)
{
	struct line text;
	va_list ap;

	s->ret->line = line;
	line_init(&text, s->ret->why, sizeof(s->ret->why));
	va_start(ap, fmt);
	line_vadd(&text, fmt, ap);
	va_end(ap);
	return false;
}

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static void blank_line_comment(struct scanner *s)
{
	while (s->p < s->end && *s->p != '\n')
		*s->p++ = ' ';
}

static bool blank_block_comment(struct scanner *s)
{
	unsigned begin = s->line;
	char *close = memmem(s->p + 2, (size_t)(s->end - s->p - 2), "*/", 2);

	if (!close)
		return fail(s, begin, "comment is never closed, '*/' is missing");
	for (close += 2; s->p < close; s->p++) {
		if (*s->p == '\n')
			s->line++;
		else
			*s->p = ' ';
	}
	return true;
}

/* At an opening quote. What libconfuse would do to a string beyond \" and \\ is refused: a value is written
 * as it is meant. */
static bool pass_string(struct scanner *s)
{
	char quote = *s->p++;

	for (; s->p < s->end; s->p++) {
		if (*s->p == quote) {
			s->p++;
			return true;
		}
		if (*s->p == '\n')
			break;
		if (*s->p == '\\') {
			if (s->p[1] != '\\' && s->p[1] != quote)
				return fail(s, s->line,
					"in a string a backslash only goes before %c or another "
					"backslash",
					quote);
			s->p++;
		} else if (*s->p == '$' && s->p[1] == '{' && quote == '"')
			return fail(s, s->line,
				"'${' is not replaced from the environment; to mean it as text, "
				"use single quotes");
		else if (is_control(*s->p) || *s->p == '\t')
			return fail(s, s->line, "string holds the control character 0x%02x",
				(unsigned)(unsigned char)*s->p);
	}
	return fail(s, s->line, "string is not closed on its line, %c is missing", quote);
}

/* A word ends where libconfuse's would: a "//" inside, as in a URL, is no comment. */
static void pass_word(struct scanner *s)
{
	while (s->p < s->end && !is_control(*s->p) && !strchr(" \t#\"'={}()+,*", *s->p))
		s->p++;
}

/* False: no memory. */
static bool note_end(struct scan *ret, unsigned line)
{
	unsigned *begins = reallocarray(ret->begins, ret->n_begins + 1, sizeof(*begins));

	if (!begins)
		return false;
	begins[ret->n_begins++] = line;
	ret->begins = begins;
	return true;
}

static bool pass_brace(struct scanner *s)
{
	if (*s->p++ == '}') {
		if (s->depth == 0)
			return fail(s, s->line, "unexpected '}', no block is open here");
		return --s->depth >= DEPTH_MAX || note_end(s->ret, s->open[s->depth]);
	}
	if (s->depth < DEPTH_MAX)
		s->open[s->depth] = s->line;
	s->depth++;
	return true;
}

/* One token. False: an error was noted, or (nothing noted) there was no memory. */
static bool pass_token(struct scanner *s)
{
	char c = *s->p, next = s->p[1];

	if (c == '\n') {
		s->line++;
		s->p++;
	} else if (c == ' ' || c == '\t' || (c == '\r' && next == '\n'))
		s->p++;
	else if (c == '#' || (c == '/' && next == '/'))
		blank_line_comment(s);
	else if (c == '/' && next == '*')
		return blank_block_comment(s);
	else if (c == '"' || c == '\'')
		return pass_string(s);
	else if (c == '{' || c == '}')
		return pass_brace(s);
	else if (strchr("=+(),", c) && c != '\0')
		s->p++;
	else if (c == '*')
		return fail(s, s->line, "unexpected '*', a value with this character needs quotes");
	else if (c == '$' && next == '{')
		return fail(s, s->line, "'${' is not replaced from the environment");
	else if (is_control(c))
		return fail(s, s->line, "unexpected control character 0x%02x",
			(unsigned)(unsigned char)c);
	else
		pass_word(s);
	return true;
}

/* The line of the first byte that is no UTF-8, 0 if there is none. */
static unsigned bad_line(const char *text, size_t len)
{
	unsigned line = 1;

	for (const char *p = text, *end = text + len; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!text_utf8_valid(p, (size_t)((nl ? nl : end) - p)))
			return line;
		p = nl ? nl + 1 : end;
	}
	return 0;
}

int config_scan(char *text, size_t len, struct scan *ret)
{
	struct scanner s = {.p = text, .end = text + len, .line = 1, .ret = ret};
	unsigned bad = bad_line(text, len);

	*ret = (struct scan){0};
	if (bad > 0) {
		(void)fail(&s, bad, "text is not valid UTF-8");
		return 0;
	}
	if (len >= 3 &&
		memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark of some editors */
		memset(text, ' ', 3);
	while (s.p < s.end)
		if (!pass_token(&s))
			return ret->why[0] ? 0 : -ENOMEM;
	if (s.depth > 0)
		(void)fail(&s, s.open[0], "block begins here and is never closed, '}' is missing");
	return 0;
}
