/* journal_wire.c - a journal entry as the one datagram that journald takes.
 *
 * "NAME=value" and a line break; where the value has line breaks itself: the name, a line break, the value's
 * length in 64 bits, little endian, the value, a line break. The values that we make are of one line, but those
 * that come back from the store are not believed to be. */
#include "journal_wire.h"

#include <string.h>

#define NAME_MAX_LEN 64

/* The journal drops fields of other names, and those with "_" in front are its own. */
static bool name_valid(const char *name, size_t len)
{
	if (len == 0 || len > NAME_MAX_LEN || name[0] < 'A' || name[0] > 'Z')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((name[i] >= 'A' && name[i] <= 'Z') || (name[i] >= '0' && name[i] <= '9') ||
			    name[i] == '_'))
			return false;
	return true;
}

static void put_length(char *buf, uint64_t len)
{
	for (int i = 0; i < 8; i++)
		buf[i] = (char)(unsigned char)(len >> 8 * i);
}

size_t journal_wire_add(char *buf, size_t size, size_t used, const char *field, size_t len)
{
	const char *equals = memchr(field, '=', len);
	size_t name = equals ? (size_t)(equals - field) : 0, value;

	if (!name_valid(field, name))
		return used;
	value = len - name - 1;
	if (!memchr(equals, '\n', len - name)) {
		if (len + 1 > size - used)
			return used;
		memcpy(buf + used, field, len);
		buf[used + len] = '\n';
		return used + len + 1;
	}
	if (name + 1 + 8 + value + 1 > size - used)
		return used;
	memcpy(buf + used, field, name);
	used += name;
	buf[used++] = '\n';
	put_length(buf + used, value);
	used += 8;
	memcpy(buf + used, equals + 1, value);
	used += value;
	buf[used++] = '\n';
	return used;
}
