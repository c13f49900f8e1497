/* SPDX-License-Identifier: MIT */
#include "store/store.h"

static const struct store_driver *const drivers[] = { &sqlite_driver };

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

bool
store_name_ok(const char *table)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t n = strlen(table);

	return n > 0 && n < 64 && strspn(table, allowed) == n && strspn(table, "0123456789") == 0 &&
	    !slice_istarts(slice_str(table), SLICE_LIT("sqlite_"));
}

size_t
store_names(char *list, const char **names, size_t max)
{
	size_t n = 0;

	while (*list != '\0' && n < max) {
		char *comma = n + 1 < max ? strchr(list, ',') : NULL;

		names[n++] = list;
		list = comma != NULL ? comma + 1 : list + strlen(list);
		if (comma != NULL)
			*comma = '\0';
	}
	return n;
}

static enum rc
check_tables(const struct words *tables, struct err *e)
{
	if (tables->n == 0 || tables->n > STORE_TABLES)
		return err_set(e, RC_BAD, "%zu tables: 1 to %d are possible", tables->n, STORE_TABLES);
	for (size_t i = 0; i < tables->n; i++)
		if (!store_name_ok(tables->v[i]))
			return err_set(e, RC_BAD, "'%s' is no table name (letters, digits and _, at most 63)", tables->v[i]);
	return RC_OK;
}

static enum rc
no_driver(const char *url, struct err *e)
{
	struct buf known = { 0 };
	enum rc rc;

	for (size_t i = 0; i < DRIVERS; i++)
		buf_printf(&known, "%s%s:", i > 0 ? ", " : "", drivers[i]->scheme);
	rc = err_set(e, RC_BAD, "'%s' names no store that this program knows (%s)", url, buf_cstr(&known));
	buf_reset(&known);
	return rc;
}

enum rc
store_open(const struct store_conf *conf, struct store **out, struct err *e)
{
	struct slice url = slice_str(conf->url);
	size_t colon = slice_chr(url, ':');
	enum rc rc = check_tables(&conf->tables, e);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < DRIVERS; i++)
		if (colon < url.n && slice_ieq(slice_head(url, colon), slice_str(drivers[i]->scheme)))
			return drivers[i]->open(conf, conf->url + colon + 1, out, e);
	return no_driver(conf->url, e);
}

void
store_close(struct store *s)
{
	if (s != NULL)
		s->driver->close(s);
}

bool
store_table(const struct store *s, struct slice name, size_t *table)
{
	for (size_t i = 0; i < s->conf->tables.n; i++)
		if (slice_eq(name, slice_str(s->conf->tables.v[i]))) {
			*table = i;
			return true;
		}
	return false;
}
