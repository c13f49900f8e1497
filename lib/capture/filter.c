/* SPDX-License-Identifier: MIT */
#include "capture/filter.h"

#include <pcap/pcap.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "packet/link.h"

#define SNAPLEN 262144

struct program {
	uint16_t link;
	bool usable;
	struct bpf_program bpf;
};

struct filter {
	char *text;
	struct program *program;
	size_t n;
	size_t last;		/* the one used last */
};

/* The only type whose number in files is another than in libpcap. */
static int
dlt_of(uint16_t link)
{
	return link == LINK_RAW ? DLT_RAW : link;
}

void
filter_text(const char *expression, struct buf *out)
{
	buf_printf(out, "(ip[6:2] & 0x1fff != 0) or (ip6 and ip6[6] = 44) or (%s)", expression);
}

/*
 * RTP (first byte 128 and up), DNS, RTCP and most others do not begin so. libpcap reads udp[] in IPv4 only.
 */
#define CAPITALS(u) "(" u "[8] >= 0x41 and " u "[8] <= 0x5a and " u "[9] >= 0x41 and " u "[9] <= 0x5a)"
#define SIP_PACKET \
	"(ip[6:2] & 0x3fff != 0) or (ip6 and ip6[6] = 44)" \
	" or (udp and (" CAPITALS("udp") " or udp[8:2] = 0x0d0a))" \
	" or (ip6 and ip6[6] = 17 and ((ip6[48] >= 0x41 and ip6[48] <= 0x5a and ip6[49] >= 0x41 and ip6[49] <= 0x5a) or ip6[48:2] = 0x0d0a))" \
	" or (tcp portrange 5060-5099)"

void
filter_sip(bool vlan, struct buf *out)
{
	buf_str(out, SIP_PACKET);
	if (vlan)	/* "vlan" moves all offsets to its right by a tag: once for a tag, twice for QinQ */
		buf_str(out, " or (vlan and (" SIP_PACKET " or (vlan and (" SIP_PACKET "))))");
}

static bool
compile(const char *text, uint16_t link, struct bpf_program *bpf, struct err *e)
{
	pcap_t *dead = pcap_open_dead(dlt_of(link), SNAPLEN);
	bool ok = dead != NULL && pcap_compile(dead, bpf, text, 1, PCAP_NETMASK_UNKNOWN) == 0;

	if (!ok)
		err_set(e, RC_BAD, "filter \"%s\": %s", text, dead != NULL ? pcap_geterr(dead) : "no memory");
	if (dead != NULL)
		pcap_close(dead);
	return ok;
}

static struct program *
add_program(struct filter *f, uint16_t link, struct err *e)
{
	struct program *p;
	struct err why = { .text = "" };
	struct buf text = { 0 };

	f->program = xrealloc(f->program, (f->n + 1) * sizeof(*f->program));
	p = &f->program[f->n++];
	*p = (struct program){ .link = link };
	/* said of the user's words, before ours are around them */
	p->usable = compile(f->text, link, &p->bpf, e);
	if (!p->usable)
		return p;
	filter_text(f->text, &text);
	pcap_freecode(&p->bpf);
	p->usable = compile(buf_cstr(&text), link, &p->bpf, &why) || compile(f->text, link, &p->bpf, e);
	buf_reset(&text);
	return p;
}

enum rc
filter_new(const char *expression, struct filter **out, struct err *e)
{
	static const uint16_t types[] = { LINK_ETHERNET, LINK_SLL, LINK_SLL2, LINK_RAW, LINK_NULL };
	struct filter *f = xcalloc(1, sizeof(*f));
	struct err first = { .text = "" }, other;

	f->text = xstrdup(expression);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		f->n = 0;	/* a type that it is not for is complained of when a packet of it comes */
		if (add_program(f, types[i], i == 0 ? &first : &other)->usable) {
			*out = f;
			return RC_OK;
		}
	}
	filter_free(f);
	return err_set(e, RC_BAD, "%s", first.text);
}

void
filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (f->program[i].usable)
			pcap_freecode(&f->program[i].bpf);
	free(f->program);
	free(f->text);
	free(f);
}

static struct program *
program_for(struct filter *f, uint16_t link, struct err *e)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->program[i].link == link) {
			f->last = i;
			return &f->program[i];
		}
	}
	f->last = f->n;
	return add_program(f, link, e);
}

enum rc
filter_match(struct filter *f, const struct packet *p, struct err *e)
{
	const struct pcap_pkthdr h = { .caplen = (bpf_u_int32)p->data.n, .len = p->wire_len };
	const struct program *g = &f->program[f->last];

	e->text[0] = '\0';
	if (g->link != p->link)
		g = program_for(f, p->link, e);
	if (!g->usable)
		return RC_BAD;
	return pcap_offline_filter(&g->bpf, &h, p->data.p) != 0 ? RC_OK : RC_END;
}
