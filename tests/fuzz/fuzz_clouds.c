/* fuzz_clouds.c - clouds.yaml: whatever stands there, an entry is read or refused with a sentence. */
#include "fuzz.h"

#include "clouds_yaml.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cloud_entry e = {0};
	char why[400] = "";
	int r;

	if (size > 65536)
		return 0;
	r = clouds_yaml_read(fuzz_file(data, size), "otc", NULL, &e, why);
	if (r == 0)
		MUST(e.method == AUTH_PASSWORD || e.method == AUTH_AKSK ||
			e.method == AUTH_TOKEN_FILE);
	else
		MUST(*why && text_utf8_valid(why, strlen(why)) && !e.secret);
	cloud_entry_done(&e);
	return 0;
}
