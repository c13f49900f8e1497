/* SPDX-License-Identifier: MIT */
#include "capture/files.h"
#include "capture/filter.h"
#include "capture/local.h"

#include <zlib.h>
#include <zstd.h>

#include "frames.h"
#include "packet/segment.h"
#include "trace/record.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"	/* in tables, what is not said is zero */

#define SECOND UINT64_C(1000000000)

static void
u16(struct buf *b, bool big, uint16_t v)
{
	if (big)
		buf_be16(b, v);
	else
		buf_le16(b, v);
}

static void
u32(struct buf *b, bool big, uint32_t v)
{
	if (big)
		buf_be32(b, v);
	else
		buf_le32(b, v);
}

static void
pcap_header(struct buf *b, bool big, uint32_t magic, uint32_t link)
{
	u32(b, big, magic);
	u16(b, big, 2);
	u16(b, big, 4);
	buf_zero(b, 8);
	u32(b, big, 65535);
	u32(b, big, link);
}

static void
pcap_packet(struct buf *b, bool big, uint32_t s, uint32_t sub, const char *data, uint32_t wire)
{
	u32(b, big, s);
	u32(b, big, sub);
	u32(b, big, (uint32_t)strlen(data));
	u32(b, big, wire);
	buf_str(b, data);
}

/* A block around `body`, padded. */
static void
block(struct buf *b, bool big, uint32_t type, struct slice body)
{
	uint32_t n = (uint32_t)(body.n + 3) / 4 * 4 + 12;

	u32(b, big, type);
	u32(b, big, n);
	buf_put(b, body);
	buf_zero(b, n - 12 - body.n);
	u32(b, big, n);
}

static void
section(struct buf *b, bool big)
{
	struct buf body = { 0 };

	u32(&body, big, 0x1a2b3c4d);
	u16(&body, big, 1);
	u16(&body, big, 0);
	buf_add(&body, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	block(b, big, 0x0a0d0d0a, buf_slice(&body));
	buf_reset(&body);
}

/* `resolution` < 0: no option; `offset` in seconds, 0: no option. */
static void
interface(struct buf *b, bool big, uint16_t link, int resolution, uint32_t offset)
{
	struct buf body = { 0 };

	u16(&body, big, link);
	u16(&body, big, 0);
	u32(&body, big, 4);	/* snaplen */
	if (resolution >= 0) {
		u16(&body, big, 9);
		u16(&body, big, 1);
		buf_u8(&body, (uint8_t)resolution);
		buf_zero(&body, 3);
	}
	if (offset > 0) {
		u16(&body, big, 14);
		u16(&body, big, 8);
		u32(&body, big, big ? 0 : offset);
		u32(&body, big, big ? offset : 0);
	}
	block(b, big, 1, buf_slice(&body));
	buf_reset(&body);
}

static void
enhanced(struct buf *b, bool big, uint32_t iface, uint64_t units, const char *data, uint32_t wire)
{
	struct buf body = { 0 };

	u32(&body, big, iface);
	u32(&body, big, (uint32_t)(units >> 32));
	u32(&body, big, (uint32_t)units);
	u32(&body, big, (uint32_t)strlen(data));
	u32(&body, big, wire);
	buf_str(&body, data);
	block(b, big, 6, buf_slice(&body));
	buf_reset(&body);
}

/* A file with these bytes; opened by the path of its descriptor, which `fd` keeps. */
static struct file *
open_bytes(struct slice s, int *fd, uint16_t *point)
{
	char path[32];
	struct file *f;
	struct err e;

	*fd = memfd_create("capture", 0);
	assert_true(*fd >= 0 && write(*fd, s.p, s.n) == (ssize_t)s.n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	assert_int_equal(file_open(&(struct file_conf){ .path = path, .buffer = 64, .point = point }, &f, &e), RC_OK);
	return f;
}

struct want {
	uint64_t time_ns;
	const char *data;
	uint32_t wire;
	uint16_t link, point;
};

/* Reads all; the packets are the first of `w`. Returns how it ended. */
static enum rc
read_all(struct slice s, const struct want *w, size_t *n, struct err *e)
{
	uint16_t point = 0;
	struct packet p;
	enum rc rc;
	int fd;
	struct file *f = open_bytes(s, &fd, &point);

	e->text[0] = '\0';
	for (*n = 0; (rc = file_next(f, &p, e)) == RC_OK; ++*n) {
		assert_non_null(w[*n].data);
		assert_slice(p.data, w[*n].data);
		assert_int_equal(p.time_ns, w[*n].time_ns);
		assert_int_equal(p.wire_len, w[*n].wire);
		assert_int_equal(p.link, w[*n].link);
		assert_int_equal(p.point, w[*n].point);
	}
	file_close(f);
	close(fd);
	return rc;
}

static void
pcap_variants(void **state)
{
	static const struct {
		const char *name;
		uint32_t magic;
		bool big;
		uint32_t unit;
	} cases[] = {
		{ "little-endian", 0xa1b2c3d4, false, 1000 },
		{ "big-endian", 0xa1b2c3d4, true, 1000 },
		{ "little-endian, nanoseconds", 0xa1b23c4d, false, 1 },
		{ "big-endian, nanoseconds", 0xa1b23c4d, true, 1 },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct want w[] = {
			{ 1700000000 * SECOND + 999999 * cases[i].unit, "first", 5, 101, 0 },
			{ 1, "", 0, 101, 0 },
			{ 4294967295 * SECOND, "cut", 1500, 101, 0 },
			{ 0 },
		};
		struct buf b = { 0 };
		struct err e;
		size_t n;

		print_message("# %s\n", cases[i].name);
		pcap_header(&b, cases[i].big, cases[i].magic, 101 | 0xf4000000);
		pcap_packet(&b, cases[i].big, 1700000000, 999999, "first", 5);
		pcap_packet(&b, cases[i].big, 0, 0, "", 0);
		b.p[24 + 21 + (cases[i].big ? 7 : 4)] = cases[i].unit == 1;
		pcap_packet(&b, cases[i].big, 4294967295, 0, "cut", 1500);
		if (cases[i].unit == 1)
			assert_int_equal(read_all(buf_slice(&b), w, &n, &e), RC_END);
		else {
			struct want micro[4];

			memcpy(micro, w, sizeof(w));
			micro[1].time_ns = 0;
			assert_int_equal(read_all(buf_slice(&b), micro, &n, &e), RC_END);
		}
		assert_int_equal(n, 3);
		buf_reset(&b);
	}
}

/* Two byte orders, three sections' worth of interfaces, resolutions, all kinds of packet blocks, blocks nobody knows. */
static void
pcapng_variants(void **state)
{
	static const struct want w[] = {
		{ 1700000000123456 * 1000, "micro", 5, 1, 0 },
		{ 1700000000123456789, "nano", 100, 113, 1 },
		{ 100 * SECOND + SECOND / 2, "binary", 6, 1, 2 },
		{ (uint64_t)1000000 * SECOND + 7 * SECOND, "offset", 6, 276, 3 },
		{ 5000000, "old", 3, 113, 1 },
		{ 0, "simp", 6, 1, 0 },
		{ 3000, "next section", 12, 228, 4 },
		{ 0 },
	};

	(void)state;
	for (int big = 0; big < 2; big++) {
		struct buf b = { 0 }, old = { 0 };
		struct err e;
		size_t n;

		section(&b, big);
		block(&b, big, 5, SLICE_LIT("statistics"));
		interface(&b, big, 1, -1, 0);
		interface(&b, big, 113, 9, 0);
		enhanced(&b, big, 0, 1700000000123456, "micro", 5);
		enhanced(&b, big, 1, 1700000000123456789, "nano", 100);
		interface(&b, big, 1, 0x81, 0);
		interface(&b, big, 276, 0, 1000000);
		block(&b, big, 0xbad, SLICE_LIT(""));
		enhanced(&b, big, 2, 201, "binary", 6);
		enhanced(&b, big, 3, 7, "offset", 6);
		u16(&old, big, 1);
		u16(&old, big, 0);
		u32(&old, big, 0);
		u32(&old, big, 5000000);
		u32(&old, big, 3);
		u32(&old, big, 3);
		buf_str(&old, "old");
		block(&b, big, 2, buf_slice(&old));
		buf_clear(&old);
		u32(&old, big, 6);
		buf_str(&old, "simp");
		block(&b, big, 3, buf_slice(&old));
		section(&b, !big);
		interface(&b, !big, 228, -1, 0);
		enhanced(&b, !big, 0, 3, "next section", 12);
		assert_int_equal(read_all(buf_slice(&b), w, &n, &e), RC_END);
		assert_int_equal(n, 7);
		buf_reset(&b);
		buf_reset(&old);
	}
}

/* Cut anywhere: what is whole before the cut is delivered; only a cut between packets is an end. */
static void
every_prefix(void **state)
{
	static const struct want w[] = { { SECOND, "one", 3, 1, 0 }, { 2 * SECOND, "twotwo", 6, 1, 0 }, { 0 } };

	(void)state;
	for (int ng = 0; ng < 2; ng++) {
		struct buf b = { 0 };
		size_t end[3], n;
		struct err e;

		if (ng) {
			section(&b, false);
			interface(&b, false, 1, -1, 0);
		} else {
			pcap_header(&b, false, 0xa1b2c3d4, 1);
		}
		end[0] = b.n;
		ng ? enhanced(&b, false, 0, 1000000, "one", 3) : pcap_packet(&b, false, 1, 0, "one", 3);
		end[1] = b.n;
		ng ? enhanced(&b, false, 0, 2000000, "twotwo", 6) : pcap_packet(&b, false, 2, 0, "twotwo", 6);
		end[2] = b.n;
		for (size_t i = 0; i <= b.n; i++) {
			size_t whole = i < end[1] ? 0 : i < end[2] ? 1 : 2;
			bool at_end = i == end[0] || i == end[1] || i == end[2] || (ng && i == 28);

			assert_int_equal(read_all(slice_head(buf_slice(&b), i), w, &n, &e), at_end ? RC_END : RC_BAD);
			assert_int_equal(n, whole);
			assert_true(at_end || strstr(e.text, i == 0 ? "empty file" : i < 4 ? "no capture file" : "truncated") != NULL);
		}
		buf_reset(&b);
	}
}

static void
expect_bad(struct buf *b, const char *why)
{
	static const struct want none[] = { { 0 } };
	struct err e;
	size_t n;

	assert_int_equal(read_all(buf_slice(b), none, &n, &e), RC_BAD);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	buf_reset(b);
}

static void
damaged_files(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_str(&b, "GIF89a, but no capture");
	expect_bad(&b, "no capture file");
	buf_str(&b, "\xd1STR, a record stream");
	expect_bad(&b, "tracecat");
	pcap_header(&b, true, 0xa1b2c3d4, 1);	/* header and packets of different byte orders */
	pcap_packet(&b, false, 1, 0, "one", 3);
	expect_bad(&b, "damaged: packet 1");
	pcap_header(&b, false, 0xa1b2c3d4, 1);
	pcap_packet(&b, false, 1, 1000000, "one", 3);
	expect_bad(&b, "damaged: packet 1");
	section(&b, false);
	enhanced(&b, false, 0, 1, "one", 3);
	expect_bad(&b, "interface 0, which the file does not have");
	section(&b, false);
	b.p[8] = 0;
	expect_bad(&b, "without byte order");
	section(&b, false);
	interface(&b, false, 1, -1, 0);
	store_le32(b.p + b.n - 4, 99);
	expect_bad(&b, "two lengths");
	section(&b, false);
	interface(&b, false, 1, -1, 0);
	store_le32(b.p + 28 + 4, 0x40000000);
	expect_bad(&b, "block of 1073741824 bytes");
	section(&b, false);
	interface(&b, false, 1, 77, 0);
	expect_bad(&b, "resolution");
	section(&b, false);
	interface(&b, false, 1, -1, 0);
	enhanced(&b, false, 0, 1, "one", 3);
	store_le32(b.p + 48 + 8 + 12, 5000);
	expect_bad(&b, "more bytes than its block");
}

static struct slice
gzip(struct slice s, uint8_t *out, size_t max)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)s.p, .avail_in = (uInt)s.n, .next_out = out, .avail_out = (uInt)max };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice_of(out, z.total_out);
}

static void
packed_files(void **state)
{
	static const struct want w[] = { { SECOND, "one", 3, 1, 0 }, { 2 * SECOND, "two", 3, 1, 0 }, { 0 } };
	static uint8_t packed[2][4096];
	struct buf b = { 0 };
	struct slice s[2];
	struct err e;
	size_t n;

	(void)state;
	pcap_header(&b, false, 0xa1b2c3d4, 1);
	pcap_packet(&b, false, 1, 0, "one", 3);
	pcap_packet(&b, false, 2, 0, "two", 3);
	s[0] = gzip(buf_slice(&b), packed[0], 4096);
	s[1] = slice_of(packed[1], ZSTD_compress(packed[1], 4096, b.p, b.n, 9));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_all(s[i], w, &n, &e), RC_END);
		assert_int_equal(n, 2);
		for (size_t cut = 4; cut < s[i].n; cut++) {
			assert_int_equal(read_all(slice_head(s[i], cut), w, &n, &e), RC_BAD);
			assert_non_null(strstr(e.text, "truncated"));
		}
	}
	packed[0][s[0].n - 8] ^= 0xff;		/* gzip's own checksum, behind all packets */
	assert_int_equal(read_all(s[0], w, &n, &e), RC_BAD);
	assert_int_equal(n, 2);
	assert_non_null(strstr(e.text, "damaged gzip data"));
	packed[1][4] ^= 0xff;
	assert_int_equal(read_all(s[1], w, &n, &e), RC_BAD);
	assert_non_null(strstr(e.text, "damaged zstd data"));
	buf_reset(&b);
}

/* RFC 1952 2.2: members one behind the other are one file; zstd's frames too. */
static void
packed_in_parts(void **state)
{
	static const struct want w[] = { { SECOND, "one", 3, 1, 0 }, { 0 } };
	static uint8_t packed[4096];
	struct buf b = { 0 }, two = { 0 };
	struct err e;
	size_t n;

	(void)state;
	pcap_header(&b, false, 0xa1b2c3d4, 1);
	pcap_packet(&b, false, 1, 0, "one", 3);
	buf_put(&two, gzip(slice_head(buf_slice(&b), 30), packed, 4096));
	buf_put(&two, gzip(slice_skip(buf_slice(&b), 30), packed, 4096));
	assert_int_equal(read_all(buf_slice(&two), w, &n, &e), RC_END);
	assert_int_equal(n, 1);
	buf_clear(&two);
	buf_add(&two, packed, ZSTD_compress(packed, 4096, b.p, 30, 1));
	buf_add(&two, packed, ZSTD_compress(packed, 4096, b.p + 30, b.n - 30, 1));
	assert_int_equal(read_all(buf_slice(&two), w, &n, &e), RC_END);
	assert_int_equal(n, 1);
	buf_reset(&b);
	buf_reset(&two);
}

/* Much more than the buffers, from a source that packs well: the last of the output is not lost. */
static void
packed_large(void **state)
{
	static uint8_t packed[1 << 22];
	struct buf b = { 0 };
	uint16_t point = 0;
	struct packet p;
	struct err e;

	(void)state;
	pcap_header(&b, false, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 100000; i++)
		pcap_packet(&b, false, i, 0, "the same again and again", 24);
	for (int zst = 0; zst < 2; zst++) {
		struct slice s = zst ? slice_of(packed, ZSTD_compress(packed, sizeof(packed), b.p, b.n, 1)) : gzip(buf_slice(&b), packed, sizeof(packed));
		uint64_t n = 0;
		int fd;
		struct file *f = open_bytes(s, &fd, &point);
		enum rc rc;

		while ((rc = file_next(f, &p, &e)) == RC_OK)
			assert_int_equal(p.time_ns, n++ * SECOND);
		assert_int_equal(rc, RC_END);
		assert_int_equal(n, 100000);
		file_close(f);
		close(fd);
	}
	buf_reset(&b);
}

/* By time; the first file first where times are equal; within a file as it is, even backwards. A damaged one stops alone. */
static void
several_files(void **state)
{
	static const struct { uint32_t s[4]; bool damaged; } in[] = { { { 1, 5, 3, 9 }, false }, { { 2, 5, 6, 0 }, true }, { { 5, 7, 8, 10 }, false } };
	struct file *file[3];
	int fd[3];
	uint16_t point = 0;
	struct buf got = { 0 };
	struct packet p;
	struct err e;
	enum rc rc;
	int bad = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct buf b = { 0 };

		pcap_header(&b, false, 0xa1b2c3d4, 1);
		for (int k = 0; k < (in[i].damaged ? 3 : 4); k++)
			pcap_packet(&b, false, in[i].s[k], 0, (const char[]){ (char)('A' + i), '\0' }, 1);
		if (in[i].damaged)
			buf_str(&b, "x");
		file[i] = open_bytes(buf_slice(&b), &fd[i], &point);
		buf_reset(&b);
	}
	struct files *m = files_new(file, 3);
	while ((rc = files_next(m, &p, &e)) != RC_END) {
		bad += rc != RC_OK;
		if (rc == RC_OK) {
			buf_printf(&got, "%c%d ", p.data.p[0], (int)(p.time_ns / SECOND));
			assert_int_equal(p.point, p.data.p[0] - 'A');
		}
	}
	assert_slice(buf_slice(&got), "A1 B2 A5 A3 B5 C5 B6 C7 C8 A9 C10 ");
	assert_int_equal(bad, 1);
	files_free(m);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	buf_reset(&got);
}

static struct packet
udp_packet(struct buf *b, uint16_t link, const char *payload, uint16_t port)
{
	frame_start(b, payload);
	frame_udp(b, 40000, port);
	frame_ip4(b, 17, 1, 2, 0, 0);
	if (link == 1)
		frame_ether(b, 0x0800);
	return (struct packet){ .data = buf_slice(b), .wire_len = (uint32_t)b->n, .link = link };
}

static void
filters(void **state)
{
	struct buf b = { 0 };
	struct filter *f;
	struct packet p;
	struct err e;

	(void)state;
	assert_int_equal(filter_new("udp and (", &f, &e), RC_BAD);
	assert_non_null(strstr(e.text, "udp and ("));
	assert_int_equal(filter_new("port 5060", &f, &e), RC_OK);
	for (int i = 0; i < 4; i++) {
		uint16_t link = i < 2 ? 1 : 101;

		p = udp_packet(&b, link, "x", i % 2 ? 5060 : 5061);
		assert_int_equal(filter_match(f, &p, &e), i % 2 ? RC_OK : RC_END);
	}
	/* a fragment that is not the first has no port, and passes */
	p = udp_packet(&b, 1, "x", 9999);
	store_be16(b.p + 14 + 6, 0x2001);
	assert_int_equal(filter_match(f, &p, &e), RC_OK);
	filter_free(f);

	assert_int_equal(filter_new("ether host 02:00:00:00:00:01", &f, &e), RC_OK);
	p = udp_packet(&b, 1, "x", 5060);
	assert_int_equal(filter_match(f, &p, &e), RC_OK);
	p = udp_packet(&b, 101, "x", 5060);
	assert_int_equal(filter_match(f, &p, &e), RC_BAD);
	assert_non_null(strstr(e.text, "ether host"));
	assert_int_equal(filter_match(f, &p, &e), RC_BAD);
	assert_string_equal(e.text, "");
	filter_free(f);
	buf_reset(&b);
}

/* What the kernel lets pass when the user names nothing. */
static void
the_generated_filter(void **state)
{
	static const struct {
		const char *name, *payload;
		uint8_t proto;		/* 17, 6, 0 = fragment */
		uint16_t port;
		bool pass;
	} cases[] = {
		{ "INVITE on any port", "INVITE sip:a SIP/2.0", 17, 12345, true },
		{ "a reply", "SIP/2.0 200 OK", 17, 12345, true },
		{ "a method nobody knows", "KDMQ sip:a SIP/2.0", 17, 12345, true },
		{ "after a CRLF", "\r\nINVITE sip:a SIP/2.0", 17, 12345, true },
		{ "RTP", "\x80\x08\x12\x34", 17, 5060, false },
		{ "STUN", "\x01\x01\x02\x03", 17, 5060, false },
		{ "SIP's TCP port", "anything", 6, 5060, true },
		{ "another TCP port", "INVITE", 6, 80, false },
		{ "a fragment", "anything", 0, 1, true },
	};
	struct buf text = { 0 }, b = { 0 };
	struct filter *f;
	struct err e;

	(void)state;
	filter_sip(true, &text);
	assert_int_equal(filter_new(buf_cstr(&text), &f, &e), RC_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int how = 0; how < 4; how++) {	/* bare, tagged, tagged twice, IPv6 */
			struct packet p = { .link = 1 };

			if (how == 3 && cases[i].proto == 0)
				continue;
			print_message("# %s (%d)\n", cases[i].name, how);
			frame_start(&b, cases[i].payload);
			if (cases[i].proto == 17)
				frame_udp(&b, 40000, cases[i].port);
			else if (cases[i].proto == 6)
				frame_tcp(&b, 40000, cases[i].port, 1, TCP_ACK);
			if (how == 3)
				frame_ip6(&b, cases[i].proto, 1, 2);
			else
				frame_ip4(&b, cases[i].proto ? cases[i].proto : 17, 1, 2, 7, cases[i].proto ? 0 : 0x00b9);
			for (int tag = 0; tag < how && how < 3; tag++) {
				frame_type(&b, tag == 0 ? 0x0800 : 0x8100);
				frame_before(&b, "\0\5", 2);
			}
			frame_ether(&b, how == 0 ? 0x0800 : how == 3 ? 0x86dd : 0x8100);
			p.data = buf_slice(&b);
			p.wire_len = (uint32_t)b.n;
			assert_int_equal(filter_match(f, &p, &e), cases[i].pass ? RC_OK : RC_END);
		}
	}
	filter_free(f);
	buf_reset(&text);
	buf_reset(&b);
}

static void
directions(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t want;
	} cases[] = {
		{ "192.0.2.1:5060", "198.51.100.1:5060", DIR_OUT },
		{ "198.51.100.1:5060", "192.0.2.200:9", DIR_IN },
		{ "192.0.2.1:5060", "192.0.2.2:5060", DIR_UNKNOWN },
		{ "198.51.100.1:1", "198.51.100.2:2", DIR_UNKNOWN },
		{ "203.0.113.5:5080", "198.51.100.2:2", DIR_OUT },
		{ "203.0.113.5:5081", "198.51.100.2:2", DIR_UNKNOWN },
		{ "[2001:db8::1]:5", "[2001:db9::1]:5", DIR_OUT },
	};
	struct locals l = { 0 };
	struct addr src, dst;
	struct err e;

	(void)state;
	assert_int_equal(locals_add(&l, "192.0.2.0/24", &e), RC_OK);
	assert_int_equal(locals_add(&l, "203.0.113.5:5080", &e), RC_OK);
	assert_int_equal(locals_add(&l, "2001:db8::/32", &e), RC_OK);
	assert_int_equal(locals_add(&l, "192.0.2.0/99", &e), RC_BAD);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(addr_port_parse(slice_str(cases[i].src), &src), RC_OK);
		assert_int_equal(addr_port_parse(slice_str(cases[i].dst), &dst), RC_OK);
		assert_int_equal(locals_direction(&l, &src, &dst), cases[i].want);
	}
	locals_reset(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_variants),
		cmocka_unit_test(pcapng_variants),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(packed_files),
		cmocka_unit_test(packed_in_parts),
		cmocka_unit_test(packed_large),
		cmocka_unit_test(several_files),
		cmocka_unit_test(filters),
		cmocka_unit_test(the_generated_filter),
		cmocka_unit_test(directions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
