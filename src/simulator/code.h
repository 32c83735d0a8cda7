/* code.h - the error codes of the reference: HTTP status and a text of our own in two languages. */
#pragma once

#include "sim.h"

/* HTTP status of a code, 400 for an unknown one. */
int code_http(const char *code, int profile);
const char *code_text(const char *code, bool zh);
