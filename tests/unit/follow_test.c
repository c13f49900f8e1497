/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "cli/follow.h"

#define MAX_LINE 32

/* Each test has a folder of its own; `log` is the file that is followed, `log.1` the rotated one. */
static char dir[] = "/tmp/follow_test.XXXXXX", log_path[64], old_path[64];
static struct follow *follow;
static struct err said;

static int
setup(void **state)
{
	(void)state;
	memcpy(strchr(dir, '.') + 1, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	snprintf(old_path, sizeof(old_path), "%s/log.1", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	follow_free(follow);
	follow = NULL;
	unlink(log_path);
	unlink(old_path);
	return rmdir(dir);
}

static void
add(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
begin(bool from_start, bool no_inotify)
{
	follow = follow_new(&(struct follow_conf){ .path = log_path, .from_start = from_start, .no_inotify = no_inotify, .max_line = MAX_LINE });
	memset(&said, 0, sizeof(said));
}

/* All that is there: lines in brackets, '!' for one left out, '?' for trouble (in `said`). */
static const char *
got(void)
{
	static char text[4096];
	size_t n = 0;
	struct slice line;
	enum rc fill = RC_OK, rc;

	text[0] = '\0';
	while (fill != RC_MORE) {
		fill = follow_fill(follow, &said);
		if (fill == RC_SYS)
			text[n++] = '?';
		while ((rc = lines_next(follow_lines(follow), &line)) != RC_MORE)
			if (rc == RC_LIMIT)
				text[n++] = '!';
			else
				n += (size_t)snprintf(text + n, sizeof(text) - n, "[%.*s]", SLICE_ARG(line));
		text[n] = '\0';
	}
	return text;
}

static bool
told(void)
{
	struct pollfd p = { .fd = follow_fd(follow), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void
from_the_end_as_lines_are_finished(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		add(log_path, "old\n");
	begin(false, false);
	assert_string_equal(got(), "");
	add(log_path, "a\nb");
	assert_string_equal(got(), "[a]");
	add(log_path, "c");
	assert_string_equal(got(), "");
	add(log_path, "\r\n\nd\n");
	assert_string_equal(got(), "[bc][][d]");
}

static void
a_line_that_was_begun_before_is_delivered_whole(void **state)
{
	(void)state;
	add(log_path, "old\nhalf of");
	begin(false, false);
	assert_string_equal(got(), "");
	add(log_path, " it\n");
	assert_string_equal(got(), "[half of it]");
}

/* One that is too long is passed over even if most of it was there before. */
static void
a_long_line_that_was_begun_before_is_passed_over(void **state)
{
	char long_line[200];

	(void)state;
	memset(long_line, 'x', sizeof(long_line));
	for (size_t n = MAX_LINE - 1; n < sizeof(long_line) - 1; n++) {
		char text[210];

		snprintf(text, sizeof(text), "%.*s", (int)n, long_line);
		add(log_path, text);
		begin(false, false);
		assert_string_equal(got(), n > MAX_LINE ? "!" : "");
		add(log_path, "x\nnext\n");
		assert_string_equal(got(), n > MAX_LINE ? "[next]" : n == MAX_LINE ? "![next]" : "[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx][next]");
		follow_free(follow);
		follow = NULL;
		unlink(log_path);
	}
}

static void
from_the_start_if_asked(void **state)
{
	(void)state;
	add(log_path, "a\nb\n");
	begin(true, false);
	assert_string_equal(got(), "[a][b]");
	add(log_path, "c\n");
	assert_string_equal(got(), "[c]");
}

static void
one_that_is_not_there_yet_is_waited_for(void **state)
{
	(void)state;
	begin(false, false);
	assert_string_equal(got(), "?");
	assert_int_equal(said.sys, ENOENT);
	assert_string_equal(got(), "");		/* said once */
	add(log_path, "a\n");
	assert_string_equal(got(), "[a]");
}

static void
what_is_no_file_is_said_once_for_each_cause(void **state)
{
	(void)state;
	assert_int_equal(mkdir(log_path, 0700), 0);
	begin(false, false);
	assert_string_equal(got(), "?");
	assert_string_equal(said.text, "no regular file");
	assert_string_equal(got(), "");
	assert_int_equal(rmdir(log_path), 0);
	assert_string_equal(got(), "?");
	assert_int_equal(said.sys, ENOENT);
	assert_int_equal(mkfifo(log_path, 0600), 0);	/* must not hang */
	assert_string_equal(got(), "?");
	unlink(log_path);
	assert_string_equal(got(), "?");
	add(log_path, "a\n");
	assert_string_equal(got(), "[a]");
}

/* logrotate's create, and a writer that notices late. */
static void
renamed_and_made_anew(void **state)
{
	(void)state;
	add(log_path, "before\n");
	begin(false, false);
	add(log_path, "a\n");
	assert_string_equal(got(), "[a]");
	add(log_path, "b\n");			/* not yet read when it is renamed */
	assert_int_equal(rename(log_path, old_path), 0);
	assert_string_equal(got(), "[b]");
	add(old_path, "c\n");			/* its writer still has it open */
	assert_string_equal(got(), "[c]");
	add(log_path, "");			/* made, and still empty */
	add(old_path, "d\n");
	assert_string_equal(got(), "[d]");
	add(old_path, "e\nf");
	add(log_path, "g\n");
	assert_string_equal(got(), "[e][f][g]");
	add(log_path, "h\n");
	assert_string_equal(got(), "[h]");
}

static void
rotated_while_nobody_looked(void **state)
{
	char line[8], want[4096] = "";

	(void)state;
	add(log_path, "");
	begin(false, false);
	for (int i = 0; i < 600; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		if (i == 300)
			assert_int_equal(rename(log_path, old_path), 0);
		add(log_path, line);
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "[%d]", i);
	}
	assert_string_equal(got(), want);
}

static void
many_rotations(void **state)
{
	(void)state;
	add(log_path, "");
	begin(false, false);
	for (int i = 0; i < 300; i++) {
		add(log_path, "a\n");
		assert_int_equal(rename(log_path, old_path), 0);
		add(log_path, "b\n");
		assert_string_equal(got(), "[a][b]");
	}
	/* What was left is not watched any more. */
	add(old_path, "c\n");
	assert_false(told());
	assert_string_equal(got(), "");
}

static void
truncated_in_place(void **state)
{
	(void)state;
	begin(false, false);
	add(log_path, "a\nb\nhalf");
	assert_string_equal(got(), "[a][b]");
	assert_int_equal(truncate(log_path, 0), 0);
	assert_true(told());
	assert_string_equal(got(), "[half]");
	add(log_path, "c\n");
	assert_string_equal(got(), "[c]");
	assert_int_equal(truncate(log_path, 0), 0);
	add(log_path, "d");			/* less than there was, before anyone looked */
	assert_string_equal(got(), "");
	add(log_path, "\n");
	assert_string_equal(got(), "[d]");
}

static void
removed_and_made_again(void **state)
{
	int fd;

	(void)state;
	add(log_path, "");
	begin(false, false);
	fd = open(log_path, O_WRONLY | O_APPEND);
	unlink(log_path);
	assert_int_equal(write(fd, "a\n", 2), 2);	/* who has it open may go on */
	assert_string_equal(got(), "[a]");
	assert_int_equal(write(fd, "b\n", 2), 2);
	add(log_path, "c\n");
	assert_string_equal(got(), "[b][c]");
	close(fd);
}

static void
replaced_by_another_file(void **state)
{
	(void)state;
	add(log_path, "a\n");
	begin(false, false);
	add(log_path, "b\n");
	add(old_path, "x\n");
	assert_int_equal(rename(old_path, log_path), 0);
	assert_string_equal(got(), "[b][x]");
}

/* Without inotify it is the same, for whoever looks. */
static void
without_inotify(void **state)
{
	(void)state;
	begin(false, true);
	assert_int_equal(follow_fd(follow), -1);
	assert_string_equal(got(), "?");
	add(log_path, "a\nb\n");
	assert_string_equal(got(), "[a][b]");
	add(log_path, "c\n");
	assert_int_equal(rename(log_path, old_path), 0);
	add(log_path, "d\n");
	assert_string_equal(got(), "[c][d]");
	assert_int_equal(truncate(log_path, 0), 0);
	assert_string_equal(got(), "");
	add(log_path, "e\n");
	assert_string_equal(got(), "[e]");
}

/* Everything that happens is told, and nothing twice: who waits on the descriptor is neither late nor busy. */
static void
whatever_happens_is_told(void **state)
{
	(void)state;
	begin(false, false);
	(void)got();
	assert_false(told());
	add(log_path, "a\n");
	assert_true(told());
	assert_string_equal(got(), "[a]");
	assert_false(told());
	add(log_path, "b\n");
	assert_true(told());
	assert_string_equal(got(), "[b]");
	assert_int_equal(rename(log_path, old_path), 0);
	(void)got();
	add(log_path, "");
	assert_true(told());
	assert_string_equal(got(), "");
	assert_false(told());
	add(old_path, "c\n");
	assert_true(told());
	assert_string_equal(got(), "[c]");
	add(log_path, "d\n");			/* the new one, while the old one is still followed */
	assert_true(told());
	assert_string_equal(got(), "[d]");
	add(log_path, "e\n");
	assert_true(told());
	assert_string_equal(got(), "[e]");
	assert_false(told());
}

static void
lines_of_any_length_in_bounded_memory(void **state)
{
	static char big[1 << 20];

	(void)state;
	begin(false, false);
	(void)got();
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 4; i++)
		add(log_path, big);
	add(log_path, "\nafter\n");
	assert_string_equal(got(), "![after]");
	assert_true(follow_lines(follow)->buf.cap < 300000);
}

int
main(void)
{
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		FILE_TEST(from_the_end_as_lines_are_finished),
		FILE_TEST(a_line_that_was_begun_before_is_delivered_whole),
		FILE_TEST(a_long_line_that_was_begun_before_is_passed_over),
		FILE_TEST(from_the_start_if_asked),
		FILE_TEST(one_that_is_not_there_yet_is_waited_for),
		FILE_TEST(what_is_no_file_is_said_once_for_each_cause),
		FILE_TEST(renamed_and_made_anew),
		FILE_TEST(rotated_while_nobody_looked),
		FILE_TEST(many_rotations),
		FILE_TEST(truncated_in_place),
		FILE_TEST(removed_and_made_again),
		FILE_TEST(replaced_by_another_file),
		FILE_TEST(without_inotify),
		FILE_TEST(whatever_happens_is_told),
		FILE_TEST(lines_of_any_length_in_bounded_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
