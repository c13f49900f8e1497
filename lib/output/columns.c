/* SPDX-License-Identifier: MIT */
#include "output/column.h"
#include "output/escape.h"

static bool
column_find(struct slice name, uint8_t *out)
{
	for (uint8_t i = 0; column_table[i].name != NULL; i++)
		if (slice_eq(name, slice_str(column_table[i].name))) {
			*out = i;
			return true;
		}
	return false;
}

static bool
has(const struct columns *c, uint8_t i)
{
	return memchr(c->v, i, c->n) != NULL;
}

enum rc
columns_parse(const char *names, struct columns *out, struct err *e)
{
	struct slice rest = slice_str(names);
	struct columns c = { .n = 0 };

	for (;;) {
		struct slice name = slice_head(rest, slice_chr(rest, ','));
		uint8_t i;

		if (!column_find(name, &i))
			return err_set(e, RC_BAD, "\"%.*s\" is no column (see tracecat --help)", SLICE_ARG(name));
		if (has(&c, i))
			return err_set(e, RC_BAD, "column \"%.*s\" is named twice", SLICE_ARG(name));
		c.v[c.n++] = i;
		if (name.n == rest.n)
			break;
		rest = slice_skip(rest, name.n + 1);
	}
	*out = c;
	return RC_OK;
}

void
columns_all(struct columns *out)
{
	out->n = 0;
	while (column_table[out->n].name != NULL) {
		out->v[out->n] = (uint8_t)out->n;
		out->n++;
	}
}

void
columns_names(struct buf *out, const char *sep)
{
	for (const struct column *k = column_table; k->name != NULL; k++) {
		if (k != column_table)
			buf_str(out, sep);
		buf_str(out, k->name);
	}
}

static void
tsv_value(struct buf *out, const struct column *k, struct slice v)
{
	if (v.n == 1 && v.p[0] == '-')
		buf_str(out, "\\x2d");
	else if (k->type != COLUMN_TEXT)
		buf_put(out, v);
	else if (k->list)
		escape_tsv_item(out, v);
	else
		escape_tsv(out, v);
}

static void
tsv_column(struct buf *out, const struct column *k, const struct record *r)
{
	struct cell c;

	c.begun = false;
	if (!k->get(k, r, &c)) {
		buf_u8(out, '-');
		return;
	}
	tsv_value(out, k, c.text);
	while (k->list && k->get(k, r, &c)) {
		buf_u8(out, ',');
		tsv_value(out, k, c.text);
	}
}

void
tsv_line(struct buf *out, const struct columns *c, const struct record *r)
{
	for (size_t i = 0; i < c->n; i++) {
		if (i > 0)
			buf_u8(out, '\t');
		tsv_column(out, &column_table[c->v[i]], r);
	}
	buf_u8(out, '\n');
}

void
tsv_header(struct buf *out, const struct columns *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (i > 0)
			buf_u8(out, '\t');
		buf_str(out, column_table[c->v[i]].name);
	}
	buf_u8(out, '\n');
}

/* Room is asked for once a key or word: most of a line's cost is in these. */
static void
json_key(struct buf *out, const struct column *k, const char *suffix)
{
	size_t n = strlen(k->name), m = strlen(suffix);
	uint8_t *q = buf_room(out, n + m + 3);

	q[0] = '"';
	memcpy(q + 1, k->name, n);
	memcpy(q + 1 + n, suffix, m);
	memcpy(q + 1 + n + m, "\":", 2);
	out->n += n + m + 3;
}

static void
json_word(struct buf *out, struct slice v)
{
	uint8_t *q = buf_room(out, v.n + 2);

	q[0] = '"';
	memcpy(q + 1, v.p, v.n);
	q[1 + v.n] = '"';
	out->n += v.n + 2;
}

static void
json_value(struct buf *out, const struct column *k, struct slice v, bool encoded)
{
	if (k->type == COLUMN_NUMBER) {
		buf_put(out, v);
	} else if (encoded) {
		buf_u8(out, '"');
		base64(out, v);
		buf_u8(out, '"');
	} else if (k->type == COLUMN_WORD) {
		json_word(out, v);
	} else {
		json_string(out, v);
	}
}

static void
json_list(struct buf *out, const struct column *k, const struct record *r)
{
	struct cell c, probe;
	bool encoded = false, first = true;

	probe.begun = c.begun = false;
	while (k->type == COLUMN_TEXT && !encoded && k->get(k, r, &probe))
		encoded = !utf8_valid(probe.text);
	json_key(out, k, "");
	if (encoded) {
		buf_str(out, "null,");
		json_key(out, k, "_base64");
	}
	buf_u8(out, '[');
	for (; k->get(k, r, &c); first = false) {
		if (!first)
			buf_u8(out, ',');
		json_value(out, k, c.text, encoded);
	}
	buf_u8(out, ']');
}

static void
json_column(struct buf *out, const struct column *k, const struct record *r)
{
	struct cell c;
	bool there, encoded;

	c.begun = false;
	there = k->get(k, r, &c);
	encoded = there && k->type == COLUMN_TEXT && !utf8_valid(c.text);
	json_key(out, k, "");
	if (!there || encoded)
		buf_add(out, "null", 4);
	if (encoded) {
		buf_u8(out, ',');
		json_key(out, k, "_base64");
	}
	if (there)
		json_value(out, k, c.text, encoded);
}

void
json_line(struct buf *out, const struct columns *c, const struct record *r)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct column *k = &column_table[c->v[i]];

		buf_u8(out, i == 0 ? '{' : ',');
		if (k->list)
			json_list(out, k, r);
		else
			json_column(out, k, r);
	}
	buf_add(out, "}\n", 2);
}
