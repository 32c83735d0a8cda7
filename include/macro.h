/* macro.h - the few macros that every room uses; no code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define ELEMENTSOF(a)      (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)          ((a) < (b) ? (a) : (b))
#define MAX(a, b)          ((a) > (b) ? (a) : (b))

#define _cleanup_(f)       __attribute__((cleanup(f)))
#define _printf_(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define _unused_           __attribute__((unused))
#define _must_check_       __attribute__((warn_unused_result))

/* Defines FUNCp() for _cleanup_(): calls FUNC on the variable's value unless it is NULL. */
#define DEFINE_CLEANUP(type, func)                                                                 \
	static inline void func##p(type *p)                                                        \
	{                                                                                          \
		if (*p)                                                                            \
			func(*p);                                                                  \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(freep)

#define SECONDS(n)     ((int64_t)(n)*1000)
#define MINUTES(n)     (SECONDS(60) * (n))
#define HOURS(n)       (MINUTES(60) * (n))
#define DAYS(n)        (HOURS(24) * (n))
