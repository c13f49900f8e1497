/* SPDX-License-Identifier: MIT */
/*
 * pause [-m t|d] [-l LOOKBACK_SECONDS] LAST EXPR <STREAM - what selecting costs inside of sipfilter, batch by batch.
 *
 * Prints, tab-separated: nanoseconds of CPU time a message over the last LAST messages; the longest batch (128 messages) in milliseconds; sets open at
 * the end; bytes remembered; peak MiB of the process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "select/select.h"
#include "trace/reader.h"

static bool
count(void *arg, struct record *r, bool passes)
{
	(void)r;
	*(uint64_t *)arg += passes;
	return true;
}

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The time of the last messages: a ring of the batches' sums would be more exact than anybody needs, so halves are dropped. */
struct tail { uint64_t last, messages[2], ns[2]; };

static void
tail_add(struct tail *t, uint64_t n, uint64_t ns)
{
	if (t->messages[1] >= t->last) {
		t->messages[0] = t->messages[1], t->ns[0] = t->ns[1];
		t->messages[1] = t->ns[1] = 0;
	}
	t->messages[1] += n;
	t->ns[1] += ns;
}

static struct select *
make(char mode, uint64_t lookback_s, const char *text, uint64_t *passed)
{
	struct select_conf c = {
		.out = count, .arg = passed, .need_flag = SELECT_NO_FLAG, .set_flag = SELECT_NO_FLAG, .sample = 1,
		.lookback_ns = lookback_s * 1000000000, .max_bytes = UINT64_C(8) << 30,
		.track = { .seed = 7, .max_sets = 1 << 30, .dialog_timeout_ns = UINT64_C(12) * 3600 * 1000000000 },
	};
	struct rules rules = { .n = 0 };
	struct expr_err e;
	struct expr *x;

	if (expr_compile(slice_str(text), &x, &e) != RC_OK) {
		fprintf(stderr, "pause: %s\n", e.err.text);
		exit(2);
	}
	rules_add(&rules, rule_new(mode == 't' ? RULE_TRANSACTION : RULE_DIALOG, x, annotate_new()));
	return select_new(&c, &rules);
}

int
main(int argc, char **argv)
{
	static struct record r[SELECT_BATCH];
	struct reader *rd = reader_new(STDIN_FILENO, &(struct reader_conf){ .wake_fd = -1 });
	struct tail tail = { .last = 0 };
	uint64_t passed = 0, lookback = 0, longest = 0;
	struct select_stats st;
	struct rusage ru;
	struct select *s;
	char mode = 'd';
	struct err e;
	size_t n;
	int c;

	while ((c = getopt(argc, argv, "m:l:")) != -1) {
		if (c == 'm')
			mode = *optarg;
		else if (c == 'l')
			lookback = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2) {
		fputs("usage: pause [-m t|d] [-l SECONDS] LAST EXPR <STREAM\n", stderr);
		return 2;
	}
	tail.last = strtoull(argv[optind], NULL, 10);
	s = make(mode, lookback, argv[optind + 1], &passed);
	while (reader_batch(rd, r, SELECT_BATCH, &n, &e) == RC_OK) {
		uint64_t start;

		if (r[0].type != FRAME_MESSAGE)
			continue;
		start = cpu_ns();
		select_prepare(s, r, n);
		for (size_t i = 0; i < n; i++)
			(void)select_record(s, i);
		start = cpu_ns() - start;
		longest = start > longest ? start : longest;
		tail_add(&tail, n, start);
	}
	st = select_stats(s);
	getrusage(RUSAGE_SELF, &ru);
	printf("%.1f\t%.3f\t%llu\t%llu\t%ld\n", (double)(tail.ns[0] + tail.ns[1]) / (double)(tail.messages[0] + tail.messages[1] + 1),
	    (double)longest / 1e6, (unsigned long long)st.sets.open, (unsigned long long)st.sets.bytes, ru.ru_maxrss / 1024);
	select_free(s);
	reader_free(rd);
	return passed == 0;
}
