/* ecs.h - the metadata service that a machine in the cloud sees: temporary keys of its agency. */
#pragma once

#include "sim.h"
#include "wire.h"

/* GET /openstack/latest/securitykey and PUT /meta-data/latest/api/token */
void ecs_serve(struct request *r, struct answer *a);
/* The next one who asks gets new keys; the old ones stay good until their end. */
void ecs_rotate(struct sim *s);
/* Voids the keys that it has shown, and shows new ones. */
void ecs_revoke(struct sim *s);
