/* clock.h - what time it is; not for the heart and the wire, which are told. */
#pragma once

#include "macro.h"

#include <time.h>

int64_t clock_ms(clockid_t id);
int64_t clock_mono(
	void); /* ms of CLOCK_BOOTTIME, which goes on while the machine sleeps: for plans */
int64_t clock_wall(void); /* ms since 1970: for meaning */
