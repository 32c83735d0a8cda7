/* test_config_login.c - cloud blocks of every way to log in: what each may hold, what is missing in it, what is
 * mixed into it, and what only looks wrong. */
#include "config_fixture.h"

#define ID32  "0123456789abcdef0123456789abcdef"
#define HOSTS "iam = https://iam.example drs = https://drs.example\n"
#define DRS   "drs = https://drs.example\n"
#define JOB   "}\njob j { cloud = c id = " ID1 " }\n"

static const char *const good[][2] = {
	{"password", "user = u domain = d secret = env:S project = p"},
	{"password", "user = u domain = d secret = env:S project_id = " ID32},
	{"password", "user_id = u secret = env:S project_id = " ID32},
	{"password", "user_id = u domain = d secret = env:S project_id = " ID32},
	{"password", "user_id = u domain = d secret = env:S project = p"},
	{"aksk", "access_key = AK secret = env:S project = p"},
	{"aksk", "access_key = AK secret = env:S project_id = " ID32 " domain = d"},
	{"aksk", "access_key = A-K_1. secret = env:S security_token = file:/x project = p "
		 "signature = "
		 "credential region = eu-de"},
	{"ecs-agency", "project = p"},
	{"ecs-agency", "project_id = " ID32 " metadata = http://127.0.0.1:8080"},
	{"ecs-agency", "project_id = " ID32 " metadata = https://meta.example signature = access "
		       "region = x"},
	{"assume-role",
		"user = u domain = d secret = env:S agency = a agency_domain = b project = p"},
	{"assume-role",
		"user_id = u secret = env:S agency = a agency_domain = b project_id = " ID32},
	{"token-file", "secret = file:/run/token"},
	{"token-file", "secret = credential:token project = p"},
	{"token-file", "secret = file:/run/token project_id = " ID32},
	{"clouds-yaml", "entry = otc"},
	{"clouds-yaml", "entry = otc clouds_file = /x.yaml region = eu-de signature = credential "
			"project_id = " ID32},
};

/* Each is read without a word, and what is printed of it is read as the same. */
static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(good); i++) {
		_cleanup_(settings_unrefp) struct settings *s = NULL, *again = NULL;
		_cleanup_free_ char *first = NULL, *second = NULL;
		char text[1000];
		struct said said;

		snprintf(text, sizeof(text), "cloud c { " HOSTS " auth = %s\n%s\n" JOB, good[i][0],
			good[i][1]);
		if (load(text, &said, &s) != 0 || said.len > 0)
			fail_msg("%s\n-> %s", text, said.text);
		assert_string_equal(auth_method_name(s->clouds[0].auth), good[i][0]);
		assert_int_equal(s->clouds[0].method, s->clouds[0].auth);
		first = printed(s);
		if (load(first, &said, &again) != 0 || said.len > 0)
			fail_msg("%s\n-> %s", first, said.text);
		second = printed(again);
		assert_string_equal(first, second);
	}
}

static bool equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Every option of every method comes back from what is printed, and defaults of other methods do not appear. */
static void test_print(void **state)
{
	static const struct {
		const char *text, *printed;
	} table[] = {
		{"auth = password user = u domain = d secret = env:S project = p",
			"\tproject     = \"p\"\n\tauth        = password\n\tuser        = \"u\"\n"
			"\tdomain      = \"d\"\n\tsecret      = \"env:S\"\n\tpace "},
		{"user_id = u secret = env:S project_id = " ID32,
			"\tproject_id  = \"" ID32 "\"\n\tauth        = password\n"
			"\tuser_id     = \"u\"\n\tsecret      = \"env:S\"\n\tpace "},
		{"auth = aksk access_key = A secret = env:S security_token = 'file:/a b' project = "
		 "p "
		 "signature = credential region = eu-de domain = d",
			"\tproject        = \"p\"\n\tauth           = aksk\n"
			"\tdomain         = \"d\"\n\taccess_key     = \"A\"\n"
			"\tsecret         = \"env:S\"\n\tsecurity_token = \"file:/a b\"\n"
			"\tsignature      = credential\n\tregion         = \"eu-de\"\n\tpace "},
		{"auth = ecs-agency project = p",
			"\tproject     = \"p\"\n\tauth        = ecs-agency\n"
			"\tsignature   = access\n"
			"\tmetadata    = \"http://169.254.169.254\"\n\tpace "},
		{"auth = assume-role user = u domain = d secret = env:S agency = a agency_domain = "
		 "'b c' project = p",
			"\tproject       = \"p\"\n\tauth          = assume-role\n"
			"\tuser          = \"u\"\n\tdomain        = \"d\"\n"
			"\tsecret        = \"env:S\"\n\tagency        = \"a\"\n"
			"\tagency_domain = \"b c\"\n\tpace "},
		{"auth = token-file secret = file:/t",
			"\tauth        = token-file\n\tsecret      = \"file:/t\"\n\tpace "},
		{"auth = clouds-yaml entry = 'my otc' clouds_file = /x region = eu-nl",
			"\tauth        = clouds-yaml\n\tsignature   = access\n"
			"\tregion      = \"eu-nl\"\n\tentry       = \"my otc\"\n"
			"\tclouds_file = \"/x\"\n\tpace "},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		_cleanup_(settings_unrefp) struct settings *s = NULL, *again = NULL;
		_cleanup_free_ char *text = NULL;
		const struct cloud_settings *a, *b;
		char conf_text[1000], *place;

		snprintf(
			conf_text, sizeof(conf_text), "cloud c { " HOSTS "%s\n" JOB, table[i].text);
		s = load_good(conf_text);
		text = printed(s);
		place = strstr(text, "drs.example\"\n");
		assert_non_null(place);
		place = strchr(place, '\n') + 1;
		if (strncmp(place, table[i].printed, strlen(table[i].printed)) != 0)
			fail_msg("%s\n-- expected\n%s", place, table[i].printed);
		again = load_good(text);
		a = &s->clouds[0];
		b = &again->clouds[0];
		assert_true(a->auth == b->auth && a->signature == b->signature);
		assert_true(equal(a->user, b->user) && equal(a->domain, b->domain) &&
			    equal(a->user_id, b->user_id) && equal(a->access_key, b->access_key));
		assert_true(equal(a->agency, b->agency) &&
			    equal(a->agency_domain, b->agency_domain) &&
			    equal(a->entry, b->entry) && equal(a->clouds_file, b->clouds_file));
		assert_true(equal(a->region, b->region) && equal(a->metadata, b->metadata) &&
			    equal(a->secret, b->secret) &&
			    equal(a->security_token, b->security_token));
		assert_true(equal(a->project, b->project) && equal(a->project_id, b->project_id));
	}
}

/* What a method does not have is not there, its defaults neither. */
static void test_nothing_of_others(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = load_good(
		"cloud c { " HOSTS "auth = token-file secret = file:/t " JOB);
	const struct cloud_settings *c = &s->clouds[0];

	(void)state;
	assert_null(c->metadata);
	assert_null(c->user);
	assert_null(c->user_id);
	assert_null(c->domain);
	assert_null(c->access_key);
	assert_null(c->agency);
	assert_null(c->agency_domain);
	assert_null(c->entry);
	assert_null(c->clouds_file);
	assert_null(c->region);
	assert_null(c->security_token);
	assert_null(c->project);
	assert_null(c->project_id);
	settings_unref(s);
	s = load_good("cloud c { " DRS "auth = ecs-agency project_id = " ID32 JOB);
	assert_string_equal(s->clouds[0].metadata, "http://169.254.169.254");
	assert_int_equal(s->clouds[0].signature, SIGNATURE_ACCESS);
	assert_null(s->clouds[0].iam);
}

/* A cloud block whose line 2 is `text`, and what is said of it. */
struct cloud_case {
	const char *text, *said;
};

static void check_cases(const struct cloud_case *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct settings *s = NULL;
		char text[2000];
		struct said said;
		int r;

		snprintf(text, sizeof(text), "cloud c {\n%s\n" JOB, table[i].text);
		r = load(text, &said, &s);
		if (strcmp(said.text, table[i].said) != 0 || (r == 0) != (said.errors == 0))
			fail_msg(
				"%s\n-> %d %s\n-- expected\n%s", text, r, said.text, table[i].said);
		settings_unref(s);
	}
}

#define E1 "E p.conf:1: cloud \"c\": "
#define E2 "E p.conf:2: cloud \"c\": "
#define E3 "E p.conf:3: cloud \"c\": "
#define W2 "W p.conf:2: cloud \"c\": "
#define W3 "W p.conf:3: cloud \"c\": "

static void test_missing(void **state)
{
	static const struct cloud_case table[] = {
		{DRS "auth = password", E1
			"auth = password needs iam (IAM endpoint, without /v3)\n" E1
			"auth = password needs user (name of the IAM user) and domain (the user's "
			"domain, also called account), or user_id (id of the IAM user)\n" E1
			"auth = password needs secret (where the password is kept)\n" E1
			"auth = password needs project (name of the project), or project_id (id of "
			"the project)\n"},
		{HOSTS "user = u secret = env:S project = p",
			E1 "auth = password needs domain (the user's domain, also called account) "
			   "besides user\n"},
		/* A project's name means nothing without its domain. */
		{HOSTS "user_id = u secret = env:S project = p",
			E1 "auth = password needs domain (the user's domain, also called account) "
			   "besides project\n"},
		{HOSTS "domain = d secret = env:S project = p", E1
			"auth = password needs user (name of the IAM user), or user_id (id of the "
			"IAM user)\n"},
		{HOSTS "user = u domain = d secret = env:S", E1
			"auth = password needs project (name of the project), or project_id (id of "
			"the project)\n"},
		{DRS "auth = aksk", E1
			"auth = aksk needs iam (IAM endpoint, without /v3)\n" E1
			"auth = aksk needs access_key (the access key's id, AK)\n" E1
			"auth = aksk needs secret (where the secret key is kept)\n" E1
			"auth = aksk needs project (name of the project) or project_id (id of the "
			"project)\n"},
		{HOSTS "auth = aksk secret = env:S project = p",
			E1 "auth = aksk needs access_key (the access key's id, AK)\n"},
		{DRS "auth = ecs-agency", E1
			"auth = ecs-agency needs iam (IAM endpoint, without /v3) and project (name "
			"of the project), or project_id (id of the project)\n"},
		{DRS "auth = ecs-agency project = p",
			E1 "auth = ecs-agency needs iam (IAM endpoint, without /v3) besides "
			   "project\n"},
		{HOSTS "auth = ecs-agency", E1 "auth = ecs-agency needs project (name of the "
					       "project), or project_id (id of "
					       "the project)\n"},
		{HOSTS "auth = assume-role user = u domain = d secret = env:S project = p",
			E1 "auth = assume-role needs agency (name of the agency whose rights are "
			   "taken "
			   "on)\n" E1 "auth = assume-role needs agency_domain (the domain that the "
			   "agency belongs to)\n"},
		{DRS "auth = token-file",
			E1 "auth = token-file needs iam (IAM endpoint, without /v3)\n" E1
			   "auth = token-file needs secret (where the token is kept)\n"},
		{DRS "auth = clouds-yaml",
			E1 "auth = clouds-yaml needs entry (name of the entry in clouds.yaml)\n"},
		{"iam = https://a auth = clouds-yaml entry = x",
			E1 "option 'drs' is missing (DRS endpoint, without /v3)\n"},
		/* Of a method that nobody knows nothing is said to be missing. */
		{HOSTS "auth = magic access_key = x", E3 "auth 'magic' is not known here, only: "
							 "password aksk ecs-agency assume-role "
							 "token-file clouds-yaml\n"},
	};

	(void)state;
	check_cases(table, ELEMENTSOF(table));
}

static void test_both(void **state)
{
	static const struct cloud_case table[] = {
		{HOSTS "user = u domain = d user_id = i secret = env:S project = p",
			E3 "'user' and 'user_id' are both given, one of them is enough\n"},
		{HOSTS "auth = aksk access_key = a secret = env:S project = p project_id = " ID32,
			E3 "'project' and 'project_id' are both given, one of them is enough\n"},
		{HOSTS "auth = token-file secret = file:/x project = p project_id = " ID32,
			E3 "'project' and 'project_id' are both given, one of them is enough\n"},
		{HOSTS "auth = clouds-yaml entry = x project = p project_id = " ID32,
			E3 "'project' and 'project_id' are both given, one of them is enough\n"},
		{HOSTS "auth = ecs-agency project = p project_id = " ID32,
			E3 "'project' and 'project_id' are both given, one of them is enough\n"},
	};

	(void)state;
	check_cases(table, ELEMENTSOF(table));
}

static void test_mixed(void **state)
{
	static const struct cloud_case table[] = {
		{HOSTS "user = u domain = d secret = env:S project = p access_key = AK",
			E3 "access_key is not for auth = password, but for aksk\n"},
		{HOSTS "user = u domain = d secret = env:S project = p security_token = env:T",
			E3 "security_token is not for auth = password, but for aksk\n"},
		{HOSTS "user = u domain = d secret = env:S project = p signature = access",
			E3 "signature is not for auth = password, but for aksk, ecs-agency and "
			   "clouds-yaml\n"},
		{HOSTS "auth = aksk access_key = AK secret = env:S project = p user = u",
			E3 "user is not for auth = aksk, but for password and assume-role\n"},
		{HOSTS "auth = aksk access_key = AK secret = env:S project = p agency = a",
			E3 "agency is not for auth = aksk, but for assume-role\n"},
		{HOSTS "auth = ecs-agency project = p secret = env:S", E3
			"secret is not for auth = ecs-agency, but for password, aksk, assume-role "
			"and token-file\n"},
		{HOSTS "auth = aksk access_key = AK secret = env:S project = p metadata = "
		       "http://127.0.0.1",
			E3 "metadata is not for auth = aksk, but for ecs-agency\n"},
		{HOSTS "auth = token-file secret = file:/t domain = d",
			E3 "domain is not for auth = token-file, but for password, aksk and "
			   "assume-role\n"},
		{HOSTS "auth = clouds-yaml entry = otc user = u", E3
			"user is not for auth = clouds-yaml, but for password and assume-role\n"},
		{HOSTS "user = u domain = d secret = env:S project = p entry = otc clouds_file = "
		       "/x",
			E3 "entry is not for auth = password, but for clouds-yaml\n" E3
			   "clouds_file is not for auth = password, but for clouds-yaml\n"},
	};

	(void)state;
	check_cases(table, ELEMENTSOF(table));
}

/* Takes the next "NAME = VALUE" off a row of good[]; false at its end. */
static bool next_option(const char **row, char *name, char *value)
{
	int n = 0;

	if (sscanf(*row, " %31s = %199s%n", name, value, &n) != 2)
		return false;
	*row += n;
	return true;
}

static bool has_option(const char *row, const char *wanted)
{
	char name[32], value[200];

	while (next_option(&row, name, value))
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

/* One option out of each good block: what its method needs is named, what it only takes is not missed. */
static void test_each_missing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(good); i++) {
		char left_out[32], value[200], name[32], text[1000], needs[40];

		for (const char *row = good[i][1]; next_option(&row, left_out, value);) {
			const struct auth_row *method = NULL;
			struct settings *s = NULL;
			struct said said;
			bool needed;
			int r;

			for (size_t m = 0; m < _AUTH_METHOD_MAX; m++)
				if (strcmp(auth_table[m].name, good[i][0]) == 0)
					method = &auth_table[m];
			snprintf(needs, sizeof(needs), " %s (", left_out);
			needed = strstr(method->needs, left_out) != NULL;
			/* The ids need no domain. */
			if (strcmp(left_out, "domain") == 0 &&
				has_option(good[i][1], "project_id") &&
				!has_option(good[i][1], "user"))
				needed = false;
			snprintf(text, sizeof(text), "cloud c { " HOSTS " auth = %s\n", good[i][0]);
			for (const char *p = good[i][1]; next_option(&p, name, value);)
				if (strcmp(name, left_out) != 0)
					snprintf(text + strlen(text), sizeof(text) - strlen(text),
						"%s = %s\n", name, value);
			snprintf(text + strlen(text), sizeof(text) - strlen(text), JOB);
			r = load(text, &said, &s);
			if ((r < 0) != needed || (needed && !strstr(said.text, needs)))
				fail_msg("%s\n-> %d %s", text, r, said.text);
			settings_unref(s);
		}
	}
}

/* One option more in each good block, of another method: it is named, and all the methods that have it. */
static void test_each_stranger(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(good); i++)
		for (size_t row = 0; row < config_options_size; row++) {
			const struct config_option *o = &config_options[row];
			char text[1000], expect[100], *tail;
			struct settings *s = NULL;
			struct said said;
			enum auth_method m = 0;

			while (strcmp(auth_table[m].name, good[i][0]) != 0)
				m++;
			if (strcmp(o->block, "cloud") != 0 || !auth_any_takes(o->name) ||
				auth_takes(m, o->name))
				continue;
			snprintf(text, sizeof(text),
				"cloud c { " HOSTS " auth = %s\n%s\n%s = %s\n" JOB, good[i][0],
				good[i][1], o->name,
				o->by_default              ? o->by_default
				: o->type == CONFIG_SECRET ? "file:/x"
				: o->type == CONFIG_PATH   ? "/x"
							   : "x");
			snprintf(expect, sizeof(expect), "%s is not for auth = %s, but for ",
				o->name, good[i][0]);
			assert_int_equal(load(text, &said, &s), -EINVAL);
			tail = strstr(said.text, expect);
			if (!tail || said.errors != 1)
				fail_msg("%s\n-> %s", text, said.text);
			tail += strlen(expect);
			for (size_t k = 0; k < _AUTH_METHOD_MAX; k++)
				assert_int_equal(strstr(tail, auth_table[k].name) != NULL,
					auth_takes((enum auth_method)k, o->name));
		}
}

#define KEY  "ABCDEFGHIJ0123456789"
#define SK40 "abcdefghijABCDEFGHIJ0123456789hunter2xxx"

static void test_wrong_places(void **state)
{
	static const struct cloud_case table[] = {
		{HOSTS "user = " KEY " domain = d secret = env:S project = p",
			W3 "user looks like an access key; to log in with one, use auth = aksk\n"},
		{HOSTS "user = " KEY "0 domain = d secret = env:S project = p", ""},
		{HOSTS "user = abcdefghij0123456789 domain = d secret = env:S project = p", ""},
		{HOSTS "user = " ID32 " domain = d secret = env:S project = p",
			W3 "user looks like an id, which goes to user_id\n"},
		{HOSTS "user = u domain = d secret = env:S project = " ID32,
			W3 "project looks like an id, which goes to project_id\n"},
		{HOSTS "user = '14610698 OTC-EU-DE-00000000001000000001' domain = d secret = env:S "
		       "project = p",
			W3
			"user names a domain as well; user is the name alone, and the domain has "
			"its own option\n"},
		{HOSTS "user = 'acme/watch' domain = acme secret = env:S project = p", W3
			"user names a domain as well; user is the name alone, and the domain has "
			"its own option\n"},
		/* The account's own user, and a name of two words. */
		{HOSTS "user = acme domain = acme secret = env:S project = p", ""},
		{HOSTS "user = 'drs watch' domain = acme secret = env:S project = p", ""},
		{HOSTS "user = u domain = 'OTC-EU-DE-00000000001000000001 u' secret = env:S "
		       "project "
		       "= p",
			W3
			"domain holds more than one word; domain is the account's name alone, and "
			"the user has its own option\n"},
		{HOSTS "user = u domain = OTC-EU-DE-00000000001000000001 secret = env:S project = "
		       "p",
			""},
		/* The text is not repeated: it may be the secret. */
		{HOSTS "auth = aksk access_key = " SK40 " secret = env:S project = p", E3
			"access_key looks like a secret key, which must not stand here; its place "
			"does: secret = \"credential:NAME\"\n"},
		{HOSTS "auth = aksk access_key = 'a/hunter2' secret = env:S project = p",
			E3 "access_key holds other characters than letters, digits, '-', '_' and "
			   "'.'\n"},
		{HOSTS "auth = aksk access_key = 'AK, SignedHeaders=x' secret = env:S project = p",
			E3 "access_key holds other characters than letters, digits, '-', '_' and "
			   "'.'\n"},
		{HOSTS "auth = aksk access_key = '' secret = env:S project = p",
			E3 "access_key is empty\n"},
		{HOSTS "auth = aksk access_key = AK secret = env:S project = p region = 'eu/de'", E3
			"region holds other characters than letters, digits, '-', '_' and '.'\n"},
		{HOSTS "auth = aksk access_key = AK secret = env:S project = p security_token = "
		       "hunter2",
			E3
			"security_token is not usable: a secret is named by its place, "
			"credential:NAME, file:PATH or env:NAME; the secret itself must not stand "
			"here\n"},
		{HOSTS "auth = aksk access_key = AK secret = env:S project = p signature = v2",
			E3 "signature 'v2' is not known here, only: access credential\n"},
		{HOSTS "auth = token-file secret = env:TOKEN", E3
			"secret is a variable of the environment, which never changes, so that a "
			"token in it only ends; auth = token-file needs file: or credential:\n"},
		{HOSTS "auth = clouds-yaml entry = x clouds_file = clouds.yaml",
			E3 "clouds_file 'clouds.yaml' is not an absolute path\n"},
	};

	(void)state;
	check_cases(table, ELEMENTSOF(table));
}

#define METADATA(url) DRS "auth = ecs-agency project_id = " ID32 " metadata = " url

static void test_metadata(void **state)
{
	static const struct cloud_case table[] = {
		{METADATA("http://169.254.169.254"), ""},
		{METADATA("http://169.254.169.254:80/x/"), ""},
		{METADATA("http://127.0.0.1:1234"), ""},
		{METADATA("https://meta.example"), ""},
		{METADATA("http://169.254.169.253"),
			E3 "metadata 'http://169.254.169.253' must be https; http is for "
			   "169.254.169.254 and this machine itself only\n"},
		{METADATA("http://169.254.169.254.evil"),
			E3 "metadata 'http://169.254.169.254.evil' must be https; http is for "
			   "169.254.169.254 and this machine itself only\n"},
		{METADATA("http://meta.example"), E3
			"metadata 'http://meta.example' must be https; http is for 169.254.169.254 "
			"and this machine itself only\n"},
		/* Of that address only the metadata service is known. */
		{"iam = http://169.254.169.254\n" DRS
		 "user = u domain = d secret = env:S project = p",
			E2 "iam 'http://169.254.169.254' must be https; http is for this machine "
			   "itself only\n"},
	};

	(void)state;
	check_cases(table, ELEMENTSOF(table));
}

#define PLACES(iam, drs)                                                                           \
	"drs = https://" drs "\niam = https://" iam                                                \
	" user = u domain = d secret = env:S project = p"

static void test_regions(void **state)
{
	static const struct cloud_case table[] = {
		{PLACES("iam.eu-de.otc.t-systems.com", "drs.eu-de.otc.t-systems.com"), ""},
		{PLACES("iam.eu-de.otc.t-systems.com", "drs.eu-nl.otc.t-systems.com"),
			W2 "iam is in region eu-de, drs in eu-nl; a token of one region is not "
			   "taken in "
			   "another\n"},
		{PLACES("iam.eu-de.otc.t-systems.com:443", "DRS.eu-nl.otc.t-systems.com:8443/x"),
			W2 "iam is in region eu-de, drs in eu-nl; a token of one region is not "
			   "taken in "
			   "another\n"},
		{PLACES("iam-pub.eu-ch2.sc.otc.t-systems.com", "drs.eu-ch2.sc.otc.t-systems.com"),
			""},
		{PLACES("iam-pub.eu-ch2.sc.otc.t-systems.com", "drs.eu-de.otc.t-systems.com"), W2
			"iam is in region eu-ch2, drs in eu-de; a token of one region is not taken "
			"in another\n"},
		{PLACES("iam.cn-north-4.myhuaweicloud.com", "drs.cn-north-1.myhuaweicloud.com"), W2
			"iam is in region cn-north-4, drs in cn-north-1; a token of one region is "
			"not taken in another\n"},
		{PLACES("iam.myhuaweicloud.com", "drs.cn-north-4.myhuaweicloud.com"), ""},
		{PLACES("iam.eu-west-101.myhuaweicloud.eu", "drs.eu-west-101.myhuaweicloud.eu"),
			""},
		{PLACES("iam.example/identity", "drs.example/v"), ""},
		{PLACES("iam.example/v2.0", "drs.example/v1/v2"),
			W3 "iam ends in /v2.0, and /v3 will be added behind that\n" W2
			   "drs ends in /v2, and /v3 will be added behind that\n"},
		{PLACES("iam.example/v2x", "drs.example/x2"), ""},
		/* Hosts of which nothing is known. */
		{PLACES("iam.eu-de.example", "drs.eu-nl.example"), ""},
		{PLACES("iam.a.b.otc.t-systems.com", "drs.eu-nl.otc.t-systems.com"), ""},
		{PLACES("iam.eu-de.otc.t-systems.com", "drs.eu-nl.otc.t-systems.com.evil"), ""},
		{PLACES("x.eu-de.otc.t-systems.com", "drs.eu-nl.otc.t-systems.com"), ""},
		{PLACES("drs.eu-de.otc.t-systems.com", "iam.eu-de.otc.t-systems.com"),
			W3 "iam names a host of DRS\n" W2 "drs names a host of IAM\n"},
	};

	(void)state;
	check_cases(table, ELEMENTSOF(table));
}

/* Two blocks of one identity are an error, whatever else differs. */
static void test_same_identity(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} table[] = {
		{"user = u domain = d secret = env:S project = p",
			"user = u domain = d secret = env:T project = p pace = 1", true},
		{"user = u domain = d secret = env:S project = p",
			"user = v domain = d secret = env:S project = p", false},
		{"user = u domain = d secret = env:S project = p",
			"user = u domain = e secret = env:S project = p", false},
		{"user = u domain = d secret = env:S project = p",
			"user_id = u domain = d secret = env:S project = p", true},
		{"auth = aksk access_key = A secret = env:S project = p",
			"auth = aksk access_key = B secret = env:S project = p", false},
		{"auth = aksk access_key = A secret = env:S project = p",
			"auth = aksk access_key = A secret = env:T project = p", true},
		{"auth = aksk access_key = A secret = env:S project = p",
			"auth = aksk access_key = A secret = env:S project = q", false},
		{"auth = ecs-agency project = p", "auth = token-file secret = file:/x project = p",
			true},
		{"auth = ecs-agency project_id = " ID32, "auth = ecs-agency project = p", false},
		{"auth = clouds-yaml entry = x", "auth = clouds-yaml entry = x", true},
		{"auth = clouds-yaml entry = x", "auth = clouds-yaml entry = y", false},
		{"auth = clouds-yaml entry = x", "auth = clouds-yaml entry = x region = r", false},
		{"auth = clouds-yaml entry = x", "auth = clouds-yaml entry = x clouds_file = /y",
			false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct settings *s = NULL;
		struct said said;
		char text[1000];
		int r;

		snprintf(text, sizeof(text),
			"cloud c { " HOSTS "%s }\ncloud e { " HOSTS "%s }\n"
			"job j { cloud = c id = " ID1 " }\njob k { cloud = c id = " ID2 " }\n",
			table[i].a, table[i].b);
		r = load(text, &said, &s);
		if ((r == -EINVAL) != table[i].same || said.errors != table[i].same ||
			(table[i].same &&
				!strstr(said.text, "cloud \"e\": the same endpoints, login and "
						   "project as cloud \"c\" (")))
			fail_msg("%s\n-> %d %s", text, r, said.text);
		settings_unref(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_nothing_of_others),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_each_missing),
		cmocka_unit_test(test_each_stranger),
		cmocka_unit_test(test_wrong_places),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_same_identity),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
