/* test_iam.c - the login request, byte for byte, and every way in which IAM may answer it. */
#include "iam.h"
#include "json.h"
#include "text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define JSON    "application/json"
#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define TIMES                                                                                      \
	"\"issued_at\":\"2026-11-24T03:00:00.000000Z\","                                           \
	"\"expires_at\":\"2026-11-25T03:00:00.000000Z\""
#define GOOD "{\"token\":{" TIMES ",\"project\":{\"id\":\"" PROJECT "\",\"name\":\"eu-de\"}}}"
#define DAY  (24 * 3600 * (int64_t)1000)

static void test_request(void **state)
{
	static const struct {
		struct cloud_settings cloud;
		const char *password, *url, *body;
		enum iam_scope scope;
	} rows[] = {
		{{.iam = (char *)"https://iam.example",
			 .user = (char *)"svc-drswatch",
			 .domain = (char *)"OTC-EU-DE-1",
			 .project_id = (char *)PROJECT},
			"s3cret", "https://iam.example/v3/auth/tokens?nocatalog=true",
			"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			"{\"user\":{\"name\":\"svc-drswatch\",\"password\":\"s3cret\","
			"\"domain\":{\"name\":\"OTC-EU-DE-1\"}}}},\"scope\":{\"project\":"
			"{\"id\":\"" PROJECT "\"}}}}",
			IAM_PROJECT},
		{{.iam = (char *)"https://iam.example/v3",
			 .user = (char *)"a\"b",
			 .domain = (char *)"D\\1",
			 .project = (char *)"eu-de_\xc3\xa4"},
			"p\"w\\\n\xe2\x82\xac", "https://iam.example/v3/auth/tokens?nocatalog=true",
			"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			"{\"user\":{\"name\":\"a\\\"b\",\"password\":"
			"\"p\\\"w\\\\\\u000a\xe2\x82\xac\",\"domain\":{\"name\":\"D\\\\1\"}}}},"
			"\"scope\":{\"project\":{\"name\":\"eu-de_\xc3\xa4\","
			"\"domain\":{\"name\":\"D\\\\1\"}}}}}",
			IAM_PROJECT},
		{{.iam = (char *)"http://[::1]:1234", .user = (char *)"u", .project = (char *)"p"},
			"", "http://[::1]:1234/v3/auth/tokens?nocatalog=true",
			"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			"{\"user\":{\"name\":\"u\",\"password\":\"\"}}},"
			"\"scope\":{\"project\":{\"name\":\"p\"}}}}",
			IAM_PROJECT},
		{{.iam = (char *)"https://iam.example",
			 .user_id = (char *)"0f1e2d",
			 .domain = (char *)"D", /* the project's: an id needs none */
			 .project = (char *)"p"},
			"x", "https://iam.example/v3/auth/tokens?nocatalog=true",
			"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			"{\"user\":{\"id\":\"0f1e2d\",\"password\":\"x\"}}},"
			"\"scope\":{\"project\":{\"name\":\"p\",\"domain\":{\"name\":\"D\"}}}}}",
			IAM_PROJECT},
		{{.iam = (char *)"https://iam.example",
			 .user = (char *)"u",
			 .domain = (char *)"D",
			 .project = (char *)"of-the-agency"},
			"x", "https://iam.example/v3/auth/tokens?nocatalog=true",
			"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			"{\"user\":{\"name\":\"u\",\"password\":\"x\",\"domain\":{\"name\":"
			"\"D\"}}}},\"scope\":{\"domain\":{\"name\":\"D\"}}}}",
			IAM_ACCOUNT},
		{{.iam = (char *)"https://iam.example", .user_id = (char *)"u"}, "x",
			"https://iam.example/v3/auth/tokens?nocatalog=true",
			"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			"{\"user\":{\"id\":\"u\",\"password\":\"x\"}}}}}",
			IAM_ACCOUNT},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct secret *password, *body;
		struct json *root;
		char *url;

		assert_int_equal(
			secret_new(rows[i].password, strlen(rows[i].password), &password), 0);
		assert_int_equal(
			iam_request(&rows[i].cloud, password, rows[i].scope, &url, &body), 0);
		assert_string_equal(url, rows[i].url);
		assert_string_equal(secret_bytes(body), rows[i].body);
		assert_int_equal(secret_len(body), strlen(rows[i].body));
		assert_int_equal(json_parse(secret_bytes(body), secret_len(body), &root), 0);
		json_free(root);
		free(url);
		secret_free(body);
		secret_free(password);
	}
}

struct answer_row {
	const char *why;
	int status;
	const char *type, *body, *token;
	enum outcome outcome;
	const char *code, *text;
};

#define KEYSTONE(code, message) "{\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"
#define IAM(code, message)      "{\"error_msg\":\"" message "\",\"error_code\":\"" code "\"}"

static const struct answer_row answers[] = {
	{"good", 201, JSON, GOOD, "MIIabc", OUTCOME_OK, "", ""},
	{"200 too", 200, "application/json;charset=utf8", GOOD, "MIIabc", OUTCOME_OK, "", ""},
	{"no token header", 201, JSON, GOOD, NULL, OUTCOME_SERVER, "",
		"answer without X-Subject-Token"},
	{"empty token header", 201, JSON, GOOD, "", OUTCOME_SERVER, "",
		"answer without X-Subject-Token"},
	{"token with a blank", 201, JSON, GOOD, "MII abc", OUTCOME_SERVER, "",
		"X-Subject-Token holds characters that are no token's"},
	{"token with a line break", 201, JSON, GOOD, "MII\r\nX: y", OUTCOME_SERVER, "",
		"X-Subject-Token holds characters that are no token's"},
	{"token with a high byte", 201, JSON, GOOD, "MII\xc3\xa4", OUTCOME_SERVER, "",
		"X-Subject-Token holds characters that are no token's"},
	{"HTML", 201, "text/html", GOOD, "MIIabc", OUTCOME_SERVER, "", "answer is not JSON"},
	{"no type", 201, NULL, GOOD, "MIIabc", OUTCOME_SERVER, "", "answer is not JSON"},
	{"empty", 201, JSON, "", "MIIabc", OUTCOME_SERVER, "", "answer is not JSON"},
	{"{}", 201, JSON, "{}", "MIIabc", OUTCOME_SERVER, "", "answer without a token in its body"},
	{"token no object", 201, JSON, "{\"token\":\"MIIabc\"}", "MIIabc", OUTCOME_SERVER, "",
		"answer without a token in its body"},
	{"no project", 201, JSON, "{\"token\":{" TIMES "}}", "MIIabc", OUTCOME_MISCONFIGURED, "",
		"token is not for a project: check project"},
	{"project null", 201, JSON, "{\"token\":{" TIMES ",\"project\":null}}", "MIIabc",
		OUTCOME_MISCONFIGURED, "", "token is not for a project: check project"},
	{"project id for the URL", 201, JSON,
		"{\"token\":{" TIMES ",\"project\":{\"id\":\"../x?y\"}}}", "MIIabc",
		OUTCOME_MISCONFIGURED, "", "project id in the token is not usable"},
	{"project id too long", 201, JSON,
		"{\"token\":{" TIMES ",\"project\":{\"id\":\"" PROJECT PROJECT "\"}}}", "MIIabc",
		OUTCOME_MISCONFIGURED, "", "project id in the token is not usable"},
	{"no dates", 201, JSON, "{\"token\":{\"project\":{\"id\":\"" PROJECT "\"}}}", "MIIabc",
		OUTCOME_SERVER, "", "answer without issued_at and expires_at"},
	{"date of no use", 201, JSON,
		"{\"token\":{\"issued_at\":\"now\",\"expires_at\":\"2026-11-25T03:00:00Z\","
		"\"project\":{\"id\":\"" PROJECT "\"}}}",
		"MIIabc", OUTCOME_SERVER, "", "answer without issued_at and expires_at"},
	{"no life", 201, JSON,
		"{\"token\":{\"issued_at\":\"2026-11-25T03:00:00Z\","
		"\"expires_at\":\"2026-11-25T03:00:00Z\",\"project\":{\"id\":\"" PROJECT "\"}}}",
		"MIIabc", OUTCOME_SERVER, "", "token is expired from the start"},

	{"wrong password", 401, JSON, KEYSTONE("401", "The username or password is wrong."), NULL,
		OUTCOME_CREDENTIAL, "", "The username or password is wrong."},
	{"wrong password by code", 401, JSON, IAM("IAM.0062", "wrong"), NULL, OUTCOME_CREDENTIAL,
		"IAM.0062", "wrong"},
	{"locked", 401, JSON, KEYSTONE("401", "The account is locked."), NULL, OUTCOME_LOCKED, "",
		"The account is locked."},
	{"locked by code", 401, JSON, IAM("IAM.0061", "no"), NULL, OUTCOME_LOCKED, "IAM.0061",
		"user is locked: no"},
	{"locked by code and text", 401, JSON, IAM("IAM.0061", "user Locked"), NULL, OUTCOME_LOCKED,
		"IAM.0061", "user Locked"},
	{"large headers", 431, "text/html", "<html>", NULL, OUTCOME_MISCONFIGURED, "",
		"token too large for the gateway (HTTP 431): give the user fewer roles"},
	{"401 of nobody", 401, "text/html", "<html>", NULL, OUTCOME_CREDENTIAL, "",
		"IAM answered HTTP 401 without a message"},
	{"wrong project", 404, JSON, KEYSTONE("404", "Could not find project: x."), NULL,
		OUTCOME_CREDENTIAL, "", "Could not find project: x."},
	{"wrong domain", 400, JSON, KEYSTONE("400", "no such domain"), NULL, OUTCOME_CREDENTIAL, "",
		"no such domain"},
	{"404 of a web server", 404, "text/html", "<html>", NULL, OUTCOME_MISCONFIGURED, "",
		"IAM answered HTTP 404 without a message"},
	{"404 of the gateway", 404, JSON, IAM("APIGW.0101", "no such API"), NULL,
		OUTCOME_MISCONFIGURED, "APIGW.0101", "no such API"},
	{"gateway cannot reach IAM", 401, JSON, IAM("APIGW.0613", "away"), NULL, OUTCOME_SERVER,
		"APIGW.0613", "away"},
	{"gateway wants a token", 401, JSON, IAM("APIGW.0301", "token"), NULL, OUTCOME_CREDENTIAL,
		"APIGW.0301", "token"},
	{"throttled", 429, JSON, IAM("IAM.0012", "slow"), NULL, OUTCOME_THROTTLED, "IAM.0012",
		"slow"},
	{"no API access", 403, JSON, IAM("IAM.0081", "console only"), NULL, OUTCOME_DENIED,
		"IAM.0081", "console only"},
	{"away", 503, "text/html", "<html>", NULL, OUTCOME_SERVER, "",
		"IAM answered HTTP 503 without a message"},
	{"a refusal with a token", 401, JSON, KEYSTONE("401", "no"), "MIIabc", OUTCOME_CREDENTIAL,
		"", "no"},
};

static struct reply *reply_of(const struct answer_row *row, const struct cloud_settings *cloud,
	size_t token_len, struct secret **ret_token)
{
	struct call call = {.id = 7, .kind = CALL_LOGIN, .cloud = cloud};
	struct exchange x = {.status = row->status,
		.content_type = row->type,
		.body = row->body,
		.len = strlen(row->body),
		.retry_after = "3"};
	struct reply *r;

	*ret_token = (struct secret *)1;
	assert_int_equal(
		iam_reply(&call, &x, row->token, token_len, IAM_PROJECT, &r, ret_token), 0);
	assert_int_equal(r->call, 7);
	assert_int_equal(r->retry_after, 3000);
	assert_int_equal(r->n, 0);
	return r;
}

static void test_replies(void **state)
{
	static const struct cloud_settings cloud = {.project = (char *)"eu-de"};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
		const struct answer_row *row = &answers[i];
		struct secret *token;
		struct reply *r = reply_of(
			row, &cloud, row->token ? strlen(row->token) : 0, &token);

		if (r->outcome != row->outcome || strcmp(r->code, row->code) != 0 ||
			strcmp(r->text, row->text) != 0)
			fail_msg("%s: %s \"%s\" \"%s\"", row->why, outcome_name(r->outcome),
				r->code, r->text);
		if (row->outcome == OUTCOME_OK) {
			assert_string_equal(secret_bytes(token), row->token);
			assert_int_equal(r->life, DAY);
			assert_string_equal(r->project, PROJECT);
			secret_free(token);
		} else {
			assert_null(token);
			assert_string_equal(r->project, "");
			assert_int_equal(r->life, 0);
		}
		reply_free(r);
	}
}

static void test_project_asked_for(void **state)
{
	struct cloud_settings cloud = {.project_id = (char *)PROJECT};
	struct secret *token;
	struct reply *r = reply_of(&answers[0], &cloud, 6, &token);

	(void)state;
	assert_int_equal(r->outcome, OUTCOME_OK);
	secret_free(token);
	reply_free(r);

	cloud.project_id = (char *)"ffffffffffffffffffffffffffffffff";
	r = reply_of(&answers[0], &cloud, 6, &token);
	assert_int_equal(r->outcome, OUTCOME_MISCONFIGURED);
	assert_string_equal(r->text, "token is for project " PROJECT ", not the one asked for");
	assert_null(token);
	reply_free(r);
}

/* 32 KB go, one byte more does not, and is never cut to fit. */
static void test_token_size(void **state)
{
	static const struct cloud_settings cloud = {.project = (char *)"eu-de"};
	char *large = malloc(TOKEN_MAX + 2);
	struct answer_row row = answers[0];
	struct secret *token;
	struct reply *r;

	(void)state;
	assert_non_null(large);
	memset(large, 'M', TOKEN_MAX + 1);
	large[TOKEN_MAX + 1] = '\0';
	row.token = large;
	r = reply_of(&row, &cloud, TOKEN_MAX, &token);
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_int_equal(secret_len(token), TOKEN_MAX);
	secret_free(token);
	reply_free(r);
	r = reply_of(&row, &cloud, TOKEN_MAX + 1, &token);
	assert_int_equal(r->outcome, OUTCOME_MISCONFIGURED);
	assert_string_equal(r->text,
		"token is 32769 bytes, the gateway takes 32 KB: give the user fewer roles");
	assert_null(token);
	reply_free(r);
	/* a NUL inside */
	large[100] = '\0';
	r = reply_of(&row, &cloud, 200, &token);
	assert_int_equal(r->outcome, OUTCOME_SERVER);
	assert_null(token);
	reply_free(r);
	free(large);
}

static void test_not_settled(void **state)
{
	static const struct cloud_settings cloud = {.project = (char *)"eu-de"};
	struct call call = {.id = 7, .kind = CALL_LOGIN, .cloud = &cloud};
	struct exchange x = {.trouble = "connection refused by iam.example:443", .body = ""};
	struct secret *token = (struct secret *)1;
	struct reply *r;

	(void)state;
	assert_int_equal(iam_reply(&call, &x, NULL, 0, IAM_PROJECT, &r, &token), 0);
	assert_int_equal(r->outcome, OUTCOME_TRANSPORT);
	assert_string_equal(r->text, "connection refused by iam.example:443");
	assert_null(token);
	reply_free(r);
	/* cut off behind a good header: no token is taken from half an answer */
	x = (struct exchange){.status = 201, .cut = true, .body = GOOD, .len = strlen(GOOD)};
	assert_int_equal(iam_reply(&call, &x, "MIIabc", 6, IAM_PROJECT, &r, &token), 0);
	assert_int_equal(r->outcome, OUTCOME_SERVER);
	assert_null(token);
	reply_free(r);
}

static void test_cut_everywhere(void **state)
{
	static const struct cloud_settings cloud = {.project = (char *)"eu-de"};
	struct answer_row row = answers[0];
	char body[sizeof(GOOD)];

	(void)state;
	for (size_t cut = 0; cut < strlen(GOOD); cut++) {
		struct secret *token;
		struct reply *r;

		memcpy(body, GOOD, cut);
		body[cut] = '\0';
		row.body = body;
		r = reply_of(&row, &cloud, 6, &token);
		assert_int_equal(r->outcome, OUTCOME_SERVER);
		assert_null(token);
		reply_free(r);
	}
}

static void test_outcome(void **state)
{
	static const struct {
		int status;
		const char *code, *text;
		enum outcome outcome;
	} rows[] = {
		{403, "IAM.0002", "", OUTCOME_DENIED},
		{403, "IAM.0003", "", OUTCOME_DENIED},
		{404, "IAM.0004", "", OUTCOME_CREDENTIAL},
		{409, "IAM.0005", "", OUTCOME_MISCONFIGURED},
		{500, "IAM.0006", "", OUTCOME_SERVER},
		{401, "IAM.0007", "", OUTCOME_CREDENTIAL},
		{400, "IAM.0011", "", OUTCOME_CREDENTIAL},
		{429, "IAM.0012", "", OUTCOME_THROTTLED},
		{401, "IAM.0012", "", OUTCOME_THROTTLED},
		{410, "IAM.0020", "", OUTCOME_SERVER},
		{401, "IAM.0061", "", OUTCOME_LOCKED},
		{401, "", "it has been locked", OUTCOME_LOCKED},
		{401, "", "no such user blocked", OUTCOME_CREDENTIAL},
		{401, "APIGW.0301", "AK is locked", OUTCOME_LOCKED},
		{401, "APIGW.0301", "signature expired, signature time:a,server time:b",
			OUTCOME_MISCONFIGURED},
		{401, "IAM.0062", "", OUTCOME_CREDENTIAL},
		{401, "IAM.0066", "", OUTCOME_CREDENTIAL},
		{401, "IAM.0067", "", OUTCOME_CREDENTIAL},
		{403, "IAM.0080", "", OUTCOME_DENIED},
		{403, "IAM.0081", "", OUTCOME_DENIED},
		{403, "IAM.0082", "", OUTCOME_DENIED},
		{403, "IAM.0083", "", OUTCOME_DENIED},
		{400, "IAM.1101", "", OUTCOME_CREDENTIAL},
		{400, "IAM.1104", "", OUTCOME_CREDENTIAL},
		{400, "IAM.1105", "", OUTCOME_CREDENTIAL},
		{400, "IAM.1106", "", OUTCOME_CREDENTIAL},
		{400, "IAM.1107", "", OUTCOME_CREDENTIAL},
		{400, "IAM.1108", "", OUTCOME_CREDENTIAL},
		{400, "IAM.1109", "", OUTCOME_CREDENTIAL},
		{503, "APIGW.0613", "", OUTCOME_SERVER},
		{400, "APIG.0201", "", OUTCOME_MISCONFIGURED},
		{429, "APIGW.0308", "", OUTCOME_THROTTLED},
		{401, "APIGW.0307", "", OUTCOME_CREDENTIAL},
		{403, "APIGW.0401", "", OUTCOME_DENIED},
		{400, "", "", OUTCOME_MISCONFIGURED},
		{400, "", "bad", OUTCOME_CREDENTIAL},
		{400, "IAM.9999", "", OUTCOME_CREDENTIAL},
		{401, "", "", OUTCOME_CREDENTIAL},
		{403, "", "", OUTCOME_DENIED},
		{404, "", "", OUTCOME_MISCONFIGURED},
		{405, "", "x", OUTCOME_MISCONFIGURED},
		{407, "", "", OUTCOME_MISCONFIGURED},
		{408, "", "", OUTCOME_SERVER},
		{410, "", "", OUTCOME_SERVER},
		{429, "", "", OUTCOME_THROTTLED},
		{500, "", "", OUTCOME_SERVER},
		{502, "", "", OUTCOME_SERVER},
		{503, "IAM.9999", "", OUTCOME_SERVER},
		{504, "", "", OUTCOME_SERVER},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		enum outcome o = iam_outcome(rows[i].status, rows[i].code, rows[i].text);

		if (o != rows[i].outcome)
			fail_msg("%d %s: %s", rows[i].status, rows[i].code, outcome_name(o));
	}
	/* there is no token to renew in a login */
	for (int status = 0; status < 1000; status++)
		assert_int_not_equal(iam_outcome(status, "", "token is invalid"), OUTCOME_TOKEN);
}

static void test_assume_request(void **state)
{
	struct cloud_settings cloud = {
		.iam = (char *)"https://iam.example",
		.agency = (char *)"watch\"er",
		.agency_domain = (char *)"Owner",
		.project = (char *)"eu-de",
	};
	char *url, *body;

	(void)state;
	assert_int_equal(iam_assume_request(&cloud, &url, &body), 0);
	assert_string_equal(url, "https://iam.example/v3/auth/tokens?nocatalog=true");
	assert_string_equal(body,
		"{\"auth\":{\"identity\":{\"methods\":[\"assume_role\"],\"assume_role\":"
		"{\"domain_name\":\"Owner\",\"agency_name\":\"watch\\\"er\"}},\"scope\":"
		"{\"project\":{\"name\":\"eu-de\",\"domain\":{\"name\":\"Owner\"}}}}}");
	free(url);
	free(body);
	cloud.project_id = (char *)PROJECT;
	assert_int_equal(iam_assume_request(&cloud, &url, &body), 0);
	assert_non_null(strstr(body, "\"scope\":{\"project\":{\"id\":\"" PROJECT "\"}}}}"));
	free(url);
	free(body);
}

/* A token for the user's own account has no project, and is not refused for that. */
static void test_account_token(void **state)
{
	static const struct cloud_settings cloud = {.project_id = (char *)PROJECT};
	struct call call = {.id = 7, .kind = CALL_LOGIN, .cloud = &cloud};
	struct exchange x = {
		.status = 201, .content_type = JSON, .body = "{\"token\":{" TIMES "}}"};
	struct secret *token;
	struct reply *r;

	(void)state;
	x.len = strlen(x.body);
	assert_int_equal(iam_reply(&call, &x, "MIIabc", 6, IAM_ACCOUNT, &r, &token), 0);
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_string_equal(secret_bytes(token), "MIIabc");
	secret_free(token);
	reply_free(r);
}

/* Of a token that somebody else got, only what is left of its life counts. */
static void test_check(void **state)
{
	static const struct cloud_settings cloud = {.iam = (char *)"https://iam.example"};
	struct call call = {.id = 7, .kind = CALL_LOGIN, .cloud = &cloud};
	struct exchange x = {
		.status = 200, .content_type = JSON, .body = GOOD, .len = strlen(GOOD)};
	int64_t end;
	struct reply *r;
	char *url;

	(void)state;
	assert_int_equal(iam_check_url(&cloud, &url), 0);
	assert_string_equal(url, "https://iam.example/v3/auth/tokens?nocatalog=true");
	free(url);
	assert_int_equal(time_parse_utc("2026-11-25T03:00:00Z", &end), 0);
	assert_int_equal(iam_check_reply(&call, &x, end - 5000, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_OK);
	assert_int_equal(r->life, 5000);
	assert_string_equal(r->project, PROJECT);
	reply_free(r);
	assert_int_equal(iam_check_reply(&call, &x, end, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_CREDENTIAL);
	assert_string_equal(r->text, "token is expired");
	reply_free(r);
	x = (struct exchange){.status = 404, .content_type = JSON};
	x.body = KEYSTONE("404", "Could not find token.");
	x.len = strlen(x.body);
	assert_int_equal(iam_check_reply(&call, &x, end, &r), 0);
	assert_int_equal(r->outcome, OUTCOME_CREDENTIAL);
	reply_free(r);
}

static void test_project_url(void **state)
{
	struct cloud_settings cloud = {
		.iam = (char *)"https://iam.example", .project = (char *)"eu-de_\xc3\xa4 &x/~"};
	char *url;

	(void)state;
	assert_int_equal(iam_project_url(&cloud, &url), 0);
	assert_string_equal(url, "https://iam.example/v3/projects?name=eu-de_%C3%A4%20%26x%2F~");
	free(url);
	cloud.project_id = (char *)PROJECT;
	cloud.project = NULL;
	assert_int_equal(iam_project_url(&cloud, &url), 0);
	assert_string_equal(url, "https://iam.example/v3/projects?page=1&per_page=1");
	free(url);
}

#define P(name, id, more) "{\"name\":\"" name "\",\"id\":\"" id "\"" more "}"

static void test_projects(void **state)
{
	static const struct {
		const char *id; /* configured */
		int status;
		const char *body;
		enum outcome outcome;
		const char *project, *text;
	} rows[] = {
		{NULL, 200, "{\"projects\":[" P("eu-de_x", "1", "") "," P("eu-de", "2", "") "]}",
			OUTCOME_OK, "2", ""},
		{NULL, 200,
			"{\"projects\":[" P("eu-de", "1", ",\"enabled\":false") "," P(
				"eu-de", "2", ",\"enabled\":true") "]}",
			OUTCOME_OK, "2", ""},
		{NULL, 200, "{\"projects\":[]}", OUTCOME_MISCONFIGURED, "",
			"there is no project named eu-de that this key may use: correct project, "
			"or set project_id"},
		{NULL, 200, "{\"projects\":[" P("eu-de", "1", "") "," P("eu-de", "2", "") "]}",
			OUTCOME_MISCONFIGURED, "",
			"there is more than one project named eu-de that this key may use: correct "
			"project, or set project_id"},
		{NULL, 200, "{\"projects\":[" P("eu-de", "../x", "") "]}", OUTCOME_MISCONFIGURED,
			"", "IAM's id of project eu-de is not usable"},
		{NULL, 200, "{}", OUTCOME_SERVER, "", "answer without a list of projects"},
		{NULL, 200, "[", OUTCOME_SERVER, "", "answer is not JSON"},
		{NULL, 403, KEYSTONE("403", "no"), OUTCOME_MISCONFIGURED, "",
			"the key is good, but may not list projects: set project_id"},
		{NULL, 401, IAM("APIGW.0301", "verify aksk signature fail"), OUTCOME_CREDENTIAL, "",
			"verify aksk signature fail"},
		{PROJECT, 200, "{\"projects\":[]}", OUTCOME_OK, PROJECT, ""},
		{PROJECT, 403, KEYSTONE("403", "no"), OUTCOME_OK, PROJECT, ""},
		{PROJECT, 401, KEYSTONE("401", "no"), OUTCOME_CREDENTIAL, "", "no"},
		{PROJECT, 503, IAM("APIGW.0613", "no IAM"), OUTCOME_SERVER, "", "no IAM"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct cloud_settings cloud = {.project_id = (char *)rows[i].id,
			.project = rows[i].id ? NULL : (char *)"eu-de"};
		struct call call = {.id = 7, .kind = CALL_LOGIN, .cloud = &cloud};
		struct exchange x = {.status = rows[i].status, .content_type = JSON};
		struct reply *r;

		x.body = rows[i].body;
		x.len = strlen(x.body);
		assert_int_equal(iam_project_reply(&call, &x, &r), 0);
		if (r->outcome != rows[i].outcome || strcmp(r->project, rows[i].project) != 0 ||
			strcmp(r->text, rows[i].text) != 0)
			fail_msg("row %zu: %s, %s, %s", i, outcome_name(r->outcome), r->project,
				r->text);
		assert_true((r->outcome == OUTCOME_OK) == (r->life == INT64_MAX));
		reply_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_project_asked_for),
		cmocka_unit_test(test_token_size),
		cmocka_unit_test(test_not_settled),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_assume_request),
		cmocka_unit_test(test_account_token),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_project_url),
		cmocka_unit_test(test_projects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
