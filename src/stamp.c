/* stamp.c - puts a pass on a request: its token, or a signature made with its key.
 *
 * What is signed has to be what is sent: the headers come from one list for both. */
#include "stamp.h"

#include <errno.h>
#include <string.h>

#define CONTENT_TYPE "application/json" /* the transport's, of every body */

void stamp_done(struct stamp *s)
{
	free(s->authorization);
	s->authorization = NULL;
}

static void add(struct exchange_request *r, const char *name, const char *value,
	const struct secret *secret)
{
	r->headers[r->n_headers++] = (struct exchange_header){
		.name = name, .value = value, .secret = secret};
}

static int sign(struct stamp *s, const struct pass *pass, const struct cloud_settings *cloud,
	const char *service, int64_t wall, struct exchange_request *r)
{
	struct sign_header headers[EXCHANGE_HEADERS_MAX + 1];
	struct sign_request request = {
		.method = r->method ? r->method
			  : r->body ? "POST"
				    : "GET",
		.url = r->url,
		.body = r->body,
		.body_len = r->body_len,
		.headers = headers,
	};
	struct sign_key key = {
		.access = pass->access,
		.secret = pass->key,
		.form = pass->form,
		.region = cloud->region,
		.service = cloud->region ? service : NULL,
	};

	if (r->body)
		headers[request.n_headers++] = (struct sign_header){"Content-Type", CONTENT_TYPE};
	for (size_t i = 0; i < r->n_headers; i++)
		headers[request.n_headers++] = (struct sign_header){r->headers[i].name,
			r->headers[i].secret ? secret_bytes(r->headers[i].secret)
					     : r->headers[i].value};
	return sign_make(&request, &key, wall, &s->authorization, s->date);
}

int stamp_put(struct stamp *s, const struct pass *pass, const struct cloud_settings *cloud,
	const char *project, const char *service, int64_t wall, struct exchange_request *r)
{
	int err;

	if (pass->token) {
		add(r, "X-Auth-Token", NULL, pass->token);
		return 0;
	}
	if (project)
		add(r, "X-Project-Id", project, NULL);
	if (pass->security_token)
		add(r, "X-Security-Token", NULL, pass->security_token);
	err = sign(s, pass, cloud, service, wall, r);
	if (err < 0)
		return err;
	add(r, "X-Sdk-Date", s->date, NULL);
	add(r, "Authorization", s->authorization, NULL);
	return 0;
}
