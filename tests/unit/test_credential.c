/* test_credential.c - what a cloud logs in with: read, judged, named by its mark; and what an entry of clouds.yaml
 * adds to the settings. */
#include "credential.h"

#include "exchange.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY         "canary-key-1"
#define KEY_MARK    "f9b38736"
#define TOKEN       "canary-token-1"
#define BOTH_MARK   "dfbc466b"
#define ID32        "0123456789abcdef0123456789abcdef"
#define ENTRY(text) "clouds: {otc: {" text "}}"
#define URL         "auth_url: https://iam.example/v3"
#define LOGIN                                                                                      \
	"auth: {" URL ", username: u, user_domain_name: D, project_name: p, password: " KEY "}"

static char dir[] = "/tmp/test-credential.XXXXXX";

static int setup(void **state)
{
	(void)state;
	unsetenv("OS_CLIENT_SECURE_FILE");
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void put(const char *name, const char *bytes, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, 0600), 0);
}

/* "file:/tmp/.../secret" */
static char *path_of(const char *prefix, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s%s/%s", prefix, dir, name) > 0);
	return path;
}

/* Settings with one cloud. */
static struct settings *make(enum auth_method auth)
{
	struct settings *s = settings_new();
	struct cloud_settings *c;

	assert_non_null(s);
	s->clouds = c = calloc(1, sizeof(*c));
	assert_non_null(c);
	s->n_clouds = 1;
	c->auth = c->method = auth;
	c->name = strdup("test");
	if (auth != AUTH_CLOUDS_YAML)
		c->secret = path_of("file:", "secret");
	return s;
}

static struct settings *make_entry(const char *text)
{
	struct settings *s = make(AUTH_CLOUDS_YAML);

	put("clouds.yaml", text, strlen(text));
	s->clouds[0].entry = strdup("otc");
	s->clouds[0].clouds_file = path_of("", "clouds.yaml");
	return s;
}

/* A failure changes nothing, and tells no secret. */
static void want_refused(struct settings *s, int error, const char *words)
{
	struct cloud_settings before = s->clouds[0];
	struct credential cred = {0};
	char why[400] = "";
	int r = credential_read(&s->clouds[0], &cred, why);

	if (r != error || !strstr(why, words))
		fail_msg("%d %s\nwanted: %d %s", r, why, error, words);
	assert_null(strstr(why, "canary"));
	assert_null(cred.secret);
	assert_null(cred.security_token);
	assert_memory_equal(&before, &s->clouds[0], sizeof(before));
}

static void want_read(struct settings *s, struct credential *ret)
{
	char why[400] = "";

	if (credential_read(&s->clouds[0], ret, why) < 0)
		fail_msg("%s", why);
}

/* The secret alone is named, as it always was; a password may be any text. */
static void test_methods(void **state)
{
	static const enum auth_method methods[] = {
		AUTH_PASSWORD, AUTH_AKSK, AUTH_ASSUME_ROLE, AUTH_TOKEN_FILE};

	(void)state;
	put("secret", KEY "\n", strlen(KEY) + 1);
	for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
		_cleanup_(settings_unrefp) struct settings *s = make(methods[i]);
		_cleanup_(credential_done) struct credential cred = {0};

		s->clouds[0].method = AUTH_ECS_AGENCY;
		want_read(s, &cred);
		assert_string_equal(secret_bytes(cred.secret), KEY);
		assert_null(cred.security_token);
		assert_int_equal(s->clouds[0].method, methods[i]);
		assert_string_equal(s->clouds[0].mark, KEY_MARK);
		credential_done(&cred);
		assert_null(cred.secret);
	}
	assert_int_equal(remove("secret"), 0);
}

static void test_nothing_to_read(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = make(AUTH_ECS_AGENCY);
	_cleanup_(credential_done) struct credential cred = {0};

	(void)state;
	strncpy(s->clouds[0].mark, KEY_MARK, SECRET_MARK);
	want_read(s, &cred);
	assert_null(cred.secret);
	assert_null(cred.security_token);
	assert_string_equal(s->clouds[0].mark, "");
	assert_int_equal(s->clouds[0].method, AUTH_ECS_AGENCY);
}

static void test_temporary_key(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = make(AUTH_AKSK);
	_cleanup_(credential_done) struct credential cred = {0};

	(void)state;
	put("secret", KEY, strlen(KEY));
	s->clouds[0].security_token = strdup("env:TEST_TOKEN");
	unsetenv("TEST_TOKEN");
	want_refused(s, -ENOENT, "env:TEST_TOKEN is not set");
	setenv("TEST_TOKEN", TOKEN " ", 1);
	want_refused(s, -EINVAL, "env:TEST_TOKEN: this is no security token");
	setenv("TEST_TOKEN", TOKEN, 1);
	want_read(s, &cred);
	assert_string_equal(secret_bytes(cred.secret), KEY);
	assert_string_equal(secret_bytes(cred.security_token), TOKEN);
	assert_string_equal(s->clouds[0].mark, BOTH_MARK);
	credential_done(&cred);
	setenv("TEST_TOKEN", TOKEN "x", 1); /* the same key, renewed: another credential */
	want_read(s, &cred);
	assert_string_not_equal(s->clouds[0].mark, BOTH_MARK);
	assert_int_equal(remove("secret"), 0);
}

static void test_words(void **state)
{
	static const struct {
		enum auth_method method;
		const char *text, *wanted;
	} table[] = {
		{AUTH_PASSWORD, "can ary", NULL},
		{AUTH_PASSWORD, "canary\xc3\xa4", NULL},
		{AUTH_ASSUME_ROLE, "can ary", NULL},
		{AUTH_TOKEN_FILE, "canary!~", NULL},
		{AUTH_TOKEN_FILE, "canary x", "/secret: this is no token, it holds a blank"},
		{AUTH_TOKEN_FILE, " canary", "this is no token"},
		{AUTH_TOKEN_FILE, "canary\xc3\xa4", "this is no token"},
		{AUTH_AKSK, "canary!~", NULL},
		{AUTH_AKSK, "canary x", "/secret: this is no secret key"},
		{AUTH_AKSK, "canary\xc3\xa4", "this is no secret key"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		_cleanup_(settings_unrefp) struct settings *s = make(table[i].method);
		_cleanup_(credential_done) struct credential cred = {0};

		put("secret", table[i].text, strlen(table[i].text));
		if (table[i].wanted)
			want_refused(s, -EINVAL, table[i].wanted);
		else
			want_read(s, &cred);
	}
	assert_int_equal(remove("secret"), 0);
}

static void test_large_token(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = make(AUTH_TOKEN_FILE);
	_cleanup_(settings_unrefp) struct settings *password = make(AUTH_PASSWORD);
	_cleanup_(credential_done) struct credential cred = {0}, long_one = {0};
	char *text = malloc(TOKEN_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', TOKEN_MAX + 1);
	put("secret", text, TOKEN_MAX);
	want_read(s, &cred);
	assert_int_equal(secret_len(cred.secret), TOKEN_MAX);
	put("secret", text, TOKEN_MAX + 1);
	want_refused(s, -EINVAL, "the token has 32769 bytes, more than the 32 KB");
	want_refused(s, -EINVAL, "?nocatalog=true");
	want_read(password, &long_one);
	free(text);
	assert_int_equal(remove("secret"), 0);
	want_refused(s, -ENOENT, "/secret does not exist");
}

/* --- an entry of clouds.yaml --- */

static const char *text_of(const char *text)
{
	return text ? text : "-";
}

static void want_filled(struct settings *s, const char *wanted)
{
	_cleanup_(credential_done) struct credential cred = {0};
	const struct cloud_settings *c = &s->clouds[0];
	char got[600];

	want_read(s, &cred);
	snprintf(got, sizeof(got), "%s %s %s/%s/%s %s/%s %s %s %s %s", auth_method_name(c->method),
		text_of(c->iam), text_of(c->user), text_of(c->domain), text_of(c->user_id),
		text_of(c->project), text_of(c->project_id), text_of(c->access_key),
		text_of(c->region), text_of(c->ca_file), c->mark);
	assert_string_equal(got, wanted);
	assert_int_equal(c->auth, AUTH_CLOUDS_YAML);
	assert_string_equal(secret_bytes(cred.secret), KEY);
}

static const struct {
	const char *text, *wanted;
} good[] = {
	{ENTRY(LOGIN), "password https://iam.example u/D/- p/- - - - " KEY_MARK},
	{ENTRY(LOGIN ", cacert: /ca, region_name: eu-de"),
		"password https://iam.example u/D/- p/- - eu-de /ca " KEY_MARK},
	{ENTRY("auth: {" URL ", user_id: i, project_id: " ID32 ", password: " KEY "}"),
		"password https://iam.example -/-/i -/" ID32 " - - - " KEY_MARK},
	{ENTRY("auth: {" URL ", user_id: i, project_name: p, project_domain_name: E, password: " KEY
	       "}"),
		"password https://iam.example -/E/i p/- - - - " KEY_MARK},
	{ENTRY("auth: {" URL ", project_name: p, user_domain_name: D}, ak: A, sk: " KEY),
		"aksk https://iam.example -/D/- p/- A - - " KEY_MARK},
	{ENTRY("auth: {" URL ", project_name: p}, ak: A, sk: " KEY ", security_token: " TOKEN),
		"aksk https://iam.example -/-/- p/- A - - " BOTH_MARK},
	{ENTRY("auth: {" URL ", user_domain_name: D, token: " KEY "}, auth_type: token"),
		"token-file https://iam.example -/-/- -/- - - - " KEY_MARK},
	/* URLs in one spelling */
	{ENTRY("auth: {auth_url: 'HTTPS://IAM.Example:443/v3/', token: " KEY "}"),
		"token-file https://iam.example -/-/- -/- - - - " KEY_MARK},
	{ENTRY("auth: {auth_url: 'https://iam.example/identity/v3', token: " KEY "}"),
		"token-file https://iam.example/identity -/-/- -/- - - - " KEY_MARK},
	{ENTRY("auth: {auth_url: 'https://iam.example//', token: " KEY "}"),
		"token-file https://iam.example -/-/- -/- - - - " KEY_MARK},
	{ENTRY("auth: {auth_url: 'http://127.0.0.1:5000/v3', token: " KEY "}"),
		"token-file http://127.0.0.1:5000 -/-/- -/- - - - " KEY_MARK},
};

static void test_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(good); i++) {
		_cleanup_(settings_unrefp) struct settings *s = make_entry(good[i].text);

		want_filled(s, good[i].wanted);
	}
	assert_int_equal(remove("clouds.yaml"), 0);
}

/* What the block says itself goes before the entry. */
static void test_own_words(void **state)
{
	_cleanup_(settings_unrefp) struct settings *s = make_entry(
		ENTRY(LOGIN ", cacert: /ca, regions: [eu-de, eu-nl]"));
	_cleanup_(settings_unrefp) struct settings *bare = make_entry(
		ENTRY("auth: {username: u, user_domain_name: D, password: " KEY "}"));

	(void)state;
	bare->clouds[0].project = strdup("own");
	want_refused(bare, -EINVAL, "has no auth_url");
	bare->clouds[0].iam = strdup("https://own.example");
	want_filled(bare, "password https://own.example u/D/- own/- - - - " KEY_MARK);

	put("clouds.yaml", ENTRY(LOGIN ", cacert: /ca, regions: [eu-de, eu-nl]"),
		strlen(ENTRY(LOGIN ", cacert: /ca, regions: [eu-de, eu-nl]")));
	s->clouds[0].iam = strdup("https://own.example");
	s->clouds[0].project_id = strdup(ID32);
	s->clouds[0].region = strdup("eu-nl");
	s->clouds[0].ca_file = strdup("/own");
	want_filled(s, "password https://own.example u/D/- -/" ID32 " - eu-nl /own " KEY_MARK);
	assert_int_equal(remove("clouds.yaml"), 0);
}

static const struct {
	const char *text, *wanted;
} bad[] = {
	{ENTRY("auth: {" URL ", username: u, project_name: p, password: " KEY "}"),
		"/clouds.yaml has no user_domain_name"},
	{ENTRY("auth: {" URL ", user_domain_name: D, project_name: p, password: " KEY "}"),
		"has no username or user_id"},
	{ENTRY("auth: {" URL ", username: u, user_domain_name: D, password: " KEY "}"),
		"has no project_name or project_id"},
	{ENTRY("auth: {" URL ", user_id: u, project_name: p, password: " KEY "}"),
		"has no project_domain_name"},
	{ENTRY("auth: {username: u, user_domain_name: D, project_name: p, password: " KEY "}"),
		"entry \"otc\" of /tmp/"},
	{ENTRY("auth: {username: u, user_domain_name: D, project_name: p, password: " KEY "}"),
		"has no auth_url"},
	{ENTRY("auth: {" URL ", project_name: p}, sk: " KEY), "has no access_key"},
	{ENTRY("auth: {" URL "}, ak: A, sk: " KEY), "has no project_name or project_id"},
	{ENTRY("auth: {token: " KEY "}"), "has no auth_url"},
	{ENTRY("auth: {" URL ", token: 'canary x'}"), "clouds.yaml: this is no token"},
	{ENTRY("auth: {" URL ", project_name: p}, ak: A, sk: 'canary x'"), "this is no secret key"},
	{ENTRY("auth: {" URL ", project_name: p}, ak: A, sk: s, security_token: 'canary x'"),
		"this is no security token"},
	{ENTRY("auth: {" URL ", project_name: p}, ak: 'canary A', sk: s"),
		"access_key holds other characters"},
	{ENTRY("auth: {auth_url: http://iam.example/v3, token: t}"),
		"auth_url 'http://iam.example' must be https; http is for this machine itself "
		"only"},
	{ENTRY("auth: {auth_url: iam.example/v3, token: t}"),
		"is not a URL that begins with https"},
	{ENTRY("auth: {auth_url: 'https://u:canary@iam.example', token: t}"), "holds an '@'"},
	{ENTRY("auth: {auth_url: 'https://iam.example/v3/v3', token: t}"), "ends in /v3"},
	{ENTRY("auth: {" URL ", project_id: p, token: t}"), "is not a project id"},
	{ENTRY(LOGIN ", cacert: certs/ca.pem"), "cacert 'certs/ca.pem' is not an absolute path"},
	{ENTRY(LOGIN ", region_name: 'eu de'"), "region_name holds other characters"},
	{ENTRY("auth: {" URL
	       ", username: \"\\u202e\", user_domain_name: D, project_name: p, password: x}"),
		"username holds a control character"},
	{ENTRY(LOGIN ", verify: false"), "turns off the verification"},
};

static void test_bad_entries(void **state)
{
	_cleanup_(settings_unrefp) struct settings *open_file = make_entry(ENTRY(LOGIN));

	(void)state;
	assert_int_equal(chmod("clouds.yaml", 0640), 0);
	want_refused(open_file, -EACCES, "/clouds.yaml, which is open to others (mode 0640)");
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		_cleanup_(settings_unrefp) struct settings *s = make_entry(bad[i].text);

		want_refused(s, -EINVAL, bad[i].wanted);
	}
	assert_int_equal(remove("clouds.yaml"), 0);
	want_refused(open_file, -ENOENT, "clouds.yaml cannot be opened");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_nothing_to_read),
		cmocka_unit_test(test_temporary_key),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_large_token),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_bad_entries),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
