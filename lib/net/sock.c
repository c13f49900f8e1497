/* SPDX-License-Identifier: MIT */
#include "net/sock.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <time.h>	/* linux/errqueue.h uses struct timespec without including it */
#include <linux/errqueue.h>
#include <unistd.h>

#define SEND_BUFFER (4 << 20)	/* the system cuts it to net.core.wmem_max */

void
sock_addr_from(const struct sockaddr *sa, struct addr *out)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	*out = (struct addr){ 0 };
	if (sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof(in4));
		memcpy(out->ip, &in4.sin_addr, 4);
		out->port = ntohs(in4.sin_port);
		out->family = FAMILY_IP4;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(out->ip, &in6.sin6_addr, 16);
		out->port = ntohs(in6.sin6_port);
		out->family = FAMILY_IP6;
	}
}

socklen_t
sock_addr_to(const struct addr *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == FAMILY_IP4) {
		struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(a->port) };

		memcpy(&in4.sin_addr, a->ip, 4);
		memcpy(out, &in4, sizeof(in4));
		return sizeof(in4);
	}
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port) };

	memcpy(&in6.sin6_addr, a->ip, 16);
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

/* Each returned datagram is then reported, not only the last. */
static int
want_errors(int fd, uint8_t family)
{
	int on = 1;

	if (family == FAMILY_IP4)
		return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

/* The interface's first address of the family that others can answer to. */
static enum rc
iface_addr(const char *iface, uint8_t family, struct addr *out, struct err *e)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return err_set(e, RC_SYS, "interface %s: %s", iface, strerror(errno));
	for (struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
		if (i->ifa_addr == NULL || strcmp(i->ifa_name, iface) != 0)
			continue;
		sock_addr_from(i->ifa_addr, out);
		out->port = 0;
		found = out->family == family && !(family == FAMILY_IP6 && out->ip[0] == 0xfe && (out->ip[1] & 0xc0) == 0x80);
	}
	freeifaddrs(all);
	return found ? RC_OK : err_set(e, RC_SYS, "interface %s has no IPv%u address", iface, family);
}

static enum rc
bind_iface(int fd, uint8_t family, const char *iface, struct addr *from, struct err *e)
{
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, (socklen_t)strlen(iface) + 1) == 0)
		return RC_OK;
	if (errno != EPERM || from->family != FAMILY_NONE)
		return err_set(e, RC_SYS, "interface %s: %s", iface, strerror(errno));
	return iface_addr(iface, family, from, e);
}

enum rc
sock_bind_source(int fd, const struct addr *source, const char *iface, struct err *e)
{
	struct addr copy = *source, *from = &copy;
	struct sockaddr_storage sa;
	socklen_t n = sizeof(int);
	int on = 1, domain = AF_UNSPEC;
	uint8_t family;

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
	family = domain == AF_INET ? FAMILY_IP4 : FAMILY_IP6;
	if (iface != NULL && bind_iface(fd, family, iface, from, e) != RC_OK)
		return RC_SYS;
	if (from->family == FAMILY_NONE)
		return RC_OK;
	if (from->family != family)
		return err_set(e, RC_SYS, "the address to send from is of the other IP version");
	n = sock_addr_to(from, &sa);
	/* the same port may serve several destinations, each over a connected socket, and the next connection */
	if (from->port != 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return err_set(e, RC_SYS, "setsockopt: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&sa, n) != 0)
		return err_set(e, RC_SYS, "cannot send from that address: %s", strerror(errno));
	return RC_OK;
}

static enum rc
connect_udp(int fd, const struct addr *to, struct addr *local, struct err *e)
{
	struct sockaddr_storage sa;
	socklen_t n = sock_addr_to(to, &sa);

	if (want_errors(fd, to->family) != 0 || connect(fd, (struct sockaddr *)&sa, n) != 0)
		return err_set(e, RC_SYS, "connect: %s", strerror(errno));
	n = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &n) != 0)
		return err_set(e, RC_SYS, "getsockname: %s", strerror(errno));
	sock_addr_from((struct sockaddr *)&sa, local);
	return RC_OK;
}

enum rc
sock_udp_connect(const struct addr *to, const struct addr *from, const char *iface, int *fd, struct addr *local, struct err *e)
{
	int s = socket(to->family == FAMILY_IP4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = SEND_BUFFER;
	enum rc rc;

	if (s < 0)
		return err_set(e, RC_SYS, "socket: %s", strerror(errno));
	(void)setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));	/* smaller is slower, not wrong */
	rc = sock_bind_source(s, from, iface, e);
	if (rc == RC_OK)
		rc = connect_udp(s, to, local, e);
	if (rc != RC_OK) {
		close(s);
		return rc;
	}
	*fd = s;
	return RC_OK;
}

/* The errno that an error message carries; 0 if it did not come from the network. */
static int
icmp_errno(struct msghdr *m)
{
	struct sock_extended_err ee;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		bool ours = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);

		if (!ours || c->cmsg_len < CMSG_LEN(sizeof(ee)))
			continue;
		memcpy(&ee, CMSG_DATA(c), sizeof(ee));
		if (ee.ee_origin == SO_EE_ORIGIN_ICMP || ee.ee_origin == SO_EE_ORIGIN_ICMP6)
			return (int)ee.ee_errno;
	}
	return 0;
}

unsigned
sock_returned(int fd, int *why)
{
	unsigned n = 0;

	for (;;) {
		_Alignas(struct cmsghdr) char control[512];
		struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
		int err;

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return n;
		err = icmp_errno(&m);
		if (err != 0) {
			*why = err;
			n++;
		}
	}
}
