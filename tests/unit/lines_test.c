/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/lines.h"

/* What comes out of a pipe that got `text` in pieces of `piece` bytes: lines in brackets, '!' for one left out. */
static void
split(const char *text, size_t piece, size_t max, struct buf *out)
{
	struct slice rest = slice_str(text), line;
	struct lines l;
	struct err e;
	size_t n;
	int fd[2];
	enum rc rc = RC_OK, got;

	assert_int_equal(pipe(fd), 0);
	lines_init(&l, max);
	buf_clear(out);
	while (rc == RC_OK) {
		struct slice now = slice_head(rest, piece);

		rest = slice_skip(rest, now.n);
		if (now.n > 0)
			assert_int_equal(write(fd[1], now.p, now.n), (ssize_t)now.n);
		else if (fd[1] >= 0)
			close(fd[1]), fd[1] = -1;
		rc = lines_fill(&l, fd[0], &n, &e);
		assert_int_equal(n, now.n);
		if (rc == RC_END)
			lines_end(&l);
		while ((got = lines_next(&l, &line)) != RC_MORE)
			if (got == RC_LIMIT)
				buf_str(out, "!");
			else
				buf_printf(out, "[%.*s]", SLICE_ARG(line));
	}
	assert_int_equal(rc, RC_END);
	lines_reset(&l);
	close(fd[0]);
}

static void
lines_are_the_same_however_they_come(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{ "nothing", "", "" },
		{ "one", "a\n", "[a]" },
		{ "no end", "a\nb", "[a][b]" },
		{ "CRLF", "a\r\nb\r\n", "[a][b]" },
		{ "empty lines", "\n\na\n\n", "[][][a][]" },
		{ "as long as may be", "12345678\nb\n", "[12345678][b]" },
		{ "too long", "a\n123456789\nb\n", "[a]![b]" },
		{ "much too long", "12345678901234567890\nb\n", "![b]" },
		{ "too long twice", "123456789\n123456789\n", "!!" },
		{ "too long without an end", "a\n123456789", "[a]!" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 30; piece++) {
			split(rows[i].text, piece, 8, &out);
			if (!slice_eq(buf_slice(&out), slice_str(rows[i].want)))
				fail_msg("%s in pieces of %zu: %s", rows[i].name, piece, buf_cstr(&out));
		}
	buf_reset(&out);
}

static void
fill(struct lines *l, const char *text)
{
	struct err e;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lines_fill(l, fd[0], NULL, &e), RC_OK);
	close(fd[0]);
	close(fd[1]);
}

/* Of a line that is too long and was cut off by the end, nothing sticks to what comes then. */
static void
after_an_end_a_new_line_begins(void **state)
{
	static const struct {
		const char *before, *want;
	} rows[] = { { "a\nb", "[a][b]" }, { "a\n", "[a]" }, { "a\n123456789", "[a]!" }, { "12345678", "[12345678]" } };
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lines l;
		struct slice line;
		enum rc rc;

		lines_init(&l, 8);
		buf_clear(&out);
		fill(&l, rows[i].before);
		for (int ended = 0; ended < 2; ended++) {
			if (ended)
				lines_end(&l);
			while ((rc = lines_next(&l, &line)) != RC_MORE)
				rc == RC_LIMIT ? buf_str(&out, "!") : buf_printf(&out, "[%.*s]", SLICE_ARG(line));
		}
		assert_slice(buf_slice(&out), rows[i].want);
		fill(&l, "c\nd");
		assert_int_equal(lines_next(&l, &line), RC_OK);
		assert_slice(line, "c");
		assert_int_equal(lines_next(&l, &line), RC_MORE);
		lines_reset(&l);
	}
	buf_reset(&out);
}

static void
nothing_there_is_no_end(void **state)
{
	struct lines l;
	struct err e;
	int fd[2];

	(void)state;
	lines_init(&l, 8);
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	assert_int_equal(lines_fill(&l, fd[0], NULL, &e), RC_MORE);
	close(fd[0]);
	assert_int_equal(lines_fill(&l, fd[0], NULL, &e), RC_SYS);
	assert_int_equal(e.sys, EBADF);
	close(fd[1]);
	lines_reset(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same_however_they_come),
		cmocka_unit_test(after_an_end_a_new_line_begins),
		cmocka_unit_test(nothing_there_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
