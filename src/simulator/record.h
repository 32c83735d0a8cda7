/* record.h - the simulator's own log of requests, and those who wait for entries of it. */
#pragma once

#include "sim.h"
#include "wire.h"

/* Appends one entry for the request and its answer (a may be NULL: none was given), writes it to the
 * log file and wakes those who wait. Never a password or a token. */
void record_request(struct request *r, const struct answer *a, const char *fault);
/* Appends an entry of the simulator's own ("event" ...). text may be NULL. */
void record_event(struct sim *s, const char *what, const char *text);

/* The entries with seq > since, oldest first; a new reference. */
struct json_object *record_since(struct sim *s, int64_t since);

/* Answers req (taken) once `count` entries match query, or when its timeout has passed. */
void record_wait(struct sim *s, struct evhttp_request *req);
/* Forgets everybody who waits; their requests die with the server. */
void record_forget(struct sim *s);
