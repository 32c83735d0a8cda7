/* test_courier.c - one reply for each call, whatever becomes of it, and never from inside; the token of a login
 * goes with the calls that name that login. A hostile server on loopback plays IAM and DRS. */
#include "courier.h"

#include "hostile.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define TASK    "5f0e9d8c-1a2b-4c3d-8e9f-000000000001"
#define BUDGET  20000 /* ms: never reached unless something is broken */

struct rig {
	struct event_base *base;
	struct courier *courier;
	struct hostile server;
	struct settings *s;
	struct credential credential;
	bool inside;            /* a courier_send() is under way */
	unsigned replies, seen; /* seen: a bit for each call */
	uint64_t call;
	enum outcome outcome;
	bool maybe_done;
	char text[200], status[40];
	int64_t life;
	char answer[2048];
};

static void on_reply(void *arg, const struct reply *r)
{
	struct rig *g = arg;

	assert_false(g->inside);
	assert_false(g->seen & 1U << r->call); /* one for each */
	g->seen |= 1U << r->call;
	g->replies++;
	g->call = r->call;
	g->outcome = r->outcome;
	g->maybe_done = r->maybe_done;
	g->life = r->life;
	text_copy(g->text, sizeof(g->text), r->text);
	text_copy(g->status, sizeof(g->status), r->n ? r->answers[0].status : "");
}

static int setup(void **state)
{
	struct rig *g = calloc(1, sizeof(*g));
	struct cloud_settings *c;

	assert_non_null(g);
	alarm(30); /* a test that hangs is a test that fails */
	g->base = event_base_new();
	hostile_start(&g->server, g->base);
	g->server.act = hostile_answer;
	assert_int_equal(courier_new(g->base, on_reply, g, &g->courier), 0);
	g->s = settings_new();
	g->s->n_clouds = 1;
	g->s->clouds = c = calloc(1, sizeof(*c));
	c->name = strdup("prod");
	assert_true(asprintf(&c->iam, "http://127.0.0.1:%d", g->server.port) > 0);
	assert_true(asprintf(&c->drs, "http://127.0.0.1:%d", g->server.port) > 0);
	c->user = strdup("watcher");
	c->domain = strdup("OTC01");
	c->project_id = strdup(PROJECT);
	c->timeout = BUDGET;
	assert_int_equal(secret_new("pw", 2, &g->credential.secret), 0);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct rig *g = *state;

	courier_free(g->courier);
	hostile_stop(&g->server);
	settings_unref(g->s);
	credential_done(&g->credential);
	event_base_free(g->base);
	free(g);
	alarm(0);
	return 0;
}

static void answer(struct rig *g, int status, const char *headers, const char *body)
{
	snprintf(g->answer, sizeof(g->answer),
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: "
		"%zu\r\n%s\r\n%s",
		status, strlen(body), headers, body);
	g->server.answer = g->answer;
}

static void post(struct rig *g, uint64_t id, enum call_kind kind, uint64_t login)
{
	struct call c = {
		.id = id,
		.kind = kind,
		.cloud = g->s->clouds,
		.login = login,
		.project = PROJECT,
	};

	if (kind != CALL_LOGIN) {
		c.n = 1;
		text_copy(c.jobs[0].task, sizeof(c.jobs[0].task), TASK);
	}
	g->inside = true;
	courier_send(g->courier, &c, g->s, kind == CALL_LOGIN ? &g->credential : NULL, BUDGET);
	g->inside = false;
}

static void wait_reply(struct rig *g, uint64_t id)
{
	unsigned before = g->replies;

	while (g->replies == before)
		event_base_loop(g->base, EVLOOP_ONCE);
	assert_int_equal(g->replies, before + 1);
	assert_int_equal(g->call, id);
}

static void log_in(struct rig *g, uint64_t id, const char *token)
{
	char header[100];

	snprintf(header, sizeof(header), "X-Subject-Token: %s\r\n", token);
	answer(g, 201, header,
		"{\"token\":{\"issued_at\":\"2026-11-24T03:00:00.000000Z\","
		"\"expires_at\":\"2026-11-25T03:00:00.000000Z\","
		"\"project\":{\"id\":\"" PROJECT "\",\"name\":\"eu-de\"}}}");
	post(g, id, CALL_LOGIN, 0);
	wait_reply(g, id);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->life, DAYS(1));
}

static void test_token_goes_with_its_login(void **state)
{
	struct rig *g = *state;

	log_in(g, 1, "first");
	assert_non_null(strstr(g->server.last, "\"password\":\"pw\""));
	log_in(g, 2, "second");
	answer(g, 200, "",
		"{\"count\":1,\"results\":[{\"id\":\"" TASK "\",\"status\":\"CONFIGURATION\"}]}");
	post(g, 3, CALL_STATUS, 2);
	wait_reply(g, 3);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_string_equal(g->status, "CONFIGURATION");
	assert_non_null(strstr(g->server.last, "X-Auth-Token: second\r\n"));
	post(g, 4, CALL_STATUS, 1); /* the older one, too, as long as it is asked for */
	wait_reply(g, 4);
	assert_non_null(strstr(g->server.last, "X-Auth-Token: first\r\n"));
}

/* A key's login brings no token: its calls are signed, each with its project and a date of its own. */
static void test_calls_are_signed(void **state)
{
	struct rig *g = *state;

	g->s->clouds[0].method = AUTH_AKSK;
	g->s->clouds[0].access_key = strdup("AK1");
	answer(g, 200, "", "{\"projects\":[]}");
	post(g, 1, CALL_LOGIN, 0);
	wait_reply(g, 1);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->life, INT64_MAX);
	answer(g, 200, "",
		"{\"count\":1,\"results\":[{\"id\":\"" TASK "\",\"status\":\"CONFIGURATION\"}]}");
	post(g, 2, CALL_STATUS, 1);
	wait_reply(g, 2);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_null(strstr(g->server.last, "X-Auth-Token"));
	assert_non_null(strstr(g->server.last, "X-Project-Id: " PROJECT "\r\n"));
	assert_non_null(strstr(g->server.last, "X-Sdk-Date: 20"));
	assert_non_null(strstr(g->server.last,
		"Authorization: SDK-HMAC-SHA256 Access=AK1, "
		"SignedHeaders=content-type;host;x-project-id;x-sdk-date, Signature="));
}

/* Nothing was sent, and the reply says why; it comes from the loop all the same. */
static void test_what_can_not_be_sent(void **state)
{
	struct rig *g = *state;
	unsigned sent;

	post(g, 1, CALL_STATUS, 7); /* a login that never was */
	wait_reply(g, 1);
	assert_int_equal(g->outcome, OUTCOME_TRANSPORT);
	assert_false(g->maybe_done);
	assert_string_equal(g->text, "there is no password, key or token for it");
	credential_done(&g->credential);
	post(g, 2, CALL_LOGIN, 0);
	wait_reply(g, 2);
	assert_int_equal(g->outcome, OUTCOME_TRANSPORT);
	assert_string_equal(g->text, "there is no password, key or token for it");
	assert_int_equal(g->server.requests, 0);

	assert_int_equal(secret_new("pw", 2, &g->credential.secret), 0);
	log_in(g, 3, "token");
	sent = g->server.requests;
	free(g->s->clouds[0].drs);
	g->s->clouds[0].drs = strdup("http://drs.example");
	post(g, 4, CALL_SUBMIT, 3);
	wait_reply(g, 4);
	assert_int_equal(g->outcome, OUTCOME_TRANSPORT);
	assert_false(g->maybe_done); /* a submit that never left may be sent again */
	assert_string_equal(g->text, "plain http is for loopback only");
	assert_int_equal(g->server.requests, sent);
}

static void test_lost_connections(void **state)
{
	struct rig *g = *state;
	unsigned sent;

	log_in(g, 1, "token");
	sent = g->server.requests;
	g->server.act = hostile_reset;
	post(g, 2, CALL_SUBMIT, 1);
	wait_reply(g, 2);
	assert_int_equal(g->outcome, OUTCOME_TRANSPORT);
	assert_true(g->maybe_done);
	assert_int_equal(g->server.requests, sent + 1); /* never twice */
}

static void test_each_call_gets_its_own_reply(void **state)
{
	struct rig *g = *state;

	log_in(g, 1, "token");
	answer(g, 200, "", "{\"count\":0,\"results\":[]}");
	for (uint64_t id = 2; id < 12; id++)
		post(g, id, id % 2 ? CALL_STATUS : CALL_RESULT, id % 3 ? 1 : 99);
	assert_int_equal(g->replies, 1);
	while (g->replies < 11)
		event_base_loop(g->base, EVLOOP_ONCE);
	event_base_loop(g->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_int_equal(g->replies, 11);
	assert_int_equal(g->seen, 0xffe);
}

/* Freed with calls on the wire and one that never left: nobody is called any more. */
static void test_freed_under_way(void **state)
{
	struct rig *g = *state;

	log_in(g, 1, "token");
	g->server.act = hostile_hang;
	post(g, 2, CALL_STATUS, 1);
	post(g, 3, CALL_STATUS, 99);
	for (unsigned sent = g->server.requests; g->server.requests == sent;)
		event_base_loop(g->base, EVLOOP_ONCE);
	post(g, 4, CALL_STATUS, 99);
	g->replies = 0;
	g->courier = courier_free(g->courier);
	event_base_loop(g->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_int_equal(g->replies, 0);
	assert_null(courier_free(NULL));
}

/* The settings of a call live as long as it does, whatever a reload does. */
static void test_reload_under_way(void **state)
{
	struct rig *g = *state;

	log_in(g, 1, "token");
	answer(g, 200, "",
		"{\"count\":1,\"results\":[{\"id\":\"" TASK "\",\"status\":\"STARTJOBING\"}]}");
	post(g, 2, CALL_STATUS, 1);
	g->s = settings_unref(g->s);
	courier_reset(g->courier);
	wait_reply(g, 2);
	assert_string_equal(g->status, "STARTJOBING");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_token_goes_with_its_login, setup, teardown),
		cmocka_unit_test_setup_teardown(test_calls_are_signed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_can_not_be_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_call_gets_its_own_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload_under_way, setup, teardown),
	};

	return cmocka_run_group_tests_name("courier: a reply for each call", tests, NULL, NULL);
}
