/* code.c - the error codes that the simulated services answer with.
 *
 * Only the codes and the HTTP statuses are contract; the texts are our own wording, because a client
 * must never match on them. */
#include "code.h"

#include <string.h>

static const struct {
	const char *code;
	int http;
	int http_huawei; /* 0: the same */
	const char *en, *zh;
} codes[] = {
	{"DRS.M00002", 422, 0, "The result is empty.", "结果为空。"},
	{"DRS.M00004", 500, 422, "The service is abnormal.", "服务异常。"},
	{"DRS.M00007", 400, 0, "A request parameter is invalid.", "请求参数非法。"},
	{"DRS.M00100", 403, 0, "The token is invalid.", "token非法。"},
	{"DRS.M00101", 404, 0, "The user has no role.", "用户没有角色。"},
	{"DRS.M00102", 403, 0, "The user lacks the permission for this operation.", "权限不足。"},
	{"DRS.M00103", 401, 0, "The operation is not permitted.", "操作不被允许。"},
	{"DRS.M00105", 400, 0, "The user is restricted.", "用户受限。"},
	{"DRS.M00200", 400, 0, "Parameter error.", "参数错误。"},
	{"DRS.M00201", 400, 0, "A mandatory parameter is empty.", "参数为空。"},
	{"DRS.M00202", 400, 0, "The value of a parameter is invalid.", "参数值非法。"},
	{"DRS.M00210", 400, 0, "The page is invalid.", "分页参数非法。"},
	{"DRS.M00211", 400, 0, "The page is over the limit.", "分页超出范围。"},
	{"DRS.M00261", 403, 0, "The project ID is invalid.", "项目ID非法。"},
	{"DRS.M00273", 400, 0, "A parameter contains forbidden text.", "参数包含非法内容。"},
	{"DRS.M00277", 422, 0, "The task name exists.", "任务名已存在。"},
	{"DRS.M00289", 400, 0, "The task does not exist.", "任务不存在。"},
	{"DRS.M00299", 400, 0, "Only one job ID is allowed.", "只允许一个任务ID。"},
	{"DRS.M00300", 400, 0, "The request is invalid: test the connections first.",
		"请先测试连接。"},
	{"DRS.M00301", 400, 0, "A value occurs twice in the request.", "参数重复。"},
	{"DRS.M00302", 400, 0, "The schema is wrong.", "结构错误。"},
	{"DRS.M00303", 400, 0, "A value is missing in the cache.", "缓存中缺少数据。"},
	{"DRS.M00304", 400, 0, "The current task status does not allow this call.",
		"任务状态不允许。"},
	{"DRS.M00305", 400, 0, "Parameter error.", "参数错误。"},
	{"DRS.M00307", 400, 0, "Only subtasks may call this.", "仅支持子任务。"},
	{"DRS.M00308", 400, 0, "Only parent tasks may call this.", "仅支持父任务。"},
	{"DRS.M01501", 422, 0, "Service error.", "服务错误。"},
	{"DRS.M01503", 400, 0, "The operation is too frequent. Try again later.", "操作过于频繁。"},
	{"DRS.M01504", 202, 0, "Another operation is running on the task.",
		"任务正在执行其他操作。"},
	{"DRS.M05003", 400, 0, "The task information was not found.", "未找到任务信息。"},
	{"DRS.M05004", 400, 0, "The task was deleted or its resources were released.",
		"任务已删除。"},
	{"DRS.M05006", 422, 0, "The RDS instance is invalid.", "实例非法。"},
	{"DRS.M05066", 200, 0, "The instance could not be created.", "实例创建失败。"},
	{"DRS.M06007", 400, 0, "The instance is empty.", "实例为空。"},
	{"DRS.M06011", 422, 0, "The RDS instance cannot be read.", "无法读取实例。"},
	{"DRS.M06020", 422, 0, "The destination is used by another task.", "目标库已被占用。"},
	{"DRS.M06021", 422, 0, "The destination is used by another task.", "目标库已被占用。"},
	{"DRS.KE0002", 400, 0, "User name or password of the database is wrong.",
		"数据库密码错误。"},
	{"DRS.10000001", 400, 0, "Failure.", "失败。"},
	{"DRS.10000010", 400, 0, "The task was not found.", "未找到任务。"},

	{"IAM.0002", 403, 0, "No permission.", "没有权限。"},
	{"IAM.0003", 403, 0, "No permission for this action.", "没有权限。"},
	{"IAM.0004", 404, 0, "Not found.", "未找到。"},
	{"IAM.0005", 409, 0, "Conflict.", "冲突。"},
	{"IAM.0006", 500, 0, "Server error.", "服务错误。"},
	{"IAM.0007", 400, 0, "The request parameters are invalid.", "请求参数非法。"},
	{"IAM.0011", 400, 0, "The request body is invalid.", "请求体非法。"},
	{"IAM.0012", 429, 0, "Too many requests: 5 times per 60 seconds.", "请求过于频繁。"},
	{"IAM.0020", 410, 0, "Failover, try again.", "服务切换中。"},
	{"IAM.0061", 401, 0, "The account is locked.", "账号已锁定。"},
	{"IAM.0062", 401, 0, "The user name or password is wrong.", "用户名或密码错误。"},
	{"IAM.0066", 401, 0, "The token has expired.", "token已过期。"},
	{"IAM.0067", 401, 0, "The token is invalid.", "token非法。"},
	{"IAM.0080", 403, 0, "No permission for this action.", "没有权限。"},
	{"IAM.0081", 403, 0, "The user may only use the console.", "用户仅允许控制台访问。"},
	{"IAM.0082", 403, 0, "No permission for this action.", "没有权限。"},
	{"IAM.0083", 403, 0, "No permission for this action.", "没有权限。"},
	{"IAM.1101", 400, 0, "The request body is empty or too large.", "请求体为空或过大。"},
	{"IAM.1104", 400, 0, "The access key is blacklisted.", "访问密钥在黑名单中。"},
	{"IAM.1105", 400, 0, "The access key has expired.", "访问密钥已过期。"},
	{"IAM.1106", 400, 0, "The access key has no user.", "访问密钥没有用户。"},
	{"IAM.1107", 400, 0, "The access key is inactive.", "访问密钥未激活。"},
	{"IAM.1108", 400, 0, "The security token has expired.", "安全令牌已过期。"},
	{"IAM.1109", 400, 0, "The security token is invalid.", "安全令牌非法。"},
};

/* The gateway writes APIGW.NNNN or, on dedicated gateways, APIG.NNNN: same numbers. */
static const struct {
	const char *number;
	int http;
	const char *en;
} gateway[] = {
	{"0101", 404, "The API does not exist or has not been published in the environment."},
	{"0103", 404, "The backend does not exist."},
	{"0104", 400, "Plug-in problem."},
	{"0105", 500, "Route problem."},
	{"0106", 400, "Orchestration error."},
	{"0201", 400, "Bad request."},
	{"0202", 502, "Backend unavailable."},
	{"0203", 504, "Backend timeout."},
	{"0301", 401, "Incorrect IAM authentication information: decrypt token fail."},
	{"0302", 403, "The IAM user is not authorized to access the API."},
	{"0303", 401, "Incorrect app authentication information."},
	{"0304", 403, "The app is not authorized to access the API."},
	{"0305", 401, "Incorrect authentication information."},
	{"0306", 403, "API access denied."},
	{"0307", 401, "The token must be updated."},
	{"0308", 429,
		"The throttling threshold has been reached: policy user over ratelimit,"
		"limit:60,time:1 minute."},
	{"0310", 403, "The project is unavailable."},
	{"0401", 403, "Unknown client IP address."},
	{"0402", 403, "The IP address is not authorized to access the API."},
	{"0501", 405, "The quota has been reached."},
	{"0601", 500, "Internal server error."},
	{"0602", 400, "Bad configuration."},
	{"0605", 500, "Domain name resolution failed."},
	{"0608", 500, "Failed to load the API configuration."},
	{"0610", 502, "Backend problem."},
	{"0613", 503, "The gateway cannot reach IAM."},
	{"0802", 403, "The IAM user is forbidden in the currently selected region."},
};

static const char *gateway_number(const char *code)
{
	if (strncmp(code, "APIGW.", 6) == 0)
		return code + 6;
	return strncmp(code, "APIG.", 5) == 0 ? code + 5 : NULL;
}

int code_http(const char *code, int profile)
{
	const char *number = gateway_number(code);

	if (strcmp(code, "APIG.0103") == 0)
		return 500; /* the one number in which the two families differ */
	for (size_t i = 0; i < ELEMENTSOF(gateway) && number; i++)
		if (strcmp(gateway[i].number, number) == 0)
			return gateway[i].http;
	for (size_t i = 0; i < ELEMENTSOF(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return profile == PROFILE_HUAWEI && codes[i].http_huawei
				       ? codes[i].http_huawei
				       : codes[i].http;
	return 400;
}

const char *code_text(const char *code, bool zh)
{
	const char *number = gateway_number(code);

	for (size_t i = 0; i < ELEMENTSOF(gateway) && number; i++)
		if (strcmp(gateway[i].number, number) == 0)
			return gateway[i].en;
	for (size_t i = 0; i < ELEMENTSOF(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return zh ? codes[i].zh : codes[i].en;
	return "Unknown error.";
}
