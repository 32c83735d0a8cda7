/* trouble.h - why an exchange came to nothing, in words. Inside http's room. */
#pragma once

#include "macro.h"
#include "transfer.h"

/* One sentence, cut to size bytes; while the handle is still in the multi handle. Returns buf. */
char *trouble_say(const struct transfer *t, CURLcode result, char *buf, size_t size);
