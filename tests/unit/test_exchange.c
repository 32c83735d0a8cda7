/* test_exchange.c - what an HTTP answer says before its payload: transport, redirects,
 * Retry-After, errors. */
#include "exchange.h"

#include "call.h"
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_url(void **state)
{
	static const char *const rows[][2] = {
		{"https://iam.example", "https://iam.example/v3/auth/tokens"},
		{"https://iam.example/v3", "https://iam.example/v3/auth/tokens"},
		{"https://iam.example:8443/x", "https://iam.example:8443/x/v3/auth/tokens"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char *url;

		assert_int_equal(exchange_url(rows[i][0], "/auth/tokens", &url), 0);
		assert_string_equal(url, rows[i][1]);
		free(url);
	}
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} rows[] = {
		{NULL, -1},
		{"0", 0},
		{"1", 1000},
		{"60", 60000},
		{" 60 ", 60000},
		{"60\r", 60000},
		{"900", 900000},
		{"901", 900000},
		{"86400", 900000},
		{"99999999999999999999999999", 900000},
		{"", -1},
		{"-1", -1},
		{"+5", -1},
		{"1.5", -1},
		{"5s", -1},
		{"5 5", -1},
		{"soon", -1},
		{"Wed, 25 Nov 2026 03:00:00 GMT", -1},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct exchange x = {.status = 429, .retry_after = rows[i].value};

		if (exchange_retry_after(&x) != rows[i].ms)
			fail_msg("%s", rows[i].value);
	}
}

static void test_settled(void **state)
{
	static const struct {
		const char *why;
		struct exchange x;
		bool settled;
		enum outcome outcome;
		bool maybe_done;
		const char *text;
	} rows[] = {
		{"no answer", {.trouble = "connection refused by drs.example:443"}, true,
			OUTCOME_TRANSPORT, false, "connection refused by drs.example:443"},
		{"timeout behind the request", {.trouble = "timeout", .maybe_sent = true}, true,
			OUTCOME_TRANSPORT, true, "timeout"},
		{"trouble is escaped", {.trouble = "a\x1b[1mb"}, true, OUTCOME_TRANSPORT, false,
			"a\\x1b[1mb"},
		{"redirect", {.status = 302, .location = "https://portal.example/login?x=1"}, true,
			OUTCOME_MISCONFIGURED, false,
			"redirected (HTTP 302) to portal.example; redirects are not followed"},
		{"redirect inside", {.status = 301, .location = "/login"}, true,
			OUTCOME_MISCONFIGURED, false,
			"redirected (HTTP 301) to its own host; redirects are not followed"},
		{"redirect to nowhere", {.status = 307}, true, OUTCOME_MISCONFIGURED, false,
			"redirected (HTTP 307) to its own host; redirects are not followed"},
		{"redirect with an ugly host", {.status = 308, .location = "http://a\nb/"}, true,
			OUTCOME_MISCONFIGURED, false,
			"redirected (HTTP 308) to a\\nb; redirects are not followed"},
		{"cut", {.status = 200, .cut = true, .maybe_sent = true, .body = "{", .len = 1},
			true, OUTCOME_SERVER, true, "answer (HTTP 200) cut off after 1 bytes"},
		{"cut, told why", {.status = 200, .cut = true, .trouble = "body over 8 MB"}, true,
			OUTCOME_SERVER, false, "body over 8 MB"},
		{"cut throttle", {.status = 429, .cut = true}, true, OUTCOME_THROTTLED, false,
			"answer (HTTP 429) cut off after 0 bytes"},
		{"whole", {.status = 200}, false, OUTCOME_OK, false, ""},
		{"whole error", {.status = 500}, false, OUTCOME_OK, false, ""},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct exchange x = rows[i].x;
		struct reply *r;

		x.request_id = "req-\x01";
		x.retry_after = "7";
		assert_int_equal(reply_new(1, 0, &r), 0);
		if (exchange_settled(&x, r) != rows[i].settled || r->outcome != rows[i].outcome ||
			r->maybe_done != rows[i].maybe_done)
			fail_msg("%s: %s", rows[i].why, outcome_name(r->outcome));
		assert_string_equal(r->text, rows[i].text);
		assert_string_equal(r->request_id, "req-\\x01");
		assert_int_equal(r->retry_after, 7000);
		reply_free(r);
	}
}

static void test_content_type(void **state)
{
	static const struct {
		const char *type;
		bool json;
	} rows[] = {
		{"application/json", true},
		{"application/json;charset=utf8", true},
		{"Application/JSON; charset=UTF-8", true},
		{"application/problem+json", true},
		{"text/html", false},
		{"", false},
		{NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct exchange x = {.content_type = rows[i].type};

		assert_int_equal(exchange_is_json(&x), rows[i].json);
	}
	for (int status = 0; status < 600; status++) {
		struct exchange x = {.status = status};

		assert_int_equal(exchange_success(&x), status / 100 == 2);
	}
}

static void test_problem(void **state)
{
	static const struct {
		const char *body, *code, *text, *request_id;
		bool keystone;
	} rows[] = {
		{"{}", "", "", "", false},
		{"{\"error_code\":\"DRS.M00304\",\"error_msg\":\"state\"}", "DRS.M00304", "state",
			"", false},
		{"{\"error_code\":\"DRS.M00304\",\"error_message\":\"state\"}", "DRS.M00304",
			"state", "", false},
		{"{\"error_msg\":\"slow\\ndown\",\"error_code\":\"APIGW.0308\","
		 "\"request_id\":\"r1\"}",
			"APIGW.0308", "slow\\ndown", "r1", false},
		{"{\"error\":{\"code\":401,\"message\":\"no\",\"title\":\"Unauthorized\"}}", "",
			"no", "", true},
		{"{\"error\":{\"code\":401,\"title\":\"Unauthorized\"}}", "", "Unauthorized", "",
			true},
		{"{\"error\":{\"code\":\"IAM.0011\",\"message\":\"no\"}}", "IAM.0011", "no", "",
			true},
		{"{\"error\":\"oops\"}", "", "", "", false},
		{"{\"error\":{}}", "", "", "", false},
		{"{\"error_code\":null,\"error_msg\":null}", "", "", "", false},
		{"{\"error_code\":5,\"error_msg\":[]}", "", "", "", false},
		{"{\"error_code\":\"\",\"error_msg\":\"\"}", "", "", "", false},
		{"{\"error_code\":\"DRS.M00304\\u0000x\",\"error_msg\":\"\\u202e\"}",
			"DRS.M00304\\x00x", "\\u{202E}", "", false},
	};
	struct problem p;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct json *root;

		assert_int_equal(json_parse(rows[i].body, strlen(rows[i].body), &root), 0);
		memset(&p, 'x', sizeof(p));
		exchange_problem(root, &p);
		assert_string_equal(p.code, rows[i].code);
		assert_string_equal(p.text, rows[i].text);
		assert_string_equal(p.request_id, rows[i].request_id);
		assert_int_equal(p.keystone, rows[i].keystone);
		json_free(root);
	}
	exchange_problem(NULL, &p);
	assert_string_equal(p.code, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
