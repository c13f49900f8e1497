/* SPDX-License-Identifier: MIT */
#ifndef EXPR_FIELD_SIP_H
#define EXPR_FIELD_SIP_H
/*
 * field_sip - getters of the SIP parts of a record, from its index and its headers. All are false for records that are no SIP.
 * Values in folded headers come unfolded. Private to lib/expr.
 */
#include "expr/field.h"

enum header_id { HDR_FROM, HDR_TO, HDR_CONTACT, HDR_CONTENT_TYPE, HDR_USER_AGENT };

typedef bool field_text_fn(const struct var *, const struct expr_ctx *, struct buf *tmp, struct slice *out);
typedef bool field_num_fn(const struct var *, const struct expr_ctx *, int64_t *out);

field_text_fn field_span;		/* arg: enum sip_span_id */
field_text_fn field_header;		/* arg: enum header_id */
field_text_fn field_uri;		/* the same */
field_text_fn field_display;		/* the same */
field_text_fn field_hdr;		/* v->name, v->index */
field_text_fn field_method, field_cseq, field_ruri, field_ruri_transport, field_reason, field_body;
field_num_fn field_status, field_length;
#endif
