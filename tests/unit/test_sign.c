/* test_sign.c - the signature of a request: known vectors to the byte, each rule of the canonical form, what is
 * refused, and that nothing of the key stays behind. tests/login/ holds it against the vendor's own signer. */
#include "sign.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define ACCESS  "TESTAK0DRSWATCH00001"
#define KEY     "testSk/+drsWatcherSecret0000000000000001"
#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define DATE    "20260115T083000Z"
#define WALL    INT64_C(1768465800000)
#define TOKEN   "ggpjbi1ub3J0aC00ExampleSecurityToken=="
#define BODY                                                                                       \
	"{\"jobs\":[{\"job_id\":\"5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101\","                         \
	"\"precheck_mode\":\"forStartJob\"}]}"
#define NO_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* As our transport sends them: neither sorted nor in lower case. */
static const struct sign_header post_headers[] = {
	{"X-Project-Id", PROJECT},
	{"Content-Type", "application/json"},
};
static const struct sign_header get_headers[] = {
	{"X-Security-Token", TOKEN},
	{"X-Project-Id", PROJECT},
};

static const struct sign_request post = {
	.method = "POST",
	.url = "https://drs.eu-de.otc.t-systems.com/v3/" PROJECT "/jobs/batch-precheck",
	.body = BODY,
	.body_len = sizeof(BODY) - 1,
	.headers = post_headers,
	.n_headers = ELEMENTSOF(post_headers),
};
static const struct sign_request get = {
	.method = "GET",
	.url = "https://drs.cn-north-4.myhuaweicloud.com/v5/" PROJECT
	       "/jobs?job_type=sync&name=pre%20check%2B%C3%BC~1&offset=0&limit=10",
	.headers = get_headers,
	.n_headers = ELEMENTSOF(get_headers),
};

static struct secret *key_secret(const char *text)
{
	struct secret *s = NULL;

	assert_int_equal(secret_new(text, strlen(text), &s), 0);
	return s;
}

static char *canonical(const struct sign_request *r)
{
	char *text = NULL;

	assert_int_equal(sign_canonical(r, DATE, &text), 0);
	assert_non_null(text);
	return text;
}

static void test_vectors(void **state)
{
	static const struct {
		const struct sign_request *request;
		enum signature form;
		const char *region, *service, *expected;
	} vectors[] = {
		{&post, SIGNATURE_ACCESS, NULL, NULL,
			"SDK-HMAC-SHA256 Access=" ACCESS
			", SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
			"Signature="
			"6cde2800d0ba11d7d3f5f47283fa39f1e5a04e69d48b14c8b5445c800c13f695"},
		{&get, SIGNATURE_ACCESS, "not", "used",
			"SDK-HMAC-SHA256 Access=" ACCESS
			", SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, "
			"Signature="
			"5b3d83db268ffdde764f5080bed4969d66dfeaf737874fc7c586880ed63b7339"},
		{&post, SIGNATURE_CREDENTIAL, NULL, NULL,
			"SDK-HMAC-SHA256 Credential=" ACCESS "/20260115///sdk_request"
			", SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
			"Signature="
			"420366ba499f2698596c8e0e81f879d607ccdac31b23d6c8dde51723efa8ddee"},
		{&post, SIGNATURE_CREDENTIAL, "", "",
			"SDK-HMAC-SHA256 Credential=" ACCESS "/20260115///sdk_request"
			", SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
			"Signature="
			"420366ba499f2698596c8e0e81f879d607ccdac31b23d6c8dde51723efa8ddee"},
		{&post, SIGNATURE_CREDENTIAL, "eu-de", "drs",
			"SDK-HMAC-SHA256 Credential=" ACCESS "/20260115/eu-de/drs/sdk_request"
			", SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
			"Signature="
			"186788d83c027ae41c71b128b1b96d01a4888e68e3453c1d41bcbeb3e2f2e00e"},
	};
	_cleanup_(secret_freep) struct secret *secret = key_secret(KEY);

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(vectors); i++) {
		struct sign_key key = {
			ACCESS, secret, vectors[i].form, vectors[i].region, vectors[i].service};
		_cleanup_free_ char *authorization = NULL;
		char date[SIGN_DATE_SIZE];

		assert_int_equal(
			sign_make(vectors[i].request, &key, WALL + 999, &authorization, date), 0);
		assert_string_equal(authorization, vectors[i].expected);
		assert_string_equal(date, DATE);
	}
}

static void test_canonical_of_the_vectors(void **state)
{
	_cleanup_free_ char *a = canonical(&post), *b = canonical(&get);

	(void)state;
	assert_string_equal(a, "POST\n"
			       "/v3/" PROJECT "/jobs/batch-precheck/\n"
			       "\n"
			       "content-type:application/json\n"
			       "host:drs.eu-de.otc.t-systems.com\n"
			       "x-project-id:" PROJECT "\n"
			       "x-sdk-date:" DATE "\n"
			       "\n"
			       "content-type;host;x-project-id;x-sdk-date\n"
			       "9a83a02381533fb5dbdf0b668f15484104517f1a314ddb7f524e6e0013fd29ee");
	assert_int_equal(strlen(a), 308);
	assert_string_equal(b, "GET\n"
			       "/v5/" PROJECT "/jobs/\n"
			       "job_type=sync&limit=10&name=pre%20check%2B%C3%BC~1&offset=0\n"
			       "host:drs.cn-north-4.myhuaweicloud.com\n"
			       "x-project-id:" PROJECT "\n"
			       "x-sdk-date:" DATE "\n"
			       "x-security-token:" TOKEN "\n"
			       "\n"
			       "host;x-project-id;x-sdk-date;x-security-token\n" NO_BODY);
}

/* How the first lines of the canonical request follow from the URL. */
static void test_urls(void **state)
{
	static const struct {
		const char *url, *host, *path, *query;
	} urls[] = {
		/* the path ends in a slash, whether it does on the wire or not */
		{"https://h/v3/jobs", "h", "/v3/jobs/", ""},
		{"https://h/v3/jobs/", "h", "/v3/jobs/", ""},
		{"https://h/", "h", "/", ""},
		{"https://h", "h", "/", ""},
		{"https://h?a=1", "h", "/", "a=1"},
		{"https://h#/no", "h", "/", ""},
		{"https://h/a#b?c=d", "h", "/a/", ""},
		{"https://h/a//b", "h", "/a//b/", ""},
		{"https://h//", "h", "//", ""},
		/* decoded once, encoded once; hex digits in upper case */
		{"https://h/a b/%20c%2d%7E~", "h", "/a%20b/%20c-~~/", ""},
		{"https://h/%c3%bc/\xc3\xbc", "h", "/%C3%BC/%C3%BC/", ""},
		{"https://h/a%2Fb/%2f", "h", "/a%2Fb/%2F/", ""},
		{"https://h/%252F", "h", "/%252F/", ""},
		{"https://h/100%/%zz/%4/%a", "h", "/100%25/%25zz/%254/%25a/", ""},
		{"https://h/%4%41", "h", "/%254A/", ""},
		{"https://h/a+b:@!$&'()*,;=", "h", "/a%2Bb%3A%40%21%24%26%27%28%29%2A%2C%3B%3D/",
			""},
		{"https://h/%00x%ff", "h", "/%00x%FF/", ""},
		{"https://h/.../..a/.b/a.", "h", "/.../..a/.b/a./", ""},
		{"https://h/AZaz09-._~", "h", "/AZaz09-._~/", ""},
		/* parameters: sorted by name, then value; no value is an empty one */
		{"https://h/?b=2&a=1", "h", "/", "a=1&b=2"},
		{"https://h/?a=2&b=x&a=10&a=&a=1", "h", "/", "a=&a=1&a=10&a=2&b=x"},
		{"https://h/?a&b=&=c&=", "h", "/", "=&=c&a=&b="},
		{"https://h/?a=1&a=1", "h", "/", "a=1&a=1"},
		{"https://h/?&&a=1&", "h", "/", "a=1"},
		{"https://h/?", "h", "/", ""},
		{"https://h/?a=b=c&d==", "h", "/", "a=b%3Dc&d=%3D"},
		{"https://h/?a=x+y&b=x%2By&c=x%20y&d=x y", "h", "/",
			"a=x%2By&b=x%2By&c=x%20y&d=x%20y"},
		{"https://h/?a=%26%3d&b=/?:@", "h", "/", "a=%26%3D&b=%2F%3F%3A%40"},
		{"https://h/?n=%C3%BC&n=\xc3\xbc&n=~&n=%7e", "h", "/", "n=~&n=~&n=%C3%BC&n=%C3%BC"},
		{"https://h/?ab=1&a=2&a1=3&A=4", "h", "/", "A=4&a=2&a1=3&ab=1"},
		/* by the decoded name: "%C3%BC" stands behind "z", as the vendor's clients have it */
		{"https://h/?%C3%BC=1&z=2&%20=3", "h", "/", "%20=3&z=2&%C3%BC=1"},
		/* a name ends before one that goes on */
		{"https://h/?a%00=1&a=2", "h", "/", "a=2&a%00=1"},
		{"https://h/?a=100%&b=%4", "h", "/", "a=100%25&b=%254"},
		/* the host: as it is sent */
		{"https://h:443/", "h", "/", ""},
		{"http://h:80/", "h", "/", ""},
		{"https://h:80/", "h:80", "/", ""},
		{"http://h:443/", "h:443", "/", ""},
		{"https://h:8443", "h:8443", "/", ""},
		{"https://h:/", "h", "/", ""},
		{"http://127.0.0.1:8080?x", "127.0.0.1:8080", "/", "x="},
		{"HTTPS://DRS.EU-DE.Example:8443/V3", "drs.eu-de.example:8443", "/V3/", ""},
		{"https://[::1]/", "[::1]", "/", ""},
		{"https://[FE80::1]:8443/", "[fe80::1]:8443", "/", ""},
		{"https://[::1]:443", "[::1]", "/", ""},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
		struct sign_request r = {.method = "get", .url = urls[i].url};
		_cleanup_free_ char *text = canonical(&r), *expected = NULL, *host = NULL;

		assert_true(asprintf(&expected,
				    "GET\n%s\n%s\nhost:%s\nx-sdk-date:" DATE
				    "\n\nhost;x-sdk-date\n" NO_BODY,
				    urls[i].path, urls[i].query, urls[i].host) > 0);
		assert_string_equal(text, expected);
		assert_int_equal(sign_host(urls[i].url, &host), 0);
		assert_string_equal(host, urls[i].host);
	}
}

static void test_headers(void **state)
{
	static const struct sign_header headers[] = {
		{"x-security-token", "\t a  b \t"},
		{"X-EMPTY", "  "},
		{"Content-Type", " application/json;charset=UTF-8"},
		{"x-sdk", "1"},
		{"X_Under", "\xc3\xbc"},
	};
	struct sign_request r = {
		.method = "PUT",
		.url = "http://h:8080",
		.body = "x",
		.body_len = 1,
		.headers = headers,
		.n_headers = ELEMENTSOF(headers),
	};
	_cleanup_free_ char *text = canonical(&r);

	(void)state;
	assert_string_equal(text,
		"PUT\n/\n\n"
		"content-type:application/json;charset=UTF-8\n"
		"host:h:8080\n"
		"x-empty:\n"
		"x-sdk:1\n"
		"x-sdk-date:" DATE "\n"
		"x-security-token:a  b\n"
		"x_under:\xc3\xbc\n"
		"\n"
		"content-type;host;x-empty;x-sdk;x-sdk-date;x-security-token;x_under\n"
		"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
}

static void test_bodies(void **state)
{
	static const struct sign_header unsigned_payload = {
		"X-Sdk-Content-Sha256", " UNSIGNED-PAYLOAD"};
	static const struct {
		const char *body;
		size_t len;
		const struct sign_header *header;
		const char *hash;
	} bodies[] = {
		{NULL, 0, NULL, NO_BODY},
		{NULL, 7, NULL, NO_BODY},
		{"", 0, NULL, NO_BODY},
		{"a\0b", 3, NULL,
			"59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138"},
		{"x", 1, &unsigned_payload, "UNSIGNED-PAYLOAD"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
		struct sign_request r = {
			.method = "POST",
			.url = "https://h",
			.body = bodies[i].body,
			.body_len = bodies[i].len,
			.headers = bodies[i].header,
			.n_headers = bodies[i].header != NULL,
		};
		_cleanup_free_ char *text = canonical(&r);

		assert_string_equal(strrchr(text, '\n') + 1, bodies[i].hash);
	}
}

static void test_dates(void **state)
{
	static const struct {
		int64_t wall;
		const char *date; /* NULL: refused */
	} dates[] = {
		{0, "19700101T000000Z"},
		{-1, "19691231T235959Z"},
		{INT64_C(951782399999), "20000228T235959Z"},
		{INT64_C(951782400000), "20000229T000000Z"},
		{INT64_C(253402300799999), "99991231T235959Z"},
		{INT64_C(253402300800000), NULL},
		{INT64_MAX, NULL},
		{INT64_MIN, NULL},
	};
	_cleanup_(secret_freep) struct secret *secret = key_secret(KEY);
	struct sign_key key = {ACCESS, secret, SIGNATURE_CREDENTIAL, "eu-de", "drs"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(dates); i++) {
		_cleanup_free_ char *authorization = NULL;
		char date[SIGN_DATE_SIZE] = "untouched", scope[64];
		int r = sign_make(&post, &key, dates[i].wall, &authorization, date);

		if (!dates[i].date) {
			assert_int_equal(r, -EINVAL);
			assert_null(authorization);
			assert_string_equal(date, "untouched");
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(date, dates[i].date);
		/* the scope's day is the date's */
		snprintf(scope, sizeof(scope), "=" ACCESS "/%.8s/eu-de/drs/", date);
		assert_non_null(strstr(authorization, scope));
	}
}

/* The same request at another second, or with another key, has another signature. */
static void test_depends_on_all(void **state)
{
	_cleanup_(secret_freep) struct secret *secret = key_secret(KEY);
	_cleanup_(secret_freep) struct secret *other = key_secret("testSk");
	_cleanup_free_ char *a = NULL, *b = NULL, *c = NULL;
	struct sign_key key = {ACCESS, secret, SIGNATURE_ACCESS, NULL, NULL};
	char date[SIGN_DATE_SIZE];

	(void)state;
	assert_int_equal(sign_make(&post, &key, WALL, &a, date), 0);
	assert_int_equal(sign_make(&post, &key, WALL + 1000, &b, date), 0);
	assert_string_equal(date, "20260115T083001Z");
	assert_string_not_equal(a, b);
	key.secret = other;
	assert_int_equal(sign_make(&post, &key, WALL, &c, date), 0);
	assert_string_not_equal(a, c);
}

static void test_refused_urls(void **state)
{
	static const char *const urls[] = {
		"",
		"/v3/jobs",
		"drs.example/v3",
		"ftp://h/",
		"https:/h",
		"https://",
		"https:///v3",
		"https://:443/",
		"https://?a=1",
		"https://user@h/",
		"https://user:pass@h/",
		"https://h h/",
		"https://h\xc3\xbc/",
		"https://h:80a/",
		"https://h:-1/",
		"https://[::1/",
		"https://[::1]x/",
		"https://[::1]443/",
		"https://h/a\nb",
		"https://h/a\r",
		"https://h/?a=\tb",
		"https://h/\x7f",
		/* clients send another path than this one */
		"https://h/./a",
		"https://h/a/../b",
		"https://h/a/..",
		"https://h/a/%2e%2E/b",
		"https://h/.",
	};
	_cleanup_(secret_freep) struct secret *secret = key_secret(KEY);
	struct sign_key key = {ACCESS, secret, SIGNATURE_ACCESS, NULL, NULL};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
		struct sign_request r = {.method = "GET", .url = urls[i]};
		char *text = NULL, date[SIGN_DATE_SIZE] = "untouched";

		assert_int_equal(sign_canonical(&r, DATE, &text), -EINVAL);
		assert_int_equal(sign_host(urls[i], &text), -EINVAL);
		assert_int_equal(sign_make(&r, &key, WALL, &text, date), -EINVAL);
		assert_null(text);
		assert_string_equal(date, "untouched");
	}
}

static void test_refused_headers(void **state)
{
	static const struct sign_header headers[][2] = {
		{{"X-Project-Id", "a\nX-Evil: 1"}, {"x-a", "1"}},
		{{"X-Project-Id", "a\r"}, {"x-a", "1"}},
		{{"x-a", "1"}, {"X-Project-Id", "\x7f"}},
		{{"x-a", "1"}, {"X-Project-Id", "\x01"}},
		{{"x-a\n", "1"}, {"x-b", "1"}},
		{{"x a", "1"}, {"x-b", "1"}},
		{{"x:a", "1"}, {"x-b", "1"}},
		{{"x;a", "1"}, {"x-b", "1"}},
		{{"", "1"}, {"x-b", "1"}},
		{{"x-a", "1"}, {"X-A", "1"}},
		{{"x-a", "1"}, {"Host", "h"}},
		{{"X-Sdk-Date", DATE}, {"x-a", "1"}},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(headers); i++) {
		struct sign_request r = {
			.method = "GET",
			.url = "https://h/",
			.headers = headers[i],
			.n_headers = 2,
		};
		char *text = NULL;

		assert_int_equal(sign_canonical(&r, DATE, &text), -EINVAL);
		assert_null(text);
	}
}

static void test_refused_keys(void **state)
{
	static const struct {
		const char *access, *region, *service;
	} keys[] = {
		{"AK\nX: 1", NULL, NULL},
		{"A\tK", NULL, NULL},
		{"AK", "eu\r", NULL},
		{"AK", NULL, "d\nrs"},
	};
	_cleanup_(secret_freep) struct secret *secret = key_secret(KEY);

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
		struct sign_key key = {keys[i].access, secret, SIGNATURE_CREDENTIAL, keys[i].region,
			keys[i].service};
		char *authorization = NULL, date[SIGN_DATE_SIZE];

		assert_int_equal(sign_make(&post, &key, WALL, &authorization, date), -EINVAL);
		assert_null(authorization);
	}
}

#ifndef __SANITIZE_ADDRESS__ /* whose own memory is too large to be searched */
/* How often the bytes stand in heap and stack, freed memory included. Literals stand elsewhere. */
static unsigned times_in_memory(const void *bytes, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned found = 0;
	char line[512];

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long begin, end;
		size_t size;
		char *copy;

		if ((!strstr(line, "[heap]") && !strstr(line, "[stack]")) ||
			sscanf(line, "%lx-%lx", &begin, &end) != 2)
			continue;
		size = end - begin;
		copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(copy != MAP_FAILED);
		assert_int_equal(pread(mem, copy, size, (off_t)begin), size);
		for (char *p = copy; (p = memmem(p, size - (size_t)(p - copy), bytes, len)); p++)
			found++;
		munmap(copy, size);
	}
	fclose(maps);
	close(mem);
	return found;
}

/* Neither the secret key, nor what is derived from it, nor the security token outlives the signature. Must be
 * the first test: others leave canonical requests in the heap. */
static void test_nothing_is_left(void **state)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
	} remains[] = {
		/* ends only: free() writes over the first bytes */
		{"secret key", &KEY[sizeof(KEY) - 1 - 12], 12},
		{"k1", "\x66\x22\x00\xc2\x4e\x00\xb2\x1f\x73\x93\x54\x77", 12},
		{"k4 of C", "\x4d\x0b\x2c\xe6\xcc\x35\x67\xd1\x9d\xa0\x75\xb2", 12},
		{"k4 of D", "\x19\x70\x42\x94\xfc\x45\x3c\xec\x34\x72\x45\xb4", 12},
		{"security token", &TOKEN[sizeof(TOKEN) - 1 - 12], 12},
	};
	static const struct sign_request *const requests[] = {&post, &get};
	static const char *const regions[] = {"", "eu-de"};
	_cleanup_(secret_freep) struct secret *secret = key_secret(KEY);
	char *control = malloc(200);

	(void)state;
	assert_non_null(control);
	snprintf(control + 100, 100, "control %d", 4711);
	free(control);
	if (times_in_memory("control 4711", 12) == 0) {
		print_message("the heap is elsewhere, under valgrind\n");
		skip();
	}
	for (size_t i = 0; i < 2 * 2 * _SIGNATURE_MAX; i++) {
		struct sign_key key = {ACCESS, secret, (enum signature)(i % _SIGNATURE_MAX),
			regions[i / 4], *regions[i / 4] ? "drs" : ""};
		_cleanup_free_ char *authorization = NULL;
		char date[SIGN_DATE_SIZE];

		assert_int_equal(
			sign_make(requests[i / 2 % 2], &key, WALL, &authorization, date), 0);
		for (size_t n = 0; n < ELEMENTSOF(remains); n++)
			if (times_in_memory(remains[n].bytes, remains[n].len) > 0)
				fail_msg("round %zu leaves the %s", i, remains[n].what);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_nothing_is_left),
#endif
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_canonical_of_the_vectors),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_depends_on_all),
		cmocka_unit_test(test_refused_urls),
		cmocka_unit_test(test_refused_headers),
		cmocka_unit_test(test_refused_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
