/* test_status.c - the class of every documented status, typed a second time; and of words never
 * heard. */
#include "status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name;
	enum status_class class;
} known[] = {
	{"CREATING", STATUS_CREATING},
	{"CREATE_FAILED", STATUS_ENDED},
	{"CONFIGURATION", STATUS_CHECKABLE},
	{"WAITING_FOR_START", STATUS_STARTED},
	{"STARTJOBING", STATUS_STARTED},
	{"START_JOB_FAILED", STATUS_TROUBLED},
	{"FULL_TRANSFER_STARTED", STATUS_STARTED},
	{"FULL_TRANSFER_FAILED", STATUS_TROUBLED},
	{"FULL_TRANSFER_COMPLETE", STATUS_STARTED},
	{"INCRE_TRANSFER_STARTED", STATUS_STARTED},
	{"INCRE_TRANSFER_FAILED", STATUS_TROUBLED},
	{"PAUSING", STATUS_STARTED},
	{"PAUSEING", STATUS_STARTED},
	{"CHANGE_JOB_STARTED", STATUS_STARTED},
	{"CHANGE_JOB_FAILED", STATUS_TROUBLED},
	{"REBUILD_NODE_STARTED", STATUS_TROUBLED},
	{"REBUILD_NODE_FAILED", STATUS_TROUBLED},
	{"NODE_UPGRADE_START", STATUS_STARTED},
	{"NODE_UPGRADE_COMPLETE", STATUS_STARTED},
	{"NODE_UPGRADE_FAILED", STATUS_TROUBLED},
	{"CHILD_TRANSFER_STARTING", STATUS_STARTED},
	{"CHILD_TRANSFER_STARTED", STATUS_STARTED},
	{"CHILD_TRANSFER_COMPLETE", STATUS_STARTED},
	{"CHILD_TRANSFER_FAILED", STATUS_TROUBLED},
	{"RELEASE_RESOURCE_STARTED", STATUS_STARTED},
	{"RELEASE_RESOURCE_FAILED", STATUS_TROUBLED},
	{"RELEASE_RESOURCE_COMPLETE", STATUS_ENDED},
	{"RELEASE_CHILD_TRANSFER_STARTED", STATUS_STARTED},
	{"RELEASE_CHILD_TRANSFER_COMPLETE", STATUS_ENDED},
	{"DELETED", STATUS_ENDED},
};

static void test_known(void **state)
{
	size_t rows = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(known); i++) {
		const struct status_row *row = status_find(known[i].name);

		assert_string_equal(row->name, known[i].name);
		if (row->class != known[i].class)
			fail_msg("%s", known[i].name);
		assert_int_equal(status_class(known[i].name), known[i].class);
		assert_true(row->meaning && *row->meaning && strlen(row->meaning) <= 60);
	}
	while (status_table[rows].name)
		rows++;
	assert_int_equal(rows, ELEMENTSOF(known));
}

static void test_words_never_heard(void **state)
{
	static const char *const words[] = {
		"configuration",
		"CONFIGURATION ",
		"CONFIGURATIONS",
		"CONFIGURATIO",
		"INCRE_TRANSFER_COMPLETE",
		"?",
		" ",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		assert_int_equal(status_class(words[i]), STATUS_UNKNOWN);
	assert_int_equal(status_class(""), STATUS_UNREAD);
	assert_int_equal(status_class(NULL), STATUS_UNREAD);
	assert_non_null(status_find("NOVEL")->meaning);
	assert_non_null(status_find("")->meaning);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_words_never_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
