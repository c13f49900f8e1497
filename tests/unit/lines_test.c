/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "cli/lines.h"
#include "cli/sig.h"

/* What comes out of a pipe that got `text` in pieces of `piece` bytes: lines in brackets, '!' for one left out. */
static void
split(const char *text, size_t piece, size_t max, struct buf *out)
{
	struct slice rest = slice_str(text), line;
	struct lines l;
	struct err e;
	int fd[2];
	enum rc rc = RC_OK, got;

	assert_int_equal(pipe(fd), 0);
	lines_init(&l, fd[0], max);
	buf_clear(out);
	while (rc == RC_OK) {
		struct slice now = slice_head(rest, piece);

		rest = slice_skip(rest, now.n);
		if (now.n > 0)
			assert_int_equal(write(fd[1], now.p, now.n), (ssize_t)now.n);
		else if (fd[1] >= 0)
			close(fd[1]), fd[1] = -1;
		rc = lines_fill(&l, &e);
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
	sig_install(&(struct sig_conf){ .source = true });
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 30; piece++) {
			split(rows[i].text, piece, 8, &out);
			if (!slice_eq(buf_slice(&out), slice_str(rows[i].want)))
				fail_msg("%s in pieces of %zu: %s", rows[i].name, piece, buf_cstr(&out));
		}
	buf_reset(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines_are_the_same_however_they_come) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
