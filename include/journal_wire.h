/* journal_wire.h - systemd's Native Journal Protocol: the bytes of an entry. */
#pragma once

#include "macro.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Appends the field "NAME=value", len bytes, to the entry of `used` bytes in buf; the entry's new length. One whose
 * name the journal would not take, or that does not fit, is left out: then that is `used`. */
size_t journal_wire_add(char *buf, size_t size, size_t used, const char *field, size_t len);
