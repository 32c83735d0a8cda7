/* gateway.h - what stands before the services: paths, methods, tokens, limits; and the faults. */
#pragma once

#include "sim.h"

/* Takes the request and answers it, sooner or later. */
void gateway_request(struct sim *s, struct evhttp_request *http);
