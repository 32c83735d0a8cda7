/* test_drs.c - DRS's requests, and replies in every shape that they come in. */
#include "drs.h"
#include "json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ID_A "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101"
#define ID_B "6c1d2e3f-4a5b-4c6d-9e7f-11b2c3djb102"
#define ID_C "7d2e3f4a-5b6c-4d7e-8f90-22c3d4ejb103"
/* the id of the documentation's own example */
#define ID_D "140b5236-88ad-43c8-811c-1268453jb101"

#define JSON "application/json"

static const struct cloud_settings cloud = {.drs = (char *)"https://drs.example"};

static struct call call_of(enum call_kind kind, unsigned n)
{
	static const char *const ids[] = {ID_A, ID_B, ID_C};
	struct call call = {.id = 42, .kind = kind, .cloud = &cloud, .n = n};

	snprintf(call.project, sizeof(call.project), "0a1b2c3d4e5f60718293a4b5c6d7e8f9");
	for (unsigned i = 0; i < n; i++)
		memcpy(call.jobs[i].task, ids[i], TASK_ID_SIZE);
	return call;
}

static struct reply *reply_of(
	enum call_kind kind, unsigned n, int status, const char *type, const char *body)
{
	struct call call = call_of(kind, n);
	struct exchange x = {
		.status = status, .content_type = type, .body = body, .len = strlen(body)};
	struct reply *r;

	assert_int_equal(drs_reply(&call, &x, &r), 0);
	assert_int_equal(r->call, 42);
	return r;
}

static const struct answer *answer_for(const struct reply *r, const char *id)
{
	const struct answer *found = NULL;

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->answers[i].task, id) == 0) {
			assert_null(found);
			found = &r->answers[i];
		}
	return found;
}

static void test_request(void **state)
{
	static const struct {
		enum call_kind kind;
		unsigned n;
		const char *url, *body;
	} rows[] = {
		{CALL_STATUS, 2, "batch-status",
			"{\"jobs\":[\"" ID_A "\",\"" ID_B "\"],"
			"\"page_req\":{\"cur_page\":1,\"per_page\":2}}"},
		{CALL_SUBMIT, 2, "batch-precheck",
			"{\"jobs\":[{\"job_id\":\"" ID_A "\",\"precheck_mode\":\"forStartJob\"},"
			"{\"job_id\":\"" ID_B "\",\"precheck_mode\":\"forRetryJob\"}]}"},
		{CALL_RESULT, 2, "batch-precheck-result", "{\"jobs\":[\"" ID_A "\",\"" ID_B "\"]}"},
		{CALL_RESULT, 1, "batch-precheck-result", "{\"jobs\":[\"" ID_A "\"]}"},
		{CALL_DETAIL, 3, "batch-detail",
			"{\"jobs\":[\"" ID_A "\",\"" ID_B "\",\"" ID_C "\"],"
			"\"page_req\":{\"cur_page\":1,\"per_page\":3}}"},
	};
	char *url, *body, want[200];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct call call = call_of(rows[i].kind, rows[i].n);

		call.jobs[1].retry_mode = true;
		assert_int_equal(drs_request(&call, &url, &body), 0);
		snprintf(want, sizeof(want), "https://drs.example/v3/%s/jobs/%s", call.project,
			rows[i].url);
		assert_string_equal(url, want);
		assert_string_equal(body, rows[i].body);
		free(url);
		free(body);
	}
}

/* Ten jobs fit, even if their ids held nothing but what must be escaped. */
static void test_request_full(void **state)
{
	struct call call = call_of(CALL_SUBMIT, 0);
	struct json *root;
	const struct json *jobs;
	char *url, *body;

	(void)state;
	call.n = CALL_JOBS_MAX;
	for (unsigned i = 0; i < call.n; i++) {
		memset(call.jobs[i].task, '\x01', TASK_ID_SIZE - 1);
		call.jobs[i].task[0] = (char)('a' + i);
	}
	assert_int_equal(drs_request(&call, &url, &body), 0);
	assert_int_equal(json_parse(body, strlen(body), &root), 0);
	jobs = json_get_array(root, "jobs");
	assert_int_equal(json_count(jobs), CALL_JOBS_MAX);
	for (unsigned i = 0; i < call.n; i++)
		assert_string_equal(json_get_word(json_at(jobs, i), "job_id"), call.jobs[i].task);
	json_free(root);
	free(url);
	free(body);
	call.kind = CALL_LOGIN;
	assert_int_equal(drs_request(&call, &url, &body), -EINVAL);
}

/* The example of the documentation, typed from it. */
static void test_documented_example(void **state)
{
	static const char body[] = "{ \"results\" : [ { \"id\" : \"" ID_D
				   "\", \"status\" : \"success\", "
				   "\"precheck_id\" : \"" ID_D "\" } ], \"count\" : 1 }";
	struct call call = call_of(CALL_SUBMIT, 1);
	struct exchange x = {
		.status = 200, .content_type = JSON, .body = body, .len = strlen(body)};
	struct reply *r;

	(void)state;
	memcpy(call.jobs[0].task, ID_D, TASK_ID_SIZE);
	assert_int_equal(drs_reply(&call, &x, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_int_equal(r->n, 1);
	assert_string_equal(r->answers[0].task, ID_D);
	assert_int_equal(r->answers[0].outcome, OUTCOME_OK);
	assert_string_equal(r->answers[0].code, "");
	reply_free(r);
}

#define RESULTS(entries) "{\"count\":1,\"results\":[" entries "]}"
#define CODE(code)       "{\"error_code\":\"" code "\",\"error_msg\":\"said\"}"
#define KEYSTONE(code, message, title)                                                             \
	"{\"error\":{\"code\":" code ",\"message\":\"" message "\",\"title\":\"" title "\"}}"

/* Whole answers: shapes A to G, and worse. `n` answers of the given outcome are wanted. */
static const struct whole {
	const char *why;
	enum call_kind kind;
	unsigned jobs;
	int status;
	const char *type, *body;
	enum outcome outcome;
	bool maybe_done;
	size_t n;
	enum outcome each;
	const char *code, *text;
} wholes[] = {
	{"A accepted", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"precheck_id\":\"" ID_A
			"\",\"status\":\"success\"}"),
		OUTCOME_OK, false, 1, OUTCOME_OK, "", ""},
	{"A 202", CALL_SUBMIT, 1, 202, "application/json;charset=UTF-8",
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"success\"}"), OUTCOME_OK, false, 1,
		OUTCOME_OK, "", ""},
	{"A 201", CALL_STATUS, 1, 201, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}"), OUTCOME_OK, false, 1,
		OUTCOME_OK, "", ""},
	{"B failed in a 200", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A
			"\",\"status\":\"failed\",\"error_code\":\"DRS.M00304\"}"),
		OUTCOME_OK, false, 1, OUTCOME_WRONG_STATE, "", ""},
	{"B busy in a 202", CALL_SUBMIT, 1, 202, JSON,
		RESULTS("{\"id\":\"" ID_A
			"\",\"status\":\"failed\",\"error_code\":\"DRS.M01504\"}"),
		OUTCOME_OK, false, 1, OUTCOME_BUSY, "", ""},
	{"B failed without a code", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"failed\"}"), OUTCOME_OK, false, 1,
		OUTCOME_REFUSED, "", ""},
	{"B a code beats success", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A
			"\",\"status\":\"success\",\"error_code\":\"DRS.M00300\"}"),
		OUTCOME_OK, false, 1, OUTCOME_NOT_READY, "", ""},
	{"B unknown code", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"failed\",\"error_code\":\"DRS.M7\"}"),
		OUTCOME_OK, false, 1, OUTCOME_REFUSED, "", ""},
	{"C result with error", CALL_RESULT, 1, 200, JSON,
		RESULTS("{\"precheck_id\":\"" ID_A "\",\"error_code\":\"DRS.M05004\"}"), OUTCOME_OK,
		false, 1, OUTCOME_GONE, "", ""},
	{"C result failed without a code", CALL_RESULT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"failed\"}"), OUTCOME_OK, false, 1,
		OUTCOME_REFUSED, "", ""},
	{"C result with a message alone", CALL_RESULT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_msg\":\"cannot\"}"), OUTCOME_OK, false, 1,
		OUTCOME_REFUSED, "", ""},
	{"C status with error_message", CALL_STATUS, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M05003\","
			"\"error_message\":\"m\"}"),
		OUTCOME_OK, false, 1, OUTCOME_GONE, "", ""},
	{"D one job, a task's trouble", CALL_SUBMIT, 1, 400, JSON, CODE("DRS.M00304"), OUTCOME_OK,
		false, 1, OUTCOME_WRONG_STATE, "DRS.M00304", "said"},
	{"D two jobs, a task's trouble", CALL_SUBMIT, 2, 400, JSON, CODE("DRS.M00304"),
		OUTCOME_BAD_REQUEST, false, 0, OUTCOME_OK, "DRS.M00304", "said"},
	{"D gone", CALL_STATUS, 1, 400, JSON, CODE("DRS.M00289"), OUTCOME_OK, false, 1,
		OUTCOME_GONE, "DRS.M00289", "said"},
	{"D busy", CALL_SUBMIT, 1, 202, JSON, CODE("DRS.M01504"), OUTCOME_OK, false, 1,
		OUTCOME_BUSY, "DRS.M01504", "said"},
	{"D bad request", CALL_SUBMIT, 1, 400, JSON, CODE("DRS.M00202"), OUTCOME_BAD_REQUEST, false,
		0, OUTCOME_OK, "DRS.M00202", "said"},
	{"D unknown 400", CALL_SUBMIT, 2, 400, JSON, CODE("DRS.M77777"), OUTCOME_BAD_REQUEST, false,
		0, OUTCOME_OK, "DRS.M77777", "said"},
	{"D permission as 401", CALL_SUBMIT, 1, 401, JSON, CODE("DRS.M00103"), OUTCOME_DENIED,
		false, 0, OUTCOME_OK, "DRS.M00103", "said"},
	{"D token as 403", CALL_SUBMIT, 1, 403, JSON, CODE("DRS.M00100"), OUTCOME_TOKEN, false, 0,
		OUTCOME_OK, "DRS.M00100", "said"},
	{"D throttle as 400", CALL_SUBMIT, 2, 400, JSON, CODE("DRS.M01503"), OUTCOME_THROTTLED,
		false, 0, OUTCOME_OK, "DRS.M01503", "said"},
	{"D service trouble", CALL_SUBMIT, 1, 500, JSON, CODE("DRS.M00004"), OUTCOME_SERVER, true,
		0, OUTCOME_OK, "DRS.M00004", "said"},
	{"D the same, not a submit", CALL_RESULT, 1, 500, JSON, CODE("DRS.M00004"), OUTCOME_SERVER,
		false, 0, OUTCOME_OK, "DRS.M00004", "said"},
	{"D code in a 200", CALL_SUBMIT, 1, 200, JSON, CODE("DRS.M77777"), OUTCOME_BAD_REQUEST,
		false, 0, OUTCOME_OK, "DRS.M77777", "said"},
	{"D code beside no results", CALL_SUBMIT, 1, 200, JSON,
		"{\"results\":[],\"error_code\":\"DRS.M00102\"}", OUTCOME_DENIED, false, 0,
		OUTCOME_OK, "DRS.M00102", "answer without results (HTTP 200)"},
	{"E 400 with results", CALL_STATUS, 1, 400, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M05004\",\"error_msg\":\"m\"}"),
		OUTCOME_OK, false, 1, OUTCOME_GONE, "", ""},
	{"E throttle in the only entry", CALL_SUBMIT, 1, 400, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M01503\",\"error_msg\":\"m\"}"),
		OUTCOME_THROTTLED, false, 0, OUTCOME_OK, "DRS.M01503", "m"},
	{"E token in all entries", CALL_RESULT, 2, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M00100\"},"
			"{\"id\":\"" ID_B "\",\"error_code\":\"APIGW.0307\"}"),
		OUTCOME_TOKEN, false, 0, OUTCOME_OK, "DRS.M00100", ""},
	{"E denied in all entries", CALL_SUBMIT, 2, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M00102\"},"
			"{\"id\":\"" ID_B "\",\"error_code\":\"DRS.M00102\"}"),
		OUTCOME_OK, false, 2, OUTCOME_DENIED, "", ""},
	{"E 500 with results", CALL_STATUS, 1, 500, "text/plain",
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}"), OUTCOME_OK, false, 1,
		OUTCOME_OK, "", ""},
	{"E 400 with results of others", CALL_STATUS, 1, 400, JSON,
		RESULTS("{\"id\":\"" ID_B "\",\"error_code\":\"DRS.M05004\"}"), OUTCOME_BAD_REQUEST,
		false, 0, OUTCOME_OK, "", "answer without an error code (HTTP 400)"},
	{"E 429 without results", CALL_STATUS, 1, 429, JSON, "{\"results\":[]}", OUTCOME_THROTTLED,
		false, 0, OUTCOME_OK, "", "answer without an error code (HTTP 429)"},
	{"F token", CALL_STATUS, 1, 401, JSON, CODE("APIGW.0301"), OUTCOME_TOKEN, false, 0,
		OUTCOME_OK, "APIGW.0301", "said"},
	{"F token, dedicated", CALL_STATUS, 1, 401, JSON, CODE("APIG.0307"), OUTCOME_TOKEN, false,
		0, OUTCOME_OK, "APIG.0307", "said"},
	{"F throttled", CALL_STATUS, 1, 429, JSON, CODE("APIGW.0308"), OUTCOME_THROTTLED, false, 0,
		OUTCOME_OK, "APIGW.0308", "said"},
	{"F IAM away", CALL_SUBMIT, 1, 503, JSON, CODE("APIGW.0613"), OUTCOME_SERVER, true, 0,
		OUTCOME_OK, "APIGW.0613", "said"},
	{"F wrong path", CALL_SUBMIT, 1, 404, JSON, CODE("APIGW.0101"), OUTCOME_MISCONFIGURED,
		false, 0, OUTCOME_OK, "APIGW.0101", "said"},
	{"F token too large", CALL_STATUS, 1, 494, JSON, CODE("APIGW.0201"), OUTCOME_MISCONFIGURED,
		false, 0, OUTCOME_OK, "APIGW.0201",
		"token too large for the gateway (HTTP 494): give the user fewer roles"},
	{"F token too large, HTML", CALL_STATUS, 1, 431, "text/html", "<html>",
		OUTCOME_MISCONFIGURED, false, 0, OUTCOME_OK, "",
		"token too large for the gateway (HTTP 431): give the user fewer roles"},
	{"F declared as text", CALL_STATUS, 1, 401, "text/plain", CODE("APIGW.0307"), OUTCOME_TOKEN,
		false, 0, OUTCOME_OK, "APIGW.0307", "said"},
	{"keystone 403", CALL_STATUS, 1, 403, JSON,
		KEYSTONE("403", "X-Auth-Token is invalid in the request", "Forbidden"),
		OUTCOME_TOKEN, false, 0, OUTCOME_OK, "", "X-Auth-Token is invalid in the request"},
	{"keystone 401", CALL_STATUS, 1, 401, JSON, KEYSTONE("401", "go away", "Unauthorized"),
		OUTCOME_TOKEN, false, 0, OUTCOME_OK, "", "go away"},
	{"keystone 403, a right", CALL_STATUS, 1, 403, JSON,
		KEYSTONE("403", "You are not authorized", "Forbidden"), OUTCOME_DENIED, false, 0,
		OUTCOME_OK, "", "You are not authorized"},
	{"G bad gateway", CALL_SUBMIT, 1, 502, "text/html", "<html>502</html>", OUTCOME_SERVER,
		true, 0, OUTCOME_OK, "", "answer is not JSON (HTTP 502, text/html)"},
	{"G away", CALL_SUBMIT, 1, 503, NULL, "", OUTCOME_SERVER, true, 0, OUTCOME_OK, "",
		"empty answer (HTTP 503)"},
	{"G timeout behind the gateway", CALL_SUBMIT, 1, 504, NULL, "", OUTCOME_SERVER, true, 0,
		OUTCOME_OK, "", "empty answer (HTTP 504)"},
	{"G not a submit", CALL_RESULT, 1, 504, NULL, "", OUTCOME_SERVER, false, 0, OUTCOME_OK, "",
		"empty answer (HTTP 504)"},
	{"G header too large for nginx", CALL_SUBMIT, 2, 400, "text/html",
		"<html><head><title>400 Request Header Or Cookie Too Large</title></head>",
		OUTCOME_MISCONFIGURED, false, 0, OUTCOME_OK, "",
		"token too large for the gateway (HTTP 400): give the user fewer roles"},
	{"G 400 of a portal", CALL_STATUS, 1, 400, "text/html", "<html>", OUTCOME_MISCONFIGURED,
		false, 0, OUTCOME_OK, "", "answer is not JSON (HTTP 400, text/html)"},
	{"G 401 of a proxy", CALL_STATUS, 1, 401, "text/html", "<html>", OUTCOME_DENIED, false, 0,
		OUTCOME_OK, "", "answer is not JSON (HTTP 401, text/html)"},
	{"G 404 of a web server", CALL_STATUS, 1, 404, "text/html", "<html>", OUTCOME_MISCONFIGURED,
		false, 0, OUTCOME_OK, "", "answer is not JSON (HTTP 404, text/html)"},
	{"portal: 200 HTML", CALL_SUBMIT, 1, 200, "text/html", "<html>", OUTCOME_SERVER, true, 0,
		OUTCOME_OK, "", "answer is not JSON (HTTP 200, text/html)"},
	{"200 JSON declared as HTML", CALL_SUBMIT, 1, 200, "text/html",
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"success\"}"), OUTCOME_SERVER, true, 0,
		OUTCOME_OK, "", "answer is not JSON (HTTP 200, text/html)"},
	{"200 without a type", CALL_RESULT, 1, 200, NULL, "{}", OUTCOME_SERVER, false, 0,
		OUTCOME_OK, "", "answer is not JSON (HTTP 200, no content type)"},
	{"200 HTML declared as JSON", CALL_SUBMIT, 1, 200, JSON, "<html>", OUTCOME_SERVER, true, 0,
		OUTCOME_OK, "", "answer is not JSON (HTTP 200, " JSON ")"},
	{"200 empty", CALL_SUBMIT, 1, 200, JSON, "", OUTCOME_SERVER, true, 0, OUTCOME_OK, "",
		"empty answer (HTTP 200)"},
	{"204", CALL_SUBMIT, 1, 204, NULL, "", OUTCOME_SERVER, true, 0, OUTCOME_OK, "",
		"empty answer (HTTP 204)"},
	{"{}", CALL_SUBMIT, 1, 200, JSON, "{}", OUTCOME_SERVER, true, 0, OUTCOME_OK, "",
		"answer without results (HTTP 200)"},
	{"count alone", CALL_RESULT, 1, 200, JSON, "{\"count\":5}", OUTCOME_SERVER, false, 0,
		OUTCOME_OK, "", "answer without results (HTTP 200)"},
	{"results null", CALL_RESULT, 1, 200, JSON, "{\"results\":null}", OUTCOME_SERVER, false, 0,
		OUTCOME_OK, "", "answer without results (HTTP 200)"},
	{"results an object", CALL_RESULT, 1, 200, JSON, "{\"results\":{\"0\":{}}}", OUTCOME_SERVER,
		false, 0, OUTCOME_OK, "", "answer without results (HTTP 200)"},
	{"null", CALL_RESULT, 1, 200, JSON, "null", OUTCOME_SERVER, false, 0, OUTCOME_OK, "",
		"answer is not JSON (HTTP 200, " JSON ")"},
	{"[]", CALL_RESULT, 1, 200, JSON, "[]", OUTCOME_SERVER, false, 0, OUTCOME_OK, "",
		"answer is not JSON (HTTP 200, " JSON ")"},
	{"results empty", CALL_SUBMIT, 2, 200, JSON, "{\"count\":2,\"results\":[]}", OUTCOME_OK,
		false, 0, OUTCOME_OK, "", ""},
	{"results empty in a 202", CALL_SUBMIT, 2, 202, JSON, "{\"results\":[]}", OUTCOME_OK, false,
		0, OUTCOME_OK, "", ""},
	{"entries of no use", CALL_SUBMIT, 2, 200, JSON,
		RESULTS("null,5,\"x\",[],{},{\"id\":null},{\"id\":7},{\"id\":\"\"}"), OUTCOME_OK,
		false, 0, OUTCOME_OK, "", ""},
	{"entries of others", CALL_SUBMIT, 2, 200, JSON,
		RESULTS("{\"id\":\"" ID_C "\",\"status\":\"success\"}"), OUTCOME_OK, false, 0,
		OUTCOME_OK, "", ""},
	{"NUL in the id", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\\u0000x\",\"status\":\"success\"}"), OUTCOME_OK, false,
		0, OUTCOME_OK, "", ""},
	{"id in capitals", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"5F0E9D8C-1a2b-4c3d-8e9f-00a1b2cjb101\","
			"\"status\":\"success\"}"),
		OUTCOME_OK, false, 0, OUTCOME_OK, "", ""},
	{"submit entry that says nothing", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\"}"), OUTCOME_OK, false, 0, OUTCOME_OK, "", ""},
	{"submit entry with another word", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":\"perhaps\"}"), OUTCOME_OK, false, 0,
		OUTCOME_OK, "", ""},
	{"submit entry with true", CALL_SUBMIT, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":true}"), OUTCOME_OK, false, 0, OUTCOME_OK,
		"", ""},
	{"detail", CALL_DETAIL, 2, 200, JSON,
		RESULTS("{\"id\":\"" ID_B "\",\"status\":\"CONFIGURATION\"},"
			"{\"id\":\"" ID_A "\",\"status\":\"DELETED\",\"create_time\":\"1\"}"),
		OUTCOME_OK, false, 2, OUTCOME_OK, "", ""},
	{"detail without status", CALL_DETAIL, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"create_time\":\"1764000000000\"}"), OUTCOME_OK,
		false, 0, OUTCOME_OK, "", ""},
	{"detail of a task that is gone", CALL_DETAIL, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M05004\",\"error_message\":"
			"\"no\"}"),
		OUTCOME_OK, false, 1, OUTCOME_GONE, "", ""},
	{"detail that may not be read", CALL_DETAIL, 1, 403, JSON, CODE("DRS.M00103"),
		OUTCOME_DENIED, false, 0, OUTCOME_OK, "DRS.M00103", "said"},
	{"detail, gateway in trouble", CALL_DETAIL, 1, 504, NULL, "", OUTCOME_SERVER, false, 0,
		OUTCOME_OK, "", "empty answer (HTTP 504)"},
	{"status entry without status", CALL_STATUS, 1, 200, JSON,
		RESULTS("{\"id\":\"" ID_A "\",\"status\":null}"), OUTCOME_OK, false, 0, OUTCOME_OK,
		"", ""},
};

static void test_wholes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(wholes); i++) {
		const struct whole *w = &wholes[i];
		struct reply *r = reply_of(w->kind, w->jobs, w->status, w->type, w->body);

		if (r->outcome != w->outcome || r->maybe_done != w->maybe_done || r->n != w->n)
			fail_msg("%s: %s, %d, %zu", w->why, outcome_name(r->outcome), r->maybe_done,
				r->n);
		for (size_t k = 0; k < r->n; k++) {
			if (r->answers[k].outcome != w->each)
				fail_msg("%s: %s", w->why, outcome_name(r->answers[k].outcome));
			assert_string_equal(r->answers[k].task, k == 0 ? ID_A : ID_B);
			if (w->kind == CALL_RESULT && w->each == OUTCOME_OK)
				assert_non_null(r->answers[k].report);
		}
		if (strcmp(r->code, w->code) != 0 || strcmp(r->text, w->text) != 0)
			fail_msg("%s: \"%s\" \"%s\"", w->why, r->code, r->text);
		reply_free(r);
	}
}

static void test_not_settled(void **state)
{
	struct call call = call_of(CALL_SUBMIT, 2);
	struct exchange x = {.trouble = "timeout", .maybe_sent = true, .body = ""};
	struct reply *r;

	(void)state;
	assert_int_equal(drs_reply(&call, &x, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_TRANSPORT);
	assert_true(r->maybe_done);
	assert_int_equal(r->n, 0);
	assert_int_equal(r->retry_after, -1);
	reply_free(r);

	x = (struct exchange){.status = 302, .location = "https://portal.example/", .body = ""};
	assert_int_equal(drs_reply(&call, &x, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_MISCONFIGURED);
	assert_false(r->maybe_done);
	reply_free(r);

	x = (struct exchange){.status = 429,
		.retry_after = "30",
		.body = "{\"request_id\":\"from the body\"}",
		.len = 30};
	assert_int_equal(drs_reply(&call, &x, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_THROTTLED);
	assert_int_equal(r->retry_after, 30000);
	assert_string_equal(r->request_id, "from the body");
	reply_free(r);
}

/* Then it stays with its own job: the others were taken. */
static void test_throttle_among_others(void **state)
{
	static const char body[] = RESULTS("{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M01503\"},"
					   "{\"id\":\"" ID_B "\",\"status\":\"success\"}");
	struct reply *r = reply_of(CALL_SUBMIT, 2, 200, JSON, body);

	(void)state;
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_int_equal(answer_for(r, ID_A)->outcome, OUTCOME_THROTTLED);
	assert_int_equal(answer_for(r, ID_B)->outcome, OUTCOME_OK);
	reply_free(r);
}

/* Entries in another order, one missing, one of a stranger: joined by id under any of its names. */
static void test_join_by_id(void **state)
{
	static const char *const keys[] = {"id", "job_id", "precheck_id"};
	char body[600];

	(void)state;
	for (size_t k = 0; k < ELEMENTSOF(keys); k++) {
		const struct answer *a;
		struct reply *r;

		snprintf(body, sizeof(body),
			"{\"results\":[{\"%s\":\"" ID_D "\",\"status\":\"DELETED\"},"
			"{\"%s\":\"" ID_C "\",\"status\":\"STARTJOBING\"},"
			"{\"%s\":\"" ID_A "\",\"status\":\"A\\u001b[0mB\"}]}",
			keys[k], keys[k], keys[k]);
		r = reply_of(CALL_STATUS, 3, 200, JSON, body);
		assert_int_equal(r->n, 2);
		assert_non_null(a = answer_for(r, ID_A));
		assert_string_equal(a->status, "A\\x1b[0mB");
		assert_non_null(a = answer_for(r, ID_C));
		assert_string_equal(a->status, "STARTJOBING");
		assert_null(answer_for(r, ID_B));
		reply_free(r);
	}
}

static void test_partial_failure(void **state)
{
	static const char body[] = RESULTS(
		"{\"id\":\"" ID_B "\",\"status\":\"failed\",\"error_code\":\"DRS.M00307\","
		"\"error_msg\":\"only\\tsubtasks\"},{\"id\":\"" ID_A "\",\"status\":\"success\"}");
	struct reply *r = reply_of(CALL_SUBMIT, 2, 200, JSON, body);
	const struct answer *b = answer_for(r, ID_B);

	(void)state;
	assert_int_equal(answer_for(r, ID_A)->outcome, OUTCOME_OK);
	assert_int_equal(b->outcome, OUTCOME_PARENT);
	assert_string_equal(b->code, "DRS.M00307");
	assert_string_equal(b->text, "only\\tsubtasks");
	reply_free(r);
}

#define R_ITEM(result) "\"precheck_result\":[{\"item\":\"x\",\"result\":\"" result "\"}]"
#define R_PASSED       "{\"precheck_id\":\"" ID_A "\",\"process\":\"100%\"," R_ITEM("PASSED") "}"
#define R_ALARM        "{\"precheck_id\":\"" ID_A "\",\"process\":\"100%\"," R_ITEM("ALARM") "}"
#define R_FAILED       "{\"precheck_id\":\"" ID_A "\",\"process\":\"100%\"," R_ITEM("FAILED") "}"
#define R_HALF         "{\"precheck_id\":\"" ID_A "\",\"process\":\"50%\"}"
#define R_LOW          "{\"precheck_id\":\"" ID_A "\",\"process\":\"5%\"}"
#define R_ERROR        "{\"precheck_id\":\"" ID_A "\",\"error_code\":\"DRS.M00304\"}"

/* Two entries for one id, in either order: the less hopeful one counts. */
static void test_repeated(void **state)
{
	static const struct {
		enum call_kind kind;
		const char *one, *other;
		enum outcome outcome;
		int process;
		enum item_result item;
	} rows[] = {
		{CALL_RESULT, R_PASSED, R_FAILED, OUTCOME_OK, 100, ITEM_FAILED},
		{CALL_RESULT, R_PASSED, R_ALARM, OUTCOME_OK, 100, ITEM_ALARM},
		{CALL_RESULT, R_ALARM, R_FAILED, OUTCOME_OK, 100, ITEM_FAILED},
		{CALL_RESULT, R_PASSED, R_PASSED, OUTCOME_OK, 100, ITEM_PASSED},
		{CALL_RESULT, R_PASSED, R_HALF, OUTCOME_OK, 50, _ITEM_RESULT_MAX},
		{CALL_RESULT, R_FAILED, R_HALF, OUTCOME_OK, 50, _ITEM_RESULT_MAX},
		{CALL_RESULT, R_LOW, R_HALF, OUTCOME_OK, 5, _ITEM_RESULT_MAX},
		{CALL_RESULT, R_PASSED, R_ERROR, OUTCOME_WRONG_STATE, 0, _ITEM_RESULT_MAX},
		{CALL_RESULT, R_HALF, R_ERROR, OUTCOME_WRONG_STATE, 0, _ITEM_RESULT_MAX},
		{CALL_SUBMIT, "{\"id\":\"" ID_A "\",\"status\":\"success\"}",
			"{\"id\":\"" ID_A "\",\"status\":\"failed\"}", OUTCOME_REFUSED, 0,
			_ITEM_RESULT_MAX},
		{CALL_STATUS, "{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}",
			"{\"id\":\"" ID_A "\",\"status\":\"STARTJOBING\"}", OUTCOME_SERVER, 0,
			_ITEM_RESULT_MAX},
		{CALL_STATUS, "{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}",
			"{\"id\":\"" ID_A "\",\"error_code\":\"DRS.M05004\"}", OUTCOME_GONE, 0,
			_ITEM_RESULT_MAX},
		{CALL_STATUS, "{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}",
			"{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}", OUTCOME_OK, 0,
			_ITEM_RESULT_MAX},
		{CALL_DETAIL, "{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\"}",
			"{\"id\":\"" ID_A "\",\"status\":\"STARTJOBING\"}", OUTCOME_SERVER, 0,
			_ITEM_RESULT_MAX},
	};

	(void)state;
	for (size_t i = 0; i < 2 * ELEMENTSOF(rows); i++) {
		const char *one = i % 2 ? rows[i / 2].other : rows[i / 2].one;
		const char *other = i % 2 ? rows[i / 2].one : rows[i / 2].other;
		char body[800];
		struct reply *r;

		snprintf(body, sizeof(body), "{\"results\":[%s,%s,%s]}", one, other, one);
		r = reply_of(rows[i / 2].kind, 2, 200, JSON, body);
		assert_int_equal(r->n, 1);
		if (r->answers[0].outcome != rows[i / 2].outcome)
			fail_msg("row %zu: %s", i / 2, outcome_name(r->answers[0].outcome));
		assert_string_equal(r->answers[0].task, ID_A);
		if (r->answers[0].report) {
			const struct item *x = report_item(r->answers[0].report, "x");

			assert_int_equal(r->answers[0].report->process, rows[i / 2].process);
			assert_int_equal(x ? x->result : _ITEM_RESULT_MAX, rows[i / 2].item);
		}
		reply_free(r);
	}
}

/* When the task was made: of all that a detail says this and its status alone are taken. */
static void test_created(void **state)
{
	static const struct {
		const char *said;
		int64_t created;
	} rows[] = {
		{"\"create_time\":\"1764000000123\"", INT64_C(1764000000123)},
		{"\"create_time\":1764000000123", INT64_C(1764000000123)},
		{"\"create_time\":\"1000000000000\"", INT64_C(1000000000000)},
		{"\"create_time\":\"999999999999\"", 0},
		{"\"create_time\":\"253402300799999\"", INT64_C(253402300799999)},
		{"\"create_time\":\"253402300800000\"", 0},
		{"\"create_time\":\"1764000000\"", 0}, /* s, not ms */
		{"\"create_time\":1764000000", 0},
		{"\"create_time\":\"2025-11-24 16:00:00\"", 0},
		{"\"create_time\":\"1764000000123 \"", 0},
		{"\"create_time\":\"-1764000000123\"", 0},
		{"\"create_time\":\"+1764000000123\"", 0},
		{"\"create_time\":\"1764000000123.5\"", 0},
		{"\"create_time\":\"1764000000123\\u0000\"", 0},
		{"\"create_time\":\"18446745837709551739\"", 0}, /* 2^64 more than a good one */
		{"\"create_time\":18446745837709551739", 0},
		{"\"create_time\":1764000000123.0", 0},
		{"\"create_time\":\"0\"", 0},
		{"\"create_time\":\"\"", 0},
		{"\"create_time\":null", 0},
		{"\"create_time\":true", 0},
		{"\"create_time\":{}", 0},
		{"\"update_time\":\"1764000000123\"", 0},
	};
	char body[300];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct reply *r;

		snprintf(body, sizeof(body),
			RESULTS("{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\",%s,"
				"\"source_endpoint\":{\"db_password\":\"hunter2\"}}"),
			rows[i].said);
		r = reply_of(CALL_DETAIL, 1, 200, JSON, body);
		assert_int_equal(r->n, 1);
		assert_int_equal(r->answers[0].outcome, OUTCOME_OK);
		assert_string_equal(r->answers[0].status, "CONFIGURATION");
		assert_null(r->answers[0].report);
		assert_string_equal(r->answers[0].text, "");
		assert_string_equal(r->text, "");
		if (r->answers[0].created != rows[i].created)
			fail_msg("%s: %jd", rows[i].said, (intmax_t)r->answers[0].created);
		reply_free(r);
		/* Other calls do not look at it. */
		r = reply_of(CALL_STATUS, 1, 200, JSON, body);
		assert_int_equal(r->answers[0].created, 0);
		reply_free(r);
	}
}

/* Said twice and not the same: unknown. */
static void test_created_twice(void **state)
{
#define CREATED(of) "{\"id\":\"" ID_A "\",\"status\":\"CONFIGURATION\",\"create_time\":\"" of "\"}"
	static const struct {
		const char *body;
		int64_t created;
	} rows[] = {
		{RESULTS(CREATED("1764000000123") "," CREATED("1764000000123")),
			INT64_C(1764000000123)},
		{RESULTS(CREATED("1764000000123") "," CREATED("1764000000124")), 0},
		{RESULTS(CREATED("1764000000124") "," CREATED("1764000000123")), 0},
		{RESULTS(CREATED("1764000000124") "," CREATED("")), 0},
		{RESULTS(CREATED("") "," CREATED("1764000000123")), 0},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct reply *r = reply_of(CALL_DETAIL, 1, 200, JSON, rows[i].body);

		assert_int_equal(r->n, 1);
		assert_int_equal(r->answers[0].outcome, OUTCOME_OK);
		assert_int_equal(r->answers[0].created, rows[i].created);
		reply_free(r);
	}
}

/* A good answer cut at every byte, and with every byte broken: never a crash; OK only when
 * whole. */
static void test_cut_everywhere(void **state)
{
	static const char good[] = RESULTS(R_FAILED);
	size_t len = strlen(good);
	char body[sizeof(good)];

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct reply *r;

		memcpy(body, good, cut);
		body[cut] = '\0';
		r = reply_of(CALL_RESULT, 1, 200, JSON, body);
		assert_int_equal(r->outcome, cut == len ? OUTCOME_OK : OUTCOME_SERVER);
		assert_int_equal(r->n, cut == len ? 1 : 0);
		reply_free(r);
	}
	for (size_t at = 0; at < len; at++)
		for (int c = 1; c < 256; c += 5) {
			struct reply *r;

			memcpy(body, good, sizeof(good));
			body[at] = (char)c;
			r = reply_of(CALL_RESULT, 1, 200, JSON, body);
			for (size_t i = 0; i < r->n; i++)
				if (r->answers[i].report && report_finished(r->answers[i].report) &&
					report_grade(r->answers[i].report) == GRADE_PASSED)
					fail_msg("passed with byte %zu as %d: %s", at, c, body);
			reply_free(r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_full),
		cmocka_unit_test(test_documented_example),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_not_settled),
		cmocka_unit_test(test_throttle_among_others),
		cmocka_unit_test(test_join_by_id),
		cmocka_unit_test(test_partial_failure),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_created),
		cmocka_unit_test(test_created_twice),
		cmocka_unit_test(test_cut_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
