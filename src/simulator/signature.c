/* signature.c - the signature of a request, after the clouds' documentation of SDK-HMAC-SHA256.
 *
 * The daemon signs with code of its own; nothing of it is used here, so that a misreading of one is found by
 * the other. It is as strict as the documentation: names in lower case and in order, each header once. */
#include "signature.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>

#define ALGORITHM "SDK-HMAC-SHA256"

static int wrong(char why[SIGNATURE_WHY], const char *text)
{
	snprintf(why, SIGNATURE_WHY, "%s", text);
	return -EINVAL;
}

static bool copy(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		return false;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

/* KEY/YYYYMMDD/region/service/sdk_request; region and service may be empty. */
static int parse_credential(const char *text, size_t len, struct signature *g)
{
	const char *part[5], *end = text + len, *p = text;
	size_t size[5];

	for (size_t i = 0; i < 5; i++) {
		const char *slash = memchr(p, '/', (size_t)(end - p));

		if ((i < 4) != (slash != NULL))
			return -EINVAL;
		part[i] = p;
		size[i] = (size_t)((slash ? slash : end) - p);
		p = slash ? slash + 1 : end;
	}
	if (!copy(g->key, sizeof(g->key), part[0], size[0]) || size[1] != 8 ||
		!copy(g->day, sizeof(g->day), part[1], size[1]) ||
		!copy(g->region, sizeof(g->region), part[2], size[2]) ||
		!copy(g->service, sizeof(g->service), part[3], size[3]) || size[4] != 11 ||
		memcmp(part[4], "sdk_request", 11) != 0 ||
		!copy(g->scope, sizeof(g->scope), part[1], (size_t)(end - part[1])))
		return -EINVAL;
	g->credential = true;
	return 0;
}

/* One NAME=VALUE of the header. */
static int parse_part(const char *text, size_t len, struct signature *g)
{
	static const struct {
		const char *name;
		size_t len;
	} names[] = {
		{"Access=", 7}, {"Credential=", 11}, {"SignedHeaders=", 14}, {"Signature=", 10}};
	size_t i;

	for (i = 0; i < ELEMENTSOF(names); i++)
		if (len > names[i].len && memcmp(text, names[i].name, names[i].len) == 0)
			break;
	if (i == ELEMENTSOF(names))
		return -EINVAL;
	text += names[i].len;
	len -= names[i].len;
	if (i <= 1 && *g->key)
		return -EINVAL;
	switch (i) {
	case 0:
		return copy(g->key, sizeof(g->key), text, len) ? 0 : -EINVAL;
	case 1:
		return parse_credential(text, len, g);
	case 2:
		return !*g->headers && copy(g->headers, sizeof(g->headers), text, len) ? 0
										       : -EINVAL;
	default:
		return !*g->hex && len == 64 && copy(g->hex, sizeof(g->hex), text, len) ? 0
											: -EINVAL;
	}
}

int signature_parse(const char *authorization, struct signature *ret, char why[SIGNATURE_WHY])
{
	struct signature g = {0};
	const char *p = authorization;

	if (strncmp(p, ALGORITHM " ", sizeof(ALGORITHM)) != 0)
		return wrong(why, "the algorithm is not " ALGORITHM);
	p += sizeof(ALGORITHM);
	for (;;) {
		size_t len;

		p += strspn(p, " ");
		len = strcspn(p, ",");
		if (parse_part(p, len, &g) < 0)
			return wrong(why, "the header is malformed");
		p += len;
		if (!*p)
			break;
		p++;
	}
	if (!*g.key || !*g.headers || !*g.hex)
		return wrong(why, "the header is incomplete");
	*ret = g;
	return 0;
}

bool signature_covers(const struct signature *g, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = g->headers; *p;) {
		size_t len = strcspn(p, ";");

		if (len == n && memcmp(p, name, n) == 0)
			return true;
		p += len + (p[len] == ';');
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Writes len bytes of a percent-encoded text as RFC 3986 would have them encoded: decoded and encoded again. */
static void put_encoded(FILE *f, const char *s, size_t len)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '%' && i + 2 < len && hex_digit(s[i + 1]) >= 0 &&
			hex_digit(s[i + 2]) >= 0) {
			c = (unsigned char)(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
			i += 2;
		}
		if (c && strchr(kept, c))
			fputc(c, f);
		else
			fprintf(f, "%%%02X", c);
	}
}

static void put_path(FILE *f, const char *path)
{
	const char *p = path;

	while (*p) {
		size_t len = strcspn(p, "/");

		put_encoded(f, p, len);
		p += len;
		if (*p) {
			fputc('/', f);
			p++;
		}
	}
	if (p == path || p[-1] != '/')
		fputc('/', f);
}

struct pair {
	char *name, *value;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->value, y->value);
}

static char *encoded(const char *s, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put_encoded(f, s, len);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static int put_query(FILE *f, const char *query)
{
	size_t n = 0, room = 1;
	struct pair *pairs;
	int r = 0;

	for (const char *p = query; *p; p++)
		room += *p == '&';
	pairs = calloc(room, sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	for (const char *p = query; *p;) {
		size_t len = strcspn(p, "&"), name = MIN(strcspn(p, "="), len);
		size_t skip = MIN(name + 1, len);

		if (len > 0) {
			pairs[n].name = encoded(p, name);
			pairs[n].value = encoded(p + skip, len - skip);
			if (!pairs[n].name || !pairs[n].value)
				r = -ENOMEM;
			n++;
		}
		p += len + (p[len] == '&');
	}
	if (r == 0)
		qsort(pairs, n, sizeof(*pairs), compare_pairs);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			fprintf(f, "%s%s=%s", i ? "&" : "", pairs[i].name, pairs[i].value);
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
	return r;
}

/* The one value of a header, NULL and why if there are none or two. */
static const char *the_value(
	const struct evkeyvalq *headers, const char *name, char why[SIGNATURE_WHY])
{
	const char *value = NULL;
	struct evkeyval *h;

	TAILQ_FOREACH (h, headers, next) {
		if (strcasecmp(h->key, name) != 0)
			continue;
		if (value) {
			snprintf(why, SIGNATURE_WHY, "the header %.60s is there twice", name);
			return NULL;
		}
		value = h->value;
	}
	if (!value)
		snprintf(why, SIGNATURE_WHY, "the signed header %.60s was not sent", name);
	return value;
}

static int put_headers(FILE *f, const struct signature *g, const struct evkeyvalq *headers,
	char why[SIGNATURE_WHY])
{
	char last[128] = "", name[128];

	for (const char *p = g->headers; *p;) {
		size_t len = strcspn(p, ";"), from = 0, to;
		const char *value;

		if (len == 0 || !copy(name, sizeof(name), p, len))
			return wrong(why, "SignedHeaders holds what is no name");
		for (size_t i = 0; i < len; i++)
			if (name[i] >= 'A' && name[i] <= 'Z')
				return wrong(why, "SignedHeaders is not in lower case");
		if (strcmp(last, name) >= 0)
			return wrong(why, "SignedHeaders is not in order");
		memcpy(last, name, sizeof(last));
		value = the_value(headers, name, why);
		if (!value)
			return -EINVAL;
		to = strlen(value);
		from = MIN(strspn(value, " \t"), to);
		while (to > from && strchr(" \t", value[to - 1]))
			to--;
		fprintf(f, "%s:%.*s\n", name, (int)(to - from), value + from);
		p += len + (p[len] == ';');
	}
	return 0;
}

void signature_hash(const void *bytes, size_t len, char ret[65])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256(bytes, len, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

int signature_canonical(const struct signature *g, const struct signed_request *q, char **ret,
	char why[SIGNATURE_WHY])
{
	char *text = NULL, hash[65];
	const char *sent = NULL;
	struct evkeyval *h;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r = 0;

	if (!f)
		return -ENOMEM;
	fprintf(f, "%s\n", q->method);
	put_path(f, q->path);
	fputc('\n', f);
	if (q->query)
		r = put_query(f, q->query);
	fputc('\n', f);
	if (r >= 0)
		r = put_headers(f, g, q->headers, why);
	TAILQ_FOREACH (h, q->headers, next)
		if (strcasecmp(h->key, "x-sdk-content-sha256") == 0)
			sent = h->value;
	signature_hash(q->body, q->body_len, hash);
	if (r >= 0 && sent && strcmp(sent, hash) != 0 && strcmp(sent, "UNSIGNED-PAYLOAD") != 0)
		r = wrong(why, "X-Sdk-Content-Sha256 is not the body's hash");
	fprintf(f, "\n%s\n%s", g->headers, sent ? sent : hash);
	if (fclose(f) != 0 && r >= 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return r;
	}
	*ret = text;
	return 0;
}

static void hmac(const void *key, size_t key_len, const char *text, unsigned char ret[32])
{
	unsigned len = 32;

	HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), ret, &len);
}

void signature_make(const struct signature *g, const char *secret, const char *date,
	const char *canonical, char ret[65])
{
	char hash[65], text[400], first[300];
	unsigned char key[32], mac[32];

	signature_hash(canonical, strlen(canonical), hash);
	if (!g->credential) {
		snprintf(text, sizeof(text), ALGORITHM "\n%s\n%s", date, hash);
		hmac(secret, strlen(secret), text, mac);
	} else {
		snprintf(text, sizeof(text), ALGORITHM "\n%s\n%s\n%s", date, g->scope, hash);
		snprintf(first, sizeof(first), "SDK%s", secret);
		hmac(first, strlen(first), g->day, key);
		hmac(key, sizeof(key), g->region, mac);
		hmac(mac, sizeof(mac), g->service, key);
		hmac(key, sizeof(key), "sdk_request", mac);
		memcpy(key, mac, sizeof(key));
		hmac(key, sizeof(key), text, mac);
	}
	for (size_t i = 0; i < sizeof(mac); i++)
		snprintf(ret + 2 * i, 3, "%02x", mac[i]);
}

int signature_date(const char *text, int64_t *ret_wall)
{
	static const char form[] = "00000000T000000Z";
	struct tm tm = {0};
	char again[32];
	time_t t;

	if (strlen(text) != sizeof(form) - 1)
		return -EINVAL;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? hex_digit(text[i]) < 0 || hex_digit(text[i]) > 9
				   : text[i] != form[i])
			return -EINVAL;
	if (sscanf(text, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		    &tm.tm_min, &tm.tm_sec) != 6)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	t = timegm(&tm);
	/* The 31st of February would become a day in March. */
	gmtime_r(&t, &tm);
	strftime(again, sizeof(again), "%Y%m%dT%H%M%SZ", &tm);
	if (strcmp(again, text) != 0)
		return -EINVAL;
	*ret_wall = (int64_t)t * 1000;
	return 0;
}
