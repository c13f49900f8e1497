/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary text as an expression and as a template, evaluated over records of each kind; with a leading byte 0xff the rest
 * is instead a message for fixed expressions.
 */
#include <stdlib.h>

#include "expr/expr.h"
#include "sip/msg.h"

static const char *const messages[] = {
	"INVITE sip:+441234@example.com:5070;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
	"From: \"A \\\" B\" <sip:alice@[::1]>;tag=1\r\nTo: <sip:bob@h>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n"
	"X-Foo: 10.1.2.3\r\nX-Foo: b\r\n c\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n"
	"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n",
	"SIP/2.0 200 OK\r\nf: <sip:h>;tag=1\r\nt: sip:h;tag=2\r\ni: c@h\r\nCSeq: 01 BYE\r\nl: 0\r\n\r\n",
	"a log line",
};

static const char *const fixed[] = {
	"$rm == \"INVITE\" && $fU =~ \"^44\" || $fu == $tu || $fn != $tn || $ru =~ \"sip\" || $rP == \"UDP\" || $cs > 5",
	"has_body(\"application/sdp\") || has_totag() || is_method(\"FOO|BYE\") || $hdr(X-Foo) in {\"a\", 10.0.0.0/8}",
	"$(hdr(Via)[-1]) == 10.0.0.0/8 || $(hdr(Via)[*]) == $rr || $ct == $cT || $ua == $rb || $cl == $ml || $ft == $tt",
};

static void
evaluate(struct slice text, struct expr_ctx *c, const struct record *r)
{
	struct buf out = { 0 };
	struct expr_err e;
	struct expr *x;
	struct tmpl *t;
	bool missing;

	expr_ctx_record(c, r);
	if (expr_compile(text, &x, &e) == RC_OK) {
		(void)expr_match(x, c);
		expr_explain(x, &out);
		expr_free(x);
	} else {
		expr_err_text(text, &e, &out);
	}
	if (tmpl_compile(text, &t, &e) == RC_OK) {
		tmpl_eval(t, c, &out, &missing);
		tmpl_free(t);
	} else {
		expr_err_text(text, &e, &out);
	}
	buf_reset(&out);
}

static struct record
record_of(struct slice payload)
{
	struct record r = { .type = FRAME_MESSAGE, .time_ns = 1, .transport = TRANSPORT_UDP, .kind = KIND_LOG, .payload = payload };

	r.src = (struct addr){ .ip = { 10, 1, 2, 3 }, .port = 5060, .family = FAMILY_IP4 };
	r.dst = (struct addr){ .ip = { 0x20, 1 }, .port = 5061, .family = payload.n % 2 != 0 ? FAMILY_IP6 : FAMILY_NONE };
	if (sip_scan(payload, &r.sip) == RC_OK) {
		r.marks = MARK_SIP;
		r.kind = KIND_SIP;
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct expr_ctx *c = expr_ctx_new();
	struct record r;

	if (size > 0 && data[0] == 0xff) {
		r = record_of(slice_skip(in, 1));
		for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
			evaluate(slice_str(fixed[i]), c, &r);
		for (const struct field_doc *f = expr_fields(); f->name != NULL; f++)
			evaluate(slice_str(f->name), c, &r);
	} else if (slice_chr(in, '@') == in.n) {	/* no files are read here */
		for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
			r = record_of(slice_str(messages[i]));
			evaluate(in, c, &r);
		}
	}
	expr_ctx_free(c);
	return 0;
}
