/* catalogue.c - finds an entry of the catalogue; the table itself is in catalogue_table.c. */
#include "catalogue.h"

#include <string.h>

/* The two spellings of a code that mean the same: APIG.x of dedicated gateways, DRS-x of old
 * pages. */
static const struct {
	const char *written, *listed;
} spellings[] = {
	{"APIG.", "APIGW."},
	{"DRS-", "DRS."},
};

/* True if `name` is the listed one, with its prefix in either spelling. */
static bool same_code(const char *listed, const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(spellings); i++) {
		size_t written = strlen(spellings[i].written);
		size_t len = strlen(spellings[i].listed);

		if (strncmp(name, spellings[i].written, written) == 0 &&
			strncmp(listed, spellings[i].listed, len) == 0)
			return strcmp(name + written, listed + len) == 0;
	}
	return strcmp(name, listed) == 0;
}

const struct catalogue_entry *catalogue_find(enum catalogue_kind kind, const char *name)
{
	if (!name)
		return NULL;
	for (size_t i = 0; i < catalogue_size; i++) {
		const struct catalogue_entry *e = &catalogue_table[i];

		if (e->kind == kind && (kind == CATALOGUE_CODE ? same_code(e->name, name)
							       : strcmp(e->name, name) == 0))
			return e;
	}
	return NULL;
}
