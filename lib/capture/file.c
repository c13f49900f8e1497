/* SPDX-License-Identifier: MIT */
#include "capture/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/format.h"
#include "trace/frame.h"

enum rc
file_open(const struct file_conf *conf, struct file **out, struct err *e)
{
	bool standard = strcmp(conf->path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(conf->path, O_RDONLY | O_CLOEXEC);
	struct file *f;

	if (fd < 0)
		return err_set(e, RC_SYS, "%s: %s", conf->path, strerror(errno));
	f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(standard ? "standard input" : conf->path);
	f->point = conf->point;
	bytes_open(&f->bytes, fd, conf->buffer, &conf->wait);
	*out = f;
	return RC_OK;
}

void
file_progress(const struct file *f, uint64_t *done, uint64_t *total)
{
	bytes_progress(&f->bytes, done, total);
}

void
file_close(struct file *f)
{
	if (f == NULL)
		return;
	bytes_close(&f->bytes);
	free(f->iface);
	free(f->path);
	free(f);
}

static enum rc
no_capture(const struct file *f, struct err *e)
{
	if (slice_starts(f->bytes.have, SLICE_LIT(FRAME_SYNC)))
		return err_set(e, RC_BAD, "no capture file, but a trace record stream: sipfilter -r and tracecat -r read it");
	return err_set(e, RC_BAD, "no capture file (neither pcap nor pcapng)");
}

/* Which format it is; runs once. */
static enum rc
begin(struct file *f, struct err *e)
{
	enum rc rc = bytes_need(&f->bytes, 4, e);
	uint32_t magic;

	if (rc == RC_END)
		return err_set(e, RC_BAD, "empty file");
	if (rc == RC_MORE)
		return no_capture(f, e);
	if (rc != RC_OK)
		return rc;
	magic = load_le32(f->bytes.have.p);
	if (magic == PCAPNG_MAGIC) {
		f->next = pcapng_next_packet;
		return RC_OK;
	}
	if (!pcap_is(magic))
		return no_capture(f, e);
	f->next = pcap_next_packet;
	return pcap_begin(f, e);
}

enum rc
file_next(struct file *f, struct packet *p, struct err *e)
{
	struct err why = { .text = "" };
	enum rc rc = f->next == NULL ? begin(f, &why) : RC_OK;

	if (rc == RC_OK) {
		bytes_used(&f->bytes, f->used);
		f->used = 0;
		rc = f->next(f, p, &why);
	}
	if (rc == RC_BAD || rc == RC_SYS)
		return err_set(e, rc, "%s: %s", f->path, why.text);
	return rc;
}
