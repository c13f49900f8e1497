/* SPDX-License-Identifier: MIT */
#include "cli/heplint.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xalloc.h"

#define RECEIVERS_MAX 16

/* How often a trap tripped at a receiver, and the first record that did. */
struct tally {
	uint64_t n;
	uint64_t first;		/* which message of the stream, from 1 */
	struct addr src, dst;
	uint8_t transport;
};

struct heplint {
	const struct hep_conf *conf;
	const struct hep_profile *receiver[RECEIVERS_MAX];
	struct tally tally[RECEIVERS_MAX][HEP_TRAPS];
	size_t receivers;
	uint64_t messages;
	struct buf chunks, packet, unpacked;
};

struct heplint *
heplint_new(const struct hep_conf *conf)
{
	struct heplint *l = xcalloc(1, sizeof(*l));

	l->conf = conf;
	for (const struct hep_profile *p = hep_profiles; p->name != NULL && l->receivers < RECEIVERS_MAX; p++)
		if (conf->receiver != NULL ? p == conf->receiver : !p->alias)
			l->receiver[l->receivers++] = p;
	return l;
}

void
heplint_free(struct heplint *l)
{
	if (l == NULL)
		return;
	buf_reset(&l->chunks);
	buf_reset(&l->packet);
	buf_reset(&l->unpacked);
	free(l);
}

static void
trip(struct tally *t, const struct heplint *l, const struct record *r)
{
	if (t->n++ > 0)
		return;
	t->first = l->messages;
	t->src = r->src;
	t->dst = r->dst;
	t->transport = r->transport;
}

/* The packet of a record; false: there is none. */
static bool
packet_of(struct heplint *l, const struct record *r, struct slice *packet, unsigned *omitted)
{
	struct hep h;

	*omitted = 0;
	if (r->kind == KIND_HEP) {
		*packet = r->payload;
		return true;
	}
	buf_clear(&l->packet);
	if (record_to_hep(r, l->conf, &l->chunks, &h, omitted, NULL) != RC_OK || hep_head(&h, &l->packet, NULL) != RC_OK)
		return false;
	buf_put(&l->packet, r->payload);
	*packet = buf_slice(&l->packet);
	return true;
}

void
heplint_put(struct heplint *l, const struct record *r)
{
	struct hep_facts f;
	struct slice packet;
	unsigned omitted;

	l->messages++;
	if (!packet_of(l, r, &packet, &omitted)) {
		for (size_t i = 0; i < l->receivers; i++)
			trip(&l->tally[i][HEP_TRAP_UNENCODABLE], l, r);
		return;
	}
	hep_facts_of(packet, &l->unpacked, &f);
	f.left_behind = (omitted & (HEP_OMITS_ATTRS | HEP_OMITS_ID)) != 0;
	f.left_out = (omitted & HEP_OMITS_CHUNKS) != 0;
	for (size_t i = 0; i < l->receivers; i++)
		for (size_t t = 0; t < HEP_TRAPS; t++)
			if (hep_trips(&hep_traps[t], &f, l->receiver[i]))
				trip(&l->tally[i][t], l, r);
}

static void
report_trap(const char *receiver, const struct hep_trap *trap, const struct tally *t, FILE *out)
{
	static const char *const harm[] = { [HEP_NOTE] = "noted", [HEP_MISREAD] = "misread", [HEP_LOST] = "lost" };
	char src[SOCKET_TEXT], dst[SOCKET_TEXT];

	socket_format(t->transport, &t->src, src);
	socket_format(t->transport, &t->dst, dst);
	fprintf(out, "%s: %s: %" PRIu64 " packet%s %s, first: message %" PRIu64, receiver, trap->name, t->n, t->n == 1 ? "" : "s",
	    harm[trap->harm], t->first);
	if (t->src.family != FAMILY_NONE)
		fprintf(out, " from %s to %s", src, dst);
	fprintf(out, ": %s\n", trap->text);
}

bool
heplint_report(const struct heplint *l, FILE *out)
{
	bool lost = false;

	for (size_t i = 0; i < l->receivers; i++) {
		bool clean = true;

		for (size_t t = 0; t < HEP_TRAPS; t++) {
			if (l->tally[i][t].n == 0)
				continue;
			clean = false;
			lost |= hep_traps[t].harm == HEP_LOST;
			report_trap(l->receiver[i]->name, &hep_traps[t], &l->tally[i][t], out);
		}
		if (clean)
			fprintf(out, "%s: nothing in %" PRIu64 " message%s\n", l->receiver[i]->name, l->messages,
			    l->messages == 1 ? "" : "s");
	}
	return lost;
}
