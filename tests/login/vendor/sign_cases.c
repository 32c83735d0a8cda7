/* sign_cases.c - our signer as a filter: one request per line of standard input, as sign_cases.js writes it, with
 * tabs between
 *   method, URL, body in hex ("-": none), wall ms, access key, secret key in hex, and each header, "NAME: VALUE"
 * and for each a line with tabs between Authorization, date, Host, and the canonical request in hex. */
#include "sign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELDS      6
#define HEADERS_MAX 8

static unsigned digit(char c)
{
	return (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

/* In place. */
static size_t from_hex(char *s)
{
	size_t n = 0;

	for (; s[2 * n]; n++)
		s[n] = (char)(digit(s[2 * n]) << 4 | digit(s[2 * n + 1]));
	return n;
}

static int answer(char *line)
{
	char *field[FIELDS], *rest = line;
	char *authorization = NULL, *host = NULL, *canonical = NULL, date[SIGN_DATE_SIZE];
	struct sign_header headers[HEADERS_MAX];
	struct sign_request r = {.headers = headers};
	struct sign_key key = {.form = SIGNATURE_ACCESS};
	struct secret *secret = NULL;
	int err;

	for (size_t i = 0; i < FIELDS; i++) {
		field[i] = strsep(&rest, "\t");
		if (!field[i])
			return -EINVAL;
	}
	while (rest && r.n_headers < HEADERS_MAX) {
		char *value = strsep(&rest, "\t");
		const char *name = strsep(&value, ":");

		if (!value)
			return -EINVAL;
		headers[r.n_headers++] = (struct sign_header){name, value};
	}
	r.method = field[0];
	r.url = field[1];
	if (strcmp(field[2], "-") != 0) {
		r.body_len = from_hex(field[2]);
		r.body = field[2];
	}
	key.access = field[4];
	err = secret_new(field[5], from_hex(field[5]), &secret);
	key.secret = secret;
	if (err == 0)
		err = sign_make(&r, &key, strtoll(field[3], NULL, 10), &authorization, date);
	if (err == 0)
		err = sign_host(r.url, &host);
	if (err == 0)
		err = sign_canonical(&r, date, &canonical);
	if (err == 0) {
		printf("%s\t%s\t%s\t", authorization, date, host);
		for (const char *c = canonical; *c; c++)
			printf("%02x", (unsigned char)*c);
		putchar('\n');
	}
	secret_free(secret);
	free(authorization);
	free(host);
	free(canonical);
	return err;
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		int err;

		line[len - 1] = '\0';
		err = answer(line);
		if (err < 0)
			printf("refused: %s\n", strerror(-err));
	}
	free(line);
	return 0;
}
