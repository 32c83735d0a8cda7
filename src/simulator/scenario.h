/* scenario.h - the file that says what the simulated cloud is like. */
#pragma once

#include "sim.h"

/* Reads the file into s (fresh from sim_new()). -EINVAL or another errno: why says so in one line,
 * beginning with the file's name. */
int scenario_load(struct sim *s, const char *file, char *why, size_t n) _must_check_;

/* The profile by its name; -EINVAL if there is none of that name. */
int scenario_profile(const char *name, int *ret) _must_check_;

/* Reads keys of o into the token rules; those absent stay. NULL s: checks only. */
int scenario_tokens(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;

/* The same for the rules of signing, the metadata service, and the cloud's clock. */
int scenario_signing(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
int scenario_metadata(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
int scenario_clock(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;

/* Gives the first project another id. -EINVAL if that is none, or that of another project; -ENOMEM. */
int scenario_rename(struct sim *s, const char *id) _must_check_;

/* Frees what a scenario brought. */
void scenario_forget(struct sim *s);

/* The same for the defaults, the words of which are in the manual. */
int scenario_defaults(
	struct sim *s, struct json_object *o, const char *path, struct problem *p) _must_check_;
