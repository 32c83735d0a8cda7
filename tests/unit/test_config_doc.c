/* test_config_doc.c - config_print() can be read again; the option table and the sample file say the same. Runs
 * from the root of the tree. */
#include "config_fixture.h"

#include <time.h>

static void test_print(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = load_good(CLOUD
		"job 'j 1' { cloud = c id = " ID1 " run_limit = '1h 5min' remind = never\n"
		"accept x { until = '2020-01-31T12:00:00+01:00' reason = r by = b }\n"
		"accept x { until = 2021-01-31T12:00:00.5Z reason = r by = 'b c' failed_reason = "
		"F } }\n");
	_cleanup_free_ char *text = printed(s);

	(void)state;
	assert_string_equal(text, "state_dir   = \"/var/lib/precheckd\"\n"
				  "log_level   = info\n"
				  "summary     = 1d\n"
				  "keep_runs   = 20\n"
				  "keep_for    = 400d\n"
				  "short_times = no\n"
				  "\n"
				  "cloud \"c\" {\n"
				  "\tiam         = \"https://iam.example\"\n"
				  "\tdrs         = \"https://drs.example\"\n"
				  "\tproject     = \"p\"\n"
				  "\tauth        = password\n"
				  "\tuser        = \"u\"\n"
				  "\tdomain      = \"d\"\n"
				  "\tsecret      = \"credential:c\"\n"
				  "\tpace        = 30\n"
				  "\tconnections = 4\n"
				  "\tmax_runs    = 20\n"
				  "\ttimeout     = 30s\n"
				  "\tbackoff_max = 10min\n"
				  "}\n"
				  "\n"
				  "job \"j 1\" {\n"
				  "\tcloud       = \"c\"\n"
				  "\tid          = " ID1 "\n"
				  "\tcheck       = yes\n"
				  "\tinterval    = 30min\n"
				  "\tfirst_poll  = 20s\n"
				  "\tsettle      = 1min\n"
				  "\tpoll        = 10s\n"
				  "\trun_limit   = \"1h 5min\"\n"
				  "\tstale_after = 1h\n"
				  "\tremind      = never\n"
				  "\taccept \"x\" {\n"
				  "\t\tuntil         = \"2020-01-31T11:00:00.000Z\"\n"
				  "\t\treason        = \"r\"\n"
				  "\t\tby            = \"b\"\n"
				  "\t}\n"
				  "\taccept \"x\" {\n"
				  "\t\tuntil         = \"2021-01-31T12:00:00.500Z\"\n"
				  "\t\treason        = \"r\"\n"
				  "\t\tby            = \"b c\"\n"
				  "\t\tfailed_reason = \"F\"\n"
				  "\t}\n"
				  "}\n");
}

static void test_print_again(void **state)
{
	static const char *const texts[] = {
		CLOUD "job j { cloud = c id = " ID1 " }\n",
		"short_times = yes log_level = err summary = never keep_for = 400d\n"
		"cloud 'a\"b\\\\c${d}' { iam = 'https://[2001:db8::1]:8443/x' drs = "
		"http://localhost:99\n"
		" project_id = 0123456789abcdef0123456789abcdef user = 'x${y}\\'\"' domain = "
		"'\\\\\xc3\xa4 #{}'\n"
		" secret = 'file:/a b' ca_file = '/c \"d\"' proxy = https://p:1 timeout = 1500ms "
		"}\n"
		"job 'j\"' { cloud = 'a\"b\\\\c${d}' id = " ID1
		" interval = '1d 2h 3min 4s 5ms' check = no }\n"
		"job 'k$' { cloud = 'a\"b\\\\c${d}' id = " ID2 " remind = never poll = 10ms }\n",
		CLOUD
		"defaults { cloud = c accept a { until = 2020-02-29 reason = 'x\"\\\\' by = b "
		"} accept c { until = 2020-02-29 reason = x by = b } }\n"
		"job j { id = " ID1 " accept b { until = '2020-01-01T00:00:00.5+01:00' reason "
		"= '${x}' by = y failed_reason = 'z z' } accept c { until = 2020-02-29 "
		"reason = y by = c } }\n"
		"job k { id = " ID2 " }\n",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		_cleanup_(settings_unrefp) struct settings *s = load_good(texts[i]);
		_cleanup_free_ char *first = printed(s);
		_cleanup_(settings_unrefp) struct settings *again = load_good(first);
		_cleanup_free_ char *second = printed(again);

		assert_string_equal(first, second);
		assert_string_equal(s->clouds[0].name, again->clouds[0].name);
		assert_string_equal(s->clouds[0].user, again->clouds[0].user);
		assert_string_equal(s->clouds[0].domain, again->clouds[0].domain);
		assert_int_equal(s->jobs[0].interval, again->jobs[0].interval);
		assert_int_equal(s->jobs[0].n_accepts, again->jobs[0].n_accepts);
		for (size_t k = 0; k < s->jobs[0].n_accepts; k++) {
			const struct accept *a = &s->jobs[0].accepts[k],
					    *b = &again->jobs[0].accepts[k];

			assert_string_equal(a->item, b->item);
			assert_string_equal(a->reason, b->reason);
			assert_string_equal(a->by, b->by);
			assert_int_equal(!a->failed_reason, !b->failed_reason);
			assert_int_equal(a->until, b->until);
		}
	}
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_options_size; i++) {
		const struct config_option *o = &config_options[i];

		assert_non_null(o->meaning);
		assert_null(strchr(o->meaning, '\n'));
		assert_true((o->type == CONFIG_WORD) == (o->words != NULL));
		assert_true(o->type != CONFIG_SPAN || (o->least && o->most && o->bent));
		assert_true(o->type != CONFIG_NUMBER || (o->least && o->most && !o->bent));
		assert_false(o->needed && o->by_default);
		for (size_t k = 0; k < i; k++)
			assert_false(strcmp(o->block, config_options[k].block) == 0 &&
				     strcmp(o->name, config_options[k].name) == 0);
	}
}

/* Every option stands as a comment in its block, with the default where there is one; and nothing else. Behind
 * two # they stand in place of others, which may be more than once. */
static void test_sample_names_all(void **state)
{
	_cleanup_free_ char *text = slurp("etc/precheckd.conf");
	bool *seen = calloc(config_options_size, sizeof(*seen));
	char block[16] = "", around[16] = "", *p = text, *line;

	(void)state;
	while ((line = next_line(&p))) {
		bool other = strncmp(line, "##\t", 3) == 0;
		char name[32], value[200];
		int row;

		line += other;
		if (line[0] != '#' || line[1] == ' ') {
			line += strspn(line, "\t");
			if (*line != '\0' && strncmp(line, "# ", 2) != 0 && strcmp(line, "#") != 0)
				fail_msg("'%s' is neither prose nor a commented option", line);
			continue;
		}
		line += 1 + strspn(line + 1, "\t");
		if (strcmp(line, "}") == 0) {
			snprintf(block, sizeof(block), "%s", around);
			around[0] = '\0';
		} else if (*line && line[strlen(line) - 1] == '{') {
			snprintf(around, sizeof(around), "%s", block);
			assert_int_equal(sscanf(line, "%15s", block), 1);
		} else if (*line) {
			assert_int_equal(sscanf(line, "%31s = %199[^\n]", name, value), 2);
			row = row_of(block, name);
			if (row < 0 && strcmp(block, "job") == 0)
				continue; /* an example of what defaults have */
			if (row < 0)
				fail_msg("unknown option '%s' in '%s'", name, block);
			assert_false(seen[row] && !other);
			seen[row] = true;
			if (config_options[row].by_default && strcmp(name, "auth") != 0)
				assert_string_equal(value, config_options[row].by_default);
		}
	}
	for (size_t i = 0; i < config_options_size; i++)
		if (!seen[i])
			fail_msg("'%s' is missing", config_options[i].name);
	free(seen);
}

/* With its comments taken off it is a good configuration and means the defaults. */
static void test_sample_works(void **state)
{
	_cleanup_free_ char *text = slurp("etc/precheckd.conf"),
			    *examples = slurp("etc/jobs.d/shop.conf.example");
	_cleanup_(settings_unrefp) struct settings *s = NULL;
	time_t soon = time(NULL) + 30 * 86400;
	char live[20000], until[32], *p = text, *line;
	struct said said = {0};
	struct tm tm;
	size_t len = 0;

	(void)state;
	/* The day in the sample will be past one day, which is warned of. */
	strftime(until, sizeof(until), "#\t\tuntil = \"%F\"", gmtime_r(&soon, &tm));
	while ((line = next_line(&p)))
		if (line[0] == '#' && line[1] != ' ' && line[1] != '#' &&
			!strstr(line, "project_id"))
			len += (size_t)snprintf(live + len, sizeof(live) - len, "%s\n",
				(strstr(line, "\tuntil = \"20") ? until : line) + 1);
	assert_int_equal(load(live, &said, &s), 0);
	assert_string_equal(said.text, "");
	assert_int_equal(s->n_jobs, 1);
	assert_int_equal(s->jobs[0].interval, MINUTES(15));
	assert_int_equal(s->jobs[0].n_accepts, 1);
	s = settings_unref(s);
	/* As it is shipped it says nothing at all. */
	assert_int_equal(config_load("etc/precheckd.conf", hear, &said, &s), 0);
	assert_int_equal(s->n_clouds, 0);
	assert_int_equal(s->n_jobs, 0);
	s = settings_unref(s);
	snprintf(live, sizeof(live), "cloud otc { " CLOUD_LINES " }\n%s", examples);
	assert_int_equal(load(live, &said, &s), 0);
	assert_string_equal(said.text, "");
	assert_int_equal(s->n_jobs, 2);
}

/* What stands behind two # is, each paragraph with the endpoints and a project, a good cloud of its own; there
 * is one of every method. */
static void test_sample_others_work(void **state)
{
	_cleanup_free_ char *text = slurp("etc/precheckd.conf");
	bool seen[_AUTH_METHOD_MAX] = {0};
	char block[2000] = "", *p = text, *line;

	(void)state;
	while ((line = next_line(&p))) {
		if (strncmp(line, "##\t", 3) == 0) {
			size_t len = strlen(block);

			snprintf(block + len, sizeof(block) - len, "%s\n", line + 3);
		} else if (*block) {
			_cleanup_(settings_unrefp) struct settings *s = NULL;
			struct said said;
			char live[3000];

			snprintf(live, sizeof(live),
				"cloud c { iam = https://iam.example drs = https://drs.example\n"
				"project_id = 0123456789abcdef0123456789abcdef\n%s}\n"
				"job j { cloud = c id = " ID1 " }\n",
				block);
			if (load(live, &said, &s) < 0 || said.len > 0)
				fail_msg("%s\n-> %s", live, said.text);
			seen[s->clouds[0].auth] = true;
			*block = '\0';
		}
	}
	for (size_t i = 0; i < _AUTH_METHOD_MAX; i++)
		if (!seen[i])
			fail_msg("auth = %s is missing", auth_table[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_print_again),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_sample_names_all),
		cmocka_unit_test(test_sample_works),
		cmocka_unit_test(test_sample_others_work),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
