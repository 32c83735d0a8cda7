/* projects.h - the simulated IAM's lists of projects. */
#pragma once

#include "sim.h"
#include "wire.h"

/* GET /v3/projects, with its filters. */
void projects_all(struct request *r, struct answer *a);
/* GET /v3/auth/projects: those that the caller may use. */
void projects_own(struct request *r, struct answer *a);
