/* SPDX-License-Identifier: MIT */
#include "cli/hepopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/diag.h"

#define KEY_MAX 1024	/* bytes; longer is a mistaken file, not a key */
#define NODE_MAX 255

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

enum rc
hepopt_node(const struct opt *o, const char *arg, struct err *e)
{
	if (arg[0] == '\0' || strlen(arg) > NODE_MAX)
		return err_set(e, RC_BAD, "a node name has 1 to %d bytes", NODE_MAX);
	((struct hepopt *)o->dst)->node = arg;
	return RC_OK;
}

enum rc
hepopt_vendor(const struct opt *o, const char *arg, struct err *e)
{
	return hep_chunk_parse(slice_str(arg), &((struct hepopt *)o->dst)->chunks, e);
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

/* NULL: none. */
static char *
key_of_environment(void)
{
	const char *file = getenv("SIPTRACE_KEY_FILE"), *key = getenv("SIPTRACE_KEY");

	if (file != NULL && file[0] != '\0')
		return hepopt_read_key(file);
	if (key != NULL && strlen(key) > KEY_MAX)
		diag_die("SIPTRACE_KEY: longer than a key (%d bytes)", KEY_MAX);
	return key != NULL && key[0] != '\0' ? xstrdup(key) : NULL;
}

static const char *
node_name(void)
{
	const char *env = getenv("SIPTRACE_NODE");

	return hepopt.node != NULL ? hepopt.node : env != NULL && env[0] != '\0' ? env : NULL;
}

/* Versions 1 and 2 have fixed fields only. */
static void
refuse_in_fixed(uint8_t version)
{
	if (hepopt.key != NULL || hepopt.key_file != NULL)
		diag_usage("HEP version %u has no place for a key", version);
	if (hepopt.node != NULL)
		diag_usage("HEP version %u has no place for a node name", version);
	if (hepopt.chunks.n > 0)
		diag_usage("HEP version %u has no place for chunks", version);
}

static void
check_chunks(const struct hep_profile *receiver)
{
	struct slice rest = buf_slice(&hepopt.chunks);
	struct hep3_chunk c;

	while (hep3_next(&rest, &c) == RC_OK) {
		if (c.vendor == 0 || c.type >= HEP_OWN_TYPES)
			continue;
		if (receiver != NULL && (receiver->quirks & HEP_VENDOR_BLIND) != 0)
			diag_usage("--vendor %u:%#x: %s takes it for chunk %#x of vendor 0; from 0x100 on it does not", c.vendor, c.type,
			    receiver->name, c.type);
		if (receiver == NULL)
			diag("--vendor %u:%#x: heplify-server, heplify and OpenSIPS take it for chunk %#x of vendor 0; from 0x100 on "
			    "they do not", c.vendor, c.type, c.type);
	}
}

void
hepopt_conf(struct hep_conf *conf)
{
	const char *file = hepopt.key_file;
	const struct hep_profile *receiver = hepopt.receiver != NULL ? hep_profile_of(hepopt.receiver) : NULL;

	*conf = (struct hep_conf){
		.version = hepopt.version != NULL ? (uint8_t)(hepopt.version[0] - '0') : receiver != NULL ? receiver->version : 3,
		.has_id = hepopt.id != NULL,
		.capture_id = hepopt.id_value,
		.receiver = receiver,
	};
	if (receiver != NULL && !hep_reads(receiver, conf->version))
		diag_usage("-V %u: %s does not read it", conf->version, receiver->name);
	if (hepopt.key != NULL && file != NULL)
		diag_usage("-k and --key-file: give one of them");
	if (conf->version != 3) {
		refuse_in_fixed(conf->version);
		return;
	}
	check_chunks(receiver);
	conf->chunks = buf_slice(&hepopt.chunks);
	conf->node = slice_str(node_name());
	if (hepopt.key == NULL)
		hepopt.key = file != NULL ? hepopt_read_key(file) : key_of_environment();
	conf->key = slice_str(hepopt.key);
}

void
hepopt_attrs(struct buf *attrs)
{
	struct slice rest = buf_slice(&hepopt.chunks), node = slice_str(node_name());
	struct hep3_chunk c;
	enum rc rc = RC_OK;

	if (node.n > 0)
		rc = attr_put(attrs, ATTR_NODE, node);
	while (rc == RC_OK && hep3_next(&rest, &c) == RC_OK)
		rc = attr_add_vendor(attrs, c.vendor, c.type, c.data);
	attr_end(attrs);
	if (rc != RC_OK)
		diag_usage("--vendor: too much for one record");
}

/* What HEP cannot carry, of a message that it does carry. */
static void
say_omitted(unsigned omitted, const struct hep *h, const struct hep_conf *conf)
{
	if (omitted & HEP_OMITS_ID)
		diag_count("capture ids over 65535", "capture id %u is sent as %u: HEP version 2 has 16 bits for it",
		    h->capture_id, h->capture_id & UINT16_MAX);
	if (omitted & HEP_OMITS_ATTRS)
		diag_count("messages without their correlation id, node or chunks",
		    "a message goes without them: HEP version %u has no place for a correlation id, node name or chunk", h->version);
	if (omitted & HEP_OMITS_CHUNKS)
		diag_count("messages without one of their chunks", "a chunk is left out: %s",
		    conf->receiver != NULL ? "the receiver would take it for another" : "it would take the place of a field");
}

static void
say_unkept(const struct record *r, const struct hep *h, const struct hep_conf *conf)
{
	uint32_t quirks = conf->receiver->quirks;

	if ((quirks & HEP_WANTS_ID) != 0 && h->correlation.n == 0 &&
	    (r->kind == KIND_LOG || r->kind == KIND_RTCP || r->kind == KIND_RTCP_JSON))
		diag_count("log lines or RTCP without a correlation id", "a message has no correlation id, and --node gives none: %s will not "
		    "store it", conf->receiver->name);
	if ((quirks & HEP_WANTS_SIP) != 0 && r->kind == KIND_SIP && (h->payload.n <= HEP_SHORT_SIP || (r->marks & MARK_SIP) == 0 ||
	    (r->sip.flags & SIP_HAS_CSEQ) == 0 || sip_part(&r->sip, r->payload, SIP_SPAN_CALLID).n == 0))
		diag_count("SIP too poor for the receiver", "a SIP message has %d bytes or less, or no Call-ID or CSeq: %s will not store it",
		    HEP_SHORT_SIP, conf->receiver->name);
}

enum rc
hepopt_head(const struct record *r, const struct hep_conf *conf, struct buf *out, struct err *e)
{
	static struct buf chunks;
	unsigned omitted;
	struct hep h;
	enum rc rc = record_to_hep(r, conf, &chunks, &h, &omitted, e);

	if (rc == RC_OK)
		rc = hep_head(&h, out, e);
	if (rc == RC_OK && omitted != 0)
		say_omitted(omitted, &h, conf);
	if (rc == RC_OK && conf->receiver != NULL)
		say_unkept(r, &h, conf);
	return rc;
}
