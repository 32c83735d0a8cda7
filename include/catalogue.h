/* catalogue.h - check items, failure reasons and error codes: what they mean and what to do, as
 * one table. */
#pragma once

#include "macro.h"

enum catalogue_kind {
	CATALOGUE_ITEM,   /* srcDbBinlogIsOff */
	CATALOGUE_REASON, /* SOURCE_DB_BINLOG_IS_OFF_FOR_UP */
	CATALOGUE_CODE,   /* DRS.M00304, APIGW.0307 (APIG.x is looked up as APIGW.x), IAM.0061 */
	_CATALOGUE_KIND_MAX
};

struct catalogue_entry {
	enum catalogue_kind kind;
	const char *name;
	/* a few words, no full stop, lower case: "binary log of the source is off"; <= 70 bytes */
	const char *cause;
	/* an order in a few words: "set log-bin in my.cnf and restart the source"; <= 110 bytes */
	const char *remedy;
	/* an item about reaching a database: such fail together when resources are gone */
	bool network;
};

extern const struct catalogue_entry catalogue_table[];
extern const size_t catalogue_size;

/* NULL if there is none; name may be NULL. Codes also as DRS-M00304 and APIG.0307. */
const struct catalogue_entry *catalogue_find(enum catalogue_kind kind, const char *name);
