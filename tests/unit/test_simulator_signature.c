/* test_simulator_signature.c - the simulator's own reading of SDK-HMAC-SHA256: the published vectors, each rule of
 * the canonical form, and what a header must look like. */
#include "signature.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include <cmocka.h>

#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define SECRET  "testSk/+drsWatcherSecret0000000000000001"
#define DATE    "20260115T083000Z"
#define HEX     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BODY                                                                                       \
	"{\"jobs\":[{\"job_id\":\"5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101\","                         \
	"\"precheck_mode\":\"forStartJob\"}]}"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct headers {
	struct evkeyvalq list;
	struct evkeyval entries[8];
	char copies[8][2][300];
	size_t n;
};

static void add(struct headers *h, const char *name, const char *value)
{
	if (h->n == 0)
		TAILQ_INIT(&h->list);
	snprintf(h->copies[h->n][0], sizeof(h->copies[0][0]), "%s", name);
	snprintf(h->copies[h->n][1], sizeof(h->copies[0][1]), "%s", value);
	h->entries[h->n].key = h->copies[h->n][0];
	h->entries[h->n].value = h->copies[h->n][1];
	TAILQ_INSERT_TAIL(&h->list, &h->entries[h->n], next);
	h->n++;
}

/* The signature of a POST that the documentation gives as vector A, C, D, by what the header names. */
static void sign_submit(const char *authorization, char ret[65])
{
	struct headers h = {0};
	struct signature g;
	char why[SIGNATURE_WHY], *canonical;
	struct signed_request q = {.method = "POST",
		.path = "/v3/" PROJECT "/jobs/batch-precheck",
		.headers = &h.list,
		.body = BODY,
		.body_len = strlen(BODY)};

	add(&h, "X-Sdk-Date", DATE);
	add(&h, "Host", "drs.eu-de.otc.t-systems.com");
	add(&h, "X-Project-Id", PROJECT);
	add(&h, "Content-Type", "  application/json ");
	assert_int_equal(signature_parse(authorization, &g, why), 0);
	assert_int_equal(signature_canonical(&g, &q, &canonical, why), 0);
	assert_int_equal(strlen(canonical), 308);
	signature_make(&g, SECRET, DATE, canonical, ret);
	free(canonical);
}

static void vectors_of_a_post(void **state)
{
	static const struct {
		const char *key, *signature;
	} vectors[] = {
		{"Access=TESTAK0DRSWATCH00001",
			"6cde2800d0ba11d7d3f5f47283fa39f1e5a04e69d48b14c8b5445c800c13f695"},
		{"Credential=TESTAK0DRSWATCH00001/20260115///sdk_request",
			"420366ba499f2698596c8e0e81f879d607ccdac31b23d6c8dde51723efa8ddee"},
		{"Credential=TESTAK0DRSWATCH00001/20260115/eu-de/drs/sdk_request",
			"186788d83c027ae41c71b128b1b96d01a4888e68e3453c1d41bcbeb3e2f2e00e"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(vectors); i++) {
		char text[400], hex[65];

		snprintf(text, sizeof(text),
			"SDK-HMAC-SHA256 %s, SignedHeaders=content-type;host;x-project-id;"
			"x-sdk-date, Signature=%s",
			vectors[i].key, vectors[i].signature);
		sign_submit(text, hex);
		assert_string_equal(hex, vectors[i].signature);
	}
}

static void vector_of_a_get(void **state)
{
	static const char expected[] =
		"GET\n/v5/" PROJECT "/jobs/\n"
		"job_type=sync&limit=10&name=pre%20check%2B%C3%BC~1&offset=0\n"
		"host:drs.cn-north-4.myhuaweicloud.com\nx-project-id:" PROJECT "\n"
		"x-sdk-date:" DATE "\nx-security-token:ggpjbi1ub3J0aC00ExampleSecurityToken==\n\n"
		"host;x-project-id;x-sdk-date;x-security-token\n" EMPTY;
	struct headers h = {0};
	struct signature g;
	char why[SIGNATURE_WHY], *canonical, hex[65];
	struct signed_request q = {.method = "GET",
		.path = "/v5/" PROJECT "/jobs",
		.query = "offset=0&name=pre%20check%2b%c3%bc~1&job_type=sync&limit=10",
		.headers = &h.list,
		.body = ""};

	(void)state;
	add(&h, "Host", "drs.cn-north-4.myhuaweicloud.com");
	add(&h, "x-project-id", PROJECT);
	add(&h, "X-SDK-Date", DATE);
	add(&h, "X-Security-Token", "ggpjbi1ub3J0aC00ExampleSecurityToken==");
	assert_int_equal(
		signature_parse("SDK-HMAC-SHA256 Access=TESTAK0DRSWATCH00001, "
				"SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, "
				"Signature=" HEX,
			&g, why),
		0);
	assert_int_equal(signature_canonical(&g, &q, &canonical, why), 0);
	assert_string_equal(canonical, expected);
	signature_make(&g, SECRET, DATE, canonical, hex);
	assert_string_equal(
		hex, "5b3d83db268ffdde764f5080bed4969d66dfeaf737874fc7c586880ed63b7339");
	free(canonical);
}

static void paths_and_queries(void **state)
{
	static const struct {
		const char *path, *query, *lines;
	} cases[] = {
		{"/", NULL, "/\n"},
		{"", NULL, "/\n"},
		{"/a/", NULL, "/a/\n"},
		{"/a//b", "", "/a//b/\n"},
		{"/%41b%2fc/%zz%4", NULL, "/Ab%2Fc/%25zz%254/\n"},
		{"/a b+c*", NULL, "/a%20b%2Bc%2A/\n"},
		{"/\xc3\xbc", NULL, "/%C3%BC/\n"},
		{"/a", "b", "/a/\nb="},
		{"/a", "b=&a", "/a/\na=&b="},
		{"/a", "b=2&b=10&b=1", "/a/\nb=1&b=10&b=2"},
		{"/a", "x=a=b&&y=c%26d", "/a/\nx=a%3Db&y=c%26d"},
		{"/a", "Z=1&a=2", "/a/\nZ=1&a=2"},
		{"/a", "q=a+b", "/a/\nq=a%2Bb"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct headers h = {0};
		struct signature g = {.headers = "host"};
		char why[SIGNATURE_WHY], *canonical, expected[400];
		struct signed_request q = {.method = "PUT",
			.path = cases[i].path,
			.query = cases[i].query,
			.headers = &h.list,
			.body = ""};

		add(&h, "host", "h");
		snprintf(expected, sizeof(expected), "PUT\n%s\nhost:h\n\nhost\n" EMPTY,
			cases[i].lines);
		assert_int_equal(signature_canonical(&g, &q, &canonical, why), 0);
		assert_string_equal(canonical, expected);
		free(canonical);
	}
}

static void headers_that_are_refused(void **state)
{
	static const char *const lists[] = {"x-sdk-date;host", "host;host", "Host;x-sdk-date",
		"host;;x-sdk-date", "host;x-absent", "host;twice;x-sdk-date"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		struct headers h = {0};
		struct signature g = {0};
		char why[SIGNATURE_WHY] = "", *canonical = NULL;
		struct signed_request q = {
			.method = "GET", .path = "/", .headers = &h.list, .body = ""};

		snprintf(g.headers, sizeof(g.headers), "%s", lists[i]);
		add(&h, "Host", "h");
		add(&h, "X-Sdk-Date", DATE);
		add(&h, "twice", "1");
		add(&h, "Twice", "1");
		assert_int_equal(signature_canonical(&g, &q, &canonical, why), -EINVAL);
		assert_null(canonical);
		assert_true(strlen(why) > 0);
	}
}

static void the_body_s_hash_as_sent(void **state)
{
	static const struct {
		const char *sent;
		int r;
	} cases[] = {{"UNSIGNED-PAYLOAD", 0}, {EMPTY, -EINVAL}, {"", -EINVAL}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct headers h = {0};
		struct signature g = {.headers = "host"};
		char why[SIGNATURE_WHY], *canonical = NULL;
		struct signed_request q = {.method = "POST",
			.path = "/",
			.headers = &h.list,
			.body = "x",
			.body_len = 1};

		add(&h, "host", "h");
		add(&h, "X-Sdk-Content-Sha256", cases[i].sent);
		assert_int_equal(signature_canonical(&g, &q, &canonical, why), cases[i].r);
		if (canonical)
			assert_string_equal(strrchr(canonical, '\n') + 1, cases[i].sent);
		free(canonical);
	}
}

static void authorization_headers(void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=" HEX, 0},
		{"SDK-HMAC-SHA256 Access=A,SignedHeaders=host,Signature=" HEX, 0},
		{"SDK-HMAC-SHA256 Signature=" HEX ", Access=A, SignedHeaders=host", 0},
		{"SDK-HMAC-SHA256 Credential=A/20260115///sdk_request, SignedHeaders=host, "
		 "Signature=" HEX,
			0},
		{"SDK-HMAC-SHA256 Credential=A/2026115///sdk_request, SignedHeaders=host, "
		 "Signature=" HEX,
			-EINVAL},
		{"SDK-HMAC-SHA256 Credential=A/20260115//sdk_request, SignedHeaders=host, "
		 "Signature=" HEX,
			-EINVAL},
		{"SDK-HMAC-SHA256 Credential=A/20260115///sdk_request/, SignedHeaders=host, "
		 "Signature=" HEX,
			-EINVAL},
		{"SDK-HMAC-SHA256 Credential=A/20260115///sdk-request, SignedHeaders=host, "
		 "Signature=" HEX,
			-EINVAL},
		{"SDK-HMAC-SHA256 Credential=/20260115///sdk_request, SignedHeaders=host, "
		 "Signature=" HEX,
			-EINVAL},
		{"SDK-HMAC-SHA256 Access=A, Access=A, SignedHeaders=host, Signature=" HEX, -EINVAL},
		{"SDK-HMAC-SHA256 Access=A, SignedHeaders=a, SignedHeaders=a, Signature=" HEX,
			-EINVAL},
		{"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=" HEX ", x=y", -EINVAL},
		{"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=" HEX ",", -EINVAL},
		{"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=abc", -EINVAL},
		{"SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature=" HEX, -EINVAL},
		{"SDK-HMAC-SHA256 Access=A, SignedHeaders=host", -EINVAL},
		{"SDK-HMAC-SHA256 Access=A, Signature=" HEX, -EINVAL},
		{"SDK-HMAC-SHA256 SignedHeaders=host, Signature=" HEX, -EINVAL},
		{"SDK-HMAC-SHA512 Access=A, SignedHeaders=host, Signature=" HEX, -EINVAL},
		{"Bearer x", -EINVAL},
		{"SDK-HMAC-SHA256", -EINVAL},
		{"", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct signature g;
		char why[SIGNATURE_WHY] = "";

		if (signature_parse(cases[i].text, &g, why) != cases[i].r)
			fail_msg("%s: %s", cases[i].text, why);
		assert_int_equal(*why != '\0', cases[i].r < 0);
	}
}

static void what_is_covered(void **state)
{
	struct signature g = {.headers = "content-type;host;x-sdk-date"};

	(void)state;
	assert_true(signature_covers(&g, "host"));
	assert_true(signature_covers(&g, "content-type"));
	assert_true(signature_covers(&g, "x-sdk-date"));
	assert_false(signature_covers(&g, "x-sdk"));
	assert_false(signature_covers(&g, "ost"));
	assert_false(signature_covers(&g, "x-sdk-date2"));
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t wall;
	} cases[] = {
		{DATE, INT64_C(1768465800000)},
		{"19700101T000000Z", 0},
		{"20240229T235959Z", INT64_C(1709251199000)},
		{"20250229T000000Z", -1},
		{"20260115T083000", -1},
		{"2026-01-15T08:30Z", -1},
		{"20260115T083060Z", -1},
		{"20261315T083000Z", -1},
		{"20260115t083000Z", -1},
		{"2026011 T083000Z", -1},
		{"+0260115T083000Z", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		int64_t wall = -1;
		int r = signature_date(cases[i].text, &wall);

		assert_int_equal(r, cases[i].wall < 0 ? -EINVAL : 0);
		assert_true(wall == cases[i].wall);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_a_post),
		cmocka_unit_test(vector_of_a_get),
		cmocka_unit_test(paths_and_queries),
		cmocka_unit_test(headers_that_are_refused),
		cmocka_unit_test(the_body_s_hash_as_sent),
		cmocka_unit_test(authorization_headers),
		cmocka_unit_test(what_is_covered),
		cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
