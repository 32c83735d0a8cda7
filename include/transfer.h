/* transfer.h - one HTTP request inside http's room: its options, and what arrives. */
#pragma once

#include "exchange.h"
#include "macro.h"
#include "secret.h"
#include "settings.h"
#include <curl/curl.h>

#define REQUEST_LINES (4 + EXCHANGE_HEADERS_MAX)

/* Only transfer.c writes to it. */
struct transfer {
	CURL *easy;
	CURLU *url;        /* libcurl sends to what we have judged: no second parser in between */
	char *host, *peer; /* "drs.example", "drs.example:443" */
	char *via;         /* the proxy's host and port; NULL: none */
	char *ca_file;
	int64_t timeout;
	bool once;

	struct curl_slist lines[REQUEST_LINES]; /* nodes of ours: no copy of the token is made */
	unsigned n_lines;
	char *plain[EXCHANGE_HEADERS_MAX]; /* what the nodes point to */
	struct secret *secret_lines[EXCHANGE_HEADERS_MAX];
	size_t n_headers;
	struct secret *secret_body;
	char *body;

	bool sent;         /* libcurl was about to write the request; not one byte of it before */
	const char *fault; /* why one of our callbacks stopped it */

	bool in_head;
	size_t head_bytes;
	int64_t date; /* wall ms */
	char *token, *content_type, *retry_after, *location, *request_id;
	size_t token_len;
	char *answer;
	size_t answer_len, answer_room;
	char error[CURL_ERROR_SIZE];
};

/* Prepares a request, see http_send() for the errors; copies what it needs. */
int transfer_new(const struct cloud_settings *cloud, const struct exchange_request *request,
	int64_t timeout_ms, struct transfer **ret) _must_check_;

/* Wipes and frees; its handle must have left the multi handle. May be NULL; returns NULL. */
struct transfer *transfer_free(struct transfer *t);
DEFINE_CLEANUP(struct transfer *, transfer_free)

CURL *transfer_handle(struct transfer *t); /* borrowed */

/* What came of it, to be asked while the handle is still in the multi handle. `result` is libcurl's word, or
 * CURLE_OPERATION_TIMEDOUT if the caller gives up. The exchange borrows from t. */
void transfer_judge(struct transfer *t, CURLcode result, struct exchange *ret);

/* The received X-Subject-Token, borrowed; NULL if there was none. */
const char *transfer_token(const struct transfer *t, size_t *ret_len);
