/* control.h - /_sim/...: how a test looks into the simulated cloud and changes it. */
#pragma once

#include "sim.h"

/* True if the path is a control path. */
bool control_path(const char *path);
/* Takes the request and answers it. */
void control_request(struct sim *s, struct evhttp_request *http);
