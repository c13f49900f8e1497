/* SPDX-License-Identifier: MIT */
#ifndef NET_SOCK_H
#define NET_SOCK_H
/* sock - sockets: addresses to and from the system's form, connected UDP sockets, what the network said about sent datagrams. */
#include <sys/socket.h>

#include "net/addr.h"

/* FAMILY_NONE if it is neither IPv4 nor IPv6. */
void sock_addr_from(const struct sockaddr *sa, struct addr *out);
/* Returns the length. `a` has a family. */
socklen_t sock_addr_to(const struct addr *a, struct sockaddr_storage *out);

/*
 * Before connect: the socket will send from `from` (FAMILY_NONE: any; port 0: any) and through interface `iface` (NULL: any). A system that
 * lets only the privileged choose an interface (Linux before 5.7) is asked to send from the interface's address instead, if `from` is none.
 */
enum rc sock_bind_source(int fd, const struct addr *from, const char *iface, struct err *) MUST_USE;

/*
 * A non-blocking UDP socket connected to `to`, from `from` (FAMILY_NONE: any) and through interface `iface` (NULL: any), with a large send
 * buffer and the error queue on. *local is its own address. The caller closes *fd.
 */
enum rc sock_udp_connect(const struct addr *to, const struct addr *from, const char *iface, int *fd, struct addr *local,
    struct err *) MUST_USE;

/*
 * Empties the error queue of such a socket: returns how many datagrams came back as undeliverable (ICMP, ICMPv6) since the last
 * call; *why is then the errno of the last one.
 */
unsigned sock_returned(int fd, int *why);
#endif
