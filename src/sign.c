/* sign.c
 *
 * A signature covers the request in its canonical form, in which sender and receiver must agree to the byte:
 * path and query are decoded once and encoded by RFC 3986, so that it does not matter how they are written on
 * the wire. Query parameters are sorted by their decoded names, as the vendor's clients do; for all names of
 * DRS and IAM that is the same as by the encoded ones.
 *
 * The canonical form holds the security token, a secret: each buffer here is wiped before it is given back.
 */
#include "sign.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define ALGORITHM    "SDK-HMAC-SHA256"
#define TERMINATOR   "sdk_request" /* of a scope */
#define DIGEST_SIZE  32
#define HEX_SIZE     (2 * DIGEST_SIZE + 1)
#define DAY_LEN      8 /* of a date: YYYYMMDD */
#define CONTENT_HASH "x-sdk-content-sha256"

struct span_of {
	const char *p;
	size_t len;
};

/* ---- text that grows; the first failure sticks ---- */

struct buffer {
	char *p;
	size_t len, room;
	bool failed;
};

static void buffer_done(struct buffer *b)
{
	if (b->p)
		explicit_bzero(b->p, b->room);
	free(b->p);
	*b = (struct buffer){0};
}
#define _cleanup_buffer_ _cleanup_(buffer_done)

static void put(struct buffer *b, const char *s, size_t len)
{
	if (b->failed)
		return;
	if (len >= b->room - b->len) {
		size_t room = MAX(b->len + len + 1, 2 * b->room);
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

static void put_text(struct buffer *b, const char *s)
{
	put(b, s, strlen(s));
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static void put_lower(struct buffer *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = lower(s[i]);

		put(b, &c, 1);
	}
}

/* Percent-encoded by RFC 3986, with everything encoded that may be. */
static void put_encoded(struct buffer *b, const char *s, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char code[] = {'%', digits[c >> 4], digits[c & 15]};

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			put(b, s + i, 1);
		else
			put(b, code, sizeof(code));
	}
}

/* ---- libcrypto ---- */

static void to_hex(const unsigned char digest[DIGEST_SIZE], char ret[HEX_SIZE])
{
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static int hash_hex(const char *p, size_t len, char ret[HEX_SIZE])
{
	unsigned char digest[DIGEST_SIZE];

	if (EVP_Digest(p ? p : "", len, digest, NULL, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	to_hex(digest, ret);
	return 0;
}

/* key and ret may be the same. */
static int mac(const void *key, size_t key_len, const char *text, unsigned char ret[DIGEST_SIZE])
{
	unsigned char digest[DIGEST_SIZE];
	size_t len = 0;
	bool done;

	done = EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len,
		       (const unsigned char *)text, strlen(text), digest, sizeof(digest), &len) &&
	       len == sizeof(digest);
	if (done)
		memcpy(ret, digest, sizeof(digest));
	explicit_bzero(digest, sizeof(digest));
	return done ? 0 : -ENOMEM;
}

/* ---- the URL ---- */

struct url {
	struct span_of host, port; /* port: as in the URL, none if it is the scheme's own */
	struct span_of path, query;
};

static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return true;
}

static bool span_is(struct span_of s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static bool split_authority(struct span_of all, bool tls, struct url *ret)
{
	const char *p = all.p, *end = p + all.len, *close = NULL;

	for (const char *c = p; c < end; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == '@')
			return false;
	if (p < end && *p == '[') {
		close = memchr(p, ']', all.len);
		if (!close)
			return false;
		ret->host = (struct span_of){p, (size_t)(close + 1 - p)};
	} else {
		close = memchr(p, ':', all.len);
		ret->host = (struct span_of){p, (size_t)((close ? close : end) - p)};
	}
	p += ret->host.len;
	if (ret->host.len == 0 || (p < end && *p != ':'))
		return false;
	ret->port = (struct span_of){p, (size_t)(end - p)};
	if (ret->port.len > 0) {
		ret->port.p++;
		ret->port.len--;
	}
	for (size_t i = 0; i < ret->port.len; i++)
		if (ret->port.p[i] < '0' || ret->port.p[i] > '9')
			return false;
	if (span_is(ret->port, tls ? "443" : "80"))
		ret->port.len = 0;
	return true;
}

static int split_url(const char *text, struct url *ret)
{
	bool tls = strncasecmp(text, "https://", 8) == 0;
	struct span_of authority;
	const char *p;

	if (!tls && strncasecmp(text, "http://", 7) != 0)
		return -EINVAL;
	if (!is_text(text, strlen(text)) || strchr(text, '\t'))
		return -EINVAL;
	p = text + (tls ? 8 : 7);
	authority = (struct span_of){p, strcspn(p, "/?#")};
	if (!split_authority(authority, tls, ret))
		return -EINVAL;
	p += authority.len;
	ret->path = (struct span_of){p, strcspn(p, "?#")};
	p += ret->path.len;
	ret->query = (struct span_of){"", 0};
	if (*p == '?')
		ret->query = (struct span_of){p + 1, strcspn(p + 1, "#")};
	return 0;
}

static void put_host(struct buffer *b, const struct url *url)
{
	put_lower(b, url->host.p, url->host.len);
	if (url->port.len > 0) {
		put(b, ":", 1);
		put(b, url->port.p, url->port.len);
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

		if (low >= 0)
			i += 2;
		s[n++] = low >= 0 ? (char)(high << 4 | low) : s[i];
	}
	return n;
}

/* Segment by segment: a slash that is encoded is none. Clients take "." and ".." out before they send. */
static int put_path(struct buffer *b, char *path, size_t len)
{
	char *end = path + len;

	for (char *p = path; p < end;) {
		char *slash = memchr(p, '/', (size_t)(end - p));
		char *stop = slash ? slash : end;
		struct span_of segment = {p, decode(p, (size_t)(stop - p))};

		if (span_is(segment, ".") || span_is(segment, ".."))
			return -EINVAL;
		put_encoded(b, segment.p, segment.len);
		if (slash)
			put(b, "/", 1);
		p = stop + (slash != NULL);
	}
	if (len == 0 || end[-1] != '/')
		put(b, "/", 1);
	return 0;
}

struct parameter {
	struct span_of name, value;
};

static int compare_spans(struct span_of a, struct span_of b)
{
	int r = memcmp(a.p, b.p, MIN(a.len, b.len));

	return r != 0 ? r : (a.len > b.len) - (a.len < b.len);
}

static int compare_parameters(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int r = compare_spans(x->name, y->name);

	return r != 0 ? r : compare_spans(x->value, y->value);
}

static int put_query(struct buffer *b, char *query, size_t len)
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
		all[n].name = (struct span_of){p, decode(p, (size_t)(value - p))};
		value += value < stop;
		all[n++].value = (struct span_of){value, decode(value, (size_t)(stop - value))};
	}
	qsort(all, n, sizeof(*all), compare_parameters);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(b, "&", 1);
		put_encoded(b, all[i].name.p, all[i].name.len);
		put(b, "=", 1);
		put_encoded(b, all[i].value.p, all[i].value.len);
	}
	return 0;
}

/* ---- headers ---- */

struct field {
	const char *name;
	struct span_of value;
};

static int compare_fields(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

static struct span_of trimmed(const char *s)
{
	size_t len;

	s += strspn(s, " \t");
	for (len = strlen(s); len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t');)
		len--;
	return (struct span_of){s, len};
}

static bool name_valid(const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == ':' || *c == ';')
			return false;
	return *name != '\0';
}

/* All that are signed, sorted; malloc'ed, r->n_headers + 2 of them. */
static int collect_fields(const struct sign_request *r, const char *host, const char *date,
	struct field **ret, size_t *ret_n)
{
	_cleanup_free_ struct field *all = NULL;
	size_t n = 0;

	all = calloc(r->n_headers + 2, sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[n++] = (struct field){"host", trimmed(host)};
	all[n++] = (struct field){"x-sdk-date", trimmed(date)};
	for (size_t i = 0; i < r->n_headers; i++) {
		const struct sign_header *h = &r->headers[i];

		if (!name_valid(h->name) || !is_text(h->value, strlen(h->value)))
			return -EINVAL;
		all[n++] = (struct field){h->name, trimmed(h->value)};
	}
	qsort(all, n, sizeof(*all), compare_fields);
	for (size_t i = 1; i < n; i++)
		if (strcasecmp(all[i - 1].name, all[i].name) == 0)
			return -EINVAL;
	*ret = all;
	*ret_n = n;
	all = NULL;
	return 0;
}

static void put_names(struct buffer *b, const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(b, ";", 1);
		put_lower(b, fields[i].name, strlen(fields[i].name));
	}
}

static void put_fields(struct buffer *b, const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_lower(b, fields[i].name, strlen(fields[i].name));
		put(b, ":", 1);
		put(b, fields[i].value.p, fields[i].value.len);
		put(b, "\n", 1);
	}
}

static int put_body_hash(
	struct buffer *b, const struct sign_request *r, const struct field *fields, size_t n)
{
	char hex[HEX_SIZE];

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(fields[i].name, CONTENT_HASH) == 0) {
			put(b, fields[i].value.p, fields[i].value.len);
			return 0;
		}
	if (hash_hex(r->body, r->body ? r->body_len : 0, hex) < 0)
		return -ENOMEM;
	put_text(b, hex);
	return 0;
}

/* ---- all of it ---- */

/* Fills the canonical request and the list of signed names. */
static int canonicalize(
	const struct sign_request *r, const char *date, struct buffer *b, struct buffer *names)
{
	_cleanup_buffer_ struct buffer host = {0}, path = {0}, query = {0};
	_cleanup_free_ struct field *fields = NULL;
	struct url url;
	size_t n;
	int err = split_url(r->url, &url);

	if (err < 0)
		return err;
	put_host(&host, &url);
	put(&path, url.path.p, url.path.len);
	put(&query, url.query.p, url.query.len);
	if (host.failed || path.failed || query.failed)
		return -ENOMEM;
	err = collect_fields(r, host.p, date, &fields, &n);
	if (err < 0)
		return err;
	put_names(names, fields, n);
	for (const char *c = r->method; *c; c++) {
		char upper = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);

		put(b, &upper, 1);
	}
	put(b, "\n", 1);
	err = put_path(b, path.p, path.len);
	if (err < 0)
		return err;
	put(b, "\n", 1);
	err = put_query(b, query.p, query.len);
	if (err < 0)
		return err;
	put(b, "\n", 1);
	put_fields(b, fields, n);
	put(b, "\n", 1);
	put_names(b, fields, n);
	put(b, "\n", 1);
	err = put_body_hash(b, r, fields, n);
	if (err < 0)
		return err;
	return b->failed || names->failed ? -ENOMEM : 0;
}

/* The key of a day, a region and a service. */
static int derive(const struct sign_key *key, const char *day, unsigned char ret[DIGEST_SIZE])
{
	static const char prefix[] = "SDK";
	size_t len = strlen(prefix) + secret_len(key->secret);
	_cleanup_buffer_ struct buffer first = {0};
	const char *steps[] = {
		key->region ? key->region : "", key->service ? key->service : "", TERMINATOR};
	int r;

	put_text(&first, prefix);
	put(&first, secret_bytes(key->secret), secret_len(key->secret));
	if (first.failed)
		return -ENOMEM;
	r = mac(first.p, len, day, ret);
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(steps); i++)
		r = mac(ret, DIGEST_SIZE, steps[i], ret);
	return r;
}

/* Signs the hash of the canonical request. */
static int sign_hash(const struct sign_key *key, const char *date, const char *scope,
	const char *hash, char ret[HEX_SIZE])
{
	unsigned char derived[DIGEST_SIZE], signature[DIGEST_SIZE];
	_cleanup_buffer_ struct buffer text = {0};
	int r;

	put_text(&text, ALGORITHM "\n");
	put_text(&text, date);
	put_text(&text, "\n");
	if (scope) {
		put_text(&text, scope);
		put_text(&text, "\n");
	}
	put_text(&text, hash);
	if (text.failed)
		return -ENOMEM;
	if (scope) {
		char day[DAY_LEN + 1];

		snprintf(day, sizeof(day), "%.*s", DAY_LEN, date);
		r = derive(key, day, derived);
		if (r == 0)
			r = mac(derived, sizeof(derived), text.p, signature);
		explicit_bzero(derived, sizeof(derived));
	} else
		r = mac(secret_bytes(key->secret), secret_len(key->secret), text.p, signature);
	if (r == 0)
		to_hex(signature, ret);
	return r;
}

static bool word_valid(const char *s)
{
	return !s || (is_text(s, strlen(s)) && !strchr(s, '\t'));
}

static int format_date(int64_t wall, char ret[SIGN_DATE_SIZE])
{
	time_t s = (time_t)(wall / 1000 - (wall % 1000 < 0));
	struct tm tm;

	if (!gmtime_r(&s, &tm) ||
		strftime(ret, SIGN_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm) != SIGN_DATE_SIZE - 1)
		return -EINVAL;
	return 0;
}

int sign_make(const struct sign_request *r, const struct sign_key *key, int64_t wall,
	char **ret_authorization, char ret_date[SIGN_DATE_SIZE])
{
	_cleanup_buffer_ struct buffer canonical = {0}, names = {0};
	_cleanup_free_ char *scope = NULL;
	char date[SIGN_DATE_SIZE], hash[HEX_SIZE], signature[HEX_SIZE], *line;
	int err;

	if (!word_valid(key->access) || !word_valid(key->region) || !word_valid(key->service))
		return -EINVAL;
	err = format_date(wall, date);
	if (err < 0)
		return err;
	err = canonicalize(r, date, &canonical, &names);
	if (err < 0)
		return err;
	if (key->form == SIGNATURE_CREDENTIAL &&
		asprintf(&scope, "%.*s/%s/%s/" TERMINATOR, DAY_LEN, date,
			key->region ? key->region : "", key->service ? key->service : "") < 0) {
		scope = NULL;
		return -ENOMEM;
	}
	err = hash_hex(canonical.p, canonical.len, hash);
	if (err == 0)
		err = sign_hash(key, date, scope, hash, signature);
	if (err < 0)
		return err;
	if (asprintf(&line, ALGORITHM " %s=%s%s%s, SignedHeaders=%s, Signature=%s",
		    scope ? "Credential" : "Access", key->access, scope ? "/" : "",
		    scope ? scope : "", names.p, signature) < 0)
		return -ENOMEM;
	*ret_authorization = line;
	memcpy(ret_date, date, sizeof(date));
	return 0;
}

int sign_canonical(const struct sign_request *r, const char date[SIGN_DATE_SIZE], char **ret)
{
	_cleanup_buffer_ struct buffer canonical = {0}, names = {0};
	int err = canonicalize(r, date, &canonical, &names);

	if (err < 0)
		return err;
	*ret = canonical.p;
	canonical = (struct buffer){0};
	return 0;
}

int sign_host(const char *url, char **ret)
{
	_cleanup_buffer_ struct buffer host = {0};
	struct url parts;
	int err = split_url(url, &parts);

	if (err < 0)
		return err;
	put_host(&host, &parts);
	if (host.failed)
		return -ENOMEM;
	*ret = host.p;
	host = (struct buffer){0};
	return 0;
}
