/* fuzz_text.c - remote text made harmless, in any room; times and spans as people write them. */
#include "fuzz.h"

#include "json.h"
#include "span.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), out[300], quoted[1024];
	size_t room = size > 0 ? 8 + data[0] % 200 : 8;
	int64_t ms;

	text_escape(out, room, text, size);
	MUST(strlen(out) < room && text_utf8_valid(out, strlen(out)) &&
		!strpbrk(out, "\r\n\t\x1b\x7f"));
	text_flatten(out, room, text, size);
	MUST(strlen(out) < room && text_utf8_valid(out, strlen(out)) &&
		!strpbrk(out, "\r\n\t\x1b\x7f"));
	(void)text_copy(out, room, text);
	MUST(strlen(out) < room);
	if (span_parse(text, &ms) == 0)
		MUST(ms >= 0);
	if (time_parse_utc(text, &ms) == 0)
		MUST(ms > INT64_MIN / 2 && ms < INT64_MAX / 2);
	if (json_quote(quoted, sizeof(quoted), text) < sizeof(quoted))
		MUST(quoted[0] == '"' && quoted[strlen(quoted) - 1] == '"');
	free(text);
	return 0;
}
