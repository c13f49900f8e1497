/* SPDX-License-Identifier: MIT */
#ifndef CLI_HEPOPT_H
#define CLI_HEPOPT_H
/*
 * hepopt - the options that say how HEP is written, for every tool that writes it: rows for its option table, and what they
 * come to. A key given with -k is wiped from the argument list at once, so that ps does not show it.
 */
#include "cli/opt.h"
#include "trace/record_hep.h"

struct hepopt {
	const char *version;	/* "1", "2", "3"; NULL = 3 */
	const char *id;		/* -i as given, NULL if it was not */
	uint32_t id_value;
	char *key;		/* -k, owned */
	const char *key_file;	/* --key-file */
	const char *node;	/* --node */
	struct buf chunks;	/* --vendor, encoded */
	const char *receiver;	/* --for */
};

extern struct hepopt hepopt;	/* where the rows store */

enum rc hepopt_key(const struct opt *, const char *, struct err *);
enum rc hepopt_id(const struct opt *, const char *, struct err *);
enum rc hepopt_node(const struct opt *, const char *, struct err *);
enum rc hepopt_vendor(const struct opt *, const char *, struct err *);

#define HEPOPT_VERSION { 'V', "hep-version", "N", &hepopt.version, opt_choice, "HEP version: 1, 2 or 3 (3)", "1 2 3" }
#define HEPOPT_ID { 'i', "id", "ID", &hepopt, hepopt_id, "capture id (the record's own, or 1)", NULL }
#define HEPOPT_KEY { 'k', "key", "KEY", &hepopt, hepopt_key, "authentication key (--key-file keeps it out of the history)", NULL }
#define HEPOPT_KEY_FILE { 0, "key-file", "FILE", &hepopt.key_file, opt_str, "read the key from FILE ($SIPTRACE_KEY_FILE)", NULL }
#define HEPOPT_NODE { 0, "node", "NAME", &hepopt, hepopt_node, "node name for records without one ($SIPTRACE_NODE)", NULL }
#define HEPOPT_VENDOR { 0, "vendor", "V:T=DATA", &hepopt, hepopt_vendor, "add chunk T of vendor V: text or 0xHEX (repeatable)", NULL }
#define HEPOPT_FOR { 0, "for", "RECEIVER", &hepopt.receiver, opt_choice, "encode as this receiver needs it", HEP_PROFILE_NAMES }
#define HEPOPT_ROWS HEPOPT_VERSION, HEPOPT_ID, HEPOPT_KEY, HEPOPT_KEY_FILE, HEPOPT_NODE, HEPOPT_VENDOR, HEPOPT_FOR

/*
 * The options as encoder settings. Reads the key file (its first line); if neither key option was given, the key is that of the file
 * $SIPTRACE_KEY_FILE, or $SIPTRACE_KEY itself. Without --node it is $SIPTRACE_NODE. Exits 2 on -k with --key-file, on an empty key,
 * on a key, node or chunk in version 1 or 2, which have no place for them (the environment is not looked at then), on a version or
 * chunk that the receiver of --for does not read; exits 1 if the file cannot be read. What conf borrows is valid until the process ends.
 */
void hepopt_conf(struct hep_conf *conf);
/* Appends --node (or $SIPTRACE_NODE) and --vendor as attributes, for a tool that makes records. */
void hepopt_attrs(struct buf *attrs);

/* A file's key: its first line, without its end; exits 1 if there is none, or it cannot be read. The caller's to wipe and free. */
char *hepopt_read_key(const char *path);

/*
 * Appends the HEP packet of a record to `out`, without its payload, which belongs behind it: record_to_hep and hep_head in one. What had
 * to be left out of the packet, and what the receiver of --for will not keep, is said through diag_count. Errors are theirs.
 */
enum rc hepopt_head(const struct record *r, const struct hep_conf *conf, struct buf *out, struct err *) MUST_USE;
#endif
