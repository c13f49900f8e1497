/* SPDX-License-Identifier: MIT */
#include "output/format.h"

#include "output/line.h"

static void
begin_nothing(const struct format_conf *c, struct format_file *f, bool again, struct buf *out)
{
	(void)c;
	(void)f;
	(void)again;
	(void)out;
}

static enum rc
put_line(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	(void)c;
	(void)f;
	line_put(out, r);
	return RC_OK;
}

static enum rc
put_full(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	(void)c;
	(void)f;
	full_put(out, r);
	return RC_OK;
}

static enum rc
put_json(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	(void)f;
	json_line(out, &c->columns, r);
	return RC_OK;
}

static void
begin_tsv(const struct format_conf *c, struct format_file *f, bool again, struct buf *out)
{
	(void)f;
	if (c->header && !again)
		tsv_header(out, &c->columns);
}

static enum rc
put_tsv(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	(void)f;
	tsv_line(out, &c->columns, r);
	return RC_OK;
}

static void
begin_pcap(const struct format_conf *c, struct format_file *f, bool again, struct buf *out)
{
	(void)c;
	(void)f;
	if (!again)
		dump_pcap_begin(out);
}

static enum rc
put_pcap(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	struct packet p = { .head_n = 0 };
	enum rc rc = packets_start(c->packets, f->number, r);

	while (rc == RC_OK && packets_next(c->packets, &p))
		dump_pcap_packet(out, r, &p);
	return rc;
}

static void
begin_pcapng(const struct format_conf *c, struct format_file *f, bool again, struct buf *out)
{
	(void)c;
	(void)again;
	dump_pcapng_begin(out, &f->pcapng);
}

static enum rc
put_pcapng(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	struct packet p = { .head_n = 0 };
	enum rc rc = packets_start(c->packets, f->number, r);

	for (bool first = true; rc == RC_OK && packets_next(c->packets, &p); first = false)
		dump_pcapng_packet(out, &f->pcapng, r, &p, first);
	return rc;
}

static void
begin_records(const struct format_conf *c, struct format_file *f, bool again, struct buf *out)
{
	(void)again;
	f->count = (struct stream_end){ 0 };
	header_encode(&c->stream, out);
}

static enum rc
put_records(const struct format_conf *c, struct format_file *f, const struct record *r, struct buf *out)
{
	(void)c;
	if (r->intact)
		buf_put(out, r->raw);
	else if (record_encode(r, out) != RC_OK)
		return RC_LIMIT;
	f->count.frames++;
	f->count.messages++;
	f->count.payload_bytes += r->payload.n;
	return RC_OK;
}

static void
end_records(struct format_file *f, struct buf *out)
{
	end_encode(&f->count, out);
}

const struct format format_table[] = {
	{ "line", ".txt", false, false, false, begin_nothing, put_line, NULL },
	{ "full", ".txt", false, false, false, begin_nothing, put_full, NULL },
	{ "json", ".json", false, true, false, begin_nothing, put_json, NULL },
	{ "tsv", ".tsv", false, true, false, begin_tsv, put_tsv, NULL },
	{ "pcap", ".pcap", true, false, true, begin_pcap, put_pcap, NULL },
	{ "pcapng", ".pcapng", true, false, true, begin_pcapng, put_pcapng, NULL },
	{ "records", ".trace", true, false, false, begin_records, put_records, end_records },
	{ 0 }
};

const struct format *
format_find(const char *name)
{
	for (const struct format *f = format_table; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

void
format_names(struct buf *out, const char *sep)
{
	for (const struct format *f = format_table; f->name != NULL; f++) {
		if (f != format_table)
			buf_str(out, sep);
		buf_str(out, f->name);
	}
}
