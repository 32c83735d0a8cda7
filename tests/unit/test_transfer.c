/* test_transfer.c - one exchange with a hostile server: what is sent, what is taken from the answer, and what
 * never happens: a redirect followed, a token handed on, a certificate not looked at. */
#include "transfer.c"

#include "http_stage.h"
#include "tls_server.h"

/* ---- plain exchanges ---- */

static void test_post(void **state)
{
	struct stage *st = *state;
	const char *request = st->server.last;
	struct result *r;

	st->server.answer =
		"HTTP/1.1 202 Accepted\r\ncontent-type: application/json; charset=utf-8\r\n"
		"x-REQUEST-id: abc-1 \r\nRetry-After:17\r\nx-subject-TOKEN:  tok\r\n"
		"Content-Length: 10\r\n\r\n{\"a\": 100}";
	r = exchange(st, "{\"jobs\":[]}", false, "secret-token", LONG);
	assert_int_equal(r->status, 202);
	assert_false(r->cut);
	assert_false(r->maybe_sent);
	assert_string_equal(r->trouble, "");
	assert_string_equal(r->body, "{\"a\": 100}");
	assert_string_equal(r->content_type, "application/json; charset=utf-8");
	assert_string_equal(r->request_id, "abc-1");
	assert_string_equal(r->retry_after, "17");
	assert_string_equal(r->token, "tok");
	assert_int_equal(r->token_len, 3);
	assert_null(r->location);
	assert_ptr_equal(strstr(request, "POST /v5/x HTTP/1.1\r\n"), request);
	assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(request, "\r\nAccept: application/json\r\n"));
	assert_non_null(strstr(request, "\r\nX-Language: en-us\r\n"));
	assert_non_null(strstr(request, "\r\nUser-Agent: precheckd/" VERSION "\r\n"));
	assert_non_null(strstr(request, "\r\nX-Auth-Token: secret-token\r\n"));
	assert_non_null(strstr(request, "\r\n\r\n{\"jobs\":[]}"));
	assert_null(strcasestr(request, "Expect:"));
	assert_null(strcasestr(request, "Accept-Encoding:"));
}

static void test_get(void **state)
{
	struct stage *st = *state;
	struct result *r;

	st->server.answer = "HTTP/1.1 204 No Content\r\nX-Subject-Token: \r\n\r\n";
	r = exchange(st, NULL, false, NULL, LONG);
	assert_int_equal(r->status, 204);
	assert_string_equal(r->body, "");
	assert_int_equal(r->len, 0);
	assert_null(r->token); /* an empty one is none */
	assert_null(r->content_type);
	assert_ptr_equal(strstr(st->server.last, "GET /v5/x HTTP/1.1\r\n"), st->server.last);
	assert_null(strcasestr(st->server.last, "Content-Type:"));
	assert_null(strcasestr(st->server.last, "X-Auth-Token:"));
}

static void test_secret_body(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.url = st->url, .body = "not this", .body_len = 8};
	struct secret *secret;

	assert_int_equal(secret_new("{\"password\":\"x\"}", 16, &secret), 0);
	request.secret_body = secret;
	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	secret_free(secret); /* a copy is under way */
	wait_done(st);
	assert_int_equal(st->result.status, 200);
	assert_non_null(strstr(st->server.last, "\r\n\r\n{\"password\":\"x\"}"));
	assert_null(strstr(st->server.last, "not this"));
}

static void test_big_expectations(void **state)
{
	struct stage *st = *state;
	/* 7.88.1 asks before it sends more than 1 MB, older ones more than 1 KB */
	char *body = filled(1500 * 1000);
	struct result *r = exchange(st, body, false, NULL, LONG);

	assert_int_equal(r->status, 200);
	assert_null(strcasestr(st->server.last, "Expect:"));
	free(body);
}

static void test_tokens_sent(void **state)
{
	struct stage *st = *state;
	const struct {
		const char *token;
		size_t fill;
		int error;
	} table[] = {
		{.fill = 30 * 1024},
		{.fill = TOKEN_MAX},
		{.fill = TOKEN_MAX + 1, .error = -E2BIG},
		{.token = "", .error = -EINVAL},
		{.token = "a\r\nX-Evil: 1", .error = -EINVAL},
		{.token = "a b", .error = -EINVAL},
		{.token = "t\xc3\xb6ken", .error = -EINVAL},
		{.token = "\x7f", .error = -EINVAL},
	};
	struct exchange_request request = {.url = st->url};

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char *token = table[i].token ? strdup(table[i].token) : filled(table[i].fill);
		struct secret *secret;

		result_clear(&st->result);
		assert_int_equal(secret_new(token, strlen(token), &secret), 0);
		request.n_headers = 1;
		request.headers[0] = (struct exchange_header){
			.name = "X-Auth-Token", .secret = secret};
		assert_int_equal(
			http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result),
			table[i].error);
		secret_free(secret);
		if (table[i].error) {
			assert_int_equal(http_active(st->http), 0);
		} else {
			wait_done(st);
			assert_int_equal(st->result.status, 200);
			assert_non_null(strstr(st->server.last, token));
		}
		free(token);
	}
	assert_int_equal(st->server.requests, 2);
}

static void test_tokens_received(void **state)
{
	struct stage *st = *state;
	const struct {
		size_t len;
		const char *trouble; /* NULL: it is handed over */
	} table[] = {
		{30 * 1024, NULL}, {SECRET_MAX, NULL},
		{90 * 1024, NULL}, /* whoever judges it says by how much it is too long */
		{110 * 1000,
			"header too large"}, /* libcurl's own limit; an error of memory in 7.88.1 */
	};

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char *token = filled(table[i].len), *answer;
		struct result *r;

		assert_true(asprintf(&answer,
				    "HTTP/1.1 201 Created\r\nX-Subject-Token: %s\r\n"
				    "Content-Length: 2\r\n\r\n{}",
				    token) > 0);
		st->server.answer = answer;
		r = exchange(st, "{}", false, NULL, LONG);
		assert_int_equal(r->status, 201);
		if (table[i].trouble) {
			assert_true(r->cut);
			assert_non_null(strstr(r->trouble, table[i].trouble));
			assert_null(r->token);
		} else {
			assert_false(r->cut);
			assert_int_equal(r->token_len, table[i].len);
			assert_string_equal(r->token, token);
		}
		free(answer);
		free(token);
	}
}

/* Interim heads and trailers are not the answer's head. */
static void test_chunked(void **state)
{
	struct stage *st = *state;
	struct result *r;

	st->server.answer =
		"HTTP/1.1 103 Early Hints\r\nX-Subject-Token: early\r\nLocation: /early\r\n\r\n"
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Request-Id: one\r\n\r\n"
		"3\r\n{\"a\r\n5\r\n\": 1}\r\n0\r\nX-Subject-Token: late\r\n"
		"X-Request-Id: late\r\n\r\n";
	r = post(st);
	assert_int_equal(r->status, 200);
	assert_false(r->cut);
	assert_string_equal(r->body, "{\"a\": 1}");
	assert_null(r->token);
	assert_null(r->location);
	assert_string_equal(r->request_id, "one");
}

/* ---- answers that are none, or not whole ---- */

static void test_broken_answers(void **state)
{
	struct stage *st = *state;
	const struct {
		const char *answer;
		hostile_act *act;
		int status;
		const char *before, *after; /* the host, in the trouble's words */
	} table[] = {
		{"", hostile_close, 0, "connection closed by ", " before it answered"},
		{"", hostile_reset, 0, "connection closed by ", " before it answered"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\"", hostile_answer_and_close,
			200, "answer broken off by ", ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{",
			hostile_answer_and_close, 200, "answer broken off by ", ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
			hostile_answer_and_close, 200, "answer broken off by ", ""},
		{"HTTP/1.1 100 Continue\r\n\r\n", hostile_answer_and_close, 0,
			"answer broken off by ", ""},
		{"SSH-2.0-OpenSSH_9.2\r\n", hostile_answer_and_close, 0, "", ": "},
	};

	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		for (int once = 0; once < 2; once++) {
			char trouble[200];
			struct result *r;

			st->server.answer = table[i].answer;
			st->server.act = table[i].act;
			r = once ? submit(st, LONG) : post(st);
			assert_int_equal(r->status, table[i].status);
			assert_int_equal(r->cut, table[i].status != 0);
			assert_true(r->maybe_sent);
			snprintf(trouble, sizeof(trouble), "%s127.0.0.1:%d%s", table[i].before,
				st->server.port, table[i].after);
			if (!strstr(r->trouble, trouble))
				fail_msg("case %zu: \"%s\" lacks \"%s\"", i, r->trouble, trouble);
			assert_null(r->token);
		}
	assert_int_equal(st->server.requests, 2 * ELEMENTSOF(table));
}

static void test_reset_at_accept(void **state)
{
	struct stage *st = *state;
	struct result *r;

	st->server.reset_at_once = true;
	r = submit(st, LONG);
	assert_int_equal(r->status, 0);
	assert_int_equal(st->server.requests, 0);
	assert_true(r->trouble[0]);
	assert_int_equal(st->server.connections, 1);
}

static void test_bomb(void **state)
{
	struct stage *st = *state;
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
	const struct {
		size_t len;
		bool cut;
	} table[] = {{EXCHANGE_BODY_MAX, false}, {EXCHANGE_BODY_MAX + 1, true}, {50 << 20, true}};

	st->server.act = hostile_answer_and_close;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		size_t len = sizeof(head) - 1 + table[i].len;
		char *answer = filled(len);
		struct result *r;

		memcpy(answer, head, sizeof(head) - 1);
		st->server.answer = answer;
		st->server.answer_len = len;
		r = post(st);
		assert_int_equal(r->status, 200);
		assert_int_equal(r->cut, table[i].cut);
		assert_true(r->len <= EXCHANGE_BODY_MAX);
		if (table[i].cut)
			assert_non_null(
				strstr(r->trouble, "more than 8 MB in the answer of 127.0.0.1:"));
		else
			assert_int_equal(r->len, table[i].len);
		free(answer);
	}
}

static void test_endless_headers(void **state)
{
	struct stage *st = *state;
	static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";
	size_t n = 2 * HEAD_MAX / (sizeof(line) - 1), used;
	char *answer = filled(n * sizeof(line) + 64);
	struct result *r;

	used = (size_t)snprintf(answer, 64, "HTTP/1.1 200 OK\r\n");
	for (size_t i = 0; i < n; i++, used += sizeof(line) - 1)
		memcpy(answer + used, line, sizeof(line));
	st->server.answer = answer;
	r = post(st);
	assert_true(r->cut);
	assert_non_null(
		strstr(r->trouble, "headers are larger than 256 KB in the answer of 127.0.0.1:"));
	free(answer);
}

static void test_no_compression(void **state)
{
	struct stage *st = *state;
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
	struct result *r;

	st->server.answer = answer;
	r = post(st);
	assert_int_equal(r->status, 200);
	assert_string_equal(r->body, "abc"); /* as it came: it will not parse, and that is that */
}

/* ---- redirects ---- */

static void test_redirects(void **state)
{
	struct stage *st = *state;
	const int table[] = {301, 302, 303, 307, 308};
	char answer[200], location[64];

	snprintf(location, sizeof(location), "http://127.0.0.1:%d/v5/x", st->other.port);
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct result *r;

		snprintf(answer, sizeof(answer),
			"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", table[i],
			location);
		st->server.answer = answer;
		r = exchange(st, "{}", i % 2, "secret-token", LONG);
		assert_int_equal(r->status, table[i]);
		assert_false(r->cut);
		assert_string_equal(r->location, location);
	}
	event_base_loop(st->base, EVLOOP_NONBLOCK);
	assert_int_equal(st->other.connections, 0);
	assert_int_equal(st->server.requests, ELEMENTSOF(table));
}

/* What cannot be seen from the other end: how a submit's socket is born. */
static void test_submit_socket(void **state _unused_)
{
	for (int once = 0; once < 2; once++) {
		struct transfer t = {.once = once, .timeout = 1234};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct linger linger = {.l_linger = 7};
		unsigned patience = 0;
		socklen_t len = sizeof(linger);

		assert_int_equal(on_socket_made(&t, fd, CURLSOCKTYPE_IPCXN), CURL_SOCKOPT_OK);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len), 0);
		assert_int_equal(linger.l_onoff, once);
		assert_int_equal(linger.l_linger, 0);
		len = sizeof(patience);
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, &len), 0);
		assert_int_equal(patience, once ? 1234 : 0);
		close(fd);
		/* Without these a submit would rather not go: here the socket is closed already. */
		assert_int_equal(on_socket_made(&t, fd, CURLSOCKTYPE_IPCXN),
			once ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK);
	}
}

static void test_refused(void **state)
{
	struct stage *st = *state;
	char trouble[200];

	snprintf(trouble, sizeof(trouble), "connection refused by 127.0.0.1:%d", st->server.port);
	hostile_stop(&st->server);
	for (int once = 0; once < 2; once++) {
		struct result *r = exchange(st, "{}", once, NULL, LONG);

		assert_int_equal(r->status, 0);
		assert_false(r->maybe_sent);
		assert_string_equal(r->trouble, trouble);
	}
}

static void test_no_such_name(void **state)
{
	struct stage *st = *state;
	struct result *r;

	snprintf(st->url, sizeof(st->url), "https://nonexistent.invalid/v5");
	r = submit(st, LONG);
	assert_int_equal(r->status, 0);
	assert_false(r->maybe_sent);
	assert_string_equal(r->trouble, "name nonexistent.invalid not found");
}

static void test_urls(void **state)
{
	struct stage *st = *state;
	const struct {
		const char *url;
		int error;
	} table[] = {
		{"http://drs.example/v5", -EPERM},
		{"http://127.0.0.1.example/v5", -EPERM},
		{"http://localhost.example/v5", -EPERM},
		{"http://10.0.0.1/v5", -EPERM},
		{"http://[2001:db8::1]/v5", -EPERM},
		{"http://0.0.0.0/v5", -EPERM},
		{"ftp://127.0.0.1/v5", -EINVAL},
		{"file:///etc/passwd", -EINVAL},
		{"drs.example/v5", -EINVAL},
		{"https://user:password@drs.example/v5", -EINVAL},
		{"http://127.0.0.1@drs.example/v5", -EINVAL},
		{"https://drs.example/a b", -EINVAL},
		{"", -EINVAL},
	};

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct exchange_request request = {.url = table[i].url};
		int r = http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result);

		if (r != table[i].error)
			fail_msg("%s: %d", table[i].url, r);
	}
	assert_int_equal(http_active(st->http), 0);
	assert_int_equal(st->result.calls, 0);
	snprintf(st->url, sizeof(st->url), "http://localhost:%d/", st->server.port);
	assert_int_equal(post(st)->status, 200);
}

/* ---- proxies ---- */

static void test_environment(void **state)
{
	struct stage *st = *state;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	assert_int_equal(post(st)->status, 200);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void test_proxy(void **state)
{
	struct stage *st = *state;
	char proxy[64], expected[200];
	struct result *r;

	snprintf(proxy, sizeof(proxy), "http://user:hidden@127.0.0.1:%d", st->other.port);
	st->cloud.proxy = proxy;
	assert_int_equal(post(st)->status, 200); /* loopback: not by the proxy */
	assert_int_equal(st->other.connections, 0);

	setenv("no_proxy", "*", 1);
	st->other.answer =
		"HTTP/1.1 403 Forbidden\r\nX-Subject-Token: proxys\r\nContent-Length: 2\r\n\r\nno";
	snprintf(st->url, sizeof(st->url), "https://drs.example/v5");
	r = exchange(st, "{}", true, "secret-token", LONG);
	unsetenv("no_proxy");
	assert_ptr_equal(
		strstr(st->other.last, "CONNECT drs.example:443 HTTP/1.1\r\n"), st->other.last);
	assert_null(strstr(st->other.last, "secret-token"));
	assert_int_equal(r->status, 0);
	assert_false(r->maybe_sent);
	assert_null(r->token);
	snprintf(expected, sizeof(expected),
		"proxy 127.0.0.1:%d answered 403 to CONNECT drs.example:443", st->other.port);
	assert_string_equal(r->trouble, expected);

	hostile_stop(&st->other);
	r = exchange(st, "{}", true, NULL, LONG);
	assert_false(r->maybe_sent);
	snprintf(expected, sizeof(expected), "connection refused by 127.0.0.1:%d", st->other.port);
	assert_string_equal(r->trouble, expected);
}

/* ---- TLS ---- */

static void test_tls(void **state)
{
	struct stage *st = *state;
	char dir[] = "/tmp/test_http.XXXXXX", ca_file[64], pem[64], expected[200];
	const struct tls_wish ca_wish = {.name = "a CA", .begins = -7200, .ends = 7200};
	struct tls_identity ca = tls_identity_make(&ca_wish);
	const struct {
		struct tls_wish wish;
		bool trusted;
		const char *trouble; /* NULL: all is well */
	} table[] = {
		{{"good", "IP:127.0.0.1", -60, 3600, &ca}, true, NULL},
		{{"good", "IP:127.0.0.1", -60, 3600, &ca}, false, "is signed by an unknown CA"},
		{{"itself", "IP:127.0.0.1", -60, 3600, NULL}, true, "is signed by an unknown CA"},
		{{"old", "IP:127.0.0.1", -3600, -60, &ca}, true, "has expired"},
		{{"young", "IP:127.0.0.1", 3600, 7200, &ca}, true, "is not yet valid"},
		{{"other", "DNS:drs.example", -60, 3600, &ca}, true, "is for another name"},
		{{"127.0.0.1", "IP:127.0.0.2", -60, 3600, &ca}, true, "is for another name"},
	};

	assert_non_null(mkdtemp(dir));
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", dir);
	snprintf(pem, sizeof(pem), "%s/server.pem", dir);
	tls_identity_write(&ca, false, ca_file);
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct tls_identity id = tls_identity_make(&table[i].wish);
		struct tls_server server;
		struct result *r;

		tls_identity_write(&id, true, pem);
		tls_server_start(&server, pem);
		snprintf(st->url, sizeof(st->url), "https://127.0.0.1:%d/", server.port);
		st->cloud.ca_file = table[i].trusted ? ca_file : NULL;
		r = exchange(st, NULL, true, "secret-token", LONG);
		if (table[i].trouble) {
			snprintf(expected, sizeof(expected), "TLS: certificate of 127.0.0.1:%d %s",
				server.port, table[i].trouble);
			assert_string_equal(r->trouble, expected);
			assert_int_equal(r->status, 0);
			assert_false(r->maybe_sent); /* not a byte of the request, nor the token */
		} else {
			assert_string_equal(r->trouble, "");
			assert_int_equal(r->status, 200);
		}
		tls_server_stop(&server);
		tls_identity_free(&id);
	}
	st->cloud.ca_file = "/nonexistent/ca.pem";
	snprintf(st->url, sizeof(st->url), "https://127.0.0.1:%d/", st->server.port);
	assert_string_equal(exchange(st, NULL, true, NULL, LONG)->trouble,
		"TLS: CA file /nonexistent/ca.pem can't be read");
	unlink(ca_file);
	unlink(pem);
	rmdir(dir);
	tls_identity_free(&ca);
}

/* A server that speaks no TLS, and one that accepts and says nothing. */
static void test_no_handshake(void **state)
{
	struct stage *st = *state;
	char expected[200];
	struct result *r;

	snprintf(st->url, sizeof(st->url), "https://127.0.0.1:%d/", st->server.port);
	r = submit(st, SHORT);
	assert_int_equal(r->status, 0);
	assert_false(r->maybe_sent);
	snprintf(expected, sizeof(expected), "no connection to 127.0.0.1:%d within 300ms",
		st->server.port);
	assert_string_equal(r->trouble, expected);
	assert_int_equal(st->server.requests, 0);

	st->server.greeting = "220 smtp.example ESMTP\r\n";
	r = submit(st, LONG);
	assert_int_equal(r->status, 0);
	assert_false(r->maybe_sent);
	snprintf(expected, sizeof(expected),
		"TLS: no handshake with 127.0.0.1:%d: ", st->server.port);
	assert_ptr_equal(strstr(r->trouble, expected), r->trouble);
}

/* Plain http beyond loopback: to the one address of the ECS metadata service, and for it only. */
static void test_metadata_address(void **state)
{
	struct stage *st = *state;
	static const struct {
		const char *url;
		bool metadata;
		int error;
	} table[] = {
		{"http://169.254.169.254/openstack/latest/securitykey", false, -EPERM},
		{"http://169.254.169.253/openstack/latest/securitykey", true, -EPERM},
		{"http://169.254.169.254.example/x", true, -EPERM},
		{"http://10.0.0.1/x", true, -EPERM},
	};

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct exchange_request request = {
			.url = table[i].url, .metadata = table[i].metadata};

		assert_int_equal(
			http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result),
			table[i].error);
	}
	/* this one is taken, and dropped before the loop turns: nothing leaves the machine */
	assert_int_equal(http_send(st->http, &st->cloud,
				 &(struct exchange_request){
					 .url = "http://169.254.169.254/x", .metadata = true},
				 LONG, on_done, &st->result),
		0);
	http_free(st->http);
	assert_int_equal(http_new(st->base, &st->http), 0);
	assert_int_equal(st->result.calls, 0);
}

static void test_headers_and_method(void **state)
{
	struct stage *st = *state;
	struct exchange_request request = {.method = "PUT", .url = st->url, .n_headers = 3};
	struct secret *subject;

	assert_int_equal(secret_new("MIIsubject", 10, &subject), 0);
	request.headers[0] = (struct exchange_header){
		.name = "X-Sdk-Date", .value = "20260115T083000Z"};
	request.headers[1] = (struct exchange_header){.name = "X-Subject-Token", .secret = subject};
	request.headers[2] = (struct exchange_header){.name = "X-Empty", .value = "x\r\nX-Evil: 1"};
	assert_int_equal(
		http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), -EINVAL);
	request.n_headers = 2;
	assert_int_equal(http_send(st->http, &st->cloud, &request, LONG, on_done, &st->result), 0);
	secret_free(subject);
	wait_done(st);
	assert_int_equal(strncmp(st->server.last, "PUT ", 4), 0);
	assert_non_null(strstr(st->server.last, "X-Sdk-Date: 20260115T083000Z\r\n"));
	assert_non_null(strstr(st->server.last, "X-Subject-Token: MIIsubject\r\n"));
	assert_null(strstr(st->server.last, "Evil"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(test_metadata_address),
		STAGE_TEST(test_headers_and_method),
		STAGE_TEST(test_post),
		STAGE_TEST(test_get),
		STAGE_TEST(test_secret_body),
		STAGE_TEST(test_big_expectations),
		STAGE_TEST(test_tokens_sent),
		STAGE_TEST(test_tokens_received),
		STAGE_TEST(test_chunked),
		STAGE_TEST(test_broken_answers),
		STAGE_TEST(test_reset_at_accept),
		STAGE_TEST(test_bomb),
		STAGE_TEST(test_endless_headers),
		STAGE_TEST(test_no_compression),
		STAGE_TEST(test_redirects),
		cmocka_unit_test(test_submit_socket),
		STAGE_TEST(test_refused),
		STAGE_TEST(test_no_such_name),
		STAGE_TEST(test_urls),
		STAGE_TEST(test_environment),
		STAGE_TEST(test_proxy),
		STAGE_TEST(test_tls),
		STAGE_TEST(test_no_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
