/* SPDX-License-Identifier: MIT */
#include "capture/intake.h"

#include "frames.h"
#include "packet/segment.h"

#define SECOND UINT64_C(1000000000)
#define OK200 "SIP/2.0 200 OK\r\nCall-ID: c\r\nl: 0\r\n\r\n"
#define INVITE "INVITE sip:b SIP/2.0\r\nCall-ID: c\r\nl: 0\r\n\r\n"

/* The last record put, with copies of what it borrowed. */
struct got {
	struct record last;
	struct buf payload, attrs;
	size_t n, max;
};

static bool
put(void *arg, const struct record *r)
{
	struct got *g = arg;

	g->last = *r;
	buf_clear(&g->payload);
	buf_put(&g->payload, r->payload);
	buf_clear(&g->attrs);
	buf_put(&g->attrs, r->attrs);
	return ++g->n != g->max;
}

static struct intake *
intake(struct got *g, const struct locals *locals)
{
	*g = (struct got){ .n = 0 };
	return intake_new(&(struct intake_conf){ .locals = locals, .put = put, .arg = g });
}

/* The ledger: sums per class, and that in = out + lost + chosen + routed + held, for packets and messages. */
static void
assert_balance(struct intake *in)
{
	size_t n;
	const struct counter *c = intake_counters(in, &n);

	for (uint8_t unit = UNIT_PACKET; unit <= UNIT_MESSAGE; unit++) {
		uint64_t came = 0, went = 0;

		for (size_t i = 0; i < n; i++)
			if (c[i].unit == unit && c[i].class != STAT_INFO)
				*(c[i].class == STAT_IN ? &came : &went) += c[i].value;
		assert_int_equal(came, went);
	}
}

static uint64_t
count(struct intake *in, uint8_t unit, const char *name)
{
	size_t n;
	const struct counter *c = intake_counters(in, &n);

	for (size_t i = 0; i < n; i++)
		if (c[i].unit == unit && strcmp(c[i].name, name) == 0)
			return c[i].value;
	fail_msg("no counter %s", name);
	return 0;
}

static void
end(struct intake *in, struct got *g)
{
	intake_end(in);
	assert_balance(in);
	assert_int_equal(count(in, UNIT_PACKET, "tcp_undecided"), 0);
	assert_int_equal(count(in, UNIT_PACKET, "fragments_held"), 0);
	intake_free(in);
	buf_reset(&g->payload);
	buf_reset(&g->attrs);
}

/* One Ethernet frame, `cut` bytes of it not captured. */
static bool
frame(struct intake *in, struct buf *b, uint64_t time_ns, size_t cut)
{
	struct guarded g = guarded(slice_head(buf_slice(b), b->n - cut));
	bool ok = intake_packet(in, &(struct packet){ .time_ns = time_ns, .data = g.s, .wire_len = (uint32_t)b->n, .link = 1, .point = 3 });

	guarded_free(&g);
	assert_balance(in);
	return ok;
}

static bool
udp(struct intake *in, struct buf *b, const char *payload, size_t cut)
{
	frame_start(b, payload);
	frame_udp(b, 5060, 5070);
	frame_ip4(b, 17, 1, 2, 77, 0);
	frame_ether(b, 0x0800);
	return frame(in, b, 9 * SECOND, cut);
}

static bool
tcp(struct intake *in, struct buf *b, uint32_t seq, uint8_t flags, const char *payload, uint64_t s)
{
	frame_start(b, payload);
	frame_tcp(b, 5060, 5070, seq, flags);
	frame_ip4(b, 6, 1, 2, (uint16_t)(100 + s), 0);
	frame_ether(b, 0x0800);
	return frame(in, b, s * SECOND, 0);
}

static void
a_datagram(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);
	struct addr src, dst;
	struct slice v;

	(void)state;
	frame_start(&b, OK200);
	frame_udp(&b, 5060, 5070);
	frame_ip4(&b, 17, 1, 2, 77, 0);
	frame_type(&b, 0x0800);
	frame_before(&b, "\0\7\x81\0\0\5", 6);	/* tag 7, in it tag 5 */
	frame_ether(&b, 0x88a8);
	assert_true(frame(in, &b, 9 * SECOND + 123456789, 0));
	assert_int_equal(g.n, 1);
	assert_int_equal(addr_port_parse(SLICE_LIT("192.0.2.1:5060"), &src), RC_OK);
	assert_int_equal(addr_port_parse(SLICE_LIT("192.0.2.2:5070"), &dst), RC_OK);
	assert_true(addr_eq(&g.last.src, &src) && addr_eq(&g.last.dst, &dst));
	assert_int_equal(g.last.time_ns, 9 * SECOND + 123456789);
	assert_int_equal(g.last.transport, TRANSPORT_UDP);
	assert_int_equal(g.last.kind, KIND_SIP);
	assert_int_equal(g.last.marks, MARK_SIP);
	assert_int_equal(g.last.capture_point, 3);
	assert_int_equal(g.last.ip_id, 77);
	assert_int_equal(g.last.orig_len, 0);
	assert_int_equal(g.last.sip.status, 200);
	assert_int_equal(g.last.direction, DIR_UNKNOWN);
	assert_slice(buf_slice(&g.payload), OK200);
	assert_true(attr_get(buf_slice(&g.attrs), ATTR_VLAN, &v));
	assert_int_equal(load_le16(v.p), 7);
	end(in, &g);
	buf_reset(&b);
}

static void
what_is_left_out_is_counted(void **state)
{
	static const struct {
		const char *payload, *counter;
	} cases[] = {
		{ "\x80\x08rtp", "no_sip" },
		{ "GET / HTTP/1.1\r\n\r\n", "no_sip" },
		{ "\r\n\r\n", "keepalives" },
	};
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t before = count(in, UNIT_PACKET, cases[i].counter);

		assert_true(udp(in, &b, cases[i].payload, 0));
		assert_int_equal(count(in, UNIT_PACKET, cases[i].counter), before + 1);
	}
	frame_start(&b, "");
	frame_ether(&b, 0x0806);
	assert_true(frame(in, &b, 1, 0));
	assert_int_equal(count(in, UNIT_PACKET, "not_ip"), 1);
	frame_start(&b, "sctp");
	frame_ip4(&b, 132, 1, 2, 0, 0);
	frame_ether(&b, 0x0800);
	assert_true(frame(in, &b, 1, 0));
	assert_int_equal(count(in, UNIT_PACKET, "other_protocol"), 1);
	assert_true(frame(in, &b, 1, 20));
	assert_int_equal(count(in, UNIT_PACKET, "undecodable_cut"), 1);
	b.p[14] = 0x99;
	assert_true(frame(in, &b, 1, 0));
	assert_int_equal(count(in, UNIT_PACKET, "undecodable_ip"), 1);
	frame_start(&b, INVITE);
	frame_udp(&b, 1, 2);
	frame_ip4(&b, 17, 1, 2, 0, 0);
	frame_before(&b, "\3\1\0\0\0\0\0\0", 8);
	frame_ip4(&b, 1, 9, 1, 0, 0);
	frame_ether(&b, 0x0800);
	assert_true(frame(in, &b, 1, 0));
	assert_int_equal(count(in, UNIT_PACKET, "icmp_quoted_sip"), 1);
	store_be16(b.p + 14 + 20 + 8 + 6, 5);	/* of a later fragment: no UDP header there */
	assert_true(frame(in, &b, 1, 0));
	assert_int_equal(count(in, UNIT_PACKET, "icmp_quoted_sip"), 1);
	assert_int_equal(count(in, UNIT_PACKET, "other_protocol"), 2);
	frame_start(&b, INVITE);
	frame_ip4(&b, 17, 1, 2, 9, 0x2000);
	frame_ether(&b, 0x0800);
	assert_true(frame(in, &b, 1, 8));	/* a cut fragment makes nothing whole */
	assert_int_equal(count(in, UNIT_PACKET, "undecodable_cut"), 2);
	assert_int_equal(g.n, 0);
	intake_outside(in, INTAKE_KERNEL_DROPS, 7);
	intake_outside(in, INTAKE_KERNEL_DROPS, 9);
	assert_int_equal(count(in, UNIT_PACKET, "kernel_drops"), 9);
	end(in, &g);
	buf_reset(&b);
}

static void
cut_datagrams_are_marked(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	assert_true(udp(in, &b, OK200, 10));
	assert_int_equal(g.n, 1);
	assert_int_equal(g.last.marks, MARK_SIP | MARK_CUT);
	assert_int_equal(g.last.orig_len, strlen(OK200));
	assert_int_equal(g.payload.n, strlen(OK200) - 10);
	/* nothing but half a start line: no message, but no "no SIP" either */
	assert_true(udp(in, &b, OK200, strlen(OK200) - 9));
	assert_int_equal(g.n, 1);
	assert_int_equal(count(in, UNIT_PACKET, "undecodable_cut"), 1);
	end(in, &g);
	buf_reset(&b);
}

static void
joined_datagrams(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	assert_true(udp(in, &b, INVITE OK200 INVITE, 3));
	assert_int_equal(g.n, 3);
	assert_int_equal(g.last.marks, MARK_SIP | MARK_CUT);
	assert_int_equal(g.last.orig_len, strlen(INVITE));
	assert_int_equal(count(in, UNIT_PACKET, "sip"), 1);
	assert_int_equal(count(in, UNIT_MESSAGE, "joined"), 2);
	end(in, &g);
	buf_reset(&b);
}

/* Both fragments' packets are accounted for, the message has the time of the one that completed it. */
static void
fragments(void **state)
{
	struct buf b = { 0 }, whole = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	frame_start(&whole, OK200);
	frame_udp(&whole, 5060, 5070);
	for (int i = 0; i < 2; i++) {
		buf_clear(&b);
		buf_put(&b, i == 0 ? slice_skip(buf_slice(&whole), 16) : slice_head(buf_slice(&whole), 16));
		frame_ip4(&b, 17, 1, 2, 5, i == 0 ? 2 : 0x2000);
		frame_ether(&b, 0x0800);
		assert_true(frame(in, &b, (uint64_t)(i + 1) * SECOND, 0));
		assert_int_equal(count(in, UNIT_PACKET, "fragments_held"), i == 0);
	}
	assert_int_equal(g.n, 1);
	assert_slice(buf_slice(&g.payload), OK200);
	assert_int_equal(g.last.time_ns, 2 * SECOND);
	assert_int_equal(count(in, UNIT_PACKET, "sip"), 2);
	/* one whose rest never comes */
	assert_true(frame(in, &b, 3 * SECOND, 0));
	assert_int_equal(count(in, UNIT_PACKET, "fragments_held"), 1);
	assert_true(intake_tick(in, 60 * SECOND));
	assert_int_equal(count(in, UNIT_PACKET, "fragments_incomplete"), 1);
	end(in, &g);
	buf_reset(&b);
	buf_reset(&whole);
}

static void
a_message_over_segments(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	assert_true(tcp(in, &b, 0, TCP_SYN, "", 1));
	assert_true(tcp(in, &b, 1, TCP_ACK, "INV", 2));
	assert_int_equal(count(in, UNIT_PACKET, "tcp_undecided"), 1);
	assert_true(tcp(in, &b, 4, TCP_ACK, INVITE OK200 + 3, 3));
	assert_int_equal(g.n, 2);
	assert_int_equal(g.last.time_ns, 3 * SECOND);
	assert_int_equal(g.last.ip_id, 103);
	assert_int_equal(g.last.transport, TRANSPORT_TCP);
	assert_int_equal(g.last.capture_point, 3);
	assert_int_equal(count(in, UNIT_PACKET, "sip"), 2);
	assert_int_equal(count(in, UNIT_PACKET, "tcp_control"), 1);
	assert_true(tcp(in, &b, 4, TCP_ACK, "INV", 4));
	assert_int_equal(count(in, UNIT_PACKET, "tcp_repeated"), 1);
	end(in, &g);
	buf_reset(&b);
}

static void
other_streams_are_given_up(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	assert_true(tcp(in, &b, 0, TCP_SYN, "", 1));
	assert_true(tcp(in, &b, 1, TCP_ACK, "GET / HTTP/1.1\r\n\r\n", 2));
	assert_true(tcp(in, &b, 19, TCP_ACK, "more", 2));
	assert_int_equal(count(in, UNIT_PACKET, "no_sip"), 2);
	/* the same ports, SIP now, its SYN not captured */
	assert_true(tcp(in, &b, 23, TCP_ACK, INVITE, 2));
	assert_int_equal(g.n, 1);
	end(in, &g);
	buf_reset(&b);
}

static void
a_stream_that_ends_within_a_message(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	assert_true(tcp(in, &b, 0, TCP_SYN, "", 1));
	assert_true(tcp(in, &b, 1, TCP_ACK, "SIP/2.0 200 OK\r\nCall-ID: c\r\nl: 9\r\n\r\nbody", 2));
	assert_int_equal(g.n, 0);
	assert_true(tcp(in, &b, 41, TCP_FIN, "", 3));
	assert_int_equal(g.n, 1);
	assert_int_equal(g.last.marks, MARK_SIP | MARK_CUT);
	assert_int_equal(g.last.orig_len, g.payload.n + 5);
	assert_int_equal(g.last.time_ns, 2 * SECOND);
	end(in, &g);
	buf_reset(&b);
}

static void
it_stops_when_told(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);

	(void)state;
	g.max = 2;
	assert_true(udp(in, &b, INVITE, 0));
	assert_false(udp(in, &b, INVITE OK200, 0));
	assert_false(udp(in, &b, INVITE, 0));
	assert_int_equal(g.n, 2);
	end(in, &g);
	buf_reset(&b);
}

static void
equal_messages_have_ids_of_their_own(void **state)
{
	struct buf b = { 0 };
	struct got g;
	struct intake *in = intake(&g, NULL);
	uint64_t first;

	(void)state;
	assert_true(udp(in, &b, INVITE, 0));
	first = g.last.id;
	assert_true(udp(in, &b, INVITE, 0));
	assert_int_not_equal(first, g.last.id);
	end(in, &g);
	buf_reset(&b);
}

static void
where_the_direction_comes_from(void **state)
{
	static const uint8_t sll[16] = { 0, 4, 0, 1, 0, 6, [14] = 8, [15] = 0 };
	struct locals locals = { 0 };
	struct buf b = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(locals_add(&locals, "192.0.2.2", &e), RC_OK);
	for (int given = 0; given < 2; given++) {
		struct got g;
		struct intake *in = intake(&g, given ? &locals : NULL);

		frame_start(&b, INVITE);
		frame_udp(&b, 1, 2);
		frame_ip4(&b, 17, 1, 2, 0, 0);
		frame_before(&b, sll, sizeof(sll));
		assert_true(intake_packet(in, &(struct packet){ .time_ns = 1, .data = buf_slice(&b), .wire_len = (uint32_t)b.n, .link = 113 }));
		assert_int_equal(g.last.direction, given ? DIR_IN : DIR_OUT);
		end(in, &g);
	}
	locals_reset(&locals);
	buf_reset(&b);
}

/* What is left out balances; the direction is what the lines say, else what the original's addresses do. */
static void
xheaders_are_taken_off(void **state)
{
#define LINES(dir) "X-Siptrace-Fromip: tcp:192.0.2.9:1\r\nX-Siptrace-Toip: tcp:192.0.2.8:2\r\nX-Siptrace-Time: 5 6\r\n" \
	"X-Siptrace-Method: INVITE\r\nX-Siptrace-Dir: " dir "\r\n"
	static const struct {
		const char *payload;
		uint8_t direction;
	} rows[] = {
		{ "SIP/2.0 200 OK\r\n" LINES("out") "Call-ID: c\r\nl: 0\r\n\r\n", DIR_OUT },
		{ "SIP/2.0 200 OK\r\nCall-ID: c\r\n" LINES("-") "l: 0\r\n\r\n", DIR_IN },
	};
	struct locals locals = { 0 };
	struct buf b = { 0 };
	struct got g;
	struct intake *in;
	struct err e;

	(void)state;
	assert_int_equal(locals_add(&locals, "192.0.2.8", &e), RC_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record_xheaders *x = record_xheaders_new(NULL, 0);

		g = (struct got){ .n = 0 };
		in = intake_new(&(struct intake_conf){ .locals = &locals, .xheaders = x, .put = put, .arg = &g });
		assert_true(udp(in, &b, OK200, 0));
		assert_int_equal(g.n, 0);
		assert_true(udp(in, &b, rows[i].payload, 0));
		assert_int_equal(g.n, 1);
		assert_slice(buf_slice(&g.payload), OK200);
		assert_int_equal(g.last.time_ns, 5 * SECOND + 6000);
		assert_int_equal(g.last.transport, TRANSPORT_TCP);
		assert_int_equal(g.last.src.port, 1);
		assert_int_equal(g.last.direction, rows[i].direction);
		assert_true(g.last.id != 0);
		assert_int_equal(count(in, UNIT_MESSAGE, "in"), 2);
		assert_int_equal(count(in, UNIT_MESSAGE, "no_xheaders"), 1);
		end(in, &g);
		record_xheaders_free(x);
	}
	locals_reset(&locals);
	buf_reset(&b);
#undef LINES
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram),
		cmocka_unit_test(what_is_left_out_is_counted),
		cmocka_unit_test(cut_datagrams_are_marked),
		cmocka_unit_test(joined_datagrams),
		cmocka_unit_test(fragments),
		cmocka_unit_test(a_message_over_segments),
		cmocka_unit_test(other_streams_are_given_up),
		cmocka_unit_test(a_stream_that_ends_within_a_message),
		cmocka_unit_test(it_stops_when_told),
		cmocka_unit_test(equal_messages_have_ids_of_their_own),
		cmocka_unit_test(where_the_direction_comes_from),
		cmocka_unit_test(xheaders_are_taken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
