/* tls_server.h - keys, certificates and a TLS server for unit tests: the certificates are made with libcrypto,
 * the server is openssl(1)'s, on a port of the kernel's choice. Header only. */
#pragma once

#include "macro.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct tls_identity {
	EVP_PKEY *key;
	X509 *cert;
};

struct tls_wish {
	const char *name;                  /* CN */
	const char *alt;                   /* subjectAltName, "IP:127.0.0.1"; NULL: none */
	long begins, ends;                 /* seconds from now */
	const struct tls_identity *issuer; /* NULL: signs itself, as a CA */
};

static inline void tls_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (!e || !X509_add_ext(cert, e, -1))
		abort();
	X509_EXTENSION_free(e);
}

static inline struct tls_identity tls_identity_make(const struct tls_wish *w)
{
	struct tls_identity id = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	X509 *issuer = w->issuer ? w->issuer->cert : id.cert;
	X509_NAME *name;

	if (!id.key || !id.cert)
		abort();
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(id.cert), (uint64_t)(uintptr_t)id.cert);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), w->begins);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), w->ends);
	X509_set_pubkey(id.cert, id.key);
	name = X509_get_subject_name(id.cert);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)w->name, -1, -1, 0);
	X509_set_issuer_name(id.cert, X509_get_subject_name(issuer));
	tls_extend(id.cert, issuer, NID_basic_constraints,
		w->issuer ? "CA:FALSE" : "critical,CA:TRUE");
	if (w->alt)
		tls_extend(id.cert, issuer, NID_subject_alt_name, w->alt);
	if (!X509_sign(id.cert, w->issuer ? w->issuer->key : id.key, EVP_sha256()))
		abort();
	return id;
}

static inline void tls_identity_free(struct tls_identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

/* Certificate and, if wanted, key as one PEM file. */
static inline void tls_identity_write(const struct tls_identity *id, bool key, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f || !PEM_write_X509(f, id->cert) ||
		(key && !PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL)) ||
		fclose(f) != 0)
		abort();
}

struct tls_server {
	pid_t pid;
	int port;
};

/* Answers every GET with a page of its own. */
static inline void tls_server_start(struct tls_server *s, const char *pem)
{
	char *argv[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
		(char *)pem, "-key", (char *)pem, NULL};
	posix_spawn_file_actions_t actions;
	int out[2];
	char line[200];
	FILE *f;

	if (pipe(out) < 0)
		abort();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, out[0]);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&s->pid, "openssl", &actions, NULL, argv, environ) != 0)
		abort();
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	f = fdopen(out[0], "r");
	s->port = 0;
	while (s->port == 0 && fgets(line, sizeof(line), f))
		(void)sscanf(line, "ACCEPT 127.0.0.1:%d", &s->port);
	fclose(f);
	if (s->port == 0)
		abort();
}

static inline void tls_server_stop(struct tls_server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}
