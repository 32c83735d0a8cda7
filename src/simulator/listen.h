/* listen.h - the simulator's sockets: the service's port, which can stop listening, and the control's. */
#pragma once

#include "sim.h"

/* Binds host:port (port 0: any) and the control port (any) on loopback, and starts both servers. */
int listen_open(struct sim *s, const char *host, uint16_t port, uint16_t control_port, char *why,
	size_t n) _must_check_;
/* Stops to listen on the service's port; the port stays ours. Control is not touched. */
void listen_stop(struct sim *s);
/* Listens again; 0 if it already does. */
int listen_resume(struct sim *s);
void listen_close(struct sim *s);
