/* SPDX-License-Identifier: MIT */
#include "trace/merger.h"
#include "test.h"
#include <fcntl.h>

#define INPUTS 5

/* A stream in a file without a name: one message for each time in the text, whose payload is "name" and its number. */
static int
stream(const char *name, const char *times, bool live, uint64_t disorder_ns)
{
	struct stream_end end = { 0 };
	struct buf b = { 0 }, payload = { 0 };
	FILE *f = tmpfile();

	assert_non_null(f);
	header_encode(&(struct stream_header){ .version = TRACE_VERSION, .live = live, .disorder_ns = disorder_ns }, &b);
	for (char *p = (char *)(uintptr_t)times; *p != '\0'; p += *p == ' ') {
		struct record r = { .type = FRAME_MESSAGE, .time_ns = strtoull(p, &p, 10) };

		buf_clear(&payload);
		buf_printf(&payload, "%s%u", name, (unsigned)end.frames++);
		r.payload = buf_slice(&payload);
		assert_int_equal(record_encode(&r, &b), RC_OK);
	}
	end.messages = end.frames;
	end_encode(&end, &b);
	assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
	rewind(f);
	buf_reset(&b);
	buf_reset(&payload);
	return dup(fileno(f));	/* tmpfile's own stream stays open till exit */
}

static const struct {
	const char *name;
	const char *in[INPUTS];		/* times of input a, b, … */
	const char *out;
} rows[] = {
	{ "one", { "3 5 5 9" }, "a0 a1 a2 a3" },
	{ "interleaved", { "1 4 7", "2 5 8", "3 6 9" }, "a0 b0 c0 a1 b1 c1 a2 b2 c2" },
	{ "reversed", { "7 8", "4 5", "1 2" }, "c0 c1 b0 b1 a0 a1" },
	{ "equal times: by input", { "5 5", "5 5", "5" }, "a0 a1 b0 b1 c0" },
	{ "one empty", { "", "1", "" }, "b0" },
	{ "steps back: order within stays", { "1 9 2 3", "4 5" }, "a0 b0 b1 a1 a2 a3" },
	{ "all empty", { "", "" }, "" },
	{ "far future", { "18446744073709551615", "1 2" }, "b0 b1 a0" },
};

static void
orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reader *readers[INPUTS];
		struct merger *m;
		struct buf out = { 0 };
		struct record r;
		struct err e;
		size_t n, which;
		int fds[INPUTS];

		for (n = 0; n < INPUTS && rows[i].in[n] != NULL; n++) {
			fds[n] = stream((char[]){ (char)('a' + n), '\0' }, rows[i].in[n], false, 0);
			readers[n] = reader_new(fds[n], &(struct reader_conf){ .wake_fd = -1 });
		}
		m = merger_new(readers, n);
		while (merger_next(m, &r, &which, &e) == RC_OK)
			buf_printf(&out, "%s%.*s", out.n > 0 ? " " : "", SLICE_ARG(r.payload));
		assert_int_equal(merger_next(m, &r, &which, &e), RC_END);
		if (strcmp(buf_cstr(&out), rows[i].out) != 0)
			fail_msg("%s: have %s", rows[i].name, buf_cstr(&out));
		merger_free(m);
		while (n-- > 0) {
			reader_free(readers[n]);
			close(fds[n]);
		}
		buf_reset(&out);
	}
}

static void
headers_and_failures(void **state)
{
	int fds[] = { stream("a", "1 3", false, 7), open("/", 0), stream("c", "2", true, 3) };
	struct reader *readers[3];
	struct stream_header h;
	struct merger *m;
	struct record r;
	struct err e;
	size_t which;

	(void)state;
	for (int i = 0; i < 3; i++)
		readers[i] = reader_new(fds[i], &(struct reader_conf){ .wake_fd = -1 });
	m = merger_new(readers, 3);
	assert_int_equal(merger_header(m, &h, &which, &e), RC_SYS);	/* a directory cannot be read */
	assert_int_equal(which, 1);
	assert_int_equal(merger_header(m, &h, &which, &e), RC_OK);
	assert_true(h.live);
	assert_int_equal(h.disorder_ns, 7);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(merger_next(m, &r, &which, &e), RC_OK);
		assert_int_equal(r.time_ns, i + 1);
	}
	assert_int_equal(merger_next(m, &r, &which, &e), RC_END);
	merger_free(m);
	for (int i = 0; i < 3; i++) {
		reader_free(readers[i]);
		close(fds[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(headers_and_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
