/* verb_login.h - the verbs that change who may log in, and with what. */
#pragma once

#include "sim.h"

/* Each reads o, which verb_apply() was given, and does it; s NULL: checks only. -EINVAL and p says why not. */
int verb_tokens(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
int verb_credential(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
int verb_key(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
int verb_metadata(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
