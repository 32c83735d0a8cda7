/* drs.h - the simulated DRS: batch-status, batch-precheck, batch-precheck-result, batch-detail. */
#pragma once

#include "sim.h"
#include "wire.h"

/* Carries out one of the four calls; the token has been looked at by the gateway. */
void drs_call(struct request *r, struct answer *a);

/* The task ids (and modes) that a body names, good or bad, for the log and for faults. */
void drs_names(struct request *r);

/* Runs going on in all projects. */
int64_t drs_active(const struct sim *s);
