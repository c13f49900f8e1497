/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_COLUMN_H
#define OUTPUT_COLUMN_H
/*
 * column - the named values of a record. One table drives tab-separated lines, JSON, -F, the help, the completion, and the
 * check of the man page. A value is text, a word (plain ASCII), a number, or a list of those; it may be missing.
 */
#include "trace/record.h"

enum column_type {
	COLUMN_NUMBER,	/* digits, perhaps with a point */
	COLUMN_WORD,	/* printable ASCII that needs no escape in either format */
	COLUMN_TEXT,	/* any bytes */
};

/* One value; `text` may point into `room`. */
struct cell {
	struct slice text;
	char room[ADDR_TEXT];
	/* Lists: what is left to give. Zero at first. */
	bool begun;
	struct slice rest;
	uint32_t bits;
};

struct column {
	const char *name;
	const char *help;
	uint8_t type;		/* enum column_type */
	bool list;		/* `get` is called until it returns false */
	/* False: the value is missing, or the list is at its end. */
	bool (*get)(const struct column *, const struct record *, struct cell *);
	uint8_t arg;		/* sip_span_id, attr_type: what `get` is to look for */
};

#define COLUMNS_MAX 64
struct columns {
	uint8_t v[COLUMNS_MAX];		/* index into column_table */
	size_t n;
};

extern const struct column column_table[];	/* a NULL name ends it */
/* "time,src_ip,…": RC_BAD and the reason for an unknown or repeated name or an empty list. */
enum rc columns_parse(const char *names, struct columns *out, struct err *) MUST_USE;
/* Every column of the table, in its order: what JSON has without -F. */
void columns_all(struct columns *out);
#define COLUMNS_DEFAULT "time,src_ip,src_port,dst_ip,dst_port,proto,method,status,callid,cseq"
/* All names, with `sep` between. */
void columns_names(struct buf *out, const char *sep);

/* The values of one record; `missing` is "-". A value that is "-" itself is written \x2d, so that they differ. */
void tsv_line(struct buf *out, const struct columns *, const struct record *);
void tsv_header(struct buf *out, const struct columns *);
/*
 * One object and LF, every column present, a missing one null, lists always arrays. Text that is not valid UTF-8 stands as
 * base64 under NAME_base64 (a list: all of its items), and NAME is null.
 */
void json_line(struct buf *out, const struct columns *, const struct record *);
#endif
