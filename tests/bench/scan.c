/* SPDX-License-Identifier: MIT */
/* scan [PCAP]: nanoseconds a message of the scanner and of libosip2, on the messages of a capture that gen made. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "sip/msg.h"
#include "sip/osip.h"

#define MESSAGES 1000	/* as much as a cache holds, as when a source has just read them */
#define HEADERS 42	/* Ethernet, IPv4, UDP */

struct set {
	struct slice msg[MESSAGES];
	size_t n;
};

static void
load(const char *path, struct set *s)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint8_t *copy;

	if (p == NULL) {
		fprintf(stderr, "scan: %s\n", why);
		exit(1);
	}
	while (s->n < MESSAGES && pcap_next_ex(p, &h, &bytes) == 1) {
		if (h->caplen <= HEADERS || (copy = malloc(h->caplen)) == NULL)
			continue;
		memcpy(copy, bytes + HEADERS, h->caplen - HEADERS);
		s->msg[s->n++] = slice_of(copy, h->caplen - HEADERS);
	}
	pcap_close(p);
}

static void
scan_all(const struct set *s, void *unused)
{
	struct sip_index x;

	(void)unused;
	for (size_t i = 0; i < s->n; i++)
		if (sip_scan(s->msg[i], &x) != RC_OK)
			exit(1);
}

static void
parse_all(const struct set *s, void *full)
{
	for (size_t i = 0; i < s->n; i++)
		if (sip_full_parse(full, s->msg[i]) != RC_OK)
			exit(1);
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The best of `runs`: what the work costs, without what else the machine did. */
static double
best(const struct set *s, void (*work)(const struct set *, void *), void *arg, int runs)
{
	double least = 0, start, t;

	for (int i = 0; i < runs; i++) {
		start = now_ns();
		work(s, arg);
		t = (now_ns() - start) / (double)s->n;
		least = i == 0 || t < least ? t : least;
	}
	return least;
}

int
main(int argc, char **argv)
{
	struct sip_full *full = sip_full_new();
	struct set s = { .n = 0 };
	size_t bytes = 0;

	if (argc != 2) {
		fputs("usage: scan PCAP\n", stderr);
		return 2;
	}
	load(argv[1], &s);
	if (s.n == 0)
		return 1;
	for (size_t i = 0; i < s.n; i++)
		bytes += s.msg[i].n;
	printf("%zu messages of %zu bytes on average\n", s.n, bytes / s.n);
	printf("sip_scan        %6.0f ns/message\n", best(&s, scan_all, NULL, 2000));
	printf("sip_full_parse  %6.0f ns/message\n", best(&s, parse_all, full, 20));
	for (size_t i = 0; i < s.n; i++)
		free((void *)(uintptr_t)s.msg[i].p);
	sip_full_free(full);
	return 0;
}
