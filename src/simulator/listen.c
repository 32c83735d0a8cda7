/* listen.c - the sockets.
 *
 * "Refuse" means that nobody listens: a new connection gets a RST from the kernel. So that no other
 * process gets the port meanwhile, a second socket stays bound to it and never listens. Control has a
 * port of its own, which is never down. */
#include "listen.h"
#include "control.h"
#include "gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bind_socket(const char *host, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(sa);
	int one = 1, fd, r;

	if (inet_pton(AF_INET, host, &sa.sin_addr) != 1)
		return -EINVAL;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
		getsockname(fd, (struct sockaddr *)&sa, &len) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	if (ret_port)
		*ret_port = ntohs(sa.sin_port);
	return fd;
}

static struct evhttp_bound_socket *accept_on(
	struct evhttp *http, const char *host, uint16_t port, uint16_t *ret_port, int *ret_error)
{
	struct evhttp_bound_socket *b = NULL;
	int fd = bind_socket(host, port, ret_port);

	*ret_error = 0;
	if (fd < 0) {
		*ret_error = fd;
		return NULL;
	}
	if (listen(fd, 512) == 0)
		b = evhttp_accept_socket_with_handle(http, fd);
	if (!b) {
		*ret_error = errno ? -errno : -EIO;
		close(fd);
	}
	return b;
}

static void on_request(struct evhttp_request *http, void *arg)
{
	struct sim *s = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	/* The service's port serves control too, for people with curl and one address. */
	if (path && control_path(path))
		control_request(s, http);
	else
		gateway_request(s, http);
}

static void on_control(struct evhttp_request *http, void *arg)
{
	control_request(arg, http);
}

static struct evhttp *server(struct sim *s, void (*cb)(struct evhttp_request *, void *))
{
	struct evhttp *http = evhttp_new(s->base);

	if (!http)
		return NULL;
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
						 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	/* Larger than the gateway's own limits, so that the gateway can refuse in its own words. */
	evhttp_set_max_headers_size(http, (ev_ssize_t)512 * 1024);
	evhttp_set_max_body_size(http, (ev_ssize_t)16 * 1024 * 1024);
	evhttp_set_timeout(http, 60);
	evhttp_set_gencb(http, cb, s);
	return http;
}

int listen_open(
	struct sim *s, const char *host, uint16_t port, uint16_t control_port, char *why, size_t n)
{
	int r = 0;

	snprintf(s->host, sizeof(s->host), "%s", host);
	s->http = server(s, on_request);
	s->control = server(s, on_control);
	if (!s->http || !s->control) {
		snprintf(why, n, "out of memory");
		return -ENOMEM;
	}
	s->placeholder = bind_socket(host, port, &s->port);
	if (s->placeholder < 0) {
		r = s->placeholder;
	} else {
		s->bound = accept_on(s->http, host, s->port, NULL, &r);
		if (s->bound && !accept_on(s->control, host, control_port, &s->control_port, &r))
			r = r ? r : -EIO;
	}
	if (r < 0)
		snprintf(why, n, "cannot listen on %s:%u: %s", host, port, strerror(-r));
	return r;
}

void listen_stop(struct sim *s)
{
	if (!s->bound)
		return;
	evhttp_del_accept_socket(s->http, s->bound);
	s->bound = NULL;
}

int listen_resume(struct sim *s)
{
	int r = 0;

	if (!s->bound)
		s->bound = accept_on(s->http, s->host, s->port, NULL, &r);
	return r;
}

void listen_close(struct sim *s)
{
	if (s->http)
		evhttp_free(s->http);
	if (s->control)
		evhttp_free(s->control);
	if (s->placeholder >= 0)
		close(s->placeholder);
	s->http = s->control = NULL;
	s->bound = NULL;
	s->placeholder = -1;
}
