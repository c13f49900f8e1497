/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H
/*
 * format - what a record can be written as. One table drives -o, its completion, the help and the names of split files. A
 * format appends bytes to a buffer; where they go is output.h's and split.h's business.
 */
#include "output/column.h"
#include "output/dump.h"

/* What all files of one run share. */
struct format_conf {
	struct columns columns;		/* tsv, json */
	bool header;			/* tsv: a line of names first */
	struct stream_header stream;	/* records */
	struct packets *packets;	/* pcap, pcapng; NULL for the others */
};

/* What one file needs to know of what is in it. */
struct format_file {
	uint32_t number;		/* keeps the flows of different files apart */
	struct stream_end count;	/* records, since the last header */
	struct dump_section pcapng;
};

struct format {
	const char *name;
	const char *suffix;		/* of a split file */
	bool binary;			/* not for a terminal */
	bool columns;			/* obeys -F */
	bool packets;			/* needs format_conf.packets */
	/*
	 * At the start of a file, and where it is opened again to append to (`again`): then only what a reader needs
	 * there (pcapng: another section; records: another stream).
	 */
	void (*begin)(const struct format_conf *, struct format_file *, bool again, struct buf *out);
	/* RC_LIMIT: this record cannot be written so; nothing was appended. */
	enum rc (*put)(const struct format_conf *, struct format_file *, const struct record *, struct buf *out);
	void (*end)(struct format_file *, struct buf *out);	/* NULL: nothing */
};

extern const struct format format_table[];	/* a NULL name ends it; the first is the default */
const struct format *format_find(const char *name);	/* NULL: there is none */
void format_names(struct buf *out, const char *sep);
#endif
