/* SPDX-License-Identifier: MIT */
#ifndef STORE_ROW_H
#define STORE_ROW_H
/*
 * row - a message as siptrace's table has it, and back.
 *
 * The first ROW_SIPTRACE columns (behind id) are the module's, by name, type and value: the method of a reply is that of its CSeq, the
 * status of a request is empty, addresses are "udp:192.0.2.1:5060" and "udp:[2001:db8::1]:5060". The others are in tables that
 * these tools make. A message has one row for each of its traced users, or one with an empty user.
 *
 * meta is the head and the attributes of the message's frame, byte for byte as trace-stream(5) has them: with msg behind it, the
 * frame is whole again, what this version does not know included.
 */
#include "trace/record.h"
#include "store/when.h"

#define ROW_NULL INT64_MIN	/* an integer that is not there */

struct row {
	int64_t sec;		/* time_stamp, seconds since the epoch */
	int64_t time_us;	/* 0..999999 */
	int64_t time_ns;	/* since the epoch */
	int64_t record_id;	/* the 64 bits, as a signed number */
	int64_t cseq;		/* ROW_NULL: none */
	int64_t capture_id;
	struct slice stamp;	/* sec as text, UTC */
	struct slice callid, traced_user, msg, method, status, fromip, toip, fromtag, totag, direction;
	struct slice from_user, to_user, ruri_user, correlation_id, node, meta;

	/* where the texts above lie that are not in the record */
	int64_t stamp_sec;
	char stamp_text[WHEN_TEXT], status_text[8], from_text[SOCKET_TEXT], to_text[SOCKET_TEXT];
};

enum column_type {
	COLUMN_TIME,	/* time_stamp: text or a Julian day, as the table has it */
	COLUMN_INT,	/* int64_t */
	COLUMN_TEXT,	/* struct slice; what is not there is empty, never NULL */
	COLUMN_BLOB,	/* struct slice */
};

struct column {
	const char *name;
	enum column_type type;
	size_t off;		/* in struct row */
};

#define ROW_SIPTRACE 12		/* columns of the module, id not among them */
#define ROW_COLUMNS 22
extern const struct column row_columns[ROW_COLUMNS];

static inline struct slice *
row_slice(struct row *w, const struct column *c)
{
	return (struct slice *)((char *)w + c->off);
}

static inline int64_t *
row_int(struct row *w, const struct column *c)
{
	return (int64_t *)((char *)w + c->off);
}

/*
 * Fills all columns but traced_user (empty); zero `w` before its first use. Texts point into the record, into `w`, or, for a record
 * that was not read from a stream, into `scratch`. RC_LIMIT: attributes or payload too large for a frame.
 */
enum rc row_fill(struct row *w, const struct record *r, struct buf *scratch) MUST_USE;

/*
 * The message of a row of our tables: meta and msg put together in `frame`, which the record points into. RC_BAD: they are damaged or
 * do not belong together.
 */
enum rc row_frame(const struct row *w, struct buf *frame, struct record *r) MUST_USE;

/*
 * The message of a row that has the module's columns only. r->id is left 0. The record points into the row. RC_BAD: fromip or
 * toip is no address, or time_us no part of a second. An empty address is one that is not known.
 */
enum rc row_parse(const struct row *w, struct record *r) MUST_USE;
#endif
