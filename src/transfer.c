/* transfer.c - one HTTP request: its libcurl options, and what arrives.
 *
 * libcurl is told everything here and decides nothing for us: no redirect, no proxy of the environment, no
 * protocol but the one that was asked for, no compression, and never CURLOPT_VERBOSE, which prints tokens.
 * The callbacks only note what they see. */
#include "transfer.h"
#include "text.h"
#include "trouble.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define HEAD_MAX      (256 * 1024) /* all headers of an exchange; newer libcurls stop at 300 KB */
#define VALUE_MAX     2048         /* a header's value that is kept; the token has its own limit */
#define MAXAGE_CONN   30L /* s: 7.88.1 does not notice that an older idle connection is dead */
#define METADATA_HOST "169.254.169.254"
#define MAXLIFE_CONN  3600L /* s: an open connection never looks at the certificate again */

/* ---- what libcurl calls ---- */

static char *wiped_free(char *p, size_t len)
{
	if (p)
		explicit_bzero(p, len);
	free(p);
	return NULL;
}

/* Called when connection and TLS stand and the request is the next thing to be written. A kept-alive
 * connection that turns out to be dead makes libcurl send the request again, a POST as well. */
static int before_request(void *arg, char *peer _unused_, char *local _unused_,
	int peer_port _unused_, int local_port _unused_)
{
	struct transfer *t = arg;

	if (t->sent && t->once)
		return CURL_PREREQFUNC_ABORT;
	t->sent = true;
	return CURL_PREREQFUNC_OK;
}

static int set_linger(curl_socket_t fd, bool reset)
{
	struct linger linger = {.l_onoff = reset, .l_linger = 0};

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* A POST that still waits in the kernel when we give up would be delivered later, seen after 10 s. So a
 * submit's socket is born to be reset when closed, and drops data that nobody acknowledges in time. */
static int on_socket_made(void *arg, curl_socket_t fd, curlsocktype purpose _unused_)
{
	struct transfer *t = arg;
	unsigned ms = (unsigned)MIN(t->timeout, (int64_t)INT32_MAX);

	if (!t->once)
		return CURL_SOCKOPT_OK;
	if (set_linger(fd, true) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)) < 0) {
		t->fault = "no socket fit for a submit to";
		return CURL_SOCKOPT_ERROR;
	}
	return CURL_SOCKOPT_OK;
}

static void forget_head(struct transfer *t)
{
	t->token = wiped_free(t->token, t->token_len);
	t->token_len = 0;
	free(t->content_type);
	free(t->retry_after);
	free(t->location);
	free(t->request_id);
	t->content_type = t->retry_after = t->location = t->request_id = NULL;
	t->date = 0;
}

static bool take_value(struct transfer *t, char **slot, const char *value, size_t len)
{
	char *copy = strndup(value, len);

	if (!copy) {
		t->fault = "no memory for the answer of";
		return false;
	}
	free(*slot);
	*slot = copy;
	return true;
}

static bool take_token(struct transfer *t, const char *value, size_t len)
{
	t->token = wiped_free(t->token, t->token_len);
	t->token_len = 0;
	if (len == 0)
		return true;
	if (!take_value(t, &t->token, value, len))
		return false;
	t->token_len = len;
	return true;
}

static bool take_date(struct transfer *t, const char *value, size_t len)
{
	char text[64];
	time_t s;

	snprintf(text, sizeof(text), "%.*s", (int)MIN(len, sizeof(text) - 1), value);
	s = curl_getdate(text, NULL);
	t->date = s > 0 ? SECONDS(s) : 0;
	return true;
}

static bool take_line(struct transfer *t, const char *line, size_t len)
{
	const struct {
		const char *name;
		char **slot; /* NULL: by `take` */
		bool (*take)(struct transfer *t, const char *value, size_t len);
	} wanted[] = {
		{"X-Subject-Token", NULL, take_token},
		{"Date", NULL, take_date},
		{"Content-Type", &t->content_type, NULL},
		{"Retry-After", &t->retry_after, NULL},
		{"Location", &t->location, NULL},
		{"X-Request-Id", &t->request_id, NULL},
	};
	const char *colon = memchr(line, ':', len), *value;

	if (!colon)
		return true;
	for (value = colon + 1; value < line + len && (*value == ' ' || *value == '\t'); value++)
		;
	len -= (size_t)(value - line);
	for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
		if (strlen(wanted[i].name) != (size_t)(colon - line) ||
			strncasecmp(wanted[i].name, line, (size_t)(colon - line)) != 0)
			continue;
		return wanted[i].slot
			       ? take_value(t, wanted[i].slot, value, MIN(len, (size_t)VALUE_MAX))
			       : wanted[i].take(t, value, len);
	}
	return true;
}

/* Each line of each head, of interim answers too, and of trailers: a head begins with its status line and
 * ends with an empty one, the last head counts, and what stands outside of heads does not. */
static size_t on_head(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t all = size * n, len = all;

	t->head_bytes += all;
	if (t->head_bytes > HEAD_MAX) {
		t->fault = "headers are larger than 256 KB in the answer of";
		return 0;
	}
	while (len > 0 && strchr(" \t\r\n", line[len - 1]))
		len--;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		forget_head(t);
		t->in_head = true;
	} else if (len == 0) {
		t->in_head = false;
	} else if (t->in_head && !take_line(t, line, len)) {
		return 0;
	}
	return all;
}

/* Counts decoded bytes, as 7.88.1's CURLOPT_MAXFILESIZE does not. */
static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n, need = t->answer_len + len + 1;

	if (len > EXCHANGE_BODY_MAX - t->answer_len) {
		t->fault = "more than 8 MB in the answer of";
		return 0;
	}
	if (need > t->answer_room) {
		size_t room = MAX(need, 2 * t->answer_room);
		char *grown = malloc(room);

		if (!grown) {
			t->fault = "no memory for the answer of";
			return 0;
		}
		if (t->answer)
			memcpy(grown, t->answer, t->answer_len);
		wiped_free(t->answer, t->answer_len);
		t->answer = grown;
		t->answer_room = room;
	}
	memcpy(t->answer + t->answer_len, bytes, len);
	t->answer_len += len;
	t->answer[t->answer_len] = '\0';
	return len;
}

/* ---- preparing ---- */

static bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *curls = NULL, *ours;

	if (curl_url_get(url, part, &curls, flags) != CURLUE_OK)
		return NULL;
	ours = strdup(curls);
	curl_free(curls);
	return ours;
}

static char *host_and_port(CURLU *url, unsigned flags)
{
	_cleanup_free_ char *host = url_part(url, CURLUPART_HOST, 0);
	_cleanup_free_ char *port = url_part(url, CURLUPART_PORT, flags);
	char *both;

	if (!host)
		return NULL;
	return asprintf(&both, "%s%s%s", host, port ? ":" : "", port ? port : "") < 0 ? NULL : both;
}

/* metadata: the service that every ECS has at this address, by plain http only. */
static bool plain_http_allowed(const char *host, bool metadata)
{
	return is_loopback(host) || (metadata && strcmp(host, METADATA_HOST) == 0);
}

static int set_url(struct transfer *t, const char *text, bool metadata)
{
	_cleanup_free_ char *scheme = NULL;

	t->url = curl_url();
	if (!t->url)
		return -ENOMEM;
	if (curl_url_set(t->url, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK)
		return -EINVAL;
	scheme = url_part(t->url, CURLUPART_SCHEME, 0);
	if (!scheme)
		return -ENOMEM;
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		return -EINVAL;
	t->host = url_part(t->url, CURLUPART_HOST, 0);
	t->peer = host_and_port(t->url, CURLU_DEFAULT_PORT);
	if (!t->host || !t->peer)
		return -ENOMEM;
	return strcmp(scheme, "https") == 0 || plain_http_allowed(t->host, metadata) ? 0 : -EPERM;
}

/* The proxy's URL may hold a password: messages get host and port alone. */
static int set_proxy(struct transfer *t, const char *text)
{
	CURLU *url = curl_url();

	if (!url)
		return -ENOMEM;
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) ==
		CURLUE_OK)
		t->via = host_and_port(url, 0);
	curl_url_cleanup(url);
	return t->via ? 0 : -EINVAL;
}

static void add_line(struct transfer *t, const char *text)
{
	struct curl_slist *node = &t->lines[t->n_lines];

	node->data = (char *)text; /* libcurl only reads it */
	if (t->n_lines > 0)
		t->lines[t->n_lines - 1].next = node;
	t->n_lines++;
}

static int add_secret(struct transfer *t, const char *name, const struct secret *value)
{
	char line[64 + TOKEN_MAX];
	const char *bytes = secret_bytes(value);
	size_t lead = strlen(name) + 2, len = secret_len(value);
	int r;

	if (len == 0 || lead > 64)
		return -EINVAL;
	if (len > TOKEN_MAX)
		return -E2BIG;
	if (!text_is_word(bytes, len))
		return -EINVAL;
	snprintf(line, sizeof(line), "%s: ", name);
	memcpy(line + lead, bytes, len);
	r = secret_new(line, lead + len, &t->secret_lines[t->n_headers]);
	explicit_bzero(line, sizeof(line));
	if (r < 0)
		return r;
	add_line(t, secret_bytes(t->secret_lines[t->n_headers++]));
	return 0;
}

static int add_header(struct transfer *t, const struct exchange_header *h)
{
	char **line = &t->plain[t->n_headers];

	if (h->secret)
		return add_secret(t, h->name, h->secret);
	if (strpbrk(h->value, "\r\n"))
		return -EINVAL;
	if (asprintf(line, "%s: %s", h->name, h->value) < 0) {
		*line = NULL;
		return -ENOMEM;
	}
	t->n_headers++;
	add_line(t, *line);
	return 0;
}

static int set_body(struct transfer *t, const struct exchange_request *request)
{
	const struct secret *secret = request->secret_body;

	if (secret)
		return secret_new(secret_bytes(secret), secret_len(secret), &t->secret_body);
	if (!request->body)
		return 0;
	t->body = malloc(request->body_len + 1);
	if (!t->body)
		return -ENOMEM;
	memcpy(t->body, request->body, request->body_len);
	t->body[request->body_len] = '\0';
	return 0;
}

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (r == CURLE_OK)                                                                 \
			r = curl_easy_setopt(t->easy, option, value);                              \
	} while (0)

static CURLcode set_callbacks(struct transfer *t)
{
	CURLcode r = CURLE_OK;

	SET(CURLOPT_ERRORBUFFER, t->error);
	SET(CURLOPT_HEADERFUNCTION, on_head);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_PREREQFUNCTION, before_request);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_SOCKOPTFUNCTION, on_socket_made);
	SET(CURLOPT_SOCKOPTDATA, t);
	return r;
}

static CURLcode set_connection(struct transfer *t, const char *proxy)
{
	CURLcode r = CURLE_OK;

	SET(CURLOPT_PROXY,
		t->via ? proxy : ""); /* "" and not NULL: the environment's are ignored */
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* a proxy gets none of our headers */
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (t->ca_file)
		SET(CURLOPT_CAINFO, t->ca_file);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)t->timeout);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->timeout);
	/* Else giving up waits for getaddrinfo() to return, and the whole loop with it; the thread is
	 * detached and frees what it holds when it comes back. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_MAXAGE_CONN, MAXAGE_CONN);
	SET(CURLOPT_MAXLIFETIME_CONN, MAXLIFE_CONN);
	SET(CURLOPT_FRESH_CONNECT, t->once ? 1L : 0L);
	return r;
}

static CURLcode set_request(struct transfer *t, const struct exchange_request *request)
{
	CURLcode r = CURLE_OK;

	SET(CURLOPT_CURLU, t->url);
	SET(CURLOPT_PROTOCOLS_STR,
		plain_http_allowed(t->host, request->metadata) ? "http,https" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L); /* libcurl would take X-Auth-Token along to another host */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_USERAGENT, "precheckd/" VERSION);
	SET(CURLOPT_HTTPHEADER, t->lines);
	if (t->secret_body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)secret_len(t->secret_body));
		SET(CURLOPT_POSTFIELDS, secret_bytes(t->secret_body));
	} else if (t->body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		SET(CURLOPT_POSTFIELDS, t->body);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
	if (request->method)
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	return r;
}

static int set_options(
	struct transfer *t, const char *proxy, const struct exchange_request *request)
{
	CURLcode r;

	t->easy = curl_easy_init();
	if (!t->easy)
		return -ENOMEM;
	r = set_callbacks(t);
	if (r == CURLE_OK)
		r = set_connection(t, proxy);
	if (r == CURLE_OK)
		r = set_request(t, request);
	if (r == CURLE_OK)
		return 0;
	return r == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EOPNOTSUPP;
}

int transfer_new(const struct cloud_settings *cloud, const struct exchange_request *request,
	int64_t timeout_ms, struct transfer **ret)
{
	_cleanup_(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));
	bool direct;
	int r;

	if (!t)
		return -ENOMEM;
	t->once = request->once;
	t->timeout = MAX(timeout_ms, (int64_t)1);
	if (cloud->ca_file && !(t->ca_file = strdup(cloud->ca_file)))
		return -ENOMEM;
	r = set_url(t, request->url, request->metadata);
	direct = request->metadata || (r >= 0 && is_loopback(t->host));
	if (r >= 0 && cloud->proxy && !direct)
		r = set_proxy(t, cloud->proxy);
	if (r >= 0)
		r = set_body(t, request);
	if (r < 0)
		return r;
	add_line(t, "Accept: application/json");
	add_line(t, "X-Language: en-us");
	add_line(t, "Expect:"); /* else a second is lost, or 417 comes */
	if (t->body || t->secret_body)
		add_line(t, "Content-Type: application/json");
	for (size_t i = 0; r >= 0 && i < request->n_headers; i++)
		r = add_header(t, &request->headers[i]);
	if (r >= 0)
		r = set_options(t, cloud->proxy, request);
	if (r < 0)
		return r;
	*ret = t;
	t = NULL;
	return 0;
}

struct transfer *transfer_free(struct transfer *t)
{
	if (!t)
		return NULL;
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_url_cleanup(t->url);
	forget_head(t);
	wiped_free(t->answer, t->answer_len);
	for (size_t i = 0; i < t->n_headers; i++) {
		secret_free(t->secret_lines[i]);
		free(t->plain[i]);
	}
	secret_free(t->secret_body);
	free(t->host);
	free(t->peer);
	free(t->via);
	free(t->ca_file);
	free(t->body);
	free(t);
	return NULL;
}

CURL *transfer_handle(struct transfer *t)
{
	return t->easy;
}

const char *transfer_token(const struct transfer *t, size_t *ret_len)
{
	*ret_len = t->token_len;
	return t->token;
}

/* ---- judging ---- */

void transfer_judge(struct transfer *t, CURLcode result, struct exchange *ret)
{
	long status = 0;
	curl_socket_t fd = CURL_SOCKET_BAD;

	*ret = (struct exchange){
		.body = t->answer ? t->answer : "",
		.len = t->answer_len,
		.content_type = t->content_type,
		.retry_after = t->retry_after,
		.location = t->location,
		.request_id = t->request_id,
		.date = t->date,
	};
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->sent && status >= 200) /* an interim one is no answer */
		ret->status = (int)status;
	if (ret->status != 0 && result == CURLE_OK) {
		/* The answer is whole: the connection may live on as an ordinary one. */
		if (t->once && curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
			fd != CURL_SOCKET_BAD)
			(void)set_linger(fd, false);
		return;
	}
	ret->cut = ret->status != 0;
	ret->maybe_sent = t->sent;
	trouble_say(t, result, ret->trouble, sizeof(ret->trouble));
}
