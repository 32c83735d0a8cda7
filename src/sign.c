/* sign.c
 *
 * A signature covers the request in a canonical form, in which sender and receiver must agree to the byte. It
 * holds the security token, a secret, and the older form's first key is put together from the secret key: so
 * each buffer here is wiped before it is given back. libcrypto wipes its own.
 */
#include "sign.h"
#include "sign_inner.h"

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

/* ---- headers ---- */

struct piece {
	const char *p;
	size_t len;
};

struct field {
	const char *name;
	struct piece value;
};

static int compare_fields(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

static struct piece trimmed(const char *s)
{
	size_t len;

	s += strspn(s, " \t");
	for (len = strlen(s); len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t');)
		len--;
	return (struct piece){s, len};
}

static bool name_valid(const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == ':' || *c == ';')
			return false;
	return *name != '\0';
}

static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return true;
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

static void put_names(struct sign_text *b, const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sign_text_put(b, ";", 1);
		sign_text_lower(b, fields[i].name, strlen(fields[i].name));
	}
}

static void put_fields(struct sign_text *b, const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sign_text_lower(b, fields[i].name, strlen(fields[i].name));
		sign_text_put(b, ":", 1);
		sign_text_put(b, fields[i].value.p, fields[i].value.len);
		sign_text_put(b, "\n", 1);
	}
}

static int put_body_hash(
	struct sign_text *b, const struct sign_request *r, const struct field *fields, size_t n)
{
	char hex[HEX_SIZE];

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(fields[i].name, CONTENT_HASH) == 0) {
			sign_text_put(b, fields[i].value.p, fields[i].value.len);
			return 0;
		}
	if (hash_hex(r->body, r->body ? r->body_len : 0, hex) < 0)
		return -ENOMEM;
	sign_text_add(b, hex);
	return 0;
}

/* Fills the canonical request and the list of signed names. */
static int canonicalize(const struct sign_request *r, const char *date, struct sign_text *text,
	struct sign_text *names)
{
	_cleanup_free_ struct field *fields = NULL;
	_cleanup_sign_url_ struct sign_url url = {0};
	size_t n;
	int err = sign_url_read(r->url, &url);

	if (err < 0)
		return err;
	err = collect_fields(r, url.host.p, date, &fields, &n);
	if (err < 0)
		return err;
	put_names(names, fields, n);
	if (names->failed)
		return -ENOMEM;
	for (const char *c = r->method; *c; c++) {
		char upper = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);

		sign_text_put(text, &upper, 1);
	}
	sign_text_add(text, "\n");
	sign_text_add(text, url.path.p);
	sign_text_add(text, "\n");
	sign_text_add(text, url.query.p);
	sign_text_add(text, "\n");
	put_fields(text, fields, n);
	sign_text_add(text, "\n");
	sign_text_add(text, names->p);
	sign_text_add(text, "\n");
	err = put_body_hash(text, r, fields, n);
	return err < 0 ? err : text->failed ? -ENOMEM : 0;
}

/* ---- the key ---- */

/* The key of a day, a region and a service. */
static int derive(const struct sign_key *key, const char *day, unsigned char ret[DIGEST_SIZE])
{
	static const char prefix[] = "SDK";
	size_t len = strlen(prefix) + secret_len(key->secret);
	_cleanup_sign_text_ struct sign_text first = {0};
	const char *steps[] = {
		key->region ? key->region : "", key->service ? key->service : "", TERMINATOR};
	int r;

	sign_text_add(&first, prefix);
	sign_text_put(&first, secret_bytes(key->secret), secret_len(key->secret));
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
	_cleanup_sign_text_ struct sign_text text = {0};
	int r;

	sign_text_add(&text, ALGORITHM "\n");
	sign_text_add(&text, date);
	sign_text_add(&text, "\n");
	if (scope) {
		sign_text_add(&text, scope);
		sign_text_add(&text, "\n");
	}
	sign_text_add(&text, hash);
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

/* ---- all of it ---- */

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
	_cleanup_sign_text_ struct sign_text canonical = {0}, names = {0};
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
	_cleanup_sign_text_ struct sign_text canonical = {0}, names = {0};
	int err = canonicalize(r, date, &canonical, &names);

	if (err < 0)
		return err;
	*ret = canonical.p;
	canonical = (struct sign_text){0};
	return 0;
}

int sign_host(const char *url, char **ret)
{
	_cleanup_sign_url_ struct sign_url parts = {0};
	int err = sign_url_read(url, &parts);

	if (err < 0)
		return err;
	*ret = parts.host.p;
	parts.host = (struct sign_text){0};
	return 0;
}
