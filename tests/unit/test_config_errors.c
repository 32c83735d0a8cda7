/* test_config_errors.c - what is refused in precheckd.conf, and in which words: one text, all that is said of
 * it. */
#include "config_fixture.h"

static void test_syntax(void **state)
{
	static const struct refusal table[] = {
		{"# a\n// b\n/* c\n*/ /* d */ nix = 1\n", "E p.conf:4: unknown option 'nix'\n"},
		{"log_level = info\n\n/* c\n\nlog_level = debug\n",
			"E p.conf:3: comment is never closed, '*/' is missing\n"},
		{"/*/\n", "E p.conf:1: comment is never closed, '*/' is missing\n"},
		{"\nstate_dir = \"/x\nlog_level = info\n",
			"E p.conf:2: string is not closed on its line, \" is missing\n"},
		{"state_dir = '/x\nlog_level = info'\n",
			"E p.conf:1: string is not closed on its line, ' is missing\n"},
		{"state_dir = \"/x\\",
			"E p.conf:1: in a string a backslash only goes before \" or another "
			"backslash\n"},
		{"state_dir = \"/a\\x00b\"\n",
			"E p.conf:1: in a string a backslash only goes before \" or "
			"another backslash\n"},
		{"state_dir = '/a\\\"'\n",
			"E p.conf:1: in a string a backslash only goes before ' or another "
			"backslash\n"},
		{"state_dir = \"/a${HOME}\"\n",
			"E p.conf:1: '${' is not replaced from the environment; to "
			"mean it as text, use single quotes\n"},
		{"state_dir = ${HOME}\n",
			"E p.conf:1: '${' is not replaced from the environment\n"},
		{"state_dir = /a*b\n",
			"E p.conf:1: unexpected '*', a value with this character needs quotes\n"},
		{"state_dir = \"/a\tb\"\n",
			"E p.conf:1: string holds the control character 0x09\n"},
		{"state_dir = \"/a\001b\"\n",
			"E p.conf:1: string holds the control character 0x01\n"},
		{"\001 = 1\n", "E p.conf:1: unexpected control character 0x01\n"},
		{"\"\001\" = 1\n", "E p.conf:1: string holds the control character 0x01\n"},
		{"state_dir = /a\rb\n", "E p.conf:1: unexpected control character 0x0d\n"},
		{"\n\nstate_dir = \"/\xff\"\n", "E p.conf:3: text is not valid UTF-8\n"},
		{"}\n", "E p.conf:1: unexpected '}', no block is open here\n"},
		{"\ncloud c {\n iam = https://x\n",
			"E p.conf:2: block begins here and is never closed, '}' is missing\n"},
		{CLOUD "job a {\n id = " ID1 "\njob b {\n}\n",
			"E p.conf:2: block begins here and is never closed, '}' is missing\n"},
		{"log_level =\n", "E p.conf:1: premature end of file\n"},
		{"log_level info\n", "E p.conf:1: missing equal sign after option 'log_level'\n"},
		{"log_level += info\n",
			"E p.conf:1: attempt to append to non-list option 'log_level'\n"},
		{"log_level = { info }\n", "E p.conf:1: unexpected token '{'\n"},
		{"job { id = x }\n", "E p.conf:1: missing title for section 'job'\n"},
		{"job a = b\n", "E p.conf:1: missing opening brace for section 'job'\n"},
		{"defaults x { }\n", "E p.conf:1: missing opening brace for section 'defaults'\n"},
		{"include(\"/etc/passwd\")\n", "E p.conf:1: there is no include(), the files "
					       "jobs.d/*.conf are read by themselves\n"},
	};

	(void)state;
	check_refusals(table, ELEMENTSOF(table));
}

static void test_nul(void **state)
{
	struct settings *s = NULL;
	struct said said = {0};

	(void)state;
	put_bytes(conf, "log_level = info\n\0log_level", 27);
	assert_int_equal(config_load(conf, hear, &said, &s), -EINVAL);
	assert_string_equal(said.text, "E p.conf:2: unexpected control character 0x00\n");
	said = (struct said){0};
	put_bytes(conf, "state_dir = \"/a\0b\"\n", 19);
	assert_int_equal(config_load(conf, hear, &said, &s), -EINVAL);
	assert_string_equal(said.text, "E p.conf:1: string holds the control character 0x00\n");
	assert_null(s);
}

static void test_unknown_options(void **state)
{
	static const struct refusal table[] = {
		{"job \"shop-db\" {\n\n intervall = 5min\n}\n",
			"E p.conf:3: unknown option 'intervall' in job \"shop-db\"; did you mean "
			"'interval'?\n"},
		{"defaults { pol = 5min }\n",
			"E p.conf:1: unknown option 'pol' in defaults; did you mean 'poll'?\n"},
		{"cloud c { usre = x }\n",
			"E p.conf:1: unknown option 'usre' in cloud \"c\"; did you mean 'user'?\n"},
		{"cloud c { zebra = x }\n", "E p.conf:1: unknown option 'zebra' in cloud \"c\"\n"},
		{"clouds c { }\n", "E p.conf:1: unknown option 'clouds'; did you mean 'cloud'?\n"},
		{"jop c { }\n", "E p.conf:1: unknown option 'jop'; did you mean 'job'?\n"},
		{"interval = 5min\n", "E p.conf:1: unknown option 'interval'; it belongs into a "
				      "defaults block\n"},
		{"job j { pace = 5 }\n", "E p.conf:1: unknown option 'pace' in job \"j\"; it "
					 "belongs into a cloud block\n"},
		{"cloud c { log_level = info }\n",
			"E p.conf:1: unknown option 'log_level' in cloud \"c\"; it "
			"stands at the top, outside of all blocks\n"},
		{"defaults { id = x }\n", "E p.conf:1: unknown option 'id' in defaults; it belongs "
					  "into a job block\n"},
		{"job a { job b { } }\n",
			"E p.conf:1: unknown option 'job' in job \"a\"; blocks do not stand in "
			"blocks, is a '}' missing before it?\n"},
		{"cloud c { insecure = yes }\n",
			"E p.conf:1: TLS is always verified; to trust another "
			"authority, name it by ca_file\n"},
		{"cloud c { password = hunter2 }\n",
			"E p.conf:1: a password does not stand here; its place "
			"does: secret = \"credential:NAME\"\n"},
		{"cloud c { secret_key = hunter2 }\n",
			"E p.conf:1: a secret key does not stand here; its place does: secret = "
			"\"credential:NAME\"\n"},
		{"cloud c { secret_access_key = hunter2 }\n",
			"E p.conf:1: a secret key does not stand here; its place does: secret = "
			"\"credential:NAME\"\n"},
		{"cloud c { token = hunter2 }\n",
			"E p.conf:1: a token does not stand here; its place does: secret = "
			"\"file:PATH\"\n"},
		{"cloud c { auth_url = x }\n",
			"E p.conf:1: what others call auth_url is iam here, without /v3\n"},
		{"cloud c { username = x }\n",
			"E p.conf:1: what others call username is user here\n"},
		{"cloud c { project_name = x }\n",
			"E p.conf:1: what others call project_name is project here\n"},
		{"cloud c { user_domain_name = x }\n",
			"E p.conf:1: what others call user_domain_name is domain here\n"},
		{"cloud c { domain_name = x }\n",
			"E p.conf:1: what others call domain_name is domain here\n"},
		{"cloud c { access_key_id = x }\n",
			"E p.conf:1: what others call access_key_id is access_key here\n"},
		{"defaults { interval = 30 min }\n",
			"E p.conf:1: unexpected text behind the value of "
			"'interval'; a value with spaces needs quotes\n"},
		{"cloud c { secret = my hunter2 }\n",
			"E p.conf:1: unexpected text behind the value of "
			"'secret'; a value with spaces needs quotes\n"},
		{"'a\xe2\x80\xae' = 1\n", "E p.conf:1: unknown option 'a\\u{202E}'\n"},
		{"'' = 1\n", "E p.conf:1: an option without a name\n"},
		{"'cloud|iam' = 1\n", "E p.conf:1: no sub-section title/index for 'cloud'\n"},
		{"Log_Level = info\n",
			"E p.conf:1: unknown option 'Log_Level'; did you mean 'log_level'?\n"},
	};

	(void)state;
	check_refusals(table, ELEMENTSOF(table));
}

/* A value in an else good configuration; NULL: accepted. */
static void test_values(void **state)
{
	static const struct {
		const char *block, *option, *said;
	} table[] = {
		{"", "summary = 59min", "summary '59min' is below the least, 1h"},
		{"", "summary = 31d", "summary '31d' is above the most, 30d"},
		{"", "summary = 1h", NULL},
		{"", "summary = 30d", NULL},
		{"", "summary = always",
			"summary 'always' is not a time such as 90s, 30min or 1h 30min, nor never"},
		{"", "keep_for = never",
			"keep_for 'never' is not a time such as 90s, 30min or 1h 30min"},
		{"", "keep_for = 6d", "keep_for '6d' is below the least, 7d"},
		{"", "keep_for = 11y", "keep_for '11y' is above the most, 10y"},
		{"", "keep_for = 99999999999y",
			"keep_for '99999999999y' is not a time such as 90s, 30min or "
			"1h 30min"},
		{"", "keep_runs = 1000", NULL},
		{"", "keep_runs = 1001", "keep_runs '1001' is above the most, 1000"},
		{"", "keep_runs = 18446744073709551616",
			"keep_runs '18446744073709551616' is above the most, 1000"},
		{"", "keep_runs = -1", "keep_runs '-1' is not a whole number"},
		{"", "keep_runs = 1.5", "keep_runs '1.5' is not a whole number"},
		{"", "keep_runs = 0x10", "keep_runs '0x10' is not a whole number"},
		{"", "keep_runs = ''", "keep_runs '' is not a whole number"},
		{"", "log_level = loud",
			"log_level 'loud' is not known here, only: err warning notice info debug"},
		{"", "log_level = 'err warning'",
			"log_level 'err warning' is not known here, only: err warning "
			"notice info debug"},
		{"", "log_level = ''",
			"log_level '' is not known here, only: err warning notice info debug"},
		{"", "log_level = inf",
			"log_level 'inf' is not known here, only: err warning notice info debug"},
		{"", "state_dir = relative", "state_dir 'relative' is not an absolute path"},
		{"", "state_dir = ''", "state_dir '' is not an absolute path"},
		{"", "short_times = maybe", "short_times 'maybe' is neither yes nor no"},
		{"", "short_times = Yes", "short_times 'Yes' is neither yes nor no"},
		{"cloud", "iam = https://a.b:8443/x", NULL},
		{"cloud", "iam = https://a.b/v3",
			"iam 'https://a.b/v3' ends in /v3, leave that out, it is added"},
		{"cloud", "iam = https://a.b/v3/",
			"iam 'https://a.b/v3/' ends in /v3, leave that out, it is added"},
		{"cloud", "iam = a.b", "iam 'a.b' is not a URL that begins with https://"},
		{"cloud", "iam = ftp://a.b",
			"iam 'ftp://a.b' is not a URL that begins with https://"},
		{"cloud", "iam = ''", "iam '' is not a URL that begins with https://"},
		{"cloud", "iam = https://", "iam 'https://' has no valid host name"},
		{"cloud", "iam = https:///x", "iam 'https:///x' has no valid host name"},
		{"cloud", "iam = https://a_b", NULL},
		{"cloud", "iam = 'https://a b'", "iam 'https://a b' has no valid host name"},
		{"cloud", "iam = 'https://\xc3\xa4.de'",
			"iam 'https://\xc3\xa4.de' has no valid host name"},
		{"cloud", "iam = https://a:0", "iam 'https://a:0' has no valid port"},
		{"cloud", "iam = https://a:65535", NULL},
		{"cloud", "iam = https://a:65536", "iam 'https://a:65536' has no valid port"},
		{"cloud", "iam = https://a:", "iam 'https://a:' has no valid port"},
		{"cloud", "iam = https://a:8x", "iam 'https://a:8x' has no valid port"},
		{"cloud", "iam = 'https://a/b c'", "iam 'https://a/b c' has no valid path"},
		{"cloud", "iam = https://a/b?c",
			"iam 'https://a/b?c' has a query or fragment, which does not belong "
			"here"},
		{"cloud", "iam = 'https://a/b#c'",
			"iam 'https://a/b#c' has a query or fragment, which does not "
			"belong here"},
		{"cloud", "iam = https://u:hunter2@a",
			"iam holds an '@': user names and passwords do not belong "
			"into a URL"},
		{"cloud", "proxy = http://u:hunter2@a",
			"proxy holds an '@': user names and passwords do not "
			"belong into a URL"},
		{"cloud", "proxy = http://a:3128/x",
			"proxy 'http://a:3128/x' has a path, which a proxy has not"},
		{"cloud", "proxy = socks5://a",
			"proxy 'socks5://a' is not a URL that begins with https://"},
		{"cloud", "proxy = http://a.b:3128", NULL},
		{"cloud", "iam = http://localhost:1", NULL},
		{"cloud", "iam = http://127.0.0.1:1", NULL},
		{"cloud", "iam = http://127.255.255.254", NULL},
		{"cloud", "iam = 'http://[::1]:1'", NULL},
		{"cloud", "iam = 'https://[2001:db8::1]/x'", NULL},
		{"cloud", "iam = http://a.b",
			"iam 'http://a.b' must be https; http is for this machine itself only"},
		{"cloud", "iam = http://128.0.0.1",
			"iam 'http://128.0.0.1' must be https; http is for this machine itself "
			"only"},
		{"cloud", "iam = http://localhost.evil",
			"iam 'http://localhost.evil' must be https; http is for this machine "
			"itself only"},
		{"cloud", "iam = http://127.0.0.1.evil",
			"iam 'http://127.0.0.1.evil' must be https; http is for this machine "
			"itself only"},
		{"cloud", "iam = http://127.1",
			"iam 'http://127.1' must be https; http is for this machine itself only"},
		{"cloud", "iam = 'http://[::2]'",
			"iam 'http://[::2]' must be https; http is for this machine itself only"},
		{"cloud", "iam = 'http://[::1'", "iam 'http://[::1' has no valid host name"},
		{"cloud", "iam = 'http://[::1]x'", "iam 'http://[::1]x' has no valid path"},
		{"cloud", "iam = 'http://[localhost]'",
			"iam 'http://[localhost]' has no valid host name"},
		{"cloud", "secret = hunter2",
			"secret is not usable: a secret is named by its place, "
			"credential:NAME, file:PATH or env:NAME; the secret itself must not "
			"stand here"},
		{"cloud", "secret = file:hunter2",
			"secret is not usable: file:PATH needs an absolute path"},
		{"cloud", "secret = credential:a/hunter2",
			"secret is not usable: credential:NAME needs the name "
			"of a credential, without '/'"},
		{"cloud", "secret = 'env:hunter2 x'",
			"secret is not usable: env:NAME needs the name of an "
			"environment variable"},
		{"cloud", "secret = file:/x", NULL},
		{"cloud", "auth = token",
			"auth 'token' is not known here, only: password aksk ecs-agency "
			"assume-role token-file clouds-yaml"},
		{"cloud", "user = ''", "user is empty"},
		{"cloud", "ca_file = x.pem", "ca_file 'x.pem' is not an absolute path"},
		{"cloud", "pace = 0", "pace '0' is below the least, 1"},
		{"cloud", "pace = 601", "pace '601' is above the most, 600"},
		{"cloud", "connections = 65", "connections '65' is above the most, 64"},
		{"cloud", "max_runs = 0", "max_runs '0' is below the least, 1"},
		{"cloud", "max_runs = 1001", "max_runs '1001' is above the most, 1000"},
		{"cloud", "timeout = 999ms", "timeout '999ms' is below the least, 1s"},
		{"cloud", "timeout = 301s", "timeout '301s' is above the most, 5min"},
		{"cloud", "backoff_max = 9s", "backoff_max '9s' is below the least, 10s"},
		{"cloud", "backoff_max = 61min", "backoff_max '61min' is above the most, 1h"},
		{"job", "interval = 299s", "interval '299s' is below the least, 5min"},
		{"job", "interval = 5min", NULL},
		{"job", "interval = 8d", "interval '8d' is above the most, 7d"},
		{"job", "interval = never",
			"interval 'never' is not a time such as 90s, 30min or 1h 30min"},
		{"job", "interval = ''",
			"interval '' is not a time such as 90s, 30min or 1h 30min"},
		{"job", "check = 2", "check '2' is neither yes nor no"},
		{"job", "first_poll = 500ms", "first_poll '500ms' is below the least, 1s"},
		{"job", "settle = 61min", "settle '61min' is above the most, 1h"},
		{"job", "poll = 11min", "poll '11min' is above the most, 10min"},
		{"job", "run_limit = 59s", "run_limit '59s' is below the least, 1min"},
		{"job", "run_limit = 25h", "run_limit '25h' is above the most, 1d"},
		{"job", "stale_after = 4min", "stale_after '4min' is below the least, 5min"},
		{"job", "remind = never", NULL},
		{"job", "remind = 5min", "remind '5min' is below the least, 1h"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		bool top = table[i].block[0] == '\0', cloud = strcmp(table[i].block, "cloud") == 0;
		char text[2048], expect[1024];
		struct settings *s = NULL;
		struct said said;
		int r;

		/* An option of the good configuration gives way to the one of the row. */
		snprintf(text, sizeof(text),
			"%s\ncloud c {\n%s\n%s %s drs = https://drs.example project = p domain = "
			"d\n%s }\n"
			"job j { id = " ID1 " cloud = c\n%s\n}\n",
			top ? table[i].option : "", cloud ? table[i].option : "",
			cloud && strncmp(table[i].option, "iam", 3) == 0
				? ""
				: "iam = https://iam.example",
			cloud && strncmp(table[i].option, "user", 4) == 0 ? "" : "user = u",
			cloud && strncmp(table[i].option, "secret", 6) == 0 ? "" : "secret = env:S",
			!top && !cloud ? table[i].option : "");
		r = load(text, &said, &s);
		if (table[i].said)
			snprintf(expect, sizeof(expect), "E p.conf:%d: %s%s\n",
				top     ? 1
				: cloud ? 3
					: 7,
				top     ? ""
				: cloud ? "cloud \"c\": "
					: "job \"j\": ",
				table[i].said);
		if (table[i].said ? r != -EINVAL || strcmp(said.text, expect) != 0
				  : r != 0 || said.errors > 0)
			fail_msg("%s: %d %s", table[i].option, r, said.text);
		settings_unref(s);
	}
}

static void test_bad_ids(void **state)
{
	static const struct refusal table[] = {
		{CLOUD "job j { cloud = c id = 8A7f0d5e-1c2b-4f3a-9e8d-0123456jb101 }\n",
			"E p.conf:2: job \"j\": id '8A7f0d5e-1c2b-4f3a-9e8d-0123456jb101' is not a "
			"task id "
			"(8-4-4-4-12 digits and lower case letters)\n"},
		{"cloud c { iam = https://a drs = https://b user = u domain = d secret = env:S\n"
		 "project_id = eu-de }\njob j { cloud = c id = " ID1 " }",
			"E p.conf:2: cloud \"c\": project_id 'eu-de' is not a project id (32 "
			"digits and letters a "
			"to f); a name goes to 'project'\n"},
		{"cloud c { iam = https://a drs = https://b user = u domain = d secret = env:S\n"
		 "project_id = 0123456789abcdef0123456789abcdeF }\njob j { cloud = c id = " ID1
		 " }",
			"E p.conf:2: cloud \"c\": project_id '0123456789abcdef0123456789abcdeF' is "
			"not a project "
			"id (32 digits and letters a to f); a name goes to 'project'\n"},
	};

	(void)state;
	check_refusals(table, ELEMENTSOF(table));
}

static void test_references(void **state)
{
	static const struct refusal table[] = {
		{"job j {\n}\n",
			"E p.conf:1: job \"j\": option 'id' is missing (id of the DRS task)\n"
			"E p.conf:1: job \"j\": option 'cloud' is missing (name of the cloud block "
			"that "
			"the task belongs to)\n"},
		{CLOUD "\njob j {\n id = " ID1 "\n cloud = d\n}\n",
			"E p.conf:5: job \"j\": there is no cloud \"d\"; did you mean \"c\"?\n"},
		{CLOUD "\njob j {\n id = " ID1 "\n cloud = zebra\n}\n",
			"E p.conf:5: job \"j\": there is no cloud \"zebra\"\n"},
		{"job j { id = " ID1 " cloud = c }\n",
			"E p.conf:1: job \"j\": there is no cloud \"c\"\n"},
		/* Said once, where it stands, not for each job. */
		{CLOUD "defaults {\n cloud = otc\n}\njob j { id = " ID1 " }\njob k { id = " ID2
		       " }\n",
			"E p.conf:3: defaults: there is no cloud \"otc\"\n"},
		{CLOUD "defaults {\n cloud = c\n interval = 1s\n}\njob j { id = " ID1
		       " }\njob k { id = " ID2 " }\n",
			"E p.conf:4: defaults: interval '1s' is below the least, 5min\n"},
		{"cloud c {\n}\n",
			"E p.conf:1: cloud \"c\": option 'drs' is missing (DRS endpoint, without "
			"/v3)\n"
			"E p.conf:1: cloud \"c\": auth = password needs iam (IAM endpoint, without "
			"/v3)\n"
			"E p.conf:1: cloud \"c\": auth = password needs user (name of the IAM "
			"user) "
			"and domain (the user's domain, also called account), or user_id (id of "
			"the IAM user)\n"
			"E p.conf:1: cloud \"c\": auth = password needs secret (where the password "
			"is kept)\n"
			"E p.conf:1: cloud \"c\": auth = password needs project (name of the "
			"project), or project_id (id of the project)\n"
			"W p.conf: there are no jobs, nothing is watched\n"},
		{"cloud c { " CLOUD_LINES "\nproject_id = 0123456789abcdef0123456789abcdef }\n"
		 "job j { cloud = c id = " ID1 " }",
			"E p.conf:2: cloud \"c\": 'project' and 'project_id' are both given, one "
			"of them is "
			"enough\n"},
		{CLOUD "job j {\n cloud = c\n id = " ID1 "\n cloud = c\n}\n",
			"E p.conf:5: option 'cloud' stands here for the second time, the first is "
			"on line 3\n"},
		{"log_level = info\nlog_level = debug\n" CLOUD "job j { cloud = c id = " ID1 " }",
			"E p.conf:2: option 'log_level' stands here for the second time, the first "
			"is on line 1\n"},
	};

	(void)state;
	check_refusals(table, ELEMENTSOF(table));
}

static void test_duplicates(void **state)
{
	static const struct refusal table[] = {
		{CLOUD "job j { cloud = c id = " ID1 " }\n\njob j { cloud = c id = " ID2 " }\n",
			"E p.conf:4: job \"j\": a block of this name stands already in "
			"DIR/p.conf:2\n"},
		{CLOUD "cloud c { iam = https://a drs = https://b user = u domain = d secret = "
		       "env:S project = x "
		       "}\njob j { cloud = c id = " ID1 " }\n",
			"E p.conf:2: cloud \"c\": a block of this name stands already in "
			"DIR/p.conf:1\n"},
		{CLOUD "job j { cloud = c id = " ID1 " }\njob k { cloud = c id = " ID1 " }\n",
			"E p.conf:3: job \"k\": task " ID1
			" at https://drs.example is watched already by job \"j\" "
			"(DIR/p.conf:2)\n"},
		/* Another cloud, the endpoint in another spelling. */
		{CLOUD "cloud b { iam = https://x drs = 'HTTPS://DRS.example:443//' user = v "
		       "domain = d "
		       "secret = env:S project = q }\n"
		       "job j { cloud = c id = " ID1 " }\njob k { cloud = b id = " ID1 " }\n"
		       "job l { cloud = b id = " ID1 " }\n",
			"E p.conf:4: job \"k\": task " ID1
			" at https://drs.example is watched already by job \"j\" "
			"(DIR/p.conf:3)\n"
			"E p.conf:5: job \"l\": task " ID1
			" at https://drs.example is watched already by job \"j\" "
			"(DIR/p.conf:3)\n"},
		{CLOUD "cloud e { " CLOUD_LINES " }\njob j { cloud = c id = " ID1 " }\n",
			"E p.conf:2: cloud \"e\": the same endpoints, login and project as cloud "
			"\"c\" (DIR/p.conf:1); "
			"use one block for both\n"},
		{CLOUD "defaults { }\ndefaults { }\njob j { cloud = c id = " ID1 " }\n",
			"E p.conf:3: defaults: there is such a block already in DIR/p.conf:2\n"},
		{CLOUD "job 'a\xe2\x80\xae' { cloud = c id = " ID1 " }\n",
			"E p.conf:2: job \"a\\u{202E}\": its name holds characters that cannot be "
			"shown\n"},
		{CLOUD "job '' { cloud = c id = " ID1 " }\n",
			"E p.conf:2: job \"\": its name has no or more than 128 bytes\n"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char said[4096] = "";
		struct refusal row = {table[i].text, said};

		/* The directory's name is not known before. */
		for (const char *p = table[i].said; *p;) {
			const char *mark = strstr(p, "DIR/");
			size_t len = mark ? (size_t)(mark - p) : strlen(p), have = strlen(said);

			snprintf(said + have, sizeof(said) - have, "%.*s%s", (int)len, p,
				mark ? dir : "");
			p += len + (mark ? 3 : 0);
		}
		check_refusals(&row, 1);
	}
}

/* The same task in another region is another task. */
static void test_same_id_elsewhere(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = load_good(
		CLOUD "cloud b { iam = https://x drs = https://other user = v domain = d "
		      "secret = env:S project = q }\n"
		      "job j { cloud = c id = " ID1 " }\njob k { cloud = b id = " ID1 " }\n");

	(void)state;
	assert_int_equal(s->n_jobs, 2);
}

static void test_all_errors_at_once(void **state)
{
	static const struct refusal table[] = {
		{"keep_runs = x\ncloud c {\n iam = x\n drs = y\n project = p\n user = u\n domain = "
		 "d\n secret = s\n"
		 "}\njob j {\n cloud = d\n id = i\n interval = 1s\n poll = x\n}\n",
			"E p.conf:1: keep_runs 'x' is not a whole number\n"
			"E p.conf:3: cloud \"c\": iam 'x' is not a URL that begins with https://\n"
			"E p.conf:4: cloud \"c\": drs 'y' is not a URL that begins with https://\n"
			"E p.conf:8: cloud \"c\": secret is not usable: a secret is named by its "
			"place, "
			"credential:NAME, file:PATH or env:NAME; the secret itself must not stand "
			"here\n"
			"E p.conf:12: job \"j\": id 'i' is not a task id (8-4-4-4-12 digits and "
			"lower case "
			"letters)\n"
			"E p.conf:13: job \"j\": interval '1s' is below the least, 5min\n"
			"E p.conf:14: job \"j\": poll 'x' is not a time such as 90s, 30min or 1h "
			"30min\n"
			"E p.conf:11: job \"j\": there is no cloud \"d\"; did you mean \"c\"?\n"},
		/* Behind a syntax error values are judged, references not: the cloud may stand in the rest. */
		{"keep_runs = x\njob j { id = " ID1 "\n cloud = c\n}\nnix = 1\n" CLOUD,
			"E p.conf:5: unknown option 'nix'\n"
			"E p.conf:1: keep_runs 'x' is not a whole number\n"},
	};

	(void)state;
	check_refusals(table, ELEMENTSOF(table));
}

static void test_warnings(void **state)
{
	static const struct {
		const char *text, *said;
	} table[] = {
		{CLOUD "job j { cloud = c id = " ID1 " }", ""},
		{CLOUD, "W p.conf: there are no jobs, nothing is watched\n"},
		{CLOUD "cloud e { iam = https://x drs = https://y user = u domain = d secret = "
		       "env:S project = p }\n"
		       "job j { cloud = c id = " ID1 " }",
			"W p.conf:2: cloud \"e\" has no jobs\n"},
		{"short_times = yes\n" CLOUD "job j { cloud = c id = " ID1
		 " interval = 20ms settle = 10ms }",
			"W p.conf:1: short_times is on: times may be as short as 10ms; never use "
			"this with a real "
			"cloud\n"},
		{CLOUD "job j { cloud = c id = " ID1 "\nrun_limit = 1min }",
			"W p.conf:3: job \"j\": run_limit is not above settle, a pre-check may be "
			"told as overdue "
			"at once\n"},
		{CLOUD "job j { cloud = c id = " ID1 "\nrun_limit = 3min first_poll = 3min }",
			"W p.conf:3: job \"j\": run_limit is not above first_poll and poll, each "
			"pre-check will be "
			"told as overdue\n"},
		{CLOUD "job j { cloud = c id = " ID1 "\ninterval = 5min\nsettle = 5min }",
			"W p.conf:4: job \"j\": interval is not above settle, a new pre-check may "
			"be due before "
			"the last one counts\n"},
		{CLOUD "job j { cloud = c id = " ID1 "\nstale_after = 30min }",
			"W p.conf:3: job \"j\": stale_after is not above interval, the verdict "
			"will be told as "
			"stale between two pre-checks\n"},
		/* Once for the defaults, not for each job that has them. */
		{CLOUD "defaults { cloud = c\nstale_after = 5min }\njob j { id = " ID1
		       " }\njob k { id = " ID2 " }",
			"W p.conf:3: defaults: stale_after is not above interval, the verdict will "
			"be told as "
			"stale between two pre-checks\n"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct settings *s = NULL;
		struct said said;
		int r = load(table[i].text, &said, &s);

		if (r != 0 || strcmp(said.text, table[i].said) != 0)
			fail_msg("%s\n-> %d %s", table[i].text, r, said.text);
		settings_unref(s);
	}
}

static void test_short_times(void **state)
{
	/* Also when it stands behind what it concerns. */
	_cleanup_(settings_unrefp) struct settings *s = load_good(
		"summary = 10ms\n" CLOUD "job j { cloud = c id = " ID1
		" interval = 10ms first_poll = 10ms\n"
		"settle = 10ms poll = 10ms run_limit = 10ms stale_after = 10ms remind = 10ms }\n"
		"short_times = yes\n");
	static const struct refusal table[] = {
		{"short_times = yes\nsummary = 9ms\n" CLOUD "job j { cloud = c id = " ID1 " }",
			"E p.conf:2: summary '9ms' is below the least, 10ms\n"
			"W p.conf:1: short_times is on: times may be as short as 10ms; never use "
			"this with a real "
			"cloud\n"},
		{"short_times = yes\nsummary = 31d\n" CLOUD "job j { cloud = c id = " ID1 " }",
			"E p.conf:2: summary '31d' is above the most, 30d\n"
			"W p.conf:1: short_times is on: times may be as short as 10ms; never use "
			"this with a real "
			"cloud\n"},
	};

	(void)state;
	assert_true(s->short_times);
	assert_int_equal(s->jobs[0].interval, 10);
	check_refusals(table, ELEMENTSOF(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad_ids),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_same_id_elsewhere),
		cmocka_unit_test(test_all_errors_at_once),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_short_times),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
