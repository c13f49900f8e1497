/* SPDX-License-Identifier: MIT */
#ifndef NET_CONN_CURL_H
#define NET_CONN_CURL_H
/*
 * conn_curl - libcurl, loaded when the first TCP or TLS connection is opened: with all that it brings along it takes longer to load
 * than a log line over UDP takes to be sent. Private to conn_stream.c.
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/err.h"

/* The functions that are used, by the names that they have there. */
#define CONN_CURL_FUNCTIONS(X) \
	X(curl_global_init) X(curl_multi_init) X(curl_multi_setopt) X(curl_multi_add_handle) X(curl_multi_remove_handle) \
	X(curl_multi_socket_action) X(curl_multi_info_read) X(curl_multi_cleanup) X(curl_easy_init) X(curl_easy_setopt) \
	X(curl_multi_timeout) X(curl_slist_append) X(curl_slist_free_all) \
	X(curl_easy_getinfo) X(curl_easy_send) X(curl_easy_recv) X(curl_easy_cleanup) X(curl_easy_strerror)

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#define X(name) __typeof__(&name) name;
struct conn_curl {
	CONN_CURL_FUNCTIONS(X)
};
#undef X

/* Loads it once; any thread. NULL: it cannot be had, *err says why. */
const struct conn_curl *conn_curl(struct err *);
#endif
