/* wire.h - requests as the rooms see them, answers as values, and the ways in which one is delivered. */
#pragma once

#include "sim.h"

struct request {
	struct sim *sim;
	struct evhttp_request *http; /* NULL once the answer is on its way */
	enum kind kind;
	const char *method;
	char *path, *query;
	char *body;
	size_t body_len;
	struct json_object *json;  /* the body, NULL if it is no JSON object */
	struct json_object *tasks; /* array of the task ids named in it */
	struct json_object *modes; /* array of precheck_mode texts of a submit */
	struct json_object *noted; /* array of what the simulator disapproves of */
	struct project *project;
	char project_id[64];
	const struct token *token;
	struct caller caller; /* once it was admitted */
	const char *auth; /* how it says who it is: token, access, credential; NULL: not at all */
	char mark[9];     /* of the token: it names it, and tells nothing */
	char access[129]; /* the key that it names, known or not */
	const struct fault *fault; /* an entry-level fault that the service itself applies */
	bool zh;
	bool executed;
	int64_t calls_60s;
	int64_t active; /* runs going on after it */
};

enum deliver {
	DELIVER_PLAIN,
	DELIVER_CUT,   /* Content-Length promises more than comes */
	DELIVER_DRIP,  /* a few bytes at a time */
	DELIVER_RESET, /* connection reset, nothing sent */
	DELIVER_CLOSE, /* connection closed, nothing sent */
	DELIVER_HANG,  /* nothing, until `wait` has passed (0: for ever) */
};

#define ANSWER_HEADERS 16
struct answer {
	int status;
	char code[24];
	struct json_object *json; /* or text */
	char *text;
	size_t len;
	const char *type; /* NULL: application/json */
	struct {
		char *name, *value;
	} headers[ANSWER_HEADERS];
	size_t n_headers;
	enum deliver deliver;
	int64_t wait; /* before it is sent; a hang's length */
	int64_t interval, chunk;
};

void request_done(struct request *r);
/* The value of a request header, NULL if absent. */
const char *request_header(const struct request *r, const char *name);
/* Notes a violation for the log. */
void request_note(struct request *r, const char *fmt, ...) _printf_(2, 3);

void answer_done(struct answer *a);
void answer_json(struct answer *a, int status, struct json_object *take);
/* Takes text (malloc'ed). */
void answer_text(struct answer *a, int status, const char *type, char *take);
void answer_header(struct answer *a, const char *name, const char *value);
/* A whole-call refusal in the style of the code's family; status 0 and message NULL: by the table. */
void answer_error(
	struct answer *a, struct request *r, int status, const char *code, const char *message);
/* {"error":{"code":..,"message":..,"title":..}}; title by status. */
void answer_keystone(struct answer *a, int status, const char *message);
void answer_html(struct answer *a, int status);

/* Sends the answer as it says, now or later. */
void wire_deliver(struct request *r, struct answer *a);
/* Forgets what was still to be delivered; the requests die with the server. */
void wire_forget(struct sim *s);
