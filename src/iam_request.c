/* iam_request.c - the requests of a login: what IAM is asked, byte for byte. */
#include "iam.h"

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TOKENS "/auth/tokens?nocatalog=true"

/* Text that grows in a buffer of ours, or is only measured when there is none. */
struct build {
	char *buf;
	size_t size, len;
};

static void put(struct build *b, const char *s)
{
	size_t len = strlen(s);

	if (b->len + len < b->size)
		memcpy(b->buf + b->len, s, len);
	b->len += len;
}

static void put_quoted(struct build *b, const char *s)
{
	bool fits = b->len < b->size;

	b->len += json_quote(fits ? b->buf + b->len : NULL, fits ? b->size - b->len : 0, s);
}

static void put_domain(struct build *b, const char *domain)
{
	if (!domain)
		return;
	put(b, ",\"domain\":{\"name\":");
	put_quoted(b, domain);
	put(b, "}");
}

static void put_project(struct build *b, const struct cloud_settings *cloud, const char *domain)
{
	put(b, ",\"scope\":{\"project\":{");
	if (cloud->project_id) {
		put(b, "\"id\":");
		put_quoted(b, cloud->project_id);
	} else {
		put(b, "\"name\":");
		put_quoted(b, cloud->project ? cloud->project : "");
		put_domain(b, domain);
	}
	put(b, "}}");
}

static void put_account(struct build *b, const struct cloud_settings *cloud)
{
	if (!cloud->domain)
		return; /* IAM's default is the account of the user */
	put(b, ",\"scope\":{\"domain\":{\"name\":");
	put_quoted(b, cloud->domain);
	put(b, "}}");
}

static void put_password_body(struct build *b, const struct cloud_settings *cloud,
	const struct secret *password, enum iam_scope scope)
{
	put(b, "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{");
	put(b, cloud->user_id ? "\"id\":" : "\"name\":");
	put_quoted(b, cloud->user_id ? cloud->user_id : cloud->user ? cloud->user : "");
	put(b, ",\"password\":");
	put_quoted(b, secret_bytes(password));
	if (!cloud->user_id)
		put_domain(b, cloud->domain);
	put(b, "}}}");
	if (scope == IAM_PROJECT)
		put_project(b, cloud, cloud->domain);
	else
		put_account(b, cloud);
	put(b, "}}");
}

/* json-c would leave copies of the password all over the heap, so the body is put together by
 * hand. What remains: one heap buffer, not locked, between its filling and its wiping a few
 * lines on. */
int iam_request(const struct cloud_settings *cloud, const struct secret *password,
	enum iam_scope scope, char **ret_url, struct secret **ret_body)
{
	_cleanup_(secret_freep) struct secret *body = NULL;
	struct build b = {0};
	char *url;
	int err;

	put_password_body(&b, cloud, password, scope);
	b.size = b.len + 1;
	b.buf = calloc(1, b.size);
	if (!b.buf)
		return -ENOMEM;
	b.len = 0;
	put_password_body(&b, cloud, password, scope);
	err = secret_new(b.buf, b.len, &body);
	explicit_bzero(b.buf, b.size);
	free(b.buf);
	if (err < 0)
		return err;
	err = exchange_url(cloud->iam, TOKENS, &url);
	if (err < 0)
		return err;
	*ret_url = url;
	*ret_body = body;
	body = NULL;
	return 0;
}

static void put_assume_body(struct build *b, const struct cloud_settings *cloud)
{
	put(b, "{\"auth\":{\"identity\":{\"methods\":[\"assume_role\"],\"assume_role\":{"
	       "\"domain_name\":");
	put_quoted(b, cloud->agency_domain ? cloud->agency_domain : "");
	put(b, ",\"agency_name\":");
	put_quoted(b, cloud->agency ? cloud->agency : "");
	put(b, "}}");
	put_project(b, cloud, cloud->agency_domain);
	put(b, "}}");
}

int iam_assume_request(const struct cloud_settings *cloud, char **ret_url, char **ret_body)
{
	_cleanup_free_ char *buf = NULL;
	struct build b = {0};
	int err;

	put_assume_body(&b, cloud);
	b.size = b.len + 1;
	b.buf = buf = calloc(1, b.size);
	if (!buf)
		return -ENOMEM;
	b.len = 0;
	put_assume_body(&b, cloud);
	err = exchange_url(cloud->iam, TOKENS, ret_url);
	if (err < 0)
		return err;
	*ret_body = buf;
	buf = NULL;
	return 0;
}

int iam_check_url(const struct cloud_settings *cloud, char **ret)
{
	return exchange_url(cloud->iam, TOKENS, ret);
}

/* Text in a query: what is not safe there is percent-encoded. */
static char *encoded(const char *s)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~";
	char *out = malloc(3 * strlen(s) + 1), *end = out;

	if (!out)
		return NULL;
	for (; *s; s++)
		if (strchr(safe, *s))
			*end++ = *s;
		else
			end += snprintf(end, 4, "%%%02X", (unsigned)(unsigned char)*s);
	*end = '\0';
	return out;
}

int iam_project_url(const struct cloud_settings *cloud, char **ret)
{
	_cleanup_free_ char *name = NULL, *rest = NULL;

	if (cloud->project_id)
		return exchange_url(cloud->iam, "/projects?page=1&per_page=1", ret);
	name = encoded(cloud->project ? cloud->project : "");
	if (!name || asprintf(&rest, "/projects?name=%s", name) < 0) {
		rest = NULL;
		return -ENOMEM;
	}
	return exchange_url(cloud->iam, rest, ret);
}
