/* clouds_find.c
 *
 * Where clouds.yaml, secure.yaml and clouds-public.yaml are looked for: the places of the OpenStack tools in
 * their order, so that both read the same file.
 */
#include "clouds_tree.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_MAX    400
#define PASSED_MAX 200

/* --- one file --- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int open_file(struct tree *t, int *ret, size_t *ret_size, char why[WHY_MAX])
{
	int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int r;

	*ret = fd;
	if (fd < 0) {
		r = errno == ENOENT || errno == ENOTDIR ? -ENOENT : -EACCES;
		return tree_refuse(why, r, "%s cannot be opened: %s", t->path, strerror(errno));
	}
	if (fstat(fd, &st) < 0)
		return tree_refuse(
			why, -EACCES, "%s cannot be looked at: %s", t->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return tree_refuse(why, -EACCES, "%s is not a regular file", t->path);
	if (st.st_size > TREE_FILE_MAX)
		return tree_refuse(
			why, -EINVAL, "%s is larger than 1 MB, this is no clouds.yaml", t->path);
	t->mode = st.st_mode & 07777;
	*ret_size = (size_t)st.st_size;
	return 0;
}

/* Reads the whole file into the tree's memory. */
static int slurp(
	struct tree *t, int fd, size_t size, const char **ret, size_t *ret_len, char why[WHY_MAX])
{
	const size_t room = size + 1; /* one byte by which too much is noticed */
	char *bytes = tree_take(t, room);
	size_t len = 0;

	while (len < room) {
		ssize_t n = read(fd, bytes + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tree_refuse(
				why, -EACCES, "%s cannot be read: %s", t->path, strerror(errno));
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == room)
		return tree_refuse(
			why, -EINVAL, "%s is larger than 1 MB, this is no clouds.yaml", t->path);
	*ret = bytes;
	*ret_len = len;
	return 0;
}

int tree_read(const char *path, struct tree **ret, char why[400])
{
	_cleanup_(tree_freep) struct tree *t = tree_new(path);
	_cleanup_(close_fd) int fd = -1;
	const char *text = NULL;
	size_t size = 0, len = 0;
	int r;

	if (!t)
		return tree_refuse(why, -ENOMEM, "%s: out of memory", path);
	r = open_file(t, &fd, &size, why);
	if (r == 0)
		r = slurp(t, fd, size, &text, &len, why);
	if (r == 0)
		r = tree_parse(t, text, len, why);
	if (r < 0)
		return r;
	*ret = t;
	t = NULL;
	return 0;
}

/* --- the usual places --- */

bool clouds_home(char ret[PATH_MAX])
{
	const char *home = getenv("HOME");
	struct passwd pw, *found = NULL;
	char room[4096];

	if (!home && getpwuid_r(getuid(), &pw, room, sizeof(room), &found) == 0 && found)
		home = found->pw_dir;
	return home && (size_t)snprintf(ret, PATH_MAX, "%s", home) < PATH_MAX;
}

/* "DIR/below", DIR from a variable of the environment, or else the one given. A list of several (which
 * XDG_CONFIG_DIRS may be) is no directory for the OpenStack tools either. */
static bool place_of(const char *variable, const char *other, const char *below, char ret[PATH_MAX])
{
	const char *dir = getenv(variable);

	if (!dir || *dir == '\0')
		dir = other;
	return dir && (size_t)snprintf(ret, PATH_MAX, "%s%s", dir, below) < PATH_MAX;
}

/* Writes the n-th of the usual directories; "": there is none such here. False behind the last one. */
static bool usual_place(unsigned n, char ret[PATH_MAX])
{
	char home[PATH_MAX], config[PATH_MAX];
	bool has_home = clouds_home(home) &&
			(size_t)snprintf(config, PATH_MAX, "%s/.config", home) < PATH_MAX;
	bool there = false;

	switch (n) {
	case 0:
		there = getcwd(ret, PATH_MAX) != NULL;
		break;
	case 1:
		there = place_of("XDG_CONFIG_HOME", has_home ? config : NULL, "/openstack", ret);
		break;
	case 2:
		there = has_home &&
			(size_t)snprintf(ret, PATH_MAX, "%s/openstack", config) < PATH_MAX;
		break;
	case 3:
		there = place_of("XDG_CONFIG_DIRS", "/etc/xdg", "/openstack", ret);
		break;
	case 4:
		there = snprintf(ret, PATH_MAX, "/etc/openstack") > 0;
		break;
	default:
		return false;
	}
	if (!there)
		*ret = '\0';
	return true;
}

/* --- the search --- */

struct search {
	const char *name;
	char *passed;
	struct tree **ret;
	char *why;
};

/* -ENOENT also for one that is passed over. */
static int try_file(const struct search *s, const char *path)
{
	int r = tree_read(path, s->ret, s->why);

	if (r != -EACCES)
		return r;
	if (*s->passed == '\0')
		text_copy(s->passed, PASSED_MAX, s->why);
	return -ENOENT;
}

static int try_place(const struct search *s, const char *dir)
{
	static const char *const suffixes[] = {"yaml", "yml", "json"};
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ELEMENTSOF(suffixes); i++) {
		char path[PATH_MAX];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s.%s",
			    strcmp(dir, "/") == 0 ? "" : dir, s->name, suffixes[i]) < sizeof(path))
			r = try_file(s, path);
	}
	return r;
}

int clouds_find(const char *name, const char *variable, const char *dir, bool usual,
	char passed[200], struct tree **ret, char why[400])
{
	struct search s = {.name = name, .passed = passed, .ret = ret, .why = why};
	const char *named = variable ? getenv(variable) : NULL;
	char place[PATH_MAX];
	int r = -ENOENT;

	*passed = '\0';
	if (named && *named != '\0')
		r = try_file(&s, named);
	if (r == -ENOENT && dir)
		r = try_place(&s, dir);
	for (unsigned n = 0; r == -ENOENT && usual && usual_place(n, place); n++)
		if (*place != '\0')
			r = try_place(&s, place);
	return r;
}
