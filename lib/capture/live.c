/* SPDX-License-Identifier: MIT */
#include "capture/live.h"

#include <pcap/pcap.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "capture/filter.h"
#include "packet/link.h"

#define RETIRE_MS 100	/* the kernel hands over a part of its ring at least so often */
#define TURN 512	/* packets of one interface before the next has its turn */

struct tap {
	const char *name;
	pcap_t *pcap;		/* NULL: failed */
	uint16_t link;
	uint64_t kernel, iface;	/* drops, as last read */
};

struct live {
	struct tap *tap;
	size_t n, at;		/* at: whose turn it is */
	unsigned turn;		/* packets of this turn */
};

static uint16_t
link_of(int dlt)
{
	return dlt == DLT_RAW ? LINK_RAW : (uint16_t)dlt;
}

static bool
set_filter(struct tap *t, const char *text)
{
	struct bpf_program bpf;
	bool ok;

	if (pcap_compile(t->pcap, &bpf, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return false;
	ok = pcap_setfilter(t->pcap, &bpf) == 0;
	pcap_freecode(&bpf);
	return ok;
}

static enum rc
filter_tap(struct tap *t, const char *expression, struct err *e)
{
	struct buf text = { 0 };
	bool ok;

	if (expression != NULL) {
		filter_text(expression, &text);
		ok = set_filter(t, buf_cstr(&text)) || set_filter(t, expression);
	} else {
		filter_sip(true, &text);
		ok = set_filter(t, buf_cstr(&text));
		if (!ok) {	/* a link type without VLAN tags */
			buf_clear(&text);
			filter_sip(false, &text);
			ok = set_filter(t, buf_cstr(&text));
		}
	}
	buf_reset(&text);
	return ok ? RC_OK : err_set(e, RC_BAD, "%s: filter \"%s\": %s", t->name, expression != NULL ? expression : "", pcap_geterr(t->pcap));
}

static enum rc
activate(struct tap *t, const struct live_conf *conf, struct err *e)
{
	char text[PCAP_ERRBUF_SIZE];
	int rc;

	pcap_set_snaplen(t->pcap, (int)conf->snaplen);
	pcap_set_promisc(t->pcap, strcmp(t->name, "any") != 0);
	pcap_set_timeout(t->pcap, RETIRE_MS);
	pcap_set_buffer_size(t->pcap, (int)conf->buffer);
	pcap_set_tstamp_precision(t->pcap, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(t->pcap);
	if (rc < 0)
		return err_set(e, RC_SYS, "%s: %s", t->name, *pcap_geterr(t->pcap) != '\0' ? pcap_geterr(t->pcap) : pcap_statustostr(rc));
	if (strcmp(t->name, "any") == 0)
		(void)pcap_set_datalink(t->pcap, DLT_LINUX_SLL2);	/* an old library has SLL, which does too */
	t->link = link_of(pcap_datalink(t->pcap));
	if (!link_known(t->link))
		return err_set(e, RC_SYS, "%s: link type %u cannot be read", t->name, t->link);
	if (pcap_setnonblock(t->pcap, 1, text) != 0)
		return err_set(e, RC_SYS, "%s: %s", t->name, text);
	return filter_tap(t, conf->expression, e);
}

enum rc
live_open(const struct live_conf *conf, struct live **out, struct err *e)
{
	struct live *l = xcalloc(1, sizeof(*l));
	enum rc rc = RC_OK;

	l->tap = xcalloc(conf->n, sizeof(*l->tap));
	for (size_t i = 0; i < conf->n && rc == RC_OK; i++) {
		struct tap *t = &l->tap[l->n++];
		char text[PCAP_ERRBUF_SIZE];

		t->name = conf->ifaces[i];
		t->pcap = pcap_create(t->name, text);
		rc = t->pcap != NULL ? activate(t, conf, e) : err_set(e, RC_SYS, "%s: %s", t->name, text);
	}
	if (rc == RC_OK)
		*out = l;
	else
		live_close(l);
	return rc;
}

static void
close_tap(struct tap *t)
{
	if (t->pcap != NULL)
		pcap_close(t->pcap);
	t->pcap = NULL;
}

void
live_close(struct live *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		close_tap(&l->tap[i]);
	free(l->tap);
	free(l);
}

static void
next_tap(struct live *l)
{
	l->at = (l->at + 1) % l->n;
	l->turn = 0;
}

static bool
any_left(const struct live *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->tap[i].pcap != NULL)
			return true;
	return false;
}

static void
read_drops(struct tap *t)
{
	struct pcap_stat st;

	if (t->pcap == NULL || pcap_stats(t->pcap, &st) != 0)
		return;
	/* 32 bit counters that wrap */
	t->kernel += (uint32_t)(st.ps_drop - (uint32_t)t->kernel);
	t->iface += (uint32_t)(st.ps_ifdrop - (uint32_t)t->iface);
}

static enum rc
failed(struct tap *t, struct err *e)
{
	err_set(e, RC_SYS, "%s: %s", t->name, pcap_geterr(t->pcap));
	read_drops(t);
	close_tap(t);
	return RC_SYS;
}

enum rc
live_next(struct live *l, struct packet *p, struct err *e)
{
	for (size_t idle = 0; idle < l->n; idle++) {
		struct tap *t = &l->tap[l->at];
		struct pcap_pkthdr *h;
		const u_char *data;
		int rc = t->pcap != NULL ? pcap_next_ex(t->pcap, &h, &data) : 0;

		if (rc < 0)
			return failed(t, e);
		if (rc == 0) {
			next_tap(l);
			continue;
		}
		p->time_ns = (uint64_t)h->ts.tv_sec * 1000000000 + (uint64_t)h->ts.tv_usec;
		p->data = slice_of(data, h->caplen);
		p->wire_len = h->len > h->caplen ? h->len : h->caplen;
		p->link = t->link;
		p->point = (uint16_t)l->at;
		if (++l->turn == TURN)
			next_tap(l);
		return RC_OK;
	}
	return any_left(l) ? RC_MORE : RC_END;
}

size_t
live_fds(const struct live *l, struct pollfd *fds, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n && n < max; i++)
		if (l->tap[i].pcap != NULL)
			fds[n++] = (struct pollfd){ .fd = pcap_get_selectable_fd(l->tap[i].pcap), .events = POLLIN };
	return n;
}

void
live_drops(struct live *l, uint64_t *kernel, uint64_t *iface)
{
	*kernel = *iface = 0;
	for (size_t i = 0; i < l->n; i++) {
		read_drops(&l->tap[i]);
		*kernel += l->tap[i].kernel;
		*iface += l->tap[i].iface;
	}
}
