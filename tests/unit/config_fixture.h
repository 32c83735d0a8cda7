/* config_fixture.h - a directory with a configuration in it, and an ear for what config_load() says. */
#pragma once

#include "config.h"

#include "macro.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ID1 "8a7f0d5e-1c2b-4f3a-9e8d-0123456jb101"
#define ID2 "8a7f0d5e-1c2b-4f3a-9e8d-0123456jb102"

#define CLOUD_LINES                                                                                \
	"iam = https://iam.example drs = https://drs.example project = p user = u domain = d "     \
	"secret = credential:c"
#define CLOUD "cloud c { " CLOUD_LINES " }\n"

static char dir[] = "/tmp/test-config.XXXXXX";
static char conf[PATH_MAX], extra[PATH_MAX];

static inline int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(conf, sizeof(conf), "%s/p.conf", dir);
	snprintf(extra, sizeof(extra), "%s/jobs.d", dir);
	unsetenv("STATE_DIRECTORY");
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	unlink(conf);
	return rmdir(dir);
}

static inline void put_bytes(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static inline void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* What was said, one a line, with "E " or "W " before it and without the directory. */
struct said {
	char text[20000];
	size_t len, errors, warnings;
};

static inline void hear(void *arg, bool error, const char *text)
{
	struct said *s = arg;
	size_t n = strlen(dir);

	assert_null(strchr(text, '\n'));
	if (strncmp(text, dir, n) == 0)
		text += n + 1;
	s->errors += error;
	s->warnings += !error;
	s->len += (size_t)snprintf(
		s->text + s->len, sizeof(s->text) - s->len, "%c %s\n", error ? 'E' : 'W', text);
	assert_true(s->len < sizeof(s->text));
}

static inline int load(const char *text, struct said *said, struct settings **ret)
{
	*said = (struct said){0};
	put(conf, text);
	return config_load(conf, hear, said, ret);
}

static inline struct settings *load_good(const char *text)
{
	struct settings *s = NULL;
	struct said said;

	if (load(text, &said, &s) != 0)
		fail_msg("refused: %s", said.text);
	return s;
}

/* What config_print() makes of it; malloc'ed. */
static inline char *printed(const struct settings *s)
{
	char *text = NULL, *copy;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	config_print(s, f);
	assert_int_equal(fclose(f), 0);
	copy = strdup(text);
	free(text);
	return copy;
}

/* A text, and all that is said of it. */
struct refusal {
	const char *text, *said;
};

static inline void check_refusals(const struct refusal *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct settings *s = NULL;
		struct said said;
		int r = load(table[i].text, &said, &s);

		if (r != -EINVAL || s || strcmp(said.text, table[i].said) != 0)
			fail_msg("%s\n-> %d %s\n-- expected\n%s", table[i].text, r, said.text,
				table[i].said);
	}
}

/* --- the table and what is written about it --- */

static inline char *slurp(const char *path)
{
	char *text = NULL, buf[4096];
	size_t len, n;
	FILE *f = fopen(path, "r"), *out = open_memstream(&text, &len);

	if (!f)
		fail_msg("%s cannot be opened: run this from the root of the tree", path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, out);
	fclose(f);
	fclose(out);
	return text;
}

static inline int row_of(const char *block, const char *name)
{
	for (size_t i = 0; i < config_options_size; i++)
		if (strcmp(config_options[i].block, block) == 0 &&
			strcmp(config_options[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Calls each line; lines are cut in place. */
static inline char *next_line(char **p)
{
	char *line = *p, *end = strchr(line, '\n');

	if (*line == '\0')
		return NULL;
	*p = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}
