/* caller.h - who makes a request: a user, an agency that a user or a machine stands for, or somebody whom
 * another Keystone knows. */
#pragma once

#include "sim.h"

/* The id that goes with a name: 32 hex digits, the same in every run. */
void caller_id_of(const char *kind, const char *name, char ret[33]);
/* {"id","name"}; a new reference. */
struct json_object *caller_domain_json(const char *domain);
/* True if o ({"id" and/or "name"}) means the domain. */
bool caller_domain_is(const char *domain, struct json_object *o);

enum role caller_role(const struct caller *c);
/* NULL for somebody who is known elsewhere. */
const char *caller_domain(const struct caller *c);
/* For logs: the user's name, or DOMAIN/AGENCY. */
void caller_name(const struct caller *c, char *ret, size_t n);
bool caller_may_use(const struct caller *c, const struct project *p);
/* False once the user was disabled. */
bool caller_enabled(const struct caller *c);

struct agency *caller_agency(struct sim *s, const char *name, const char *domain);
/* True if the user may stand for the agency. */
bool caller_may_assume(const struct user *u, const struct agency *g);
