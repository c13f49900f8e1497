/* SPDX-License-Identifier: MIT */
#include "output/split.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "output/value.h"

enum {
	NAME_LONGEST = 200,	/* with the suffix below every file system's NAME_MAX */
	NAME_KEPT = 128,
	CLOSED = UINT16_MAX,
};

/* A value that has a file. Values are told apart by the 64-bit hash of their names. */
struct value {
	uint64_t hash;		/* 0 = free */
	uint32_t number;
	uint16_t slot;		/* CLOSED */
};

struct slot {
	struct output out;
	uint64_t used;		/* 0 = free */
	uint64_t hash;
	struct buf name;
};

struct split {
	int dir;
	size_t max_open;
	const struct format *format;
	const struct format_conf *conf;
	bool (*stop)(void);
	struct value *values;	/* open addressing, size a power of two, at most half full */
	size_t size, files;
	struct slot *slots;
	uint64_t clock;
	struct buf name;
};

struct split *
split_new(int dir, size_t max_open, const struct format *format, const struct format_conf *conf, bool (*stop)(void))
{
	struct split *s = xcalloc(1, sizeof(*s));

	s->dir = dir;
	s->max_open = max_open;
	s->format = format;
	s->conf = conf;
	s->stop = stop;
	s->size = 256;
	s->values = xcalloc(s->size, sizeof(*s->values));
	s->slots = xcalloc(max_open, sizeof(*s->slots));
	return s;
}

void
split_free(struct split *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->max_open; i++) {
		if (s->slots[i].used > 0)
			close(s->slots[i].out.fd);
		output_reset(&s->slots[i].out);
		buf_reset(&s->slots[i].name);
	}
	free(s->slots);
	free(s->values);
	buf_reset(&s->name);
	free(s);
}

static bool
is_safe(uint8_t c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	if (c == '.' || c == '-')
		return !first;
	return c == '_' || c == '@' || c == '+' || c == '=';
}

void
split_name(struct buf *out, struct slice value, const char *suffix)
{
	size_t start = out->n;
	char hash[16];

	for (size_t i = 0; i < value.n && out->n - start <= NAME_LONGEST; i++) {
		uint8_t c = value.p[i];

		if (is_safe(c, i == 0))
			buf_u8(out, c);
		else
			buf_add(out, (char[]){ '%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15] }, 3);
	}
	if (value.n == 0)
		buf_str(out, "%none");
	if (out->n - start > NAME_LONGEST) {
		put_hex64(hash, hash64_slice(value));
		out->n = start + NAME_KEPT;
		buf_str(out, "%~");
		buf_add(out, hash, sizeof(hash));
	}
	buf_str(out, suffix);
}

size_t
split_files(const struct split *s)
{
	return s->files;
}

static struct value *
value_place(const struct split *s, uint64_t hash)
{
	size_t i = hash >> 1 & (s->size - 1);	/* bit 0 is always set */

	while (s->values[i].hash != 0 && s->values[i].hash != hash)
		i = (i + 1) & (s->size - 1);
	return &s->values[i];
}

static void
values_grow(struct split *s)
{
	struct value *old = s->values;
	size_t n = s->size;

	s->size *= 2;
	s->values = xcalloc(s->size, sizeof(*s->values));
	for (size_t i = 0; i < n; i++)
		if (old[i].hash != 0)
			*value_place(s, old[i].hash) = old[i];
	free(old);
}

static enum rc
name_error(struct slot *slot, struct err *e)
{
	struct err why = *e;

	return err_set(e, why.rc, "%s: %s", buf_cstr(&slot->name), why.text);
}

/* Ends the file of a slot and frees the slot, whatever happens. */
static enum rc
slot_close(struct split *s, struct slot *slot, struct err *e)
{
	struct err why = { .text = "" };
	enum rc rc = output_end(&slot->out, &why);

	if (close(slot->out.fd) != 0 && rc == RC_OK)
		rc = err_set(&why, RC_SYS, "close: %s", strerror(errno));
	slot->used = 0;
	value_place(s, slot->hash)->slot = CLOSED;
	if (rc != RC_OK) {
		*e = why;
		return name_error(slot, e);
	}
	return RC_OK;
}

/* A free slot, for which the one longest not used is closed if need be. */
static enum rc
slot_free(struct split *s, struct slot **out, struct err *e)
{
	struct slot *oldest = s->slots;

	for (size_t i = 0; i < s->max_open; i++)
		if (s->slots[i].used < oldest->used)
			oldest = &s->slots[i];
	*out = oldest;
	return oldest->used > 0 ? slot_close(s, oldest, e) : RC_OK;
}

static int
open_name(const struct split *s, const char *name, bool again)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | (again ? O_APPEND : O_CREAT | O_TRUNC);

	return openat(s->dir, name, flags, 0666);
}

/* Opens the file that s->name says. `again`: it was made before. */
static enum rc
slot_open(struct split *s, uint64_t hash, uint32_t number, bool again, struct slot **out, struct err *e)
{
	struct slot *slot;
	enum rc rc = slot_free(s, &slot, e);
	int fd;

	if (rc != RC_OK)
		return rc;
	fd = open_name(s, buf_cstr(&s->name), again);
	if (fd < 0)
		return err_set(e, RC_SYS, "%s: %s", buf_cstr(&s->name), strerror(errno));
	buf_clear(&slot->name);
	buf_put(&slot->name, buf_slice(&s->name));
	slot->hash = hash;
	slot->out = (struct output){
		.fd = fd, .format = s->format, .conf = s->conf, .stop = s->stop, .file.number = number, .buf = slot->out.buf,
	};
	output_begin(&slot->out, again);
	*out = slot;
	return RC_OK;
}

static enum rc
slot_of(struct split *s, struct slice value, struct slot **out, struct err *e)
{
	struct value *v;
	uint64_t hash;
	enum rc rc;

	buf_clear(&s->name);
	split_name(&s->name, value, s->format->suffix);
	hash = hash64_slice(buf_slice(&s->name)) | 1;
	v = value_place(s, hash);
	if (v->hash != 0 && v->slot != CLOSED) {
		*out = &s->slots[v->slot];
		return RC_OK;
	}
	if (v->hash == 0 && s->files == SPLIT_MAX)
		return err_set(e, RC_LIMIT, "more than %u files", SPLIT_MAX);
	rc = slot_open(s, hash, v->hash != 0 ? v->number : (uint32_t)s->files, v->hash != 0, out, e);
	if (rc != RC_OK)
		return rc;
	if (v->hash == 0)
		*v = (struct value){ .hash = hash, .number = (uint32_t)s->files++ };
	v->slot = (uint16_t)(*out - s->slots);
	if (s->files * 2 > s->size)
		values_grow(s);
	return RC_OK;
}

enum rc
split_put(struct split *s, struct slice value, const struct record *r, struct err *e)
{
	struct slot *slot = NULL;
	enum rc rc = slot_of(s, value, &slot, e);

	if (rc != RC_OK)
		return rc;
	slot->used = ++s->clock;
	rc = output_put(&slot->out, r, e);
	return rc == RC_SYS ? name_error(slot, e) : rc;
}

enum rc
split_flush(struct split *s, struct err *e)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < s->max_open && rc == RC_OK; i++)
		if (s->slots[i].used > 0 && s->slots[i].out.buf.n > 0) {
			rc = output_flush(&s->slots[i].out, e);
			if (rc != RC_OK)
				rc = name_error(&s->slots[i], e);
		}
	return rc;
}

enum rc
split_end(struct split *s, struct err *e)
{
	enum rc all = RC_OK;

	for (size_t i = 0; i < s->max_open; i++)
		if (s->slots[i].used > 0) {
			struct err why;
			enum rc rc = slot_close(s, &s->slots[i], &why);

			if (rc != RC_OK && all == RC_OK) {
				*e = why;
				all = rc;
			}
		}
	return all;
}
