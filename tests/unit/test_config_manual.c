/* test_config_manual.c - precheckd.conf(5) says what the option table and the table of methods say, its examples
 * are read, and its figures are those of the code. Runs from the root of the tree. */
#include "config_fixture.h"

#include "backoff.h"

static _printf_(3, 4) void add(char *text, size_t n, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(text + len, n - len, fmt, ap) < (int)(n - len));
	va_end(ap);
}

/* The lines that the manual must have on an option, each on its own. */
static void manual_lines(
	const struct config_option *o, char *by_default, char *range, char *methods, size_t n)
{
	snprintf(by_default, n, "Default: %s.",
		o->by_default                         ? o->by_default
		: o->needed                           ? "none, it must be given"
		: strcmp(o->name, "stale_after") == 0 ? "twice the interval"
						      : "none");
	range[0] = '\0';
	if (o->words)
		snprintf(range, n, "One of: %s.", o->words);
	else if (o->least)
		snprintf(range, n, "Range: %s to %s%s.", o->least, o->most,
			o->never ? ", or never" : "");
	methods[0] = '\0';
	for (size_t m = 0; m < _AUTH_METHOD_MAX; m++)
		if (strcmp(o->block, "cloud") == 0 && auth_any_takes(o->name) &&
			auth_takes((enum auth_method)m, o->name))
			add(methods, n, "%s%s", methods[0] ? ", " : "For: ", auth_table[m].name);
	if (methods[0])
		add(methods, n, ".");
}

static void test_manual(void **state)
{
	_cleanup_free_ char *text = slurp("man/precheckd.conf.5");
	char *p = text, *line, by_default[200] = "", range[200] = "";
	char methods[200] = "";
	bool *seen = calloc(config_options_size, sizeof(*seen));
	bool want_default = false, want_range = false, want_example = false, want_for = false;
	const char *block = NULL;
	char name[32];

	(void)state;
	while ((line = next_line(&p))) {
		if (strncmp(line, ".It Cm ", 7) == 0 || strncmp(line, ".Sh ", 4) == 0 ||
			strcmp(line, ".El") == 0) {
			if (want_default || want_range || want_example || want_for)
				fail_msg("before '%s': '%s' '%s' '%s' or an example is missing",
					line, by_default, range, methods);
		}
		if (strcmp(line, ".Sh TOP OPTIONS") == 0)
			block = "";
		else if (strcmp(line, ".Sh CLOUD BLOCKS") == 0)
			block = "cloud";
		else if (strcmp(line, ".Sh ACCEPT BLOCKS") == 0)
			block = "accept";
		else if (strcmp(line, ".Sh DEFAULTS AND JOB BLOCKS") == 0)
			block = "defaults";
		else if (strcmp(line, "This one stands in") == 0)
			block = "job";
		else if (strncmp(line, ".Sh ", 4) == 0)
			block = NULL;
		if (block && sscanf(line, ".It Cm %31s = ", name) == 1) {
			int row = row_of(block, name);

			if (row < 0)
				fail_msg("the manual has '%s' in '%s', the table has not", name,
					block);
			assert_false(seen[row]);
			seen[row] = true;
			manual_lines(
				&config_options[row], by_default, range, methods, sizeof(range));
			want_for = methods[0] != '\0';
			want_default = want_example = true;
			want_range = range[0] != '\0';
		} else if (strncmp(line, "Default: ", 9) == 0) {
			assert_string_equal(line, by_default);
			want_default = false;
		} else if (strncmp(line, "Range: ", 7) == 0 || strncmp(line, "One of: ", 8) == 0) {
			assert_string_equal(line, range);
			want_range = false;
		} else if (strncmp(line, "For: ", 5) == 0) {
			assert_string_equal(line, methods);
			want_for = false;
		} else if (strcmp(line, "Example:") == 0)
			want_example = false;
	}
	for (size_t i = 0; i < config_options_size; i++)
		if (!seen[i])
			fail_msg("'%s' is missing in the manual", config_options[i].name);
	free(seen);
}

/* The section between its heading and the next. */
static char *section(const char *name)
{
	_cleanup_free_ char *text = slurp("man/precheckd.conf.5");
	char heading[64], *begin, *end;

	snprintf(heading, sizeof(heading), "\n.Sh %s\n", name);
	begin = strstr(text, heading);
	if (!begin)
		fail_msg("there is no section %s", name);
	begin += strlen(heading);
	end = strstr(begin, "\n.Sh ");
	if (end)
		end[1] = '\0';
	return strdup(begin);
}

/* "iam user+domain|user_id" as "Needs: iam, user and domain or user_id." */
static void in_words(const char *label, const char *list, char *text, size_t n)
{
	*text = '\0';
	add(text, n, "%s: ", label);
	for (const char *p = list; *p; p++)
		add(text, n, "%.*s",
			*p == ' '   ? 2
			: *p == '+' ? 5
			: *p == '|' ? 4
				    : 1,
			*p == ' '   ? ", "
			: *p == '+' ? " and "
			: *p == '|' ? " or "
				    : p);
	add(text, n, ".");
}

/* Takes a text that begins at line and ends with a full stop at the end of a line, as one line. */
static void whole(char *line, char **p, char *text, size_t n)
{
	*text = '\0';
	for (; line; line = next_line(p)) {
		add(text, n, "%s%s", *text ? " " : "", line);
		if (line[strlen(line) - 1] == '.')
			return;
	}
	fail_msg("'%s' does not end", text);
}

/* Each method has its subsection, in the order of the table, and what it needs and takes is said there. */
static void test_methods(void **state)
{
	_cleanup_free_ char *text = section("LOGGING IN");
	char *p = text, *line, want[300], said[300];
	size_t n = 0, needs = 0, takes = 0;

	(void)state;
	while ((line = next_line(&p))) {
		if (strncmp(line, ".Ss ", 4) == 0 && n < _AUTH_METHOD_MAX) {
			assert_int_equal(needs, n);
			assert_int_equal(takes, n);
			snprintf(want, sizeof(want), "(%s)", auth_table[n++].name);
			if (!strstr(line, want))
				fail_msg("'%s' is not on %s", line, want);
		} else if (strncmp(line, "Needs: ", 7) == 0) {
			in_words("Needs", auth_table[n - 1].needs, want, sizeof(want));
			whole(line, &p, said, sizeof(said));
			assert_string_equal(said, want);
			needs++;
		} else if (strncmp(line, "Takes: ", 7) == 0) {
			in_words("Takes", auth_table[n - 1].takes, want, sizeof(want));
			whole(line, &p, said, sizeof(said));
			assert_string_equal(said, want);
			takes++;
		}
	}
	assert_int_equal(n, _AUTH_METHOD_MAX);
	assert_int_equal(needs, _AUTH_METHOD_MAX);
	assert_int_equal(takes, _AUTH_METHOD_MAX);
}

/* What an example shows, beyond its method. */
struct shown {
	size_t methods[_AUTH_METHOD_MAX];
	size_t by_name, by_user_id, temporary;
};

static void try_example(const char *block, struct shown *shown)
{
	_cleanup_(settings_unrefp) struct settings *s = NULL;
	const struct cloud_settings *c;
	char text[4000], name[64];
	bool jobs = strstr(block, "\njob ") != NULL;
	struct said said;

	assert_int_equal(sscanf(block, "cloud \"%63[^\"]", name), 1);
	*text = '\0';
	add(text, sizeof(text), "%s", block);
	if (!jobs)
		add(text, sizeof(text), "job j { cloud = \"%s\" id = " ID1 " }\n", name);
	if (load(text, &said, &s) < 0 || (said.len > 0 && !strstr(said.text, "is past")))
		fail_msg("%s\n-> %s", text, said.text);
	c = &s->clouds[0];
	shown->methods[c->auth]++;
	shown->by_name += c->auth == AUTH_PASSWORD && c->user && c->project;
	shown->by_user_id += c->auth == AUTH_PASSWORD && c->user_id && c->project_id;
	shown->temporary += c->auth == AUTH_AKSK && c->security_token;
}

/* Every configuration of a cloud in the page is read without a word, and each method has one. */
static void test_examples(void **state)
{
	_cleanup_free_ char *text = slurp("man/precheckd.conf.5");
	struct shown shown = {0};
	char block[3000] = "", *p = text, *line;
	bool inside = false;

	(void)state;
	while ((line = next_line(&p))) {
		if (strncmp(line, ".Bd -literal", 12) == 0)
			inside = true;
		else if (strcmp(line, ".Ed") == 0) {
			if (strncmp(block, "cloud ", 6) == 0)
				try_example(block, &shown);
			*block = '\0';
			inside = false;
		} else if (inside)
			add(block, sizeof(block), "%s\n", line);
	}
	for (size_t i = 0; i < _AUTH_METHOD_MAX; i++)
		if (shown.methods[i] == 0)
			fail_msg("auth = %s has no example", auth_table[i].name);
	assert_true(shown.by_name > 0 && shown.by_user_id > 0 && shown.temporary > 0);
	assert_true(shown.methods[AUTH_AKSK] > shown.temporary);
}

/* How many tries fit into the last 8 hours of a token when each fails after its time-out, or at once. */
static unsigned tries(uint64_t seed, int64_t timeout)
{
	const int64_t longest = MINUTES(10), shortest = MIN(longest / 120, SECONDS(5));
	unsigned n = 0;

	for (int64_t at = 0; at < HOURS(8); n++)
		at += timeout + backoff_delay(n + 1, shortest, longest, &seed);
	return n;
}

static void test_tries(void **state)
{
	_cleanup_free_ char *text = section("LOGGING IN");
	unsigned about = 0, least = 0, all = 0, fewest = UINT32_MAX;

	(void)state;
	assert_non_null(strstr(text, "makes about"));
	assert_int_equal(
		sscanf(strstr(text, "makes about"),
			"makes about %u tries in the remaining\n8 hours, and never fewer than %u.",
			&about, &least),
		2);
	for (unsigned seed = 1; seed <= 500; seed++) {
		unsigned n = tries(seed, SECONDS(30));

		all += n;
		fewest = MIN(fewest, n);
	}
	assert_in_range(all / 500, about - 5, about + 5);
	assert_true(fewest >= least);
	/* Never: if all pauses were as long as they can be. */
	assert_true(HOURS(8) / (MINUTES(10) + SECONDS(30)) >= least);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_tries),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
