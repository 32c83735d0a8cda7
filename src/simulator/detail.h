/* detail.h - what batch-detail shows of a task. */
#pragma once

#include "sim.h"

/* The task's entry, but for its id, its status and an error; a new reference. */
struct json_object *detail_entry(const struct sim *s, const struct task *t);
