/* SPDX-License-Identifier: MIT */
/*
 * match PCAP EXPR…: nanoseconds that each expression takes for a message, on messages of a capture that gen made; the best of many rounds in which
 * the expressions alternate.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "expr/expr.h"
#include "sip/msg.h"

#define MESSAGES 1000	/* as much as a cache holds, as when a source has just read them */
#define HEADERS 42	/* Ethernet, IPv4, UDP */
#define ROUNDS 2000

static size_t
load(const char *path, struct record *r)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint8_t *copy;
	size_t n = 0;

	if (p == NULL) {
		fprintf(stderr, "match: %s\n", why);
		exit(1);
	}
	while (n < MESSAGES && pcap_next_ex(p, &h, &bytes) == 1) {
		if (h->caplen <= HEADERS || (copy = malloc(h->caplen)) == NULL)
			continue;
		memcpy(copy, bytes + HEADERS, h->caplen - HEADERS);
		r[n] = (struct record){ .type = FRAME_MESSAGE, .kind = KIND_SIP, .payload = slice_of(copy, h->caplen - HEADERS) };
		if (sip_scan(r[n].payload, &r[n].sip) != RC_OK)
			exit(1);
		r[n++].marks = MARK_SIP;
	}
	pcap_close(p);
	return n;
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static size_t
match_all(const struct expr *x, struct expr_ctx *c, const struct record *r, size_t n)
{
	size_t yes = 0;

	for (size_t i = 0; i < n; i++) {
		expr_ctx_record(c, &r[i]);
		yes += expr_match(x, c);
	}
	return yes;
}

int
main(int argc, char *argv[])
{
	static struct record r[MESSAGES];
	struct expr_ctx *c = expr_ctx_new();
	struct expr *x[16];
	double best[16] = { 0 }, start, t;
	size_t yes[16], n;
	int k = argc - 2;

	if (k < 1 || k > 16)
		return 2;
	n = load(argv[1], r);
	for (int i = 0; i < k; i++) {
		struct expr_err e;

		if (expr_compile(slice_str(argv[2 + i]), &x[i], &e) != RC_OK) {
			fprintf(stderr, "match: %s: %s\n", argv[2 + i], e.err.text);
			return 2;
		}
	}
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < k; i++) {
			start = now_ns();
			yes[i] = match_all(x[i], c, r, n);
			t = (now_ns() - start) / (double)n;
			best[i] = round == 0 || t < best[i] ? t : best[i];
		}
	for (int i = 0; i < k; i++)
		printf("%.2f\t%zu\t%s\n", best[i], yes[i], argv[2 + i]);
	return 0;
}
