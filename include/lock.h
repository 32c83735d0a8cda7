/* lock.h - one instance for each state_dir. */
#pragma once

#include "macro.h"

/* Makes state_dir if only its last part is missing, and takes the lock in it until the descriptor is closed.
 * On failure (-errno; -EBUSY: another one holds it) `why` is one sentence with the remedy. */
int lock_take(const char *state_dir, int *ret_fd, char why[300]) _must_check_;
