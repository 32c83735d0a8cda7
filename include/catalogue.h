/* catalogue.h - check items, failure reasons and error codes: what they mean and what to do, as one table. */
#pragma once

#include "macro.h"

enum catalogue_kind {
	CATALOGUE_ITEM,	  /* srcDbBinlogIsOff */
	CATALOGUE_REASON, /* SOURCE_DB_BINLOG_IS_OFF_FOR_UP */
	CATALOGUE_CODE,	  /* DRS.M00304, APIGW.0307 (APIG.x is looked up as APIGW.x), IAM.0061 */
	_CATALOGUE_KIND_MAX
};

struct catalogue_entry {
	enum catalogue_kind kind;
	const char *name;
	const char *cause;  /* a few words, no full stop, lower case: "binary log of the source is off" */
	const char *remedy; /* an order in a few words: "set log-bin in my.cnf and restart the source" */
	bool network;	    /* an item about reaching a database: many fail together when resources are gone */
};

extern const struct catalogue_entry catalogue_table[];
extern const size_t catalogue_size;

const struct catalogue_entry *catalogue_find(enum catalogue_kind kind, const char *name); /* or NULL */
