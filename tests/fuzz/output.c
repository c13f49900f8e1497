/* SPDX-License-Identifier: MIT */
/*
 * Whatever a frame says, each format writes it: a line stays one line, JSON is valid UTF-8 and of printable characters, a
 * packet says its own length, records come out as they came in.
 */
#include <stdlib.h>

#include "base/take.h"
#include "output/escape.h"
#include "output/format.h"
#include "output/ledger.h"
#include "output/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
check_text(struct slice s, bool one_line)
{
	check(s.n > 0 && s.p[s.n - 1] == '\n' && utf8_valid(s));
	check(!one_line || slice_chr(s, '\n') == s.n - 1);
	for (size_t i = 0; i < s.n; i++)
		check(s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t');
}

static void
check_pcap(struct slice s)
{
	while (s.n > 0) {
		uint32_t captured, wire, ip;

		check(s.n >= 16);
		captured = load_le32(s.p + 8);
		wire = load_le32(s.p + 12);
		check(s.n - 16 >= captured && wire >= captured && captured >= 28);
		ip = s.p[16] >> 4 == 6 ? 40u + load_be16(s.p + 20) : load_be16(s.p + 18);
		check(ip == wire && wire <= 65575);
		s = slice_skip(s, 16 + captured);
	}
}

static void
use(const struct format *f, const struct record *r, struct format_conf *c)
{
	struct format_file file = { 0 };
	struct buf out = { 0 };
	enum rc rc = f->put(c, &file, r, &out);

	if (rc != RC_OK)
		check(f->packets && out.n == 0);
	else if (!f->binary)
		check_text(buf_slice(&out), strcmp(f->name, "full") != 0);
	else if (strcmp(f->name, "pcap") == 0)
		check_pcap(buf_slice(&out));
	else if (strcmp(f->name, "records") == 0)
		check(slice_eq(buf_slice(&out), r->raw));
	else
		check(out.n > 0 && out.n % 4 == 0);
	buf_reset(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct format_conf conf;
	struct slice in = slice_of(p, n);
	struct ledger *l = ledger_new();
	struct buf table = { 0 }, name = { 0 };
	struct record r;

	if (conf.packets == NULL) {
		conf.packets = packets_new();
		columns_all(&conf.columns);
	}
	while (in.n > 0) {
		if (record_decode(&in, &r) != RC_OK) {
			in = slice_skip(in, 1);
			continue;
		}
		if (r.type == FRAME_STATS)
			(void)!ledger_add(l, &r);
		for (const struct format *f = format_table; r.type == FRAME_MESSAGE && f->name != NULL; f++)
			use(f, &r, &conf);
		if (r.type == FRAME_MESSAGE) {
			buf_clear(&name);
			split_name(&name, r.payload, ".json");
			check(name.n > 5 && name.n < 256 && name.p[0] != '.' && slice_chr(buf_slice(&name), '/') == name.n);
		}
	}
	ledger_table(l, &table);
	check_text(buf_slice(&table), false);
	buf_reset(&table);
	buf_reset(&name);
	ledger_free(l);
	return 0;
}
