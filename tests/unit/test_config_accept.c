/* test_config_accept.c - accept blocks: what is read, for which jobs, until when, and what is refused. */
#include "config_fixture.h"

#include <time.h>

#define JOB    "job j { cloud = c id = " ID1 "\n"
#define SIGNED "until = @ reason = r by = b"
#define ITEM   "srcTriggerAndEventCheck"

/* A day in a month, "YYYY-MM-DD". */
static const char *soon(void)
{
	static char day[16];
	time_t s = time(NULL) + 30 * 86400;
	struct tm tm;

	strftime(day, sizeof(day), "%F", gmtime_r(&s, &tm));
	return day;
}

/* The text with each '@' replaced by that day. */
static const char *filled(const char *text)
{
	static char out[8000];
	size_t len = 0;

	for (; *text; text++)
		if (*text == '@')
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s", soon());
		else
			out[len++] = *text;
	out[len] = '\0';
	return out;
}

static void test_read(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = load_good(filled(
		CLOUD "job j {\n\n accept " ITEM " {\n\n  " SIGNED "\n }\n cloud = c id = " ID1 "\n"
		      "\n accept 'New.item_1-x'\n {\n"
		      "  failed_reason = SOME_REASON reason = 'two words' by = 'dba\x40"
		      "example.org' until = @ } }\n"
		      "job k {\n cloud = c\n id = " ID2 " }\n"));
	const struct job_settings *j = &s->jobs[0];

	(void)state;
	assert_int_equal(j->line, 2);
	assert_int_equal(s->jobs[1].line, 13);
	assert_int_equal(s->jobs[1].n_accepts, 0);
	assert_int_equal(j->n_accepts, 2);
	assert_string_equal(j->accepts[0].item, ITEM);
	assert_null(j->accepts[0].failed_reason);
	assert_string_equal(j->accepts[0].reason, "r");
	assert_string_equal(j->accepts[0].by, "b");
	assert_string_equal(j->accepts[0].file, conf);
	assert_int_equal(j->accepts[0].line, 4);
	assert_string_equal(j->accepts[1].item, "New.item_1-x");
	assert_string_equal(j->accepts[1].failed_reason, "SOME_REASON");
	assert_string_equal(j->accepts[1].reason, "two words");
	assert_int_equal(j->accepts[1].line, 11);
	assert_int_equal(j->accepts[0].until, j->accepts[1].until);
}

/* Those of defaults hold for every job, also one that stands before; a job's own goes before them. */
static void test_shared(void **state)
{
	static const struct {
		const char *own, *order; /* item/reason/by of all that hold */
	} table[] = {
		{"", "a/-/all b/X/all "},
		{"accept a { until = @ reason = r by = me }", "a/-/me b/X/all "},
		{"accept a { until = @ reason = r by = me failed_reason = Z }",
			"a/Z/me a/-/all b/X/all "},
		{"accept b { until = @ reason = r by = me }", "b/-/me a/-/all b/X/all "},
		{"accept b { until = @ reason = r by = me failed_reason = X }", "b/X/me a/-/all "},
		{"accept d { until = @ reason = r by = me } accept c { until = @ reason = r by = "
		 "me }",
			"d/-/me c/-/me a/-/all b/X/all "},
		/* Also one that is over: whoever wrote the shorter time meant it. */
		{"accept a { until = 2020-01-01 reason = r by = me }", "a/-/me b/X/all "},
	};
	char text[2000], got[500];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		_cleanup_(settings_unrefp) struct settings *s = NULL;
		size_t len = 0;

		snprintf(text, sizeof(text),
			CLOUD "job j { id = " ID1 " %s }\n"
			      "defaults { cloud = c accept a { until = @ reason = r by = all } "
			      "accept b { until = @ reason = r by = all failed_reason = X } }\n"
			      "job k { id = " ID2 " }\n",
			table[i].own);
		s = load_good(filled(text));
		for (size_t k = 0; k < s->jobs[0].n_accepts; k++) {
			const struct accept *a = &s->jobs[0].accepts[k];

			len += (size_t)snprintf(got + len, sizeof(got) - len, "%s/%s/%s ", a->item,
				a->failed_reason ? a->failed_reason : "-", a->by);
		}
		assert_string_equal(got, table[i].order);
		assert_int_equal(s->jobs[1].n_accepts, 2);
		assert_string_equal(s->jobs[1].accepts[1].item, "b");
		assert_string_equal(s->jobs[1].accepts[1].file, conf);
		assert_int_equal(s->jobs[1].accepts[1].line, 3);
	}
}

static void test_until(void **state)
{
	static const struct {
		const char *zone, *until;
		int64_t wall; /* s */
	} table[] = {
		{"UTC0", "2027-01-31", 1801440000},
		{"UTC0", "2024-02-29", 1709251200},
		{"UTC0", "2026-12-31", 1798761600},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2027-01-31", 1801436400},
		/* The days on which the clocks change have 23 and 25 hours. */
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2027-03-28", 1806271200},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2027-10-31", 1825023600},
		{"EST5", "2027-01-31", 1801458000},
		/* Chile: there is no midnight at the end of that day. */
		{"<-04>4<-03>,M9.1.0/0,M4.1.0/0", "2026-09-05", 1788667200},
		{"EST5", "'2027-01-31T18:00:00Z'", 1801418400},
		{"EST5", "'2027-01-31T18:00:00+01:00'", 1801414800},
		{"EST5", "2027-01-31T18:00:00-05:00", 0},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		_cleanup_(settings_unrefp) struct settings *s = NULL;
		char text[1000];

		setenv("TZ", table[i].zone, 1);
		snprintf(text, sizeof(text),
			CLOUD JOB "accept a { until = %s reason = r by = b } }\n", table[i].until);
		if (table[i].wall == 0) { /* '+' alone needs quotes, '-' does not */
			s = load_good(text);
			assert_int_equal(s->jobs[0].accepts[0].until, INT64_C(1801436400000));
			continue;
		}
		s = load_good(text);
		if (s->jobs[0].accepts[0].until != table[i].wall * 1000)
			fail_msg("%s %s: %jd", table[i].zone, table[i].until,
				(intmax_t)s->jobs[0].accepts[0].until);
	}
	unsetenv("TZ");
}

static void test_refused(void **state)
{
#define AT "E p.conf:3: job \"j\": accept \"" ITEM "\": "
#define NO_DAY(of)                                                                                 \
	"until '" of                                                                               \
	"' is neither a day such as 2027-01-31 nor a moment such as 2027-01-31T18:00:00Z\n"
#define UNTIL(of) CLOUD JOB "accept " ITEM " { until = '" of "' reason = r by = b } }\n"
	static const struct refusal table[] = {
		{CLOUD JOB "accept " ITEM " { } }\n",
			AT "option 'until' is missing (the last day on which it holds, or the "
			   "moment of its end)\n" AT
			   "option 'reason' is missing (why the alarm does no harm)\n" AT
			   "option 'by' is missing (who answers for it)\n"},
		{CLOUD JOB "accept " ITEM " {\n until = @\n reason = ''\n by = '  ' } }\n",
			"E p.conf:5: job \"j\": accept \"" ITEM "\": reason is empty\n"
			"E p.conf:6: job \"j\": accept \"" ITEM "\": by is blank\n"},
		{CLOUD JOB "accept " ITEM " { until = @ reason = r by = b failed_reason = '' } }\n",
			AT "failed_reason is empty\n"},
		{CLOUD JOB "accept " ITEM " { until = @ reason = 'a\xe2\x80\xae' by = b } }\n",
			AT "reason holds characters that cannot be shown\n"},
		{UNTIL(""), AT NO_DAY("")},
		{UNTIL("never"), AT NO_DAY("never")},
		{UNTIL("30d"), AT NO_DAY("30d")},
		{UNTIL("2027-02-29"), AT NO_DAY("2027-02-29")},
		{UNTIL("2027-13-01"), AT NO_DAY("2027-13-01")},
		{UNTIL("2027-1-31"), AT NO_DAY("2027-1-31")},
		{UNTIL("31.01.2027"), AT NO_DAY("31.01.2027")},
		{UNTIL("2027-01-31 "), AT NO_DAY("2027-01-31 ")},
		{UNTIL("2027-01-31T"), AT NO_DAY("2027-01-31T")},
		{UNTIL("2027-01-31 18:00:00Z"), AT NO_DAY("2027-01-31 18:00:00Z")},
		{UNTIL("2027-01-31T25:00:00Z"), AT NO_DAY("2027-01-31T25:00:00Z")},
		{UNTIL("2027-01-31T18:00:00"),
			AT "until '2027-01-31T18:00:00' is without a zone, Z or one such as "
			   "+01:00\n"},
		{CLOUD JOB "accept '' { " SIGNED " } }\n",
			"E p.conf:3: job \"j\": accept \"\": the name of an item has 1 to 128 "
			"letters, digits, '_', '.' or '-'\n"},
		{CLOUD JOB "accept 'a b' { " SIGNED " } }\n",
			"E p.conf:3: job \"j\": accept \"a b\": the name of an item has 1 to 128 "
			"letters, digits, '_', '.' or '-'\n"},
		/* Twice in one place, in another order; for two reasons it is fine. */
		{CLOUD JOB "accept " ITEM " { " SIGNED " }\n"
			   "accept " ITEM " { " SIGNED " failed_reason = X }\n"
			   "accept " ITEM " { " SIGNED " failed_reason = Y }\n"
			   "accept " ITEM " { failed_reason = X " SIGNED " }\n"
			   "accept " ITEM " { " SIGNED " } }\n",
			"E p.conf:6: job \"j\": accept \"" ITEM
			"\": this is accepted already on line 4\n"
			"E p.conf:7: job \"j\": accept \"" ITEM
			"\": this is accepted already on line 3\n"},
		{CLOUD "defaults {\n accept " ITEM
		       " {\n until = x reason = r by = b } cloud = c }\n"
		       "job j { id = " ID1 " }\njob k { id = " ID2 " }\n",
			"E p.conf:4: defaults: accept \"" ITEM "\": " NO_DAY("x")},
		{CLOUD JOB "accept " ITEM " {\n by = a\n " SIGNED " } }\n",
			"E p.conf:5: option 'by' stands here for the second time, the first is on "
			"line 4\n"},
		{CLOUD JOB "accept " ITEM " {\n bye = a } }\n",
			"E p.conf:4: unknown option 'bye' in accept \"" ITEM
			"\"; did you mean 'by'?\n"},
		{CLOUD JOB "accept " ITEM " {\n accept b { } } }\n",
			"E p.conf:4: unknown option 'accept' in accept \"" ITEM
			"\"; blocks do not stand in blocks, is a '}' missing before it?\n"},
		{CLOUD JOB "accept " ITEM " {\n job b { } } }\n",
			"E p.conf:4: unknown option 'job' in accept \"" ITEM
			"\"; blocks do not stand in blocks, is a '}' missing before it?\n"},
		{CLOUD JOB "accept { " SIGNED " } }\n",
			"E p.conf:3: missing title for section 'accept'\n"},
		{CLOUD JOB "acept b { } }\n",
			"E p.conf:3: unknown option 'acept' in job \"j\"; did "
			"you mean 'accept'?\n"},
		{"cloud c {\n accept b { } }\n",
			"E p.conf:2: unknown option 'accept' in cloud \"c\"; it belongs into a job "
			"or defaults block\n"},
		{"accept b { }\n", "E p.conf:1: unknown option 'accept'; it belongs into a job or "
				   "defaults block\n"},
		{CLOUD JOB "reason = x }\n", "E p.conf:3: unknown option 'reason' in job \"j\"; it "
					     "belongs into an accept block\n"},
		{CLOUD JOB "\naccept " ITEM " { " SIGNED " \n",
			"E p.conf:2: block begins here and is never closed, '}' is missing\n"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char text[2000];
		struct refusal row = {text, table[i].said};

		/* The good rest of a table that is cut off by a syntax error says more; only this counts. */
		snprintf(text, sizeof(text), "%s", filled(table[i].text));
		if (strstr(table[i].said, "unknown option") ||
			strstr(table[i].said, "missing title")) {
			struct settings *s = NULL;
			struct said said;

			assert_int_equal(load(text, &said, &s), -EINVAL);
			if (strncmp(said.text, table[i].said, strlen(table[i].said)) != 0)
				fail_msg("%s\n-> %s\n-- expected\n%s", text, said.text,
					table[i].said);
		} else
			check_refusals(&row, 1);
	}
}

static void test_long_item(void **state)
{
	char name[130], text[1000];
	struct settings *s = NULL;
	struct said said;

	(void)state;
	for (size_t n = 128; n <= 129; n++) {
		memset(name, 'x', n);
		name[n] = '\0';
		snprintf(text, sizeof(text), CLOUD JOB "accept %s { " SIGNED " } }\n", name);
		assert_int_equal(load(filled(text), &said, &s), n == 128 ? 0 : -EINVAL);
		s = settings_unref(s);
	}
}

static void test_warnings(void **state)
{
	static const struct {
		const char *text, *said;
	} table[] = {
		{CLOUD JOB "accept " ITEM " { " SIGNED " } }\n", ""},
		{CLOUD JOB "accept " ITEM " {\n until = 2020-01-01 reason = r by = b } }\n",
			"W p.conf:4: job \"j\": accept \"" ITEM
			"\": until '2020-01-01' is past, this holds no more\n"},
		{CLOUD JOB "accept " ITEM " {\n until = 9999-12-31 reason = r by = b } }\n",
			"W p.conf:4: job \"j\": accept \"" ITEM
			"\": until '9999-12-31' is more than two years ahead\n"},
		{CLOUD JOB "accept srcTrigerAndEventCheck {\n" SIGNED " } }\n",
			"W p.conf:3: job \"j\": accept \"srcTrigerAndEventCheck\": no item of this "
			"name is known; did you mean '" ITEM "'?\n"},
		{CLOUD JOB "accept zebra {\n" SIGNED " } }\n",
			"W p.conf:3: job \"j\": accept \"zebra\": no item of this name is known\n"},
		/* Once for the defaults, not for each job. */
		{CLOUD "defaults { cloud = c\n accept " ITEM " { until = 2020-01-01 reason = r by "
		       "= b } }\njob j { id = " ID1 " }\njob k { id = " ID2 " }\n",
			"W p.conf:3: defaults: accept \"" ITEM
			"\": until '2020-01-01' is past, this holds no more\n"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct settings *s = NULL;
		struct said said;
		int r = load(filled(table[i].text), &said, &s);

		if (r != 0 || strcmp(said.text, table[i].said) != 0)
			fail_msg("%s\n-> %d %s", table[i].text, r, said.text);
		settings_unref(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_item),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
