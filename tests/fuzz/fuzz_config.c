/* fuzz_config.c - precheckd.conf: read, or refused with at least one complaint that can be shown. */
#include "fuzz.h"

#include "config.h"
#include "text.h"

static void say(void *arg, bool error, const char *text)
{
	unsigned *errors = arg;

	MUST(text_utf8_valid(text, strlen(text)));
	*errors += error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s = NULL;
	unsigned errors = 0;
	int r;

	if (size > 16384)
		return 0;
	r = config_load(fuzz_file(data, size), say, &errors, &s);
	MUST((r == 0) == (errors == 0));
	MUST((r == 0) == (s != NULL));
	if (s) {
		FILE *f = fopen("/dev/null", "w");

		MUST(f);
		config_print(s, f);
		fclose(f);
	}
	settings_unref(s);
	return 0;
}
