/* SPDX-License-Identifier: MIT */
#include "net/conn_curl.h"

#include <dlfcn.h>
#include <pthread.h>

#define LIBRARY "libcurl.so.4"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct conn_curl functions;
static struct err failure;

static void
load(void)
{
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	const char *missing = NULL;

	if (lib == NULL) {
		err_set(&failure, RC_SYS, "TCP and TLS need libcurl: %s", dlerror());
		return;
	}
#define X(name) \
	*(void **)&functions.name = dlsym(lib, #name); \
	if (functions.name == NULL) \
		missing = #name;
	CONN_CURL_FUNCTIONS(X)
#undef X
	if (missing != NULL)
		err_set(&failure, RC_SYS, "TCP and TLS need libcurl: " LIBRARY " has no %s", missing);
	else
		functions.curl_global_init(CURL_GLOBAL_DEFAULT);
}

const struct conn_curl *
conn_curl(struct err *e)
{
	pthread_once(&once, load);
	if (failure.rc == RC_OK)
		return &functions;
	if (e != NULL)
		*e = failure;
	return NULL;
}
