/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_ESCAPE_H
#define OUTPUT_ESCAPE_H
/*
 * escape - arbitrary bytes as text: tab-separated columns, JSON strings (RFC 8259 7), base64 (RFC 4648 4), and text
 * that a terminal may be shown. Each function appends to `out`; none looks at the locale.
 */
#include "base/buf.h"

/*
 * A column of a tab-separated line: tab, LF, CR as \t \n \r, backslash doubled, every other byte outside printable
 * ASCII as \xNN. An item of a list has its commas written as \x2c as well.
 */
void escape_tsv(struct buf *out, struct slice s);
void escape_tsv_item(struct buf *out, struct slice s);

/*
 * For people: valid UTF-8 stays, every byte of anything else and each control or direction-changing character
 * becomes \xNN. No line ends: those are written as \n, \r.
 */
void escape_word(struct buf *out, struct slice s);
/* The same for a text of many lines: LF and tab stay, a CR before an LF is dropped. */
void escape_text(struct buf *out, struct slice s);

/* With the quotes. `s` must be valid UTF-8; controls (C0, DEL, C1) become \u escapes, so it is safe on a terminal. */
void json_string(struct buf *out, struct slice s);
void base64(struct buf *out, struct slice s);

/* Bytes of the valid UTF-8 sequence (RFC 3629 4) at the front of `s`, 0 where there is none. */
size_t utf8_next(struct slice s, uint32_t *code);
bool utf8_valid(struct slice s);
#endif
