/* secret.c
 *
 * Passwords and tokens live in pages of their own: locked against swapping where the limits allow it, left
 * out of core dumps, wiped before they are given back. Nothing here prints a secret; a complaint names the
 * place, never what was found there.
 */
#include "secret.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_MAX 200

struct secret {
	size_t mapped; /* bytes of the whole mapping, this head included */
	size_t len;
	char bytes[]; /* NUL-terminated */
};

/* An empty one with room for `room` bytes. */
static struct secret *secret_map(size_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (sizeof(struct secret) + room + 1 + page - 1) / page * page;
	struct secret *s;

	s = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	/* Both are best effort: a small RLIMIT_MEMLOCK is no reason not to work. */
	(void)mlock(s, size);
	(void)madvise(s, size, MADV_DONTDUMP);
	s->mapped = size;
	return s;
}

int secret_new(const char *bytes, size_t len, struct secret **ret)
{
	struct secret *s;

	if (len > SECRET_MAX)
		return -E2BIG;
	s = secret_map(len);
	if (!s)
		return -ENOMEM;
	if (len > 0)
		memcpy(s->bytes, bytes, len);
	s->len = len;
	*ret = s;
	return 0;
}

struct secret *secret_free(struct secret *s)
{
	if (s) {
		size_t mapped = s->mapped;

		explicit_bzero(s, mapped);
		munmap(s, mapped);
	}
	return NULL;
}

const char *secret_bytes(const struct secret *s)
{
	return s->bytes;
}

size_t secret_len(const struct secret *s)
{
	return s->len;
}

void secret_mark(const struct secret *s, char ret[SECRET_MARK])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	ret[0] = '\0';
	if (EVP_Digest(s->bytes, s->len, digest, NULL, EVP_sha256(), NULL) != 1)
		return;
	snprintf(ret, SECRET_MARK, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
	OPENSSL_cleanse(digest, sizeof(digest));
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	if (!a || !b)
		return a == b;
	return a->len == b->len && CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Writes the sentence and hands the error through. */
static _printf_(3, 4) int because(char why[WHY_MAX], int r, const char *fmt, ...)
{
	struct line line;
	va_list ap;

	line_init(&line, why, WHY_MAX);
	va_start(ap, fmt);
	line_vadd(&line, fmt, ap);
	va_end(ap);
	return r;
}

static const char *behind(const char *place, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(place, prefix, len) == 0 ? place + len : NULL;
}

static bool variable_name_valid(const char *name)
{
	if (*name >= '0' && *name <= '9')
		return false;
	for (const char *p = name; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
			!(*p >= '0' && *p <= '9') && *p != '_')
			return false;
	return *name != '\0';
}

int secret_place_check(const char *place, char why[200])
{
	const char *name;

	if ((name = behind(place, "credential:"))) {
		if (*name == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 ||
			strcmp(name, "..") == 0)
			return because(why, -EINVAL,
				"credential:NAME needs the name of a credential, without '/'");
		return 0;
	}
	if ((name = behind(place, "file:"))) {
		if (*name != '/')
			return because(why, -EINVAL, "file:PATH needs an absolute path");
		return 0;
	}
	if ((name = behind(place, "env:"))) {
		if (!variable_name_valid(name))
			return because(
				why, -EINVAL, "env:NAME needs the name of an environment variable");
		return 0;
	}
	return because(why, -EINVAL,
		"a secret is named by its place, credential:NAME, file:PATH or env:NAME; "
		"the secret itself must not stand here");
}

/* Judges and takes what stands in `raw` (its len set). */
static int take_raw(struct secret *raw, const char *place, struct secret **ret, char why[WHY_MAX])
{
	size_t len = raw->len;
	int r;

	if (len > 0 && raw->bytes[len - 1] == '\n')
		len--;
	if (len == 0)
		return because(why, -EINVAL, "%s is empty", place);
	if (len > SECRET_MAX)
		return because(why, -EINVAL, "%s is larger than 64 KB, this is no secret", place);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)raw->bytes[i] < 0x20 || raw->bytes[i] == 0x7f)
			return because(why, -EINVAL,
				"%s holds a control character or a second line; a secret is one "
				"line of text",
				place);
	if (!text_utf8_valid(raw->bytes, len))
		return because(why, -EINVAL, "%s is not valid UTF-8", place);
	r = secret_new(raw->bytes, len, ret);
	return r < 0 ? because(why, r, "%s could not be kept: %s", place, strerror(-r)) : 0;
}

static int read_all(int fd, struct secret *raw, size_t room)
{
	while (raw->len < room) {
		ssize_t n = read(fd, raw->bytes + raw->len, room - raw->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		raw->len += (size_t)n;
	}
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Reads path. With guarded, it must be readable by its owner alone; systemd sees to that for credentials,
 * whose group bits only show an access list. */
static int read_file(
	const char *path, bool guarded, const char *place, struct secret **ret, char why[WHY_MAX])
{
	const size_t room = SECRET_MAX +
			    2; /* a newline, and one byte by which too much is noticed */
	_cleanup_(secret_freep) struct secret *raw = NULL;
	_cleanup_(close_fd) int fd = -1;
	struct stat st;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (guarded ? O_NOFOLLOW : 0));
	if (fd < 0) {
		r = -errno;
		if (r == -ENOENT || r == -ENOTDIR)
			return because(why, -ENOENT, "%s does not exist", place);
		if (r == -ELOOP)
			return because(
				why, -EACCES, "%s is a symbolic link, name the file itself", place);
		return because(why, -EACCES, "%s cannot be opened: %s", place, strerror(-r));
	}
	if (fstat(fd, &st) < 0)
		return because(why, -EACCES, "%s cannot be looked at: %s", place, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return because(why, -EACCES, "%s is not a regular file", place);
	if (guarded && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return because(why, -EACCES,
			"%s is open to others (mode %04o), chmod 0600 and change the secret", place,
			(unsigned)(st.st_mode & 07777));
	raw = secret_map(room);
	if (!raw)
		return because(why, -ENOMEM, "%s could not be read: no memory", place);
	r = read_all(fd, raw, room);
	if (r < 0)
		return because(why, -EACCES, "%s cannot be read: %s", place, strerror(-r));
	return take_raw(raw, place, ret, why);
}

static int read_credential(
	const char *name, const char *place, struct secret **ret, char why[WHY_MAX])
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (!dir || *dir == '\0')
		return because(why, -ENOENT,
			"%s: there are no credentials, the unit needs LoadCredential= or "
			"SetCredentialEncrypted=",
			place);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return because(why, -ENOENT, "%s does not exist, its name is too long", place);
	return read_file(path, false, place, ret, why);
}

static int read_variable(
	const char *name, const char *place, struct secret **ret, char why[WHY_MAX])
{
	_cleanup_(secret_freep) struct secret *raw = NULL;
	const char *value = getenv(name);
	size_t len;

	if (!value)
		return because(why, -ENOENT, "%s is not set", place);
	len = strnlen(value, SECRET_MAX + 2);
	raw = secret_map(len);
	if (!raw)
		return because(why, -ENOMEM, "%s could not be read: no memory", place);
	memcpy(raw->bytes, value, len);
	raw->len = len;
	return take_raw(raw, place, ret, why);
}

int secret_read(const char *place, struct secret **ret, char why[200])
{
	const char *name;
	int r = secret_place_check(place, why);

	if (r < 0)
		return r;
	if ((name = behind(place, "credential:")))
		return read_credential(name, place, ret, why);
	if ((name = behind(place, "file:")))
		return read_file(name, true, place, ret, why);
	return read_variable(place + strlen("env:"), place, ret, why);
}
