/* clouds_tree.c - a YAML file as a tree: its memory, and how to look into it. */
#include "clouds_tree.h"

#include "text.h"

#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* The file, its texts (an escape of two bytes may stand for three), and the nodes; touched only as used. */
#define ROOM_MAX  ((size_t)16 * 1024 * 1024)
#define WHY_MAX   400
#define LOCK_STEP ((size_t)64 * 1024)

int tree_refuse(char why[400], int r, const char *fmt, ...)
{
	struct line line;
	va_list ap;

	line_init(&line, why, WHY_MAX);
	va_start(ap, fmt);
	line_vadd(&line, fmt, ap);
	va_end(ap);
	return r;
}

struct tree *tree_free(struct tree *t)
{
	if (t) {
		explicit_bzero(t, t->used);
		munmap(t, ROOM_MAX);
	}
	return NULL;
}

/* Best effort, as with other secrets: a small RLIMIT_MEMLOCK is no reason not to work. Locked is what is used,
 * so that a small file fits the limits. */
static void lock_used(struct tree *t)
{
	for (; t->locked < t->used; t->locked += LOCK_STEP)
		(void)mlock((char *)t + t->locked, LOCK_STEP);
}

void *tree_take(struct tree *t, size_t size)
{
	size_t begin = (t->used + alignof(max_align_t) - 1) / alignof(max_align_t) *
		       alignof(max_align_t);

	if (size > ROOM_MAX - begin)
		return NULL;
	t->used = begin + size;
	lock_used(t);
	return (char *)t + begin;
}

char *tree_take_text(struct tree *t, const void *text, size_t len)
{
	char *copy = tree_take(t, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

struct tree *tree_new(const char *path)
{
	struct tree *t = mmap(NULL, ROOM_MAX, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (t == MAP_FAILED)
		return NULL;
	(void)madvise(t, ROOM_MAX, MADV_DONTDUMP);
	t->used = sizeof(*t);
	t->mode = S_IRUSR | S_IWUSR;
	t->path = tree_take_text(t, path, strlen(path));
	return t->path ? t : tree_free(t);
}

static bool same_but_for_dashes(const struct tree_node *key, const char *name)
{
	if (key->kind != TREE_TEXT || strlen(name) != key->len)
		return false;
	for (size_t i = 0; i < key->len; i++)
		if (key->text[i] != name[i] && !(key->text[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	if (map && map->kind == TREE_MAP)
		for (const struct tree_item *i = map->items; i; i = i->next)
			if (same_but_for_dashes(i->key, key))
				return i->value;
	return NULL;
}

const struct tree_node *tree_get_exactly(const struct tree_node *map, const char *key)
{
	if (map && map->kind == TREE_MAP)
		for (const struct tree_item *i = map->items; i; i = i->next)
			if (i->key->kind == TREE_TEXT && strcmp(i->key->text, key) == 0 &&
				strlen(key) == i->key->len)
				return i->value;
	return NULL;
}
