/* test_lock.c - one instance for each state_dir: who comes second is told who is there and what to do. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[128], below[160], file[200];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%.80s/test-lock.XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(below, sizeof(below), "%s/state", dir);
	snprintf(file, sizeof(file), "%s/precheckd.lock", below);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(file);
	rmdir(below);
	unlink(below);
	return rmdir(dir);
}

static void test_one_holds_it(void **state)
{
	char why[300], wanted[64], pid[16] = "";
	struct stat st;
	int fd = -1, second = -1;

	(void)state;
	assert_int_equal(lock_take(below, &fd, why), 0); /* makes the directory */
	assert_true(fd >= 0);
	assert_string_equal(why, "");
	assert_int_equal(stat(below, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(pread(fd, pid, sizeof(pid) - 1, 0) > 0);
	snprintf(wanted, sizeof(wanted), "%ld\n", (long)getpid());
	assert_string_equal(pid, wanted);

	assert_int_equal(lock_take(below, &second, why), -EBUSY);
	assert_int_equal(second, -1);
	snprintf(wanted, sizeof(wanted), "another precheckd (PID %ld) watches", (long)getpid());
	assert_non_null(strstr(why, wanted));
	assert_non_null(strstr(why, below));
	assert_non_null(strstr(why, "stop it, or set another state_dir"));

	close(fd); /* its end frees it, however it came */
	assert_int_equal(lock_take(below, &second, why), 0);
	close(second);
}

/* The PID of a holder that is gone, and a longer one. */
static void test_old_content_is_replaced(void **state)
{
	char why[300], pid[64] = "", wanted[32];
	int fd = -1;

	(void)state;
	assert_int_equal(mkdir(below, 0700), 0);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "123456789012345678901234567890\n", 31), 31);
	close(fd);
	assert_int_equal(lock_take(below, &fd, why), 0);
	assert_true(pread(fd, pid, sizeof(pid) - 1, 0) > 0);
	snprintf(wanted, sizeof(wanted), "%ld\n", (long)getpid());
	assert_string_equal(pid, wanted);
	close(fd);
}

static void test_what_can_not_be_locked(void **state)
{
	char why[300], deep[200];
	int fd = -1, other;

	(void)state;
	/* only the last part is made */
	snprintf(deep, sizeof(deep), "%s/a/b", below);
	assert_int_equal(lock_take(deep, &fd, why), -ENOENT);
	assert_non_null(strstr(why, "can't make state_dir"));
	assert_non_null(strstr(why, "make it, or set another state_dir"));
	/* a file where the directory should be */
	other = open(below, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(other);
	assert_int_equal(lock_take(below, &fd, why), -ENOTDIR);
	assert_non_null(strstr(why, "a directory that user"));
	unlink(below);
	/* a link is not followed: it may point to anything */
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(symlink("/dev/null", file), 0);
	assert_int_equal(lock_take(below, &fd, why), -ELOOP);
	assert_non_null(strstr(why, "can't open"));
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_holds_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_content_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_can_not_be_locked, setup, teardown),
	};

	return cmocka_run_group_tests_name("lock: one instance", tests, NULL, NULL);
}
