/* SPDX-License-Identifier: MIT */
#include "capture/local.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "trace/record.h"

void
locals_reset(struct locals *l)
{
	free(l->v);
	*l = (struct locals){ 0 };
}

static void
add(struct locals *l, const struct addr_net *net)
{
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = *net;
}

enum rc
locals_add(struct locals *l, const char *text, struct err *e)
{
	struct addr_net net;

	if (addr_net_parse(slice_str(text), true, &net) != RC_OK)
		return err_set(e, RC_BAD, "\"%s\" is no ADDR[/LEN][:PORT]", text);
	add(l, &net);
	return RC_OK;
}

enum rc
locals_add_host(struct locals *l, struct err *e)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0)
		return err_set(e, RC_SYS, "addresses of this host: %s", strerror(errno));
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		struct addr_net net = { .bits = 32, .net.family = FAMILY_IP4 };

		if (i->ifa_addr == NULL)
			continue;
		if (i->ifa_addr->sa_family == AF_INET) {
			memcpy(net.net.ip, &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, 4);
			add(l, &net);
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			net.bits = 128;
			net.net.family = FAMILY_IP6;
			memcpy(net.net.ip, &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr, 16);
			add(l, &net);
		}
	}
	freeifaddrs(all);
	return RC_OK;
}

static bool
is_local(const struct locals *l, const struct addr *a)
{
	for (size_t i = 0; i < l->n; i++)
		if (addr_net_has(&l->v[i], a))
			return true;
	return false;
}

uint8_t
locals_direction(const struct locals *l, const struct addr *src, const struct addr *dst)
{
	bool from = is_local(l, src), to = is_local(l, dst);

	return from == to ? DIR_UNKNOWN : from ? DIR_OUT : DIR_IN;
}
