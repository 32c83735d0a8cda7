/* test_catalogue.c - every item, reason and code that is known has an entry that a tired person
 * can use. */
#include "catalogue.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CAUSE_MAX  70
#define REMEDY_MAX 110

static const char *const items[] = {"dstDbDiskSize", "srcDbConnection", "dstDbConnection",
	"srcDbVersionSupport", "dstDbVersionSupport", "dbVersionMeetRequirement",
	"srcDbPrivilegesIsEnoughForIncre", "srcDbPrivilegesIsEnough", "dstDbPrivilegesIsEnough",
	"userRequirementIsEnoughForDefiner", "userPrivilegeIsEnoughForDefiner",
	"srcRoutinesWithoutPrivilegeCheck", "srcDbBinlogIsOff", "srcBinlogFormatCheck",
	"srcBinlogRowImageCheck", "srcDbBinlogExpireLogsDays", "srcDbServerIdCheck",
	"dbServerUuidConsistency", "srclogSlaveUpdatesCheck", "srcGtidStatusCheck",
	"targetGtidStatusCheck", "gtidFormatCheck", "dbCharacterSetConsistency",
	"dbCollationServerConsistency", "dbTimeZoneConsistency", "dbClockConsistency",
	"dbIsolationLevelConsistency", "sqlModeConsistency", "sqlModeNoEngine",
	"innodbStrictModeConsistency", "dbGroupConcatMaxLenConsistency", "dbParamConsistency",
	"dstMaxAllowedPacketCheck", "MysqlSourceMaxAllowedPacketActionChecker",
	"srcDstTableNameCaseSensitiveCheck", "checkIncreSrcDbExistedInDstDb", "checkEmptyDstDb",
	"srcDbNameContainsUnsupportedSymbols", "srcTableNameContainsNonAscii",
	"srcViewNameContainsNonAscii", "srcIdentifierWithBreakCheck", "mappedNameCheck",
	"srcDbExistUnsupportEngineTable", "srcDbIndexKeyLength",
	"srcHasNoPkTableWhenTgtHasInvisiblePk", "rdsCreateDefaultPrimaryKeyConsistency",
	"srcHasLargeColumnTypeCheck", "srcTriggerAndEventCheck", "hasForeignKeyOnUnselectedTable",
	"MysqlForeignKeyReferentialActionCheck", "userSelectObjectsCheck", "checkJobDbObjectInfo",
	"isUserRequireSslLink", "mysqlBlockEncryptionModeInconsistency",
	"sourceEncryptTableActionChecker", "sourceCheckDynamicMasking", "targetCheckDynamicMasking",
	"checkRecycleBinConsistent", "tenantDbActionCheck", "srcDbIsStandbyTaurus",
	"dstStatusCheck", "srcAndDstCappedCollConsistency", "srcCollAlreadyExistedInDstColl",
	"srcViewAlreadyExistedInDstView", "rolesDependentCheck", "usersDependentCheck",
	"srcCollHasTtlIndex", "dbSslConsistency", "dstChunkNumCheck", "mongoTypeFitTransferMode",
	"srcCollIndexNumCheck", "srcCollNameContainsUnsupportedSymbols", "srcDbInstanceIsEmpty",
	"srcIdIndexCheck", "srcShardKeyConfiguration", "checkBalanceStatus", "srcMongoInstanceType",
	"dstReplicationRoleCheck", "pgSrcHasLargeColumnTypeCheck",
	"srcDbLogicalSlotSupportFailoverCheck"};

static const char *const reasons[] = {"SRC_HAS_TTL_INDEXES", "SRC_INSTANCE_TYPE_IS_REPLICA_SET",
	"SOURCE_DB_BINLOG_IS_OFF_FOR_UP", "MYSQL_SOURCE_DB_PRIVILEGES_IS_NOT_ENOUGH_FOR_INCRE",
	"DB_TBL_NAME_CASE_SENSITIVE_INCONSISTENCY_FOR_UP", "DB_ISOLATION_LEVEL_INCONSISTENCY",
	"INNODB_STRICT_MODE_INCONSISTENT_FOR_UP", "DST_DB_DISK_SIZE_UP_ALARM",
	"UNAVAILABLE_TO_QUERY_SSL_INFO", "DB_PARAS_REPLICATION_ROLE_CONFIG_ERROR",
	"PG_HAS_LARGE_COLUMN_TYPE_TABLES", "PG_SRC_NOT_SUPPORT_FAILOVER_SLOT_ALARM",
	"DB_LC_MONETARY_INCONSISTENCY", "FULL_PG_SRC_DB_PRIVI_IS_NOT_ENOUGH_V2",
	"SRC_HAS_DATABASE_WITH_NO_TABLE", "SPECIFIED_DATABASE_ALREADY_EXISTED_IN_TARGET_ERROR"};

static const char *const codes[] = {"DRS.M00002", "DRS.M00004", "DRS.M00007", "DRS.M00100",
	"DRS.M00101", "DRS.M00102", "DRS.M00103", "DRS.M00105", "DRS.M00200", "DRS.M00305",
	"DRS.M00201", "DRS.M00202", "DRS.M00210", "DRS.M00211", "DRS.M00261", "DRS.M00273",
	"DRS.M00277", "DRS.M00289", "DRS.M00299", "DRS.M00300", "DRS.M00301", "DRS.M00302",
	"DRS.M00303", "DRS.M00304", "DRS.M00307", "DRS.M00308", "DRS.M01501", "DRS.M01503",
	"DRS.M01504", "DRS.M05003", "DRS.M05004", "DRS.M05006", "DRS.M06011", "DRS.M05066",
	"DRS.M06007", "DRS.M06020", "DRS.M06021", "DRS.KE0002", "DRS.10000001", "DRS.10000010",
	"DRS.10010047", "DRS.10020001", "DRS.10020077", "APIGW.0101", "APIGW.0103", "APIGW.0104",
	"APIGW.0105", "APIGW.0106", "APIGW.0201", "APIGW.0202", "APIGW.0203", "APIGW.0301",
	"APIGW.0302", "APIGW.0303", "APIGW.0304", "APIGW.0305", "APIGW.0306", "APIGW.0307",
	"APIGW.0308", "APIGW.0310", "APIGW.0401", "APIGW.0402", "APIGW.0501", "APIGW.0601",
	"APIGW.0605", "APIGW.0608", "APIGW.0602", "APIGW.0610", "APIGW.0613", "APIGW.0802",
	"IAM.0007", "IAM.0011", "IAM.1101", "IAM.0061", "IAM.0062", "IAM.0066", "IAM.0067",
	"IAM.0002", "IAM.0003", "IAM.0080", "IAM.0081", "IAM.0082", "IAM.0083", "IAM.0004",
	"IAM.0005", "IAM.0012", "IAM.0006", "IAM.0020", "IAM.1104", "IAM.1105", "IAM.1106",
	"IAM.1107", "IAM.1108", "IAM.1109"};

static void test_known(void **state)
{
	static const struct {
		enum catalogue_kind kind;
		const char *const *names;
		size_t n;
	} lists[] = {
		{CATALOGUE_ITEM, items, ELEMENTSOF(items)},
		{CATALOGUE_REASON, reasons, ELEMENTSOF(reasons)},
		{CATALOGUE_CODE, codes, ELEMENTSOF(codes)},
	};
	size_t total = 0;

	(void)state;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++)
		for (size_t i = 0; i < lists[l].n; i++, total++) {
			const struct catalogue_entry *e = catalogue_find(
				lists[l].kind, lists[l].names[i]);

			if (!e)
				fail_msg("%s", lists[l].names[i]);
			assert_string_equal(e->name, lists[l].names[i]);
			assert_int_equal(e->kind, lists[l].kind);
		}
	assert_int_equal(total, catalogue_size);
}

static void test_no_doubles(void **state)
{
	(void)state;
	for (size_t i = 0; i < catalogue_size; i++)
		assert_ptr_equal(catalogue_find(catalogue_table[i].kind, catalogue_table[i].name),
			&catalogue_table[i]);
}

/* A fragment that fits into a sentence: short, ASCII, on one line, no full stop, no blanks at
 * its ends. */
static void check_fragment(const char *name, const char *s, size_t max)
{
	size_t len = strlen(s);

	if (len < 8 || len > max || s[len - 1] == '.' || s[len - 1] == ' ' || s[0] == ' ')
		fail_msg("%s: \"%s\" (%zu)", name, s, len);
	for (size_t i = 0; i < len; i++)
		if (!isascii(s[i]) || !isprint((unsigned char)s[i]))
			fail_msg("%s: byte %zu", name, i);
	assert_null(strstr(s, "  "));
}

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < catalogue_size; i++) {
		const struct catalogue_entry *e = &catalogue_table[i];

		check_fragment(e->name, e->cause, CAUSE_MAX);
		check_fragment(e->name, e->remedy, REMEDY_MAX);
		assert_string_not_equal(e->cause, e->remedy);
	}
}

static void test_network(void **state)
{
	(void)state;
	for (size_t i = 0; i < catalogue_size; i++) {
		const char *name = catalogue_table[i].name;
		bool reach = strcmp(name, "srcDbConnection") == 0 ||
			     strcmp(name, "dstDbConnection") == 0;

		assert_int_equal(catalogue_table[i].network, reach);
	}
}

static void test_find(void **state)
{
	static const struct {
		enum catalogue_kind kind;
		const char *name, *found;
	} rows[] = {
		{CATALOGUE_CODE, "APIG.0307", "APIGW.0307"},
		{CATALOGUE_CODE, "DRS-M00304", "DRS.M00304"},
		{CATALOGUE_CODE, "APIG.9999", NULL},
		{CATALOGUE_CODE, "APIGW.M00304", NULL},
		{CATALOGUE_CODE, "DRS.0307", NULL},
		{CATALOGUE_CODE, "M00304", NULL},
		{CATALOGUE_CODE, "", NULL},
		{CATALOGUE_CODE, NULL, NULL},
		{CATALOGUE_CODE, "srcDbConnection", NULL},
		{CATALOGUE_ITEM, "DRS.M00304", NULL},
		{CATALOGUE_ITEM, "srcdbconnection", NULL},
		{CATALOGUE_ITEM, "srcDbConnectio", NULL},
		{CATALOGUE_REASON, "SRC_HAS_TTL_INDEX", NULL},
		{CATALOGUE_REASON, "(unnamed)", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct catalogue_entry *e = catalogue_find(rows[i].kind, rows[i].name);

		if (rows[i].found)
			assert_string_equal(e ? e->name : "none", rows[i].found);
		else if (e)
			fail_msg("%s gives %s", rows[i].name, e->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_no_doubles),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
