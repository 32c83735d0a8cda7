/* test_config.c - precheckd.conf and jobs.d: what is read, from which files, and what it costs. */
#include "config_fixture.h"

#include "log.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>

static void test_defaults(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = load_good(
		CLOUD "job j { cloud = c id = " ID1 " }\n");
	const struct cloud_settings *c = &s->clouds[0];
	const struct job_settings *j = &s->jobs[0];

	(void)state;
	assert_string_equal(s->state_dir, "/var/lib/precheckd");
	assert_int_equal(s->keep_runs, 20);
	assert_int_equal(s->keep_for, DAYS(400));
	assert_int_equal(s->summary, DAYS(1));
	assert_int_equal(s->log_level, LOG_INFO);
	assert_false(s->short_times);
	assert_int_equal(s->n_clouds, 1);
	assert_string_equal(c->name, "c");
	assert_string_equal(c->iam, "https://iam.example");
	assert_string_equal(c->drs, "https://drs.example");
	assert_string_equal(c->project, "p");
	assert_null(c->project_id);
	assert_int_equal(c->auth, AUTH_PASSWORD);
	assert_string_equal(c->user, "u");
	assert_string_equal(c->domain, "d");
	assert_string_equal(c->secret, "credential:c");
	assert_string_equal(c->mark, "");
	assert_null(c->ca_file);
	assert_null(c->proxy);
	assert_int_equal(c->pace, 30);
	assert_int_equal(c->connections, 4);
	assert_int_equal(c->max_runs, 20);
	assert_int_equal(c->timeout, SECONDS(30));
	assert_int_equal(c->backoff_max, MINUTES(10));
	assert_string_equal(c->file, conf);
	assert_int_equal(c->line, 1);
	assert_int_equal(s->n_jobs, 1);
	assert_string_equal(j->name, "j");
	assert_ptr_equal(j->cloud, c);
	assert_string_equal(j->task, ID1);
	assert_int_equal(j->interval, MINUTES(30));
	assert_true(j->check);
	assert_int_equal(j->first_poll, SECONDS(20));
	assert_int_equal(j->settle, SECONDS(60));
	assert_int_equal(j->poll, SECONDS(10));
	assert_int_equal(j->run_limit, MINUTES(30));
	assert_int_equal(j->stale_after, MINUTES(60));
	assert_int_equal(j->remind, DAYS(1));
	assert_string_equal(j->file, conf);
	assert_int_equal(j->line, 2);
	assert_int_equal(s->refs, 1);
}

static void test_everything_given(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = load_good(
		"state_dir = /srv/x\nlog_level = debug\nsummary = never\nkeep_runs = 0\nkeep_for = "
		"10y\n"
		"cloud 'c d' {\n iam = 'HTTP://LocalHost:80/x/'\n drs = http://127.8.9.1:8080//\n"
		" project_id = 0123456789abcdef0123456789abcdef\n auth = password\n user = \"a "
		"\\\"b\\\\\"\n"
		" domain = '\xc3\xa4${x}\\''\n secret = env:S\n ca_file = /x.pem\n"
		" proxy = http://proxy.example:3128/\n pace = 600\n connections = 64\n max_runs = "
		"1000\n"
		" timeout = 5min\n backoff_max = 1h\n}\n"
		"defaults { interval = 2h remind = never check = no }\n"
		"job \"j 1\" { cloud = 'c d' id = '" ID1
		"' interval = 7d first_poll = 2s settle = 3s\n"
		" poll = 4s run_limit = '1h 5min' stale_after = 20d remind = 3h check = on }\n"
		"job j2 { id = " ID2 " cloud = \"c d\" }\n");
	const struct cloud_settings *c = &s->clouds[0];
	const struct job_settings *j = &s->jobs[0];

	(void)state;
	assert_string_equal(s->state_dir, "/srv/x");
	assert_int_equal(s->log_level, LOG_DEBUG);
	assert_int_equal(s->summary, -1);
	assert_int_equal(s->keep_runs, 0);
	assert_int_equal(s->keep_for, SECONDS(315576000));
	assert_string_equal(c->name, "c d");
	assert_string_equal(c->iam, "http://localhost/x");
	assert_string_equal(c->drs, "http://127.8.9.1:8080");
	assert_null(c->project);
	assert_string_equal(c->project_id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(c->user, "a \"b\\");
	assert_string_equal(c->domain, "\xc3\xa4${x}'");
	assert_string_equal(c->secret, "env:S");
	assert_string_equal(c->ca_file, "/x.pem");
	assert_string_equal(c->proxy, "http://proxy.example:3128");
	assert_int_equal(c->pace, 600);
	assert_int_equal(c->connections, 64);
	assert_int_equal(c->max_runs, 1000);
	assert_int_equal(c->timeout, MINUTES(5));
	assert_int_equal(c->backoff_max, HOURS(1));
	assert_int_equal(j->interval, DAYS(7));
	assert_int_equal(j->first_poll, SECONDS(2));
	assert_int_equal(j->settle, SECONDS(3));
	assert_int_equal(j->poll, SECONDS(4));
	assert_int_equal(j->run_limit, MINUTES(65));
	assert_int_equal(j->stale_after, DAYS(20));
	assert_int_equal(j->remind, HOURS(3));
	assert_true(j->check);
	j = &s->jobs[1];
	assert_int_equal(j->interval, HOURS(2));
	assert_int_equal(j->stale_after, HOURS(4));
	assert_int_equal(j->remind, -1);
	assert_false(j->check);
}

static void test_defaults_hold_for_jobs(void **state)
{
	/* Also for jobs that stand before the block, and a cloud behind both. */
	_cleanup_(settings_unrefp) struct settings *s = load_good(
		"job a { id = " ID1 " }\ndefaults { cloud = c stale_after = 3h }\n"
		"job b { id = " ID2 " interval = 1h }\n" CLOUD);

	(void)state;
	assert_ptr_equal(s->jobs[0].cloud, &s->clouds[0]);
	assert_int_equal(s->jobs[0].stale_after, HOURS(3));
	assert_int_equal(s->jobs[1].stale_after, HOURS(3));
	assert_int_equal(s->jobs[1].interval, HOURS(1));
}

static void test_state_directory(void **state)
{
	static const struct {
		const char *variable, *text, *dir;
	} table[] = {
		{"/var/lib/a", "", "/var/lib/a"},
		{"/var/lib/a:/var/lib/b", "", "/var/lib/a"},
		{"", "", "/var/lib/precheckd"},
		{"relative", "", "/var/lib/precheckd"},
		{"/var/lib/a", "state_dir = /given\n", "/given"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		_cleanup_(settings_unrefp) struct settings *s = NULL;

		setenv("STATE_DIRECTORY", table[i].variable, 1);
		s = load_good(table[i].text);
		assert_string_equal(s->state_dir, table[i].dir);
	}
	unsetenv("STATE_DIRECTORY");
}

static void test_empty(void **state)
{
	static const char *const texts[] = {
		"", "\n", "# only\n", "/* c */", "\xef\xbb\xbf# mark\r\n", "// x"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		_cleanup_(settings_unrefp) struct settings *s = NULL;
		struct said said;

		assert_int_equal(load(texts[i], &said, &s), 0);
		assert_int_equal(s->n_jobs, 0);
		assert_string_equal(said.text, "W p.conf: there are no jobs, nothing is watched\n");
	}
}

static void put_extra(const char *name, const char *text)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", extra, name);
	put(path, text);
}

static void drop_extra(const char *name)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", extra, name);
	assert_int_equal(remove(path), 0);
}

static void test_jobs_d(void **state)
{
	struct settings *s = NULL;
	char first[PATH_MAX + 32];
	struct said said;

	(void)state;
	assert_int_equal(mkdir(extra, 0700), 0);
	put_extra("20-b.conf", "job b { cloud = c id = " ID2 " }\n");
	put_extra("10-a.conf", "\n\njob a { cloud = e id = " ID1 " }\n");
	put_extra("5.conf",
		"cloud e { iam = https://x drs = https://y user = u domain = d secret = env:S "
		"project = p }\n");
	put_extra(".hidden.conf", "nix\n");
	put_extra("a.conf.dpkg-old", "nix\n");
	put_extra("a.conf~", "nix\n");
	put_extra(".conf", "nix\n");
	put_extra("README", "nix\n");
	assert_int_equal(load(CLOUD, &said, &s), 0);
	assert_string_equal(said.text, "");
	/* In name order: "10" before "20" before "5". */
	assert_int_equal(s->n_jobs, 2);
	assert_string_equal(s->jobs[0].name, "a");
	assert_string_equal(s->jobs[1].name, "b");
	snprintf(first, sizeof(first), "%s/10-a.conf", extra);
	assert_string_equal(s->jobs[0].file, first);
	assert_int_equal(s->jobs[0].line, 3);
	assert_ptr_equal(s->jobs[0].cloud, &s->clouds[1]);
	s = settings_unref(s);

	/* The first syntax error of each file, the values of all, duplicates over files. */
	put_extra("10-a.conf", "state_dir = /x\ndefaults { }\njob a { cloud = c id = " ID1
			       " poll = x }\nnix = 1\n");
	put_extra("20-b.conf", "job b { cloud = nowhere id = " ID2 " }\nfoo = 1\nbar = 2\n");
	assert_int_equal(load(CLOUD "job a { cloud = c id = " ID1 " }\n", &said, &s), -EINVAL);
	assert_int_equal(said.errors, 7);
	assert_non_null(strstr(said.text, "E jobs.d/10-a.conf:4: unknown option 'nix'\n"));
	assert_non_null(strstr(said.text, "E jobs.d/20-b.conf:2: unknown option 'foo'\n"));
	assert_non_null(strstr(said.text,
		"E jobs.d/10-a.conf:1: option 'state_dir' stands in precheckd.conf only\n"));
	assert_non_null(strstr(said.text,
		"E jobs.d/10-a.conf:2: defaults: this block stands in precheckd.conf only\n"));
	assert_non_null(strstr(said.text, "E jobs.d/10-a.conf:3: job \"a\": poll 'x' is not"));
	assert_non_null(strstr(said.text,
		"E jobs.d/10-a.conf:3: job \"a\": a block of this name stands already in "));
	assert_non_null(strstr(said.text, "E jobs.d/10-a.conf:3: job \"a\": task " ID1 " at"));

	drop_extra("10-a.conf");
	drop_extra("20-b.conf");
	drop_extra("5.conf");
	drop_extra(".hidden.conf");
	drop_extra("a.conf.dpkg-old");
	drop_extra("a.conf~");
	drop_extra(".conf");
	drop_extra("README");
	assert_int_equal(rmdir(extra), 0);
	assert_null(s);
}

static void test_unreadable(void **state)
{
	char path[PATH_MAX + 32];
	struct settings *s = NULL;
	struct said said = {0};

	(void)state;
	unlink(conf);
	assert_int_equal(config_load(conf, hear, &said, &s), -ENOENT);
	assert_string_equal(said.text, "E p.conf: cannot be read: No such file or directory\n");
	said = (struct said){0};
	assert_int_equal(config_load(dir, hear, &said, &s), -EISDIR);
	assert_int_equal(said.errors, 1);
	/* A link to nothing and a directory, as they fail for root as well; the rest is read nevertheless. */
	assert_int_equal(mkdir(extra, 0700), 0);
	put_extra("z.conf", "keep_runs = 1\n");
	snprintf(path, sizeof(path), "%s/a.conf", extra);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(load("job j { cloud = c id = " ID1 " }\n", &said, &s), -EINVAL);
	assert_string_equal(said.text,
		"E jobs.d/a.conf: cannot be read: No such file or directory\n"
		"E jobs.d/z.conf:1: option 'keep_runs' stands in precheckd.conf only\n");
	drop_extra("a.conf");
	drop_extra("z.conf");
	snprintf(path, sizeof(path), "%s/b.conf", extra);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load("", &said, &s), -EINVAL);
	assert_string_equal(said.text, "E jobs.d/b.conf: cannot be read: Is a directory\n");
	drop_extra("b.conf");
	assert_int_equal(rmdir(extra), 0);
	put(extra, "no directory");
	assert_int_equal(load("", &said, &s), -EINVAL);
	assert_string_equal(said.text, "E jobs.d: cannot be read: Not a directory\n");
	unlink(extra);
	assert_null(s);
}

static void test_relative_path(void **state)
{
	char here[PATH_MAX];
	struct settings *s = NULL;
	struct said said = {0};

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(mkdir(extra, 0700), 0);
	put_extra("a.conf", "job a { cloud = c id = " ID1 " }\n");
	put(conf, CLOUD);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(config_load("p.conf", hear, &said, &s), 0);
	assert_int_equal(chdir(here), 0);
	assert_int_equal(s->n_jobs, 1);
	assert_string_equal(s->jobs[0].file, "jobs.d/a.conf");
	settings_unref(s);
	drop_extra("a.conf");
	assert_int_equal(rmdir(extra), 0);
}

static void test_too_large(void **state)
{
	struct settings *s = NULL;
	struct said said = {0};
	FILE *f = fopen(conf, "w");

	(void)state;
	for (int i = 0; i < 17 * 1024; i++)
		fprintf(f, "%1023s\n", "#");
	assert_int_equal(fclose(f), 0);
	assert_int_equal(config_load(conf, hear, &said, &s), -EFBIG);
	assert_string_equal(said.text, "E p.conf: cannot be read: File too large\n");
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_leak(void **state)
{
	static const char *const texts[] = {
		"/* open",
		"nix = 1",
		CLOUD "job j { cloud = c id = x }",
		"job a { job b { } }",
		"cloud c { secret = a b }",
		"job a = b",
		"log_level = \"",
		"include(\"x\")",
		"job a { accept x { until = y",
		"job a { accept x { until = y } nix = 1",
		"job a { accept x { reason = z nix = 1",
		CLOUD "job j { cloud = c id = " ID1 " accept '' { until = x reason = '' } }",
		CLOUD "defaults { cloud = c accept a { until = 2020-01-01 reason = x by = y "
		      "failed_reason = z } } job j { id = " ID1
		      " accept b { until = 2020-01-01 reason = x by = y } accept b { } }",
		CLOUD "defaults { cloud = c accept a { until = 2020-01-01 reason = x by = y "
		      "failed_reason = z } } job j { id = " ID1
		      " accept b { until = 2020-01-01 reason = x by = y } }",
	};
	enum {
		WARM = 200,
		MEASURED = 400
	};
	size_t used = 0;
	unsigned fds = 0;

	(void)state;
	for (unsigned i = 0; i < WARM + MEASURED; i++)
		for (size_t k = 0; k < ELEMENTSOF(texts); k++) {
			struct settings *s = NULL;
			struct said said;
			int r = load(texts[k], &said, &s);

			assert_int_equal(r == 0, k == ELEMENTSOF(texts) - 1);
			settings_unref(s);
			if (i == WARM - 1 && k == ELEMENTSOF(texts) - 1) {
				fds = open_fds();
				used = mallinfo2().uordblks;
			}
		}
	assert_int_equal(open_fds(), fds);
	/* malloc's caches fill at first and move a little later; a leak is 32 bytes a load at least. */
	assert_true(mallinfo2().uordblks < used + 16 * MEASURED);
}

static void test_thousand_jobs(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = NULL;
	struct said said = {0};
	FILE *f = fopen(conf, "w");

	(void)state;
	fprintf(f, CLOUD "defaults { cloud = c }\n");
	for (int i = 0; i < 1000; i++)
		fprintf(f, "# job %d\njob job-%d {\n\tid = 8a7f0d5e-1c2b-4f3a-9e8d-%012d\n}\n", i,
			i, i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(config_load(conf, hear, &said, &s), 0);
	assert_int_equal(s->n_jobs, 1000);
	assert_string_equal(s->jobs[999].name, "job-999");
	assert_int_equal(s->jobs[999].line, 2 + 999 * 4 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_given),
		cmocka_unit_test(test_defaults_hold_for_jobs),
		cmocka_unit_test(test_state_directory),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_jobs_d),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_relative_path),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_no_leak),
		cmocka_unit_test(test_thousand_jobs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
