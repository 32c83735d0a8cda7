/* transfer.h - one HTTP request inside http's room: its options, what arrives, and trouble in words. Only
 * http.c uses it. */
#pragma once

#include "exchange.h"
#include "macro.h"
#include "secret.h"
#include "settings.h"
#include <curl/curl.h>

struct transfer;

/* Prepares a request, see http_send() for the errors; copies what it needs. */
int transfer_new(const struct cloud_settings *cloud, const struct exchange_request *request,
	const struct secret *secret_body, const struct secret *token, int64_t timeout_ms,
	struct transfer **ret) _must_check_;

/* Wipes and frees; its handle must have left the multi handle. May be NULL; returns NULL. */
struct transfer *transfer_free(struct transfer *t);
DEFINE_CLEANUP(struct transfer *, transfer_free)

CURL *transfer_handle(struct transfer *t); /* borrowed */

/* What came of it, to be asked while the handle is still in the multi handle. `result` is libcurl's word, or
 * CURLE_OPERATION_TIMEDOUT if the caller gives up. The exchange borrows from t. */
void transfer_judge(struct transfer *t, CURLcode result, struct exchange *ret);

/* The received X-Subject-Token, borrowed; NULL if there was none. */
const char *transfer_token(const struct transfer *t, size_t *ret_len);
