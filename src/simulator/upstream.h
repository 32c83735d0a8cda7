/* upstream.h - another Keystone, which knows the tokens that the simulated DRS is shown (--iam). */
#pragma once

#include "sim.h"

/* What that Keystone said of a token. */
struct verdict {
	int status; /* 0: it could not be asked */
	char project[65], user[129], domain[129], expires[40];
};

/* http://127.x.y.z[:PORT][/v3] or with localhost. -EINVAL if it is none of these; -ENOMEM. */
int upstream_set(struct sim *s, const char *url) _must_check_;

/* Asks for the token, each time anew; calls done(arg, verdict) later, from the loop. When the simulator ends
 * before that, it is called with NULL. -ENOMEM: nobody is asked and done is not called. */
int upstream_ask(struct sim *s, const char *token, void (*done)(void *arg, const struct verdict *v),
	void *arg) _must_check_;
void upstream_forget(struct sim *s);
