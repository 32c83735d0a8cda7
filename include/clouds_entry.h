/* clouds_entry.h - inside clouds_yaml: an entry as it lies in several files, before anything of it is judged. */
#pragma once

#include "clouds_tree.h"

#define ENTRY_KEY_MAX 80

/* Maps of the same meaning, the first that has a key counts: of a region, secure.yaml, clouds.yaml, a vendor. */
struct layers {
	size_t n;
	struct layer {
		const struct tree_node *map;
		const struct tree *tree;
	} layer[4];
};

struct reading {
	const char *entry;
	char *why;
	const char *file; /* of clouds.yaml, or of secure.yaml if the entry stands there only */
	char passed[200]; /* the first file that could not be read */
	struct tree *clouds, *secure, *vendor;
	struct layers own; /* the entry's, without a vendor's */
	struct layers all, auth;
	const char *region; /* "": none */
};

/* A value, and the file it comes from. */
struct found {
	const struct tree_node *node; /* NULL: not given */
	const struct tree *tree;
};

/* Finds the files, the entry, its profile and its region: what clouds_yaml_read() is given. 0, or its errors. */
int entry_open(struct reading *r, const char *file, const char *region) _must_check_;
void entry_close(struct reading *r); /* wipes; for _cleanup_() */

/* The first of the keys, by blanks, that is given; in each, what stands in `auth` counts before what stands
 * beside it. `key` gets its name, or that of the first one if none is given. */
struct found entry_find(const struct reading *r, const char *keys, char key[ENTRY_KEY_MAX]);
/* The same, of one key that has no place in `auth`. */
struct found entry_look(const struct layers *l, const char *key);
bool entry_given(const struct found *f); /* neither absent nor empty */

/* Whether it is one line of text as the OpenStack tools see it. 0, or -EINVAL. */
int entry_check_text(const struct reading *r, const struct found *f, const char *key) _must_check_;

/* For keys and names of things; never for what may be a secret. Returns buf. */
const char *entry_shown(char buf[ENTRY_KEY_MAX], const struct tree_node *n);

/* Writes "entry "otc" of FILE" and the sentence to why, and hands the error through. */
int entry_refuse(const struct reading *r, int error, const char *fmt, ...) _printf_(3, 4);
int entry_refuse_memory(const struct reading *r); /* -ENOMEM */
