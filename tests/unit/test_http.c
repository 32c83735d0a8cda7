/* test_http.c - exchanges on the loop: time, connections, how often a request is sent, and the ways to end. */
#include "http.c"

#include "http_stage.h"
#include <dirent.h>

/* ---- time ---- */

static int64_t mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void test_hang(void **state)
{
	struct stage *st = *state;
	char trouble[200];

	st->server.act = hostile_hang;
	snprintf(trouble, sizeof(trouble), "no answer within 300ms from 127.0.0.1:%d",
		st->server.port);
	for (int once = 0; once < 2; once++) {
		int64_t begun = mono();
		struct result *r = once ? submit(st, SHORT)
					: exchange(st, "{}", false, NULL, SHORT);

		assert_in_range(mono() - begun, SHORT - 20, LONG);
		assert_int_equal(r->status, 0);
		assert_true(r->maybe_sent);
		assert_string_equal(r->trouble, trouble);
	}
	settle(st);
	/* The poll's connection is closed, the submit's reset: nothing may still be delivered. */
	assert_int_equal(st->server.eofs, 1);
	assert_int_equal(st->server.resets, 1);
}

static void test_drip(void **state)
{
	struct stage *st = *state;
	struct result *r;

	st->server.act = hostile_drip;
	st->server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
	r = exchange(st, "{}", false, NULL, SHORT);
	assert_int_equal(r->status, 200);
	assert_true(r->cut);
	assert_true(r->maybe_sent);
	assert_non_null(strstr(r->trouble, "answer not complete within 300ms from 127.0.0.1:"));

	st->server.answer = "HTTP/1.1 200 OK\r\nX-Drip: ";
	r = exchange(st, "{}", false, NULL, SHORT);
	assert_int_equal(r->status, 200);
	assert_true(r->cut);
}

/* Our own timer must do it alone: libcurl's has been lost by releases. */
static void test_own_deadline(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url};
	struct timeval due, now;

	st->server.act = hostile_hang;
	assert_int_equal(http_send(st->http, &st->cloud, &request, SHORT, on_done, &st->result), 0);
	assert_int_equal(
		curl_easy_setopt(transfer_handle(LIST_FIRST(&st->http->sendings)->transfer),
			CURLOPT_TIMEOUT_MS, 0L),
		CURLE_OK);
	assert_true(event_pending(LIST_FIRST(&st->http->sendings)->deadline, EV_TIMEOUT, &due));
	evutil_gettimeofday(&now, NULL);
	assert_true(due.tv_sec - now.tv_sec <= 1);
	wait_done(st);
	assert_int_equal(st->result.status, 0);
}

static void test_to_timeval(void **state _unused_)
{
	const struct {
		int64_t ms;
		long sec, usec;
	} table[] = {{0, 0, 0}, {1, 0, 1000}, {999, 0, 999000}, {1000, 1, 0}, {1001, 1, 1000},
		{INT64_C(3600000), 3600, 0}};

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct timeval tv = to_timeval(table[i].ms);

		assert_int_equal(tv.tv_sec, table[i].sec);
		assert_int_equal(tv.tv_usec, table[i].usec);
	}
}

/* ---- connections ---- */

/* Answers a connection's first request and closes at the second, as a server does whose patience ended. */
static void answer_once_then_die(struct hostile_conn *c)
{
	if (c->close_after) {
		hostile_drop(c, false);
		return;
	}
	c->close_after = true;
	bufferevent_setcb(c->bev, hostile_on_read, NULL, hostile_on_event, c);
	hostile_answer(c);
}

static void test_kept_alive(void **state)
{
	struct stage *st = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(post(st)->status, 200);
	assert_int_equal(st->server.connections, 1);
	/* A submit has one of its own, which later polls may use. */
	assert_int_equal(submit(st, LONG)->status, 200);
	assert_int_equal(st->server.connections, 2);
	assert_int_equal(post(st)->status, 200);
	assert_int_equal(st->server.connections, 2);
	/* A whole answer makes a submit's connection an ordinary one: it is closed, not reset. */
	st->http = http_free(st->http);
	settle(st);
	assert_int_equal(st->server.eofs, 2);
	assert_int_equal(http_new(st->base, &st->http), 0);
}

static void test_dying_connection(void **state)
{
	struct stage *st = *state;
	struct result *r;

	st->server.act = answer_once_then_die;
	assert_int_equal(post(st)->status, 200);
	/* What libcurl does, and why submits are guarded: it sends the POST again on a new connection. */
	assert_int_equal(post(st)->status, 200);
	assert_int_equal(st->server.requests, 3);

	r = submit(st, LONG); /* the idle connection would die under it */
	assert_int_equal(r->status, 200);
	assert_int_equal(st->server.requests, 4);
	st->server.act = hostile_close;
	r = submit(st, LONG);
	assert_int_equal(r->status, 0);
	assert_true(r->maybe_sent);
	assert_int_equal(st->server.requests, 5);
}

/* The second guard, with the first one off: on a kept-alive connection all the same. */
static void test_not_sent_again(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {
		.url = st->url, .body = "{}", .body_len = 2, .once = true};
	char trouble[200];

	st->server.act = answer_once_then_die;
	assert_int_equal(post(st)->status, 200);
	result_clear(&st->result);
	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	assert_int_equal(
		curl_easy_setopt(transfer_handle(LIST_FIRST(&st->http->sendings)->transfer),
			CURLOPT_FRESH_CONNECT, 0L),
		CURLE_OK);
	wait_done(st);
	assert_int_equal(st->result.status, 0);
	assert_true(st->result.maybe_sent);
	snprintf(trouble, sizeof(trouble),
		"connection closed by 127.0.0.1:%d before it answered; not sent again",
		st->server.port);
	assert_string_equal(st->result.trouble, trouble);
	assert_int_equal(st->server.requests, 2);
}

static void test_reset(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url};

	assert_int_equal(post(st)->status, 200);
	assert_int_equal(st->server.connections, 1);
	http_reset(st->http);
	settle(st);
	assert_int_equal(post(st)->status, 200);
	assert_int_equal(st->server.connections, 2);

	result_clear(&st->result);
	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	http_reset(st->http);
	wait_done(st); /* what is under way goes on */
	assert_int_equal(st->result.status, 200);
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_hundred(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url, .body = "{}", .body_len = 2};
	unsigned before, idle;

	assert_int_equal(post(st)->status, 200);
	http_reset(st->http);
	settle(st);
	before = open_files();
	result_clear(&st->result);
	for (unsigned i = 0; i < 100; i++) {
		request.once = i % 4 == 0;
		assert_int_equal(
			http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	}
	assert_int_equal(http_active(st->http), 100);
	while (st->result.calls < 100)
		event_base_loop(st->base, EVLOOP_ONCE);
	assert_int_equal(http_active(st->http), 0);
	assert_int_equal(st->server.requests, 101);
	while (open_files() > before + 2 * IDLE_MAX) /* both ends of the idle ones */
		event_base_loop(st->base, EVLOOP_ONCE);
	idle = open_files();
	assert_true(idle >= before);
	http_reset(st->http);
	settle(st);
	assert_int_equal(open_files(), before);
}

/* The name server does not answer: the caller is told in time, and neither giving up nor http_free() waits for
 * it. A regression here hangs until the alarm. */
static void test_slow_name(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {
		.url = st->url, .body = "{}", .body_len = 2, .once = true};
	struct result *r;

	assert_int_equal(pipe(resolver_gate), 0);
	snprintf(st->url, sizeof(st->url), "https://slow.invalid/v5");
	r = submit(st, SHORT);
	assert_int_equal(r->status, 0);
	assert_false(r->maybe_sent);
	assert_string_equal(r->trouble, "name slow.invalid not resolved within 300ms");

	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	for (int i = 0; i < 3; i++)
		event_base_loop(st->base, EVLOOP_NONBLOCK);
	st->http = http_free(st->http);
	assert_int_equal(r->calls, 1);
	close(resolver_gate[1]);
	assert_int_equal(http_new(st->base, &st->http), 0);
}

/* ---- callbacks and ends ---- */

static void test_free_under_way(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url, .body = "{}", .body_len = 2};

	st->server.act = hostile_hang;
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	while (st->server.requests < 5)
		event_base_loop(st->base, EVLOOP_ONCE);
	st->http = http_free(st->http);
	settle(st);
	assert_int_equal(st->result.calls, 0);
	assert_int_equal(http_new(st->base, &st->http), 0);
}

static void on_done_again(
	void *arg, const struct exchange *x, const char *token _unused_, size_t len _unused_)
{
	struct stage *st = arg;
	struct exchange_request request = {.url = st->url};

	assert_int_equal(x->status, 200);
	assert_int_equal(http_active(st->http), 0);
	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	http_reset(st->http);
}

static void test_send_from_done(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url};

	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done_again, st), 0);
	wait_done(st);
	assert_int_equal(st->result.status, 200);
}

static void on_done_free(void *arg, const struct exchange *x _unused_, const char *token _unused_,
	size_t len _unused_)
{
	struct stage *st = arg;

	st->http = http_free(st->http);
}

static void test_free_from_done(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url};

	for (int hang = 0; hang < 2; hang++) {
		st->server.act = hang ? hostile_hang : hostile_answer;
		assert_int_equal(
			http_send(st->http, &st->cloud, &request, SHORT, on_done_free, st), 0);
		assert_int_equal(
			http_send(st->http, &st->cloud, &request, LONG, on_done_free, st), 0);
		while (st->http)
			event_base_loop(st->base, EVLOOP_ONCE);
		assert_int_equal(http_new(st->base, &st->http), 0);
	}
}

static void test_version(void **state _unused_)
{
	char version[80];

	assert_ptr_equal(strstr(http_version(version, sizeof(version)), "libcurl "), version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(test_hang),
		STAGE_TEST(test_drip),
		STAGE_TEST(test_own_deadline),
		cmocka_unit_test(test_to_timeval),
		STAGE_TEST(test_kept_alive),
		STAGE_TEST(test_dying_connection),
		STAGE_TEST(test_not_sent_again),
		STAGE_TEST(test_reset),
		STAGE_TEST(test_hundred),
		STAGE_TEST(test_slow_name),
		STAGE_TEST(test_free_under_way),
		STAGE_TEST(test_send_from_done),
		STAGE_TEST(test_free_from_done),
		cmocka_unit_test(test_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
