/* report_json.h - a report as JSON text and back: in the store, and for whoever wants to read it. */
#pragma once

#include "macro.h"
#include "report.h"

/* The text is one line: {"process":100,"rate":85,"result":1,"fingerprint":"16 hex digits","items":[{"name":..,
 * "result":"FAILED","said":..,"group":..,"reason":..,"message":..,"parts":..,"checked":false,"since":ms,
 * "runs":n}, ..]}. Left out: rate and result that were not said, texts that are NULL, checked if true, since
 * and runs if 0, pending if false. Malloc'ed; ret_len may be NULL. -ENOMEM. */
int report_to_json(const struct report *r, char **ret, size_t *ret_len) _must_check_;

/* A sealed report equal to the one written. -EINVAL if the text is none of ours; -ENOMEM. */
int report_from_json(const char *text, size_t len, struct report **ret) _must_check_;
