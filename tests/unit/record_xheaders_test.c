/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/crc32c.h"
#include "base/take.h"
#include "sip/msg.h"
#include "sip/xheaders.h"
#include "trace/record_xheaders.h"

#define INVITE "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"	\
	"To: <sip:bob@example.com>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nContent-Length: 4\r\n\r\nbody"
#define FROM_AFAR "192.0.2.77:9000"

/* What it belongs to stays as long as the test. */
struct made {
	struct record r;
	struct buf payload;
};

static struct addr
at(const char *text)
{
	struct addr a = { 0 };

	if (text[0] != '\0')
		assert_int_equal(addr_port_parse(slice_str(text), &a), RC_OK);
	return a;
}

static struct record
captured(const char *msg)
{
	struct record r = {
		.type = FRAME_MESSAGE, .kind = KIND_SIP, .marks = MARK_SIP, .time_ns = 1795375243821824999ull, .transport = TRANSPORT_TLS,
		.direction = DIR_OUT, .src = at("[2001:db8::1]:5061"), .dst = at("[2001:db8::2]:40000"), .payload = slice_str(msg),
		.capture_id = 7, .capture_point = 3, .ip_id = 99, .user_flags = 1,
	};

	assert_int_equal(sip_scan(r.payload, &r.sip), RC_OK);
	return r;
}

/* As a packet to a collector would be captured there: another time, addresses and transport, the five lines within. */
static struct made
duplicate(const struct record *r)
{
	struct made m = { .r = captured(INVITE) };
	size_t off;

	assert_int_equal(xheaders_place(&r->sip, r->payload, &off), RC_OK);
	buf_put(&m.payload, slice_head(r->payload, off));
	xheaders_write(&(struct xheaders){ r->transport, r->src, r->dst, r->time_ns, sip_part(&r->sip, r->payload, SIP_SPAN_METHOD),
	    slice_str(direction_name(r->direction)) }, &m.payload);
	buf_put(&m.payload, slice_skip(r->payload, off));
	m.r.payload = buf_slice(&m.payload);
	assert_int_equal(sip_scan(m.r.payload, &m.r.sip), RC_OK);
	m.r.time_ns += 5000000000;
	m.r.src = at(FROM_AFAR);
	m.r.dst = at("192.0.2.78:9060");
	m.r.transport = TRANSPORT_UDP;
	m.r.direction = DIR_UNKNOWN;
	m.r.payload_crc = 1;
	m.r.payload_crc_known = m.r.intact = true;
	return m;
}

static void
the_original_comes_back(void **state)
{
	struct record r = captured(INVITE);
	struct made m = duplicate(&r);
	struct record_xheaders *x = record_xheaders_new(NULL, 0);
	struct record *got = &m.r;

	(void)state;
	assert_int_equal(record_xheaders(x, got, 1), 1);
	assert_slice(got->payload, INVITE);
	assert_int_equal(got->time_ns, 1795375243821824000ull);
	assert_true(addr_eq(&got->src, &r.src) && addr_eq(&got->dst, &r.dst));
	assert_int_equal(got->transport, TRANSPORT_TLS);
	assert_int_equal(got->direction, DIR_OUT);
	assert_int_equal(got->marks, MARK_SIP);
	assert_memory_equal(&got->sip, &r.sip, sizeof(r.sip));
	assert_false(got->intact);
	assert_false(got->payload_crc_known && got->payload_crc != crc32c(0, got->payload.p, got->payload.n));
	/* how it came to us stays, what its packet was goes */
	assert_int_equal(got->capture_id, 7);
	assert_int_equal(got->capture_point, 3);
	assert_int_equal(got->user_flags, 1);
	assert_int_equal(got->ip_id, 0);
	record_xheaders_free(x);
	buf_reset(&m.payload);
}

/* Three equal messages in one microsecond, as sent and as read back: the same three ids, those of the first capture. */
static void
the_id_is_the_originals(void **state)
{
	struct record r = captured(INVITE);
	struct made m[3];
	struct record batch[3];
	struct id_maker *ids = id_maker_new();
	struct record_xheaders *x = record_xheaders_new(NULL, 0);
	uint64_t want[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		m[i] = duplicate(&r);
		batch[i] = m[i].r;
		want[i] = record_id(ids, &r);
	}
	assert_int_equal(record_xheaders(x, batch, 2), 2);
	assert_int_equal(record_xheaders(x, batch + 2, 1), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(batch[i].id, want[i]);
		buf_reset(&m[i].payload);
	}
	assert_true(want[0] != want[1] && want[1] != want[2]);
	id_maker_free(ids);
	record_xheaders_free(x);
}

static void
a_relay_takes_one_block_off(void **state)
{
	struct record r = captured(INVITE);
	struct made first = duplicate(&r), second = duplicate(&first.r);
	struct record_xheaders *x = record_xheaders_new(NULL, 0);

	(void)state;
	assert_int_equal(record_xheaders(x, &second.r, 1), 1);
	assert_true(slice_eq(second.r.payload, buf_slice(&first.payload)));
	assert_true(addr_eq(&second.r.src, &first.r.src));
	assert_int_equal(second.r.transport, TRANSPORT_UDP);
	second.r.payload = buf_slice(&first.payload);
	assert_int_equal(record_xheaders(x, &second.r, 1), 1);
	assert_slice(second.r.payload, INVITE);
	assert_true(addr_eq(&second.r.src, &r.src));
	record_xheaders_free(x);
	buf_reset(&first.payload);
	buf_reset(&second.payload);
}

static void
what_stays_moves_to_the_front(void **state)
{
	struct record r = captured(INVITE), log = { .type = FRAME_MESSAGE, .kind = KIND_LOG, .payload = SLICE_LIT("text"), .intact = true };
	struct made m = duplicate(&r);
	struct record batch[] = { r, m.r, r, log, m.r };
	struct record_xheaders *x = record_xheaders_new(NULL, 0);

	(void)state;
	assert_int_equal(record_xheaders(x, batch, 5), 3);
	assert_slice(batch[0].payload, INVITE);
	assert_slice(batch[1].payload, "text");
	assert_true(batch[1].intact);
	assert_slice(batch[2].payload, INVITE);
	assert_int_equal(record_xheaders_counts(x)->without, 2);
	assert_int_equal(record_xheaders_counts(x)->untrusted, 0);
	assert_int_equal(record_xheaders(x, batch, 0), 0);
	record_xheaders_free(x);
	buf_reset(&m.payload);
}

static void
only_the_given_senders_are_believed(void **state)
{
	static const struct {
		const char *net[2];
		size_t want;
	} rows[] = {
		{ { "192.0.2.77", "10.0.0.0/8" }, 1 },
		{ { "10.0.0.0/8", "192.0.2.64/27" }, 1 },
		{ { "192.0.2.78", "10.0.0.0/8" }, 0 },		/* the collector's own, to which it went */
		{ { "2001:db8::/32", "10.0.0.0/8" }, 0 },	/* the original's */
	};
	struct record r = captured(INVITE);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made m = duplicate(&r);
		struct record batch[] = { m.r, r };
		struct addr_net nets[2];
		struct record_xheaders *x;

		for (int j = 0; j < 2; j++)
			assert_int_equal(addr_net_parse(slice_str(rows[i].net[j]), false, &nets[j]), RC_OK);
		x = record_xheaders_new(nets, 2);
		assert_int_equal(record_xheaders(x, batch, 2), rows[i].want);
		assert_int_equal(record_xheaders_counts(x)->untrusted, 1 - rows[i].want);
		assert_int_equal(record_xheaders_counts(x)->without, 1);
		record_xheaders_free(x);
		buf_reset(&m.payload);
	}
}

static void
vlan_tags_go_other_attributes_stay(void **state)
{
	struct record r = captured(INVITE);
	struct made m = duplicate(&r);
	struct record_xheaders *x = record_xheaders_new(NULL, 0);
	struct record batch[2];
	struct buf attrs = { 0 };
	struct slice v;
	uint8_t tag[2] = { 100, 0 };

	(void)state;
	assert_int_equal(attr_put(&attrs, ATTR_NODE, SLICE_LIT("edge-1")), RC_OK);
	assert_int_equal(attr_put(&attrs, ATTR_VLAN, slice_of(tag, 2)), RC_OK);
	assert_int_equal(attr_put(&attrs, ATTR_USER, SLICE_LIT("x")), RC_OK);
	m.r.attrs = buf_slice(&attrs);
	batch[0] = batch[1] = m.r;
	assert_int_equal(record_xheaders(x, batch, 2), 2);
	for (int i = 0; i < 2; i++) {
		assert_false(attr_get(batch[i].attrs, ATTR_VLAN, &v));
		assert_true(attr_get(batch[i].attrs, ATTR_NODE, &v));
		assert_slice(v, "edge-1");
		assert_true(attr_get(batch[i].attrs, ATTR_USER, &v));
		assert_int_equal(batch[i].attrs.n % 8, 0);
		assert_slice(batch[i].payload, INVITE);
	}
	record_xheaders_free(x);
	buf_reset(&attrs);
	buf_reset(&m.payload);
}

static void
a_cut_message_was_shorter_too(void **state)
{
	struct record r = captured(INVITE);
	struct made m = duplicate(&r);
	struct record_xheaders *x = record_xheaders_new(NULL, 0);

	(void)state;
	m.r.payload.n -= 3;
	m.r.marks |= MARK_CUT;
	m.r.orig_len = (uint32_t)m.payload.n;
	assert_int_equal(record_xheaders(x, &m.r, 1), 1);
	assert_int_equal(m.r.orig_len, sizeof(INVITE) - 1);
	assert_true(slice_eq(m.r.payload, slice_of(INVITE, sizeof(INVITE) - 4)));
	assert_int_equal(m.r.marks, MARK_SIP | MARK_CUT);
	record_xheaders_free(x);
	buf_reset(&m.payload);
}

/* One family for both, as records have it. */
static void
one_unknown_address_has_the_others_family(void **state)
{
	static const char msg[] = "SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nX-Siptrace-Fromip: tcp:[::1]:5\r\nX-Siptrace-Toip: any:255.255.255.255\r\n"
		"X-Siptrace-Time: 1 2\r\nX-Siptrace-Method: BYE\r\nX-Siptrace-Dir: out\r\n\r\n";
	struct record r = captured(msg);
	const struct addr nobody = { .family = FAMILY_IP6 };
	struct record_xheaders *x = record_xheaders_new(NULL, 0);

	(void)state;
	assert_int_equal(record_xheaders(x, &r, 1), 1);
	assert_int_equal(r.src.family, FAMILY_IP6);
	assert_true(addr_eq(&r.dst, &nobody));
	assert_int_equal(r.transport, TRANSPORT_TCP);
	record_xheaders_free(x);
}

/* An index that came with a stream may be another message's. */
static void
a_wrong_or_missing_index_is_made_again(void **state)
{
	struct record r = captured(INVITE);
	struct made m = duplicate(&r);
	struct record_xheaders *x = record_xheaders_new(NULL, 0);
	struct record batch[] = { m.r, m.r };

	(void)state;
	batch[0].sip.span[SIP_SPAN_CALLID] = (struct sip_span){ 0, (uint32_t)m.payload.n };
	batch[1].marks = 0;
	assert_int_equal(record_xheaders(x, batch, 2), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(batch[i].marks, MARK_SIP);
		assert_memory_equal(&batch[i].sip, &r.sip, sizeof(r.sip));
	}
	record_xheaders_free(x);
	buf_reset(&m.payload);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_original_comes_back),
		cmocka_unit_test(the_id_is_the_originals),
		cmocka_unit_test(a_relay_takes_one_block_off),
		cmocka_unit_test(what_stays_moves_to_the_front),
		cmocka_unit_test(only_the_given_senders_are_believed),
		cmocka_unit_test(vlan_tags_go_other_attributes_stay),
		cmocka_unit_test(a_cut_message_was_shorter_too),
		cmocka_unit_test(one_unknown_address_has_the_others_family),
		cmocka_unit_test(a_wrong_or_missing_index_is_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
