#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Macros that cast do not import into Swift; these doors do.

static inline int copenssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline int copenssl_require_tls12(SSL_CTX *context) {
    return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline long copenssl_pending(BIO *bio) {
    return (long)BIO_ctrl_pending(bio);
}

// "BIO_set_mem_eof_return() ... if it is -1 then the BIO will return a retry condition when it is empty"
// (https://docs.openssl.org/3.0/man3/BIO_s_mem/)
static inline void copenssl_retry_when_empty(BIO *bio) {
    BIO_set_mem_eof_return(bio, -1);
}
