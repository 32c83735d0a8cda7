/* fuzz_sign.c - URLs, headers and bodies to be signed: a signature, or -EINVAL; the same one each time. */
#include "fuzz.h"

#include "sign.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, *a = NULL, *b = NULL, *canonical = NULL;
	struct sign_header header = {.name = "X-Project-Id"};
	struct sign_request r = {.method = "POST", .headers = &header, .n_headers = 1};
	struct sign_key key = {.access = "AK1"};
	char date[SIGN_DATE_SIZE];
	struct secret *secret;
	int err;

	MUST(secret_new("sk", 2, &secret) == 0);
	key.secret = secret;
	key.form = size % 2 ? SIGNATURE_ACCESS : SIGNATURE_CREDENTIAL;
	r.url = strsep(&rest, "\n");
	header.value = rest ? strsep(&rest, "\n") : "";
	r.body = rest;
	r.body_len = rest ? strlen(rest) : 0;
	err = sign_make(&r, &key, INT64_C(1795575600000), &a, date);
	MUST(err == 0 || err == -EINVAL);
	if (err == 0) {
		MUST(sign_make(&r, &key, INT64_C(1795575600000), &b, date) == 0);
		MUST(strcmp(a, b) == 0);
		MUST(sign_canonical(&r, date, &canonical) == 0);
		MUST(!strpbrk(a, "\r\n"));
		MUST(strncmp(canonical, "POST\n/", 5) == 0);
	}
	free(a);
	free(b);
	free(canonical);
	free(text);
	secret_free(secret);
	return 0;
}
