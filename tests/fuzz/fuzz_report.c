/* fuzz_report.c - a report out of the store: what can be read is written the same again. */
#include "fuzz.h"

#include "report_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *once = NULL, *twice = NULL;
	struct report *a = NULL, *b = NULL;
	size_t len;

	if (report_from_json(text, size, &a) == 0) {
		MUST(report_to_json(a, &once, &len) == 0);
		MUST(report_from_json(once, len, &b) == 0);
		MUST(report_to_json(b, &twice, NULL) == 0);
		MUST(strcmp(once, twice) == 0);
	}
	free(once);
	free(twice);
	report_unref(a);
	report_unref(b);
	free(text);
	return 0;
}
