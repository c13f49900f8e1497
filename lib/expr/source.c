/* SPDX-License-Identifier: MIT */
#include "expr/source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
source_blank_comments(struct buf *text)
{
	uint8_t quote = 0, *p = text->p;

	for (size_t i = 0; i < text->n; i++) {
		if (quote != 0 && p[i] == '\\')
			i++;
		else if (quote != 0)
			quote = p[i] == quote ? 0 : quote;
		else if (p[i] == '"' || p[i] == '\'')
			quote = p[i];
		else if (p[i] == '#' && (i == 0 || is_blank(p[i - 1])))
			for (; i < text->n && p[i] != '\n'; i++)
				p[i] = ' ';
	}
}

static enum rc
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	ssize_t n;

	do {
		n = read(fd, buf_room(out, 65536), 65536);
		if (n < 0 && errno != EINTR)
			return err_set(e, RC_SYS, "%s: %s", path, strerror(errno));
		if (n > 0)
			out->n += (size_t)n;
		if (out->n > SOURCE_MAX)
			return err_set(e, RC_LIMIT, "%s: longer than %u bytes", path, SOURCE_MAX);
	} while (n != 0);
	return RC_OK;
}

enum rc
source_read(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return err_set(e, RC_SYS, "%s: %s", path, strerror(errno));
	buf_clear(out);
	rc = read_all(fd, path, out, e);
	close(fd);
	if (rc != RC_OK)
		return rc;
	source_blank_comments(out);
	if (slice_trim(buf_slice(out)).n == 0)
		return err_set(e, RC_BAD, "%s: has no expression", path);
	return RC_OK;
}
