/* task.h - a simulated task: its script of pre-check outcomes, its runs, and what is shown of them. */
#pragma once

#include "sim.h"

/* True for 8-4-4-4-12 characters of [0-9a-z]: the tail of a real id is not hexadecimal. */
bool task_id_valid(const char *id);

/* A task with id and the defaults (status CONFIGURATION, no run yet), not in any project. */
struct task *task_new(void);
struct task *task_free(struct task *t);

/* Reads keys of o into t (those absent stay as they are). Checks everything before it changes
 * anything. The id may not change once it is set. */
int task_read(
	struct task *t, struct json_object *o, const char *path, struct problem *p) _must_check_;
/* Checks only. */
int task_check(struct json_object *o, const char *path, struct problem *p) _must_check_;

/* Merges items by name into the outcome that the next run will have; fixes nothing else. */
int task_patch_items(struct task *t, struct json_object *items, const char *path,
	struct problem *p) _must_check_;

/* Starts a run. once replaces the script's next outcome for this one run; NULL: as scripted. */
int task_start(
	struct sim *s, struct task *t, struct json_object *once, struct problem *p) _must_check_;
/* Checks what task_start() takes as `once`. */
int task_check_outcome(struct json_object *o, const char *path, struct problem *p) _must_check_;

/* True while the current run has not come to its end. */
bool task_running(const struct sim *s, const struct task *t);
/* True if a result can be shown: a run was started or a report given. */
bool task_checked(const struct task *t);

/* The entry of a batch-precheck-result answer; a new reference. Only when task_checked(). */
struct json_object *task_result(const struct sim *s, const struct task *t);

/* For /_sim/state; a new reference. */
struct json_object *task_state(const struct sim *s, const struct task *t);
