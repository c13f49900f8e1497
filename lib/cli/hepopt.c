/* SPDX-License-Identifier: MIT */
#include "cli/hepopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/diag.h"

#define KEY_MAX 1024	/* bytes; longer is a mistaken file, not a key */

struct hepopt hepopt;

enum rc
hepopt_key(const struct opt *o, const char *arg, struct err *e)
{
	size_t n = strlen(arg);

	if (n == 0 || n > KEY_MAX)
		return err_set(e, RC_BAD, "a key has 1 to %d bytes", KEY_MAX);
	free(((struct hepopt *)o->dst)->key);
	((struct hepopt *)o->dst)->key = xstrdup(arg);
	explicit_bzero((char *)(uintptr_t)arg, n);	/* argv's strings are the process's own to change (C11 5.1.2.2.1) */
	return RC_OK;
}

enum rc
hepopt_id(const struct opt *o, const char *arg, struct err *e)
{
	struct hepopt *h = o->dst;
	uint64_t v;

	if (!slice_u64(slice_str(arg), UINT32_MAX, &v))
		return err_set(e, RC_BAD, "'%s' is no number from 0 to 4294967295", arg);
	h->id = arg;
	h->id_value = (uint32_t)v;
	return RC_OK;
}

char *
hepopt_read_key(const char *path)
{
	char text[KEY_MAX + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = -1;
	char *key;

	while (fd >= 0 && n < sizeof(text) && (got = read(fd, text + n, sizeof(text) - n)) > 0)
		n += (size_t)got;
	if (fd < 0 || got < 0)
		diag_die("%s: %s", path, strerror(errno));
	close(fd);
	n = slice_chr(slice_of(text, n), '\n');
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (n == 0)
		diag_die("%s: no key in its first line", path);
	if (n > KEY_MAX)
		diag_die("%s: its first line is longer than a key (%d bytes)", path, KEY_MAX);
	key = xstrndup(text, n);
	explicit_bzero(text, sizeof(text));
	return key;
}

void
hepopt_conf(struct hep_conf *conf)
{
	const char *file = hepopt.key_file;

	*conf = (struct hep_conf){
		.version = hepopt.version != NULL ? (uint8_t)(hepopt.version[0] - '0') : 3,
		.has_id = hepopt.id != NULL,
		.capture_id = hepopt.id_value,
	};
	if (hepopt.key != NULL && file != NULL)
		diag_usage("-k and --key-file: give one of them");
	if (conf->version != 3) {
		if (hepopt.key != NULL || file != NULL)
			diag_usage("HEP version %u has no place for a key", conf->version);
		return;
	}
	if (hepopt.key == NULL && file == NULL)
		file = getenv("SIPTRACE_KEY_FILE");
	if (file != NULL && file[0] != '\0' && hepopt.key == NULL)
		hepopt.key = hepopt_read_key(file);
	conf->key = slice_str(hepopt.key);
}

enum rc
hepopt_head(const struct record *r, const struct hep_conf *conf, struct buf *out, struct err *e)
{
	struct hep h;
	enum rc rc = record_to_hep(r, conf, &h, e);

	if (rc == RC_OK)
		rc = hep_head(&h, out, e);
	if (rc == RC_OK && h.version == 2 && h.capture_id > UINT16_MAX)
		diag_count("capture ids over 65535", "capture id %u is sent as %u: HEP version 2 has 16 bits for it",
		    h.capture_id, h.capture_id & UINT16_MAX);
	return rc;
}
