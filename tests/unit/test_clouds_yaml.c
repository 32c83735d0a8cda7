/* test_clouds_yaml.c - clouds.yaml: what entries say, what is refused in which words, hostile files, and where
 * files are looked for. tests/login/test_clouds_yaml_oracle.py holds the same against openstacksdk. */
#include "clouds_yaml.h"

#include "clouds_tree.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CANARY              "canary-Passw0rd-yaml"
#define URL                 "auth_url: https://iam.example/v3"
#define LOGIN               URL ", username: u, user_domain_name: D, project_name: p"
#define WHO                 "password https://iam.example/v3 user=u domain=D project=p "
#define GOOD                WHO "secret=" CANARY
/* A file with one entry, whose auth has a password, or has not. */
#define FILE_OF(auth, more) "clouds: {otc: {auth: {" auth "}" more "}}"
#define WITH(auth, more)    FILE_OF(auth ", password: " CANARY, more)

static char dir[] = "/tmp/test-clouds.XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"home", "home/.config", "home/.config/openstack", "xdg", "xdg/openstack", "cwd"};

	(void)state;
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++)
		if (mkdir(dirs[i], 0700) < 0)
			return -1;
	return chdir("cwd");
}

static void remove_all(void)
{
	static const char *const names[] = {"clouds.yaml", "clouds.yml", "clouds.json",
		"secure.yaml", "secure.json", "clouds-public.yaml", "named.yaml",
		"../home/.config/openstack/clouds.yaml", "../home/.config/openstack/secure.yaml",
		"../xdg/openstack/clouds.yaml"};

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (remove(names[i]) < 0)
			assert_int_equal(errno, ENOENT);
}

static int teardown(void **state)
{
	static const char *const dirs[] = {
		"cwd", "xdg/openstack", "xdg", "home/.config/openstack", "home/.config", "home"};

	(void)state;
	if (chdir("..") < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++)
		if (rmdir(dirs[i]) < 0)
			return -1;
	return chdir("/") < 0 || rmdir(dir) < 0 ? -1 : 0;
}

/* Nothing of another test, and nobody's own files. */
static int fresh(void **state)
{
	char path[PATH_MAX];

	(void)state;
	remove_all();
	unsetenv("OS_CLIENT_CONFIG_FILE");
	unsetenv("OS_CLIENT_SECURE_FILE");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("CREDENTIALS_DIRECTORY");
	snprintf(path, sizeof(path), "%s/none", dir);
	setenv("XDG_CONFIG_DIRS", path, 1);
	snprintf(path, sizeof(path), "%s/home", dir);
	setenv("HOME", path, 1);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	remove_all();
	return 0;
}

static void add(char *buf, size_t size, const char *name, const char *value)
{
	size_t len = strlen(buf);

	if (value)
		snprintf(buf + len, size - len, " %s%s", name, value);
}

/* What is read, in one line; or the error and its sentence. */
static const char *read_entry(const char *file, const char *entry, const char *region)
{
	static char line[1000]; /* of the test, not of the code */
	_cleanup_(cloud_entry_done) struct cloud_entry e = {0}, untouched = {0};
	char why[400] = "";
	int r = clouds_yaml_read(file, entry, region, &e, why);

	if (r < 0) {
		assert_memory_equal(&e, &untouched, sizeof(e));
		assert_null(strstr(why, "canary"));
		snprintf(line, sizeof(line), "%d %s", r, why);
		return line;
	}
	snprintf(line, sizeof(line), "%s", auth_method_name(e.method));
	add(line, sizeof(line), "", e.auth_url);
	add(line, sizeof(line), "region=", e.region);
	add(line, sizeof(line), "user=", e.user);
	add(line, sizeof(line), "user_id=", e.user_id);
	add(line, sizeof(line), "domain=", e.domain);
	add(line, sizeof(line), "project=", e.project);
	add(line, sizeof(line), "project_id=", e.project_id);
	add(line, sizeof(line), "access_key=", e.access_key);
	add(line, sizeof(line), "secret=", secret_bytes(e.secret));
	add(line, sizeof(line),
		"security_token=", e.security_token ? secret_bytes(e.security_token) : NULL);
	add(line, sizeof(line), "ca_file=", e.ca_file);
	assert_non_null(e.file);
	return line;
}

/* "-22 a text" wants that error, and the text somewhere in its sentence; all else the very line. */
static void want(const char *text, const char *got, const char *wanted)
{
	const char *blank = strchr(wanted, ' ');

	if (*wanted != '-' ? strcmp(got, wanted) != 0
			   : strncmp(got, wanted, (size_t)(blank - wanted) + 1) != 0 ||
				     !strstr(got, blank + 1))
		fail_msg("%s\n-> %s\nwanted: %s", text, got, wanted);
}

static const struct {
	const char *text, *wanted;
} entries[] = {
	{WITH(LOGIN, ""), GOOD},
	{FILE_OF(URL, ", username: u, user-domain-name: D, project_name: p, password: " CANARY),
		GOOD},
	{WITH(LOGIN, ", username: other"), GOOD},
	{WITH(URL ", user_name: u, domain_name: D, tenant_name: p", ""), GOOD},
	{WITH(LOGIN ", project_domain_name: D", ""), GOOD},
	{WITH(LOGIN ", username: v", ""),
		"password https://iam.example/v3 user=v domain=D project=p secret=" CANARY},
	{WITH(LOGIN ", project_id: i", ""),
		"password https://iam.example/v3 user=u domain=D project_id=i secret=" CANARY},
	{WITH(LOGIN ", user_id: i", ""),
		"password https://iam.example/v3 user_id=i domain=D project=p secret=" CANARY},
	{WITH(LOGIN ", user_id: i, project_domain_name: E", ""),
		"password https://iam.example/v3 user_id=i domain=E project=p secret=" CANARY},
	{WITH(URL ", username: u", ""), "password https://iam.example/v3 user=u secret=" CANARY},
	{WITH(LOGIN, ", auth_type: v3password, region_name: r"),
		"password https://iam.example/v3 region=r user=u domain=D project=p "
		"secret=" CANARY},
	{FILE_OF(URL ", token: " CANARY, ""), "token-file https://iam.example/v3 secret=" CANARY},
	{FILE_OF(URL ", token: " CANARY, ", auth_type: v3token"),
		"token-file https://iam.example/v3 secret=" CANARY},
	{WITH(LOGIN ", token: x", ""), GOOD},
	{WITH(LOGIN, ", ak: A, sk: B"), GOOD},
	{FILE_OF(URL, ", ak: A, sk: " CANARY),
		"aksk https://iam.example/v3 access_key=A secret=" CANARY},
	{FILE_OF(LOGIN ", access_key: A, secret_key: " CANARY ", security_token: T", ""),
		"aksk https://iam.example/v3 domain=D project=p access_key=A secret=" CANARY
		" security_token=T"},
	{WITH(LOGIN, ", auth_type: aksk, ak: A"), "-22 has no secret_key"},
	{WITH(LOGIN, ", cacert: ~/ca, verify: yes, insecure: 'False'"), NULL},
	{WITH("username: u, auth_url: 'https://{region_name}.x'", ", region_name: r"),
		"password https://r.x region=r user=u secret=" CANARY},
	{WITH("username: u", ", profile: otc"), "password https://iam.eu-de.otc.t-systems.com/v3 "
						"region=eu-de user=u secret=" CANARY},
	/* what is missing, mixed, or of another kind */
	{FILE_OF(LOGIN, ""), "-22 entry \"otc\" of clouds.yaml has no password"},
	{FILE_OF(LOGIN ", password: ''", ""), "-22 has no password"},
	{FILE_OF(LOGIN ", password: null", ""), "-22 has no password"},
	{FILE_OF(LOGIN, ", auth_type: token"), "-22 has no token"},
	{WITH("username: u, auth_url: 'https://{region_name}.x'", ""),
		"-22 has no region_name, which its auth_url needs"},
	{WITH("username: u, auth_url: 'https://{x}.x'", ""), "-22 has braces in its auth_url"},
	{WITH("username: u, auth_url: 'https://x/}'", ""), "-22 has braces in its auth_url"},
	{WITH(LOGIN, ", cacert: '{'"), "-22 has braces in its cacert"},
	{WITH(LOGIN, ", auth_type: v3oidcpassword"),
		"-22 has the auth_type v3oidcpassword; precheckd knows"},
	{WITH(LOGIN, ", auth_type: v2password"), "-22 has the auth_type v2password"},
	{FILE_OF(URL ", application_credential_id: i, application_credential_secret: " CANARY,
		 ", auth_type: v3applicationcredential"),
		"-22 has application_credential_id: an application credential"},
	{WITH(LOGIN ", agency_name: a", ""), "-22 auth = assume-role"},
	{WITH(LOGIN ", trust_id: a", ""), "-22 trust"},
	{WITH(LOGIN ", verify: false", ""), "-22 has its verify inside of auth"},
	{WITH(LOGIN ", regions: [a]", ""), "-22 has its regions inside of auth"},
	{WITH(LOGIN ", tenant-name: t", ""), GOOD},
	{WITH(URL ", username: u, user-domain-name: D, user_domain_name: E, project-name: p, "
		  "project_name: q",
		 ""),
		GOOD},
	{WITH(LOGIN, ", cert: /x"), "-22 client certificate"},
	{WITH(LOGIN, ", verify: false"), "-22 turns off the verification"},
	{WITH(LOGIN, ", verify: Off"), "-22 turns off the verification"},
	{WITH(LOGIN, ", verify: 'FALSE'"), "-22 turns off the verification"},
	{WITH(LOGIN, ", insecure: on"), "-22 turns off the verification"},
	{WITH(LOGIN, ", insecure: 1"), "-22 turns off the verification"},
	{WITH(LOGIN, ", verify: /etc/ca.pem"), "-22 neither true nor false"},
	{WITH(URL ", username: u, user_domain_id: d", ""), "-22 the user's domain by its id only"},
	{WITH(LOGIN ", project_domain_name: E", ""), "-22 in another domain than the user's"},
	{WITH(LOGIN ", project_domain_id: d", ""), "-22 the project's domain by its id only"},
	{WITH(LOGIN ", project_domain_id: d, user_domain_id: d", ""), GOOD},
	{WITH("username: u, user_domain_name: D, project_domain_name: E, project_id: i", ""),
		"password user=u domain=D project_id=i secret=" CANARY},
	{WITH(LOGIN, ", profile: 'https://vendor.example'"), "-22 from a URL nothing is fetched"},
	/* values that are no text, or another one */
	{FILE_OF(LOGIN ", password: 0123", ""), "-22 has a password without quotes that YAML takes "
						"for a number or date (clouds.yaml:1)"},
	{FILE_OF(LOGIN ", password: yes", ""), "-22 for a yes or no"},
	{FILE_OF(LOGIN ", password: 1.5", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: .inf", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: 2026-11-25", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: 1_0", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: =", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: [a]", ""), "-22 has a password that is no text"},
	{FILE_OF(LOGIN ", password: {a: b}", ""), "-22 has a password that is no text"},
	{FILE_OF(LOGIN ", password: \"a\\nb\"", ""), "-22 second line"},
	{FILE_OF(LOGIN ", password: \"a\\0b\"", ""), "-22 control character"},
	{FILE_OF(LOGIN ", password: 123", ""), WHO "secret=123"},
	{FILE_OF(LOGIN ", password: -120", ""), WHO "secret=-120"},
	{FILE_OF(LOGIN ", password: 0", ""), WHO "secret=0"},
	{FILE_OF(LOGIN ", password: -0", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: 089", ""), WHO "secret=089"},
	{FILE_OF(LOGIN ", password: '0123'", ""), WHO "secret=0123"},
	{FILE_OF(LOGIN ", password: ! 0123", ""), "-22 number or date"},
	{FILE_OF(LOGIN ", password: !!str 0123", ""), WHO "secret=0123"},
	{FILE_OF(LOGIN ", password: !!int 123", ""), "-22 tag"},
	{FILE_OF(LOGIN ", password: \"\\u00e4\"", ""), WHO "secret=\xc3\xa4"},
	/* regions */
	{WITH(LOGIN, ", regions: []"), GOOD},
	{WITH(LOGIN, ", regions: eu-de"), "-22 regions that are no list"},
	{WITH(LOGIN, ", regions: [{values: {}}]"), "-22 not just a name and values"},
	{WITH(LOGIN, ", regions: [{name: a, more: b}]"), "-22 not just a name and values"},
	{WITH(LOGIN, ", regions: [{name: a, [x]: b}]"), "-22 not just a name and values"},
	{WITH(LOGIN, ", regions: [{name: a, values: {auth: {username: v}}}]"),
		"password https://iam.example/v3 region=a user=v domain=D project=p "
		"secret=" CANARY},
	{WITH(LOGIN, ", regions: [{name: a, values: x}]"), "-22 not a map of keys"},
	{WITH(LOGIN, ", region_name: 'b,a'"), "password https://iam.example/v3 region=b user=u "
					      "domain=D project=p secret=" CANARY},
	/* files that are something else */
	{"", "-2 no entry \"otc\" in clouds.yaml, only: none at all"},
	{"clouds:", "-2 only: none at all"},
	{"clouds: {a: {}, b: {}, a: {}}", "-2 only: \"a\", \"b\""},
	{"clouds: [otc]", "-22 clouds.yaml:1: clouds is no map of names"},
	{"otc", "-22 clouds.yaml:1: the file is no map of names"},
	{"clouds: {otc: }", "-22 entry \"otc\" of clouds.yaml is empty"},
	{"clouds: {otc: " CANARY "}", "-22 is not a map of keys (clouds.yaml:1)"},
	{"clouds: {otc: {auth: " CANARY "}}", "-22 has an auth that is not a map of keys"},
	{"clouds: {otc: {auth: {password: x" CANARY, "-22 clouds.yaml:2: this is not YAML"},
	{"clouds:\n  otc:\n  - a\n b", "-22 clouds.yaml:4: this is not YAML"},
	{"a: \x01", "-22 clouds.yaml:1: this is not YAML: control characters are not allowed"},
	{"a\n--- b", "-22 clouds.yaml:2: a second document"},
	{"a: *b", "-22 clouds.yaml:1: an alias without an anchor"},
	{"&a [*a]", "-22 clouds.yaml:1: an alias inside of what it stands for"},
	{"[&a x, &a y]", "-22 an anchor of this name is there already"},
	{"<<: x", "-22 a merge key << of something that is no map"},
	{"<<: [x]", "-22 a merge key << of something that is no map"},
	{"!secret x", "-22 a tag that nothing is known of"},
	{"!secret {}", "-22 a tag that nothing is known of"},
	/* anchors and merge keys */
	{"a: &a {username: u, user_domain_name: x}\nb: &b {<<: *a, user_domain_name: D, "
	 "project_name: p}\n"
	 "clouds: {otc: {auth: {<<: *b, " URL ", password: &p " CANARY "}, x: *p}}",
		GOOD},
	{"a: &a {region_name: a}\nb: &b {region_name: b}\n" WITH(LOGIN, ", <<: [*b, *a]"),
		"password https://iam.example/v3 region=b user=u domain=D project=p "
		"secret=" CANARY},
	{"a: &a {region_name: a}\nb: &b {region_name: b}\n" WITH(LOGIN, ", <<: *a, <<: *b"),
		"password https://iam.example/v3 region=b user=u domain=D project=p "
		"secret=" CANARY},
	{"a: &a {region_name: a}\n" WITH(LOGIN, ", region_name: o, <<: *a"),
		"password https://iam.example/v3 region=o user=u domain=D project=p "
		"secret=" CANARY},
	{"a: &a {region_name: a}\n" WITH(LOGIN, ", '<<': *a"), GOOD},
	{"\xef\xbb\xbf" WITH(LOGIN, ""), GOOD},
};

static void test_entries(void **state)
{
	char cacert[300];

	(void)state;
	snprintf(cacert, sizeof(cacert), "%s ca_file=%s/home/ca", GOOD, dir);
	for (size_t i = 0; i < ELEMENTSOF(entries); i++) {
		const char *wanted = entries[i].wanted;

		put("clouds.yaml", entries[i].text, 0600);
		want(entries[i].text, read_entry("clouds.yaml", "otc", NULL),
			wanted ? wanted : cacert);
	}
}

static void test_regions(void **state)
{
	static const char text[] = WITH(LOGIN, ", region_name: none, regions: [a, {name: b, "
					       "values: {auth: {project_name: q}}}, 3]");

	(void)state;
	put("clouds.yaml", text, 0600);
	want(text, read_entry("clouds.yaml", "otc", "a"),
		"password https://iam.example/v3 region=a user=u domain=D project=p "
		"secret=" CANARY);
	want(text, read_entry("clouds.yaml", "otc", "b"),
		"password https://iam.example/v3 region=b user=u domain=D project=q "
		"secret=" CANARY);
	want(text, read_entry("clouds.yaml", "otc", "3"),
		"password https://iam.example/v3 region=3 user=u domain=D project=p "
		"secret=" CANARY);
	want(text, read_entry("clouds.yaml", "otc", "none"),
		"-22 has no region none, only: a, b, 3");
	put("clouds.yaml", WITH(LOGIN, ""), 0600);
	want(text, read_entry("clouds.yaml", "otc", "b"),
		"password https://iam.example/v3 region=b user=u domain=D project=p "
		"secret=" CANARY);
	put("clouds.yaml", WITH("username: u", ", profile: otc"), 0600);
	want(text, read_entry("clouds.yaml", "otc", "eu-nl"),
		"password https://iam.eu-nl.otc.t-systems.com/v3 region=eu-nl user=u "
		"secret=" CANARY);
	want(text, read_entry("clouds.yaml", "otc", "eu"),
		"-22 has no region eu, only: eu-de, eu-nl");
}

static void test_secure(void **state)
{
	char path[PATH_MAX];

	(void)state;
	put("clouds.yaml", FILE_OF(LOGIN, ""), 0644);
	put("secure.yaml", "clouds: {otc: {auth: {password: " CANARY "}}}", 0600);
	want("beside", read_entry("clouds.yaml", "otc", NULL),
		"-22 has no password"); /* no directory */
	want("found", read_entry(NULL, "otc", NULL), GOOD);
	snprintf(path, sizeof(path), "%s/cwd/clouds.yaml", dir);
	assert_int_equal(chdir("/"), 0);
	want("beside", read_entry(path, "otc", NULL), GOOD);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(chdir("cwd"), 0);
	put("clouds.yaml", FILE_OF(LOGIN ", password: other", ""), 0644);
	want("over", read_entry(NULL, "otc", NULL), GOOD);
	put("secure.yaml", "clouds: {otc: {auth: {password: }}}", 0600);
	want("emptied", read_entry(NULL, "otc", NULL), "-22 has no password");
	put("secure.yaml", "clouds: {otc: {auth: }}", 0600);
	put("clouds.yaml", WITH(LOGIN, ""), 0600);
	want("nothing", read_entry(NULL, "otc", NULL), GOOD);
	put("secure.yaml", "clouds: {new: {auth: {" LOGIN ", password: " CANARY "}}}", 0600);
	want("new", read_entry(NULL, "new", NULL), GOOD);
	want("both", read_entry(NULL, "none", NULL), "-2 only: \"otc\", \"new\"");
	assert_int_equal(remove("clouds.yaml"), 0);
	want("alone", read_entry(NULL, "new", NULL), GOOD);
	put("secure.yaml", "clouds: [", 0600);
	put("clouds.yaml", WITH(LOGIN, ""), 0600);
	want("broken", read_entry(NULL, "otc", NULL), "-22 secure.yaml:2: this is not YAML");
}

static void test_profiles(void **state)
{
	static const char text[] = WITH("username: u", ", profile: corp");

	(void)state;
	put("clouds.yaml", text, 0600);
	want("unknown", read_entry(NULL, "otc", NULL), "password user=u secret=" CANARY);
	put("clouds-public.yaml",
		"public-clouds: {corp: {auth: {auth_url: 'https://{region_name}.corp'}, "
		"region_name: a}}",
		0644);
	want("known", read_entry(NULL, "otc", NULL),
		"password https://a.corp region=a user=u secret=" CANARY);
	put("clouds.yaml", WITH("username: u", ", cloud: corp, profile: otc"), 0600);
	want("profile first", read_entry(NULL, "otc", NULL),
		"password https://iam.eu-de.otc.t-systems.com/v3 region=eu-de user=u "
		"secret=" CANARY);
	put("clouds.yaml", FILE_OF("username: u", ", profile: corp"), 0600);
	put("clouds-public.yaml", "public-clouds: {corp: {auth: {password: " CANARY "}}}", 0644);
	want("secret", read_entry(NULL, "otc", NULL),
		"-13 clouds-public.yaml, which is open to others");
	put("clouds-public.yaml", "public-clouds: [corp]", 0644);
	want("broken", read_entry(NULL, "otc", NULL), "-22 public-clouds is no map of names");
}

static void test_open_to_others(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0660, 0666, 0644, 0777};
	char text[80], path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
		put("clouds.yaml", WITH(LOGIN, ""), modes[i]);
		snprintf(text, sizeof(text),
			"-13 has its password in clouds.yaml, which is open to others (mode %04o)",
			(unsigned)modes[i]);
		want("mode", read_entry("clouds.yaml", "otc", NULL), text);
		put("clouds.yaml", FILE_OF(LOGIN, ""),
			modes[i]); /* with a secret elsewhere: fine */
		put("secure.yaml", "clouds: {otc: {auth: {password: " CANARY "}}}", 0400);
		want("mode", read_entry(NULL, "otc", NULL), GOOD);
		assert_int_equal(chmod("secure.yaml", modes[i]), 0);
		want("mode", read_entry(NULL, "otc", NULL),
			"-13 secure.yaml, which is open to others");
		assert_int_equal(remove("secure.yaml"), 0);
	}
	put("clouds.yaml", FILE_OF(URL, ", ak: A, sk: B, security_token: T"), 0640);
	want("keys", read_entry("clouds.yaml", "otc", NULL), "-13 has its security_token in");
	put("clouds.yaml", FILE_OF(URL ", token: T", ""), 0640);
	want("token", read_entry("clouds.yaml", "otc", NULL), "-13 has its token in");

	/* systemd's own directory, in which group bits are a mask */
	put("clouds.yaml", WITH(LOGIN, ""), 0440);
	snprintf(path, sizeof(path), "%s/cwd/clouds.yaml", dir);
	snprintf(text, sizeof(text), "%s/cwd", dir);
	want("credential", read_entry(path, "otc", NULL), "-13 open to others");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	want("credential", read_entry(path, "otc", NULL), "-13 open to others");
	setenv("CREDENTIALS_DIRECTORY", text, 1);
	want("credential", read_entry(path, "otc", NULL), GOOD);
	snprintf(text, sizeof(text), "%s/cwd/clou", dir); /* no directory of it */
	setenv("CREDENTIALS_DIRECTORY", text, 1);
	want("credential", read_entry(path, "otc", NULL), "-13 open to others");
}

static void test_places(void **state)
{
	static const char other[] = WITH(URL ", username: other", "");
	static const char *const homes[] = {"../home/.config/openstack/clouds.yaml", "clouds.json",
		"clouds.yml", "clouds.yaml", "named.yaml"};
	char path[PATH_MAX];

	(void)state;
	want("none", read_entry(NULL, "otc", NULL), "-2 there is no clouds.yaml");
	want("none", read_entry("/nonexistent/x.yaml", "otc", NULL),
		"-2 /nonexistent/x.yaml cannot be opened: No such file");
	want("no file", read_entry(".", "otc", NULL), "-13 . is not a regular file");
	/* each goes before the ones before it */
	setenv("OS_CLIENT_CONFIG_FILE", "named.yaml", 1);
	for (size_t i = 0; i < ELEMENTSOF(homes); i++) {
		put(homes[i], WITH(LOGIN, ""), 0600);
		want(homes[i], read_entry(NULL, "otc", NULL), GOOD);
		put(homes[i], other, 0600);
		want(homes[i], read_entry(NULL, "otc", NULL),
			"password https://iam.example/v3 user=other secret=" CANARY);
	}
	remove_all();
	unsetenv("OS_CLIENT_CONFIG_FILE");

	put(homes[0], other, 0600);
	put("../xdg/openstack/clouds.yaml", WITH(LOGIN, ""), 0600);
	snprintf(path, sizeof(path), "%s/xdg", dir);
	setenv("XDG_CONFIG_HOME", path, 1);
	want("XDG_CONFIG_HOME", read_entry(NULL, "otc", NULL), GOOD);
	unsetenv("XDG_CONFIG_HOME");
	setenv("XDG_CONFIG_DIRS", path, 1);
	want("home", read_entry(NULL, "otc", NULL),
		"password https://iam.example/v3 user=other secret=" CANARY);
	setenv("HOME", "/nonexistent", 1);
	want("XDG_CONFIG_DIRS", read_entry(NULL, "otc", NULL), GOOD);
}

static void test_no_home(void **state)
{
	char home[PATH_MAX];

	(void)state;
	unsetenv("HOME");
	put("clouds.yaml", WITH(LOGIN, ""), 0600);
	want("no home", read_entry(NULL, "otc", NULL), GOOD);
	assert_true(clouds_home(home)); /* of the user's line in passwd */
	assert_int_equal(home[0], '/');
	setenv("HOME", "/x", 1);
	assert_true(clouds_home(home));
	assert_string_equal(home, "/x");
}

/* One that cannot be read is passed over, and named when something is missing in the end. */
static void test_passed_over(void **state)
{
	(void)state;
	assert_int_equal(mkdir("clouds.yaml", 0700), 0);
	want("passed", read_entry(NULL, "otc", NULL), "-2 /cwd/clouds.yaml is not a regular file");
	put("clouds.yml", WITH(LOGIN, ""), 0600);
	want("next", read_entry(NULL, "otc", NULL), GOOD);
	assert_int_equal(rmdir("clouds.yaml"), 0);
	put("clouds.yml", FILE_OF(LOGIN, ""), 0600);
	assert_int_equal(mkdir("secure.yaml", 0700), 0);
	want("secure", read_entry(NULL, "otc", NULL), "-22 has no password; ");
	want("secure", read_entry(NULL, "otc", NULL), "-22 secure.yaml is not a regular file");
}

/* Writes `n` times a piece, and looks for the refusal. */
static void want_refused(const char *head, const char *piece, size_t n, const char *wanted)
{
	FILE *f = fopen("clouds.yaml", "w");

	assert_non_null(f);
	fputs(head, f);
	for (size_t i = 0; i < n; i++)
		fputs(piece, f);
	assert_int_equal(fclose(f), 0);
	want(piece, read_entry("clouds.yaml", "otc", NULL), wanted);
}

static void test_bounds(void **state)
{
	FILE *f;

	(void)state;
	want_refused("", "#", TREE_FILE_MAX, "-2 no entry");
	want_refused("", "#", TREE_FILE_MAX + 1, "-22 larger than 1 MB");
	want_refused("", "[", 33, "-22 nested deeper");
	want_refused("", "[", 32, "-22 this is not YAML");
	want_refused("", "{", 100000, "-22 nested deeper");
	want_refused("", "- a\n", 24999, "-22 the file is no map");
	want_refused("", "- a\n", 25001, "-22 more values");
	want_refused("a: &a x\nb:\n", "- *a\n", 100000, "-22 more values");

	f = fopen("clouds.yaml", "w");
	assert_non_null(f);
	for (int i = 0; i < 501; i++)
		fprintf(f, "- &a%d x\n", i);
	assert_int_equal(fclose(f), 0);
	want("anchors", read_entry("clouds.yaml", "otc", NULL),
		"-22 clouds.yaml:501: more anchors");

	/* each holds ten of the one before: 10^12 in the end, if they were counted out */
	f = fopen("clouds.yaml", "w");
	assert_non_null(f);
	fputs("a0: &a0 {k: v}\n", f);
	for (int i = 1; i < 12; i++)
		fprintf(f, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1,
			i - 1, i - 1);
	fputs(WITH(LOGIN, ", x: *a11"), f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod("clouds.yaml", 0600), 0);
	want("aliases", read_entry("clouds.yaml", "otc", NULL), GOOD);

	f = fopen("clouds.yaml", "w");
	assert_non_null(f);
	fputs("a0: &a0 {k: v}\n", f);
	for (int i = 1; i < 12; i++)
		fprintf(f, "a%d: &a%d {<<: [*a%d,*a%d,*a%d,*a%d,*a%d]}\n", i, i, i - 1, i - 1,
			i - 1, i - 1, i - 1);
	fputs(WITH(LOGIN, ", <<: *a11"), f);
	assert_int_equal(fclose(f), 0);
	want("merges", read_entry("clouds.yaml", "otc", NULL), "-22 more values");
}

/* A secret of the largest size goes through whole; one byte more is none. */
static void test_large_secret(void **state)
{
	_cleanup_(cloud_entry_done) struct cloud_entry e = {0};
	char *text = calloc(1, SECRET_MAX + 1000), why[400];
	size_t head;

	(void)state;
	assert_non_null(text);
	strncpy(text, FILE_OF(URL ", username: u, password: ", ""), 900);
	head = (size_t)(strstr(text, "}}}") - text);
	memset(text + head, 'x', SECRET_MAX);
	memcpy(text + head + SECRET_MAX, "}}}", 4);
	put("clouds.yaml", text, 0600);
	assert_int_equal(clouds_yaml_read("clouds.yaml", "otc", NULL, &e, why), 0);
	assert_int_equal(secret_len(e.secret), SECRET_MAX);
	memcpy(text + head + SECRET_MAX, "x}}}", 5);
	put("clouds.yaml", text, 0600);
	want("large", read_entry("clouds.yaml", "otc", NULL),
		"-22 has a password of more than 64 KB");
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_entries),
		TEST(test_regions),
		TEST(test_secure),
		TEST(test_profiles),
		TEST(test_open_to_others),
		TEST(test_places),
		TEST(test_no_home),
		TEST(test_passed_over),
		TEST(test_bounds),
		TEST(test_large_secret),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
