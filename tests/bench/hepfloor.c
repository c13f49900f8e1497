/* SPDX-License-Identifier: MIT */
/*
 * hepfloor udp:ADDRESS:PORT|tcp:ADDRESS:PORT <STREAM - the bare loop that hepsend's cost is compared with: reads the same stream, sends the
 * same packets (HEP version 3 without key, correlation id or node name), 64 with each sendmmsg, or as many as one writev takes.
 *
 * A packet's head is a copy of one made before, with ten values put in. No checksums, options, queues, attributes, ledger or
 * errors that are survived; other frames than messages are passed over.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hep/hep.h"
#include "net/sock.h"
#include "trace/frame.h"
#include "trace/record.h"

#define ROOM ((size_t)4 << 20)
#define PIECE ((size_t)1 << 20)	/* of one read */
#define BATCH 64		/* of one sendmmsg */
#define GATHER (IOV_MAX / 2)	/* of one writev */
#define HEAD_MAX 128
#define SEND_BUFFER (4 << 20)

/* Where the values are in a head: the same for both families but for the length of the addresses. */
struct template {
	uint8_t bytes[HEAD_MAX];
	size_t n, ip, src, dst, sport, dport, sec, usec, id, length;
};

static struct template templates[2];	/* IPv4, IPv6 */
static uint8_t heads[GATHER][HEAD_MAX];
static struct iovec iov[GATHER][2];
static struct mmsghdr msgs[GATHER];
static size_t ready;
static int out;
static bool stream;

static void
die(const char *what)
{
	fprintf(stderr, "hepfloor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
make_template(struct template *t, uint8_t family)
{
	struct hep h = { .version = 3, .type = HEP_TYPE_SIP, .src.family = family, .dst.family = family, .capture_id = 1 };
	size_t ip = family == FAMILY_IP6 ? 16 : 4;
	struct buf b = { 0 };
	struct err e;

	if (hep_head(&h, &b, &e) != RC_OK || b.n > HEAD_MAX)
		die("template");
	memcpy(t->bytes, b.p, b.n);
	t->n = b.n;
	t->ip = ip;
	t->src = 6 + 7 + 7 + 6;		/* "HEP3" and length, family, protocol, this chunk's own head */
	t->dst = t->src + ip + 6;
	t->sport = t->dst + ip + 6;
	t->dport = t->sport + 8;
	t->sec = t->dport + 8;
	t->usec = t->sec + 10;
	t->id = t->usec + 10 + 7;
	t->length = t->n - 2;
	buf_reset(&b);
}

static void
put16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, 2);
}

static void
put32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
}

static uint16_t
get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return le16toh(v);
}

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return le32toh(v);
}

static uint64_t
get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return le64toh(v);
}

static void
flush_udp(void)
{
	for (size_t done = 0; done < ready;) {
		int n = sendmmsg(out, msgs + done, (unsigned)(ready - done), 0);

		if (n < 0)
			die("sendmmsg");
		done += (size_t)n;
	}
}

static void
flush_tcp(void)
{
	struct iovec *v = iov[0], *end = iov[ready];

	while (v < end) {
		ssize_t n = writev(out, v, (int)(end - v));

		if (n < 0)
			die("writev");
		for (; v < end && (size_t)n >= v->iov_len; v++)
			n -= (ssize_t)v->iov_len;
		if (n > 0) {
			v->iov_base = (uint8_t *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
}

static void
flush(void)
{
	if (ready > 0)
		(stream ? flush_tcp : flush_udp)();
	ready = 0;
}

static void
send_message(const uint8_t *f, const uint8_t *payload, uint32_t n)
{
	const struct template *t = &templates[f[MSG_FAMILY] == FAMILY_IP6];
	uint64_t time_ns = get64(f + MSG_TIME);
	uint32_t id = get32(f + MSG_CAPTURE_ID);
	uint8_t *p = heads[ready];

	memcpy(p, t->bytes, HEAD_MAX);
	put16(p + 4, (uint16_t)(t->n + n));
	p[19] = hep_proto(f[MSG_TRANSPORT]);
	memcpy(p + t->src, f + MSG_SRC, t->ip);
	memcpy(p + t->dst, f + MSG_DST, t->ip);
	put16(p + t->sport, get16(f + MSG_SRC_PORT));
	put16(p + t->dport, get16(f + MSG_DST_PORT));
	put32(p + t->sec, (uint32_t)(time_ns / 1000000000));
	put32(p + t->usec, (uint32_t)(time_ns % 1000000000 / 1000));
	if (id != 0)
		put32(p + t->id, id);
	put16(p + t->length, (uint16_t)(6 + n));
	iov[ready][0] = (struct iovec){ p, t->n };
	iov[ready][1] = (struct iovec){ (void *)payload, n };
	if (++ready == (stream ? GATHER : BATCH))
		flush();
}

/* All whole frames; returns the bytes behind them. */
static size_t
send_frames(const uint8_t *p, size_t n)
{
	while (n >= 24) {
		size_t head = get16(p + FRAME_HEAD_LEN) + (size_t)get32(p + FRAME_ATTR_LEN), payload = get32(p + FRAME_PAYLOAD_LEN);
		size_t total = head + ((payload + 7) & ~(size_t)7);

		if (total > n)
			break;
		if (p[FRAME_TYPE] == FRAME_MESSAGE)
			send_message(p, p + head, (uint32_t)payload);
		p += total;
		n -= total;
	}
	flush();
	return n;
}

static void
open_out(const char *text)
{
	struct sockaddr_storage sa;
	struct addr to;
	socklen_t n;
	uint8_t transport;
	int size = SEND_BUFFER;

	if (socket_parse(slice_str(text), &transport, &to) != RC_OK || (transport != TRANSPORT_UDP && transport != TRANSPORT_TCP)) {
		fprintf(stderr, "hepfloor: %s: neither udp:ADDRESS:PORT nor tcp:ADDRESS:PORT\n", text);
		exit(2);
	}
	stream = transport == TRANSPORT_TCP;
	n = sock_addr_to(&to, &sa);
	if ((out = socket(sa.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM, 0)) < 0)
		die(text);
	if (!stream)
		(void)setsockopt(out, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(out, (struct sockaddr *)&sa, n) < 0)
		die(text);
}

int
main(int argc, char **argv)
{
	uint8_t *room = malloc(ROOM);
	size_t rest = 0;
	ssize_t n;

	if (argc != 2 || room == NULL) {
		fprintf(stderr, "usage: hepfloor udp:ADDRESS:PORT|tcp:ADDRESS:PORT <STREAM\n");
		return 2;
	}
	open_out(argv[1]);
	make_template(&templates[0], FAMILY_IP4);
	make_template(&templates[1], FAMILY_IP6);
	for (size_t i = 0; i < GATHER; i++)
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = iov[i], .msg_iovlen = 2 };
	(void)fcntl(STDIN_FILENO, F_SETPIPE_SZ, (int)PIECE);
	while ((n = read(STDIN_FILENO, room + rest, PIECE)) > 0) {
		size_t have = rest + (size_t)n;

		rest = send_frames(room, have);
		memmove(room, room + have - rest, rest);
		if (rest > ROOM - PIECE)
			die("a frame larger than any HEP packet");
	}
	close(out);
	free(room);
	return n == 0 && rest == 0 ? 0 : 1;
}
