/* status.c - the task statuses that DRS has, in one table. */
#include "status.h"

#include <string.h>

const struct status_row status_table[] = {
	{"CREATING", STATUS_CREATING, "replication instance is being built"},
	{"CREATE_FAILED", STATUS_ENDED, "replication instance could not be built"},
	{"CONFIGURATION", STATUS_CHECKABLE, "waiting for configuration and start"},
	{"WAITING_FOR_START", STATUS_STARTED, "waiting for its scheduled start"},
	{"STARTJOBING", STATUS_STARTED, "starting"},
	{"START_JOB_FAILED", STATUS_TROUBLED, "start failed"},
	{"FULL_TRANSFER_STARTED", STATUS_STARTED, "full copy is running"},
	{"FULL_TRANSFER_FAILED", STATUS_TROUBLED, "full copy failed"},
	{"FULL_TRANSFER_COMPLETE", STATUS_STARTED, "full copy is done"},
	{"INCRE_TRANSFER_STARTED", STATUS_STARTED, "incremental copy is running"},
	{"INCRE_TRANSFER_FAILED", STATUS_TROUBLED, "incremental copy failed"},
	{"PAUSING", STATUS_STARTED, "paused"},
	{"PAUSEING", STATUS_STARTED, "paused"}, /* so spelled by one page of OTC */
	{"CHANGE_JOB_STARTED", STATUS_STARTED, "task is being changed"},
	{"CHANGE_JOB_FAILED", STATUS_TROUBLED, "change of the task failed"},
	{"REBUILD_NODE_STARTED", STATUS_TROUBLED, "broken node is being rebuilt"},
	{"REBUILD_NODE_FAILED", STATUS_TROUBLED, "rebuilding the node failed"},
	{"NODE_UPGRADE_START", STATUS_STARTED, "node is being upgraded"},
	{"NODE_UPGRADE_COMPLETE", STATUS_STARTED, "node is upgraded"},
	{"NODE_UPGRADE_FAILED", STATUS_TROUBLED, "upgrade of the node failed"},
	{"CHILD_TRANSFER_STARTING", STATUS_STARTED, "sub-task is starting"},
	{"CHILD_TRANSFER_STARTED", STATUS_STARTED, "sub-task is running"},
	{"CHILD_TRANSFER_COMPLETE", STATUS_STARTED, "sub-task is done"},
	{"CHILD_TRANSFER_FAILED", STATUS_TROUBLED, "sub-task failed"},
	{"RELEASE_RESOURCE_STARTED", STATUS_STARTED, "stopping"},
	{"RELEASE_RESOURCE_FAILED", STATUS_TROUBLED, "stop failed"},
	{"RELEASE_RESOURCE_COMPLETE", STATUS_ENDED, "stopped"},
	{"RELEASE_CHILD_TRANSFER_STARTED", STATUS_STARTED, "sub-task is stopping"},
	{"RELEASE_CHILD_TRANSFER_COMPLETE", STATUS_ENDED, "sub-task has ended"},
	{"DELETED", STATUS_ENDED, "deleted"},
	{NULL, STATUS_UNKNOWN, NULL},
};

static const struct status_row unread = {"", STATUS_UNREAD, "status not read yet"};
static const struct status_row unknown = {"?", STATUS_UNKNOWN, "status not known to precheckd"};

const struct status_row *status_find(const char *name)
{
	if (!name || !*name)
		return &unread;
	for (const struct status_row *row = status_table; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return &unknown;
}

enum status_class status_class(const char *name)
{
	return status_find(name)->class;
}
