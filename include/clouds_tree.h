/* clouds_tree.h - inside clouds_yaml: a YAML file as a tree, in locked memory that is wiped. */
#pragma once

#include "macro.h"
#include <limits.h>
#include <sys/types.h>

#define TREE_FILE_MAX (1024 * 1024)

/* What PyYAML makes of a value; that is what the OpenStack tools get to see. */
enum tree_kind {
	TREE_MAP,
	TREE_LIST,
	TREE_TEXT,
	TREE_NUMBER, /* whole, and written as it is counted: the text is the same as of its value */
	TREE_BOOL,
	TREE_NULL,
	TREE_OTHER /* 0123, 1e+3, a date: no text any more, or another one */
};

struct tree_node;

/* Of a map, the last one first, so that the first one found counts; of a list, in its order. */
struct tree_item {
	struct tree_item *next;
	const struct tree_node *key; /* NULL in a list */
	const struct tree_node *value;
};

struct tree_node {
	enum tree_kind kind;
	unsigned line;
	struct tree_item *items; /* of maps and lists; merge keys are worked in */
	const char *text;        /* of all others, as it is written; NUL-terminated */
	size_t len;
};

struct tree {
	size_t used, locked; /* bytes of the mapping, this head included */
	mode_t mode;         /* of the file; 0600 until it is set */
	const char *path;
	const struct tree_node *root; /* NULL: an empty file */
};

struct tree *tree_new(const char *path); /* copies it; NULL: no memory */
struct tree *tree_free(struct tree *t);  /* wipes; may be NULL; returns NULL */
DEFINE_CLEANUP(struct tree *, tree_free)

/* Memory that goes with the tree, zeroed; NULL: no room. */
void *tree_take(struct tree *t, size_t size);
char *tree_take_text(struct tree *t, const void *text, size_t len); /* a copy, NUL-terminated */

/* Makes the tree of a text. On failure `why` is one sentence with path and line, and nothing of the content:
 * -EINVAL it is not YAML, or larger, deeper or more than a clouds.yaml ever is; -ENOMEM. */
int tree_parse(struct tree *t, const char *text, size_t len, char why[400]) _must_check_;

/* The value of a key, in which '-' is the same as '_'; NULL: `map` is NULL or no map, or has no such key. */
const struct tree_node *tree_get(const struct tree_node *map, const char *key);
/* The same, but with the key as it is written. */
const struct tree_node *tree_get_exactly(const struct tree_node *map, const char *key);

/* Writes the sentence and hands the error through. */
int tree_refuse(char why[400], int r, const char *fmt, ...) _printf_(3, 4);

/* --- files, clouds_find.c --- */

bool clouds_home(char ret[PATH_MAX]); /* what ~ stands for; false: nothing */

/* Reads a file. -ENOENT; -EACCES it cannot be read or is no regular file; else as tree_parse(). */
int tree_read(const char *path, struct tree **ret, char why[400]) _must_check_;

/* Reads the first file there is: the one that the environment names in `variable` (may be NULL); NAME.yaml, .yml
 * or .json in `dir` (may be NULL); the same, if `usual`, in the places where the OpenStack tools look. One
 * that cannot be read is passed over, as they do, and `passed` (size >= 8) says so, else it is "". -ENOENT:
 * there is none; else as tree_parse(). */
int clouds_find(const char *name, const char *variable, const char *dir, bool usual,
	char passed[200], struct tree **ret, char why[400]) _must_check_;
