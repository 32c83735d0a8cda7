/* sign_url.c
 *
 * The canonical form of a URL: path and query are decoded once and encoded by RFC 3986, so that it does not
 * matter how they are written on the wire.
 *
 * Parameters are sorted by their decoded names, then values, as the vendor's clients for Node, Go and Python
 * do. Their documentation and the one for Java have them by the encoded names, which is the same for all names
 * of letters, digits and "-._~", and DRS and IAM have no others.
 */
#include "sign_inner.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct piece {
	const char *p;
	size_t len;
};

/* ---- text ---- */

void sign_text_done(struct sign_text *b)
{
	if (b->p)
		explicit_bzero(b->p, b->room);
	free(b->p);
	*b = (struct sign_text){0};
}

void sign_text_put(struct sign_text *b, const char *s, size_t len)
{
	if (b->failed)
		return;
	if (!b->p || len >= b->room - b->len) {
		size_t room = MAX(b->len + len + 1, MAX(2 * b->room, (size_t)256));
		char *grown = malloc(room);

		if (!grown) {
			b->failed = true;
			return;
		}
		if (b->p) {
			memcpy(grown, b->p, b->len);
			explicit_bzero(b->p, b->room);
			free(b->p);
		}
		b->p = grown;
		b->room = room;
	}
	memcpy(b->p + b->len, s, len);
	b->len += len;
	b->p[b->len] = '\0';
}

void sign_text_add(struct sign_text *b, const char *s)
{
	sign_text_put(b, s, strlen(s));
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

void sign_text_lower(struct sign_text *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = lower(s[i]);

		sign_text_put(b, &c, 1);
	}
}

/* Percent-encoded by RFC 3986, with everything encoded that may be. */
static void put_encoded(struct sign_text *b, const char *s, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char code[] = {'%', digits[c >> 4], digits[c & 15]};

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			sign_text_put(b, s + i, 1);
		else
			sign_text_put(b, code, sizeof(code));
	}
}

/* ---- the URL ---- */

struct url {
	struct piece host, port; /* port: empty if it is the scheme's own */
	struct piece path, query;
};

static bool piece_is(struct piece s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static bool split_authority(struct piece all, bool tls, struct url *ret)
{
	const char *p = all.p, *end = p + all.len, *close = NULL;

	for (const char *c = p; c < end; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == '@')
			return false;
	if (p < end && *p == '[') {
		close = memchr(p, ']', all.len);
		if (!close)
			return false;
		ret->host = (struct piece){p, (size_t)(close + 1 - p)};
	} else {
		close = memchr(p, ':', all.len);
		ret->host = (struct piece){p, (size_t)((close ? close : end) - p)};
	}
	p += ret->host.len;
	if (ret->host.len == 0 || (p < end && *p != ':'))
		return false;
	ret->port = (struct piece){p, (size_t)(end - p)};
	if (ret->port.len > 0) {
		ret->port.p++;
		ret->port.len--;
	}
	for (size_t i = 0; i < ret->port.len; i++)
		if (ret->port.p[i] < '0' || ret->port.p[i] > '9')
			return false;
	if (piece_is(ret->port, tls ? "443" : "80"))
		ret->port.len = 0;
	return true;
}

static int split_url(const char *text, struct url *ret)
{
	bool tls = strncasecmp(text, "https://", 8) == 0;
	struct piece authority;
	const char *p;

	if (!tls && strncasecmp(text, "http://", 7) != 0)
		return -EINVAL;
	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return -EINVAL;
	p = text + (tls ? 8 : 7);
	authority = (struct piece){p, strcspn(p, "/?#")};
	if (!split_authority(authority, tls, ret))
		return -EINVAL;
	p += authority.len;
	ret->path = (struct piece){p, strcspn(p, "?#")};
	p += ret->path.len;
	ret->query = (struct piece){"", 0};
	if (*p == '?')
		ret->query = (struct piece){p + 1, strcspn(p + 1, "#")};
	return 0;
}

static void put_host(struct sign_text *b, const struct url *url)
{
	sign_text_lower(b, url->host.p, url->host.len);
	if (url->port.len > 0) {
		sign_text_put(b, ":", 1);
		sign_text_put(b, url->port.p, url->port.len);
	}
}

/* ---- path and query ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place; a '%' that begins no code stands for itself. */
static size_t decode(char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high = s[i] == '%' && len - i > 2 ? hex_digit(s[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s[i + 2]) : -1;

		if (low >= 0) {
			s[n++] = (char)(high << 4 | low);
			i += 2;
		} else
			s[n++] = s[i];
	}
	return n;
}

/* Segment by segment: a slash that is encoded is none. Clients take "." and ".." out before they send. */
static int put_path(struct sign_text *b, char *path, size_t len)
{
	bool closed = len > 0 && path[len - 1] == '/';
	char *end = path + len;

	for (char *p = path; p < end;) {
		char *slash = memchr(p, '/', (size_t)(end - p));
		char *stop = slash ? slash : end;
		struct piece segment = {p, decode(p, (size_t)(stop - p))};

		if (piece_is(segment, ".") || piece_is(segment, ".."))
			return -EINVAL;
		put_encoded(b, segment.p, segment.len);
		if (slash)
			sign_text_put(b, "/", 1);
		p = stop + (slash != NULL);
	}
	if (!closed)
		sign_text_put(b, "/", 1);
	return 0;
}

struct parameter {
	struct piece name, value;
};

static int compare_pieces(struct piece a, struct piece b)
{
	int r = memcmp(a.p, b.p, MIN(a.len, b.len));

	return r != 0 ? r : (a.len > b.len) - (a.len < b.len);
}

static int compare_parameters(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int r = compare_pieces(x->name, y->name);

	return r != 0 ? r : compare_pieces(x->value, y->value);
}

static int put_query(struct sign_text *b, char *query, size_t len)
{
	_cleanup_free_ struct parameter *all = NULL;
	char *end = query + len;
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += query[i] == '&';
	all = calloc(n, sizeof(*all));
	if (!all)
		return -ENOMEM;
	n = 0;
	for (char *p = query, *stop; p < end; p = stop + 1) {
		char *value;

		stop = memchr(p, '&', (size_t)(end - p));
		stop = stop ? stop : end;
		if (stop == p)
			continue;
		value = memchr(p, '=', (size_t)(stop - p));
		value = value ? value : stop;
		all[n].name = (struct piece){p, decode(p, (size_t)(value - p))};
		value += value < stop;
		all[n++].value = (struct piece){value, decode(value, (size_t)(stop - value))};
	}
	qsort(all, n, sizeof(*all), compare_parameters);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sign_text_put(b, "&", 1);
		put_encoded(b, all[i].name.p, all[i].name.len);
		sign_text_put(b, "=", 1);
		put_encoded(b, all[i].value.p, all[i].value.len);
	}
	return 0;
}

/* ---- all of it ---- */

void sign_url_done(struct sign_url *u)
{
	sign_text_done(&u->host);
	sign_text_done(&u->path);
	sign_text_done(&u->query);
}

int sign_url_read(const char *text, struct sign_url *ret)
{
	_cleanup_sign_text_ struct sign_text path = {0}, query = {0}; /* to be decoded in place */
	struct url url;
	int err = split_url(text, &url);

	if (err < 0)
		return err;
	sign_text_put(&path, url.path.p, url.path.len);
	sign_text_put(&query, url.query.p, url.query.len);
	if (path.failed || query.failed)
		return -ENOMEM;
	put_host(&ret->host, &url);
	sign_text_put(&ret->query, "", 0);
	err = put_path(&ret->path, path.p, path.len);
	if (err == 0)
		err = put_query(&ret->query, query.p, query.len);
	if (err < 0)
		return err;
	return ret->host.failed || ret->path.failed || ret->query.failed ? -ENOMEM : 0;
}
