/* SPDX-License-Identifier: MIT */
#include "store/when.h"

#include <math.h>
#include <stdio.h>

#define DAY 86400
#define JULIAN_EPOCH 2440587.5	/* 1970-01-01 00:00 */

/*
 * Days since the epoch of a date, and back. Years begin in March here, so that the leap day is the last of its year; 400 years
 * are 146097 days; 719468 lie between 0000-03-01 and 1970-01-01.
 */
static int64_t
days_of(int64_t y, int m, int d)
{
	int64_t era, year, day;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year = y - era * 400;
	day = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static void
date_of(int64_t days, int64_t *y, int *m, int *d)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, in_era = z - era * 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t day = in_era - (365 * year + year / 4 - year / 100), month = (5 * day + 2) / 153;

	*d = (int)(day - (153 * month + 2) / 5) + 1;
	*m = (int)(month < 10 ? month + 3 : month - 9);
	*y = era * 400 + year + (*m <= 2);
}

size_t
when_format(int64_t sec, char out[static WHEN_TEXT])
{
	int64_t days = sec / DAY, y;
	int rest = (int)(sec % DAY), m, d;

	if (rest < 0) {
		rest += DAY;
		days--;
	}
	date_of(days, &y, &m, &d);
	return (size_t)snprintf(out, WHEN_TEXT, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)y, m, d, rest / 3600, rest / 60 % 60, rest % 60);
}

/* Exactly `n` digits, between min and max. */
static bool
take_digits(struct slice *s, size_t n, int min, int max, int *out)
{
	uint64_t v;

	if (s->n < n || !slice_u64(slice_head(*s, n), (uint64_t)max, &v) || v < (uint64_t)min)
		return false;
	*s = slice_skip(*s, n);
	*out = (int)v;
	return true;
}

static bool
take_char(struct slice *s, const char *any)
{
	if (s->n == 0 || s->p[0] == '\0' || strchr(any, s->p[0]) == NULL)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/* ".25" as 250000 microseconds; nothing at all is 0. */
static bool
take_fraction(struct slice *s, int64_t *us)
{
	int64_t unit = 100000;
	size_t digits = 0;

	*us = 0;
	if (!take_char(s, "."))
		return true;
	for (; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9'; digits++, unit /= 10) {
		*us += (s->p[0] - '0') * unit;
		*s = slice_skip(*s, 1);
	}
	return digits > 0;
}

static bool
take_date(struct slice *s, int64_t *days)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d;

	if (!take_digits(s, 4, 0, 9999, &y) || !take_char(s, "-") || !take_digits(s, 2, 1, 12, &m) || !take_char(s, "-") ||
	    !take_digits(s, 2, 1, 31, &d))
		return false;
	if (d > length[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)))
		return false;
	*days = days_of(y, m, d);
	return true;
}

static bool
take_zone(struct slice *s, int *east)
{
	int h, m, sign = s->n > 0 && s->p[0] == '-' ? -1 : 1;

	*east = 0;
	if (s->n == 0 || take_char(s, "Zz"))
		return true;
	if (!take_char(s, "+-") || !take_digits(s, 2, 0, 23, &h))
		return false;
	take_char(s, ":");
	if (!take_digits(s, 2, 0, 59, &m))
		return false;
	*east = sign * (h * 3600 + m * 60);
	return true;
}

enum rc
when_stamp(struct slice s, int64_t *us)
{
	int h = 0, m = 0, sec = 0, east = 0;
	int64_t days, part = 0;

	if (!take_date(&s, &days))
		return RC_BAD;
	if (take_char(&s, " Tt")) {
		if (!take_digits(&s, 2, 0, 23, &h) || !take_char(&s, ":") || !take_digits(&s, 2, 0, 59, &m))
			return RC_BAD;
		/* RFC 3339 5.6 has leap seconds; they count as the next minute's first. */
		if (take_char(&s, ":") && (!take_digits(&s, 2, 0, 60, &sec) || !take_fraction(&s, &part)))
			return RC_BAD;
		if (!take_zone(&s, &east))
			return RC_BAD;
	}
	if (s.n > 0)
		return RC_BAD;
	*us = (days * DAY + h * 3600 + m * 60 + sec - east) * 1000000 + part;
	return RC_OK;
}

/* "-90s" is 90 seconds before now. */
static bool
take_distance(struct slice s, uint64_t now_ns, int64_t *us)
{
	static const struct {
		char unit;
		int64_t sec;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY }, { 'w', 7 * DAY } };
	uint64_t n;

	if (s.n < 3 || s.p[0] != '-')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (s.p[s.n - 1] == units[i].unit && slice_u64(slice_of(s.p + 1, s.n - 2), 1000000000, &n)) {
			*us = (int64_t)(now_ns / 1000) - (int64_t)n * units[i].sec * 1000000;
			return true;
		}
	return false;
}

static bool
take_epoch(struct slice s, int64_t *us)
{
	size_t digits = slice_chr(s, '.');
	uint64_t sec;
	int64_t part;

	if (!slice_u64(slice_head(s, digits), 9000000000000, &sec))
		return false;
	s = slice_skip(s, digits);
	if (!take_fraction(&s, &part) || s.n > 0)
		return false;
	*us = (int64_t)sec * 1000000 + part;
	return true;
}

enum rc
when_parse(struct slice s, uint64_t now_ns, int64_t *us, struct err *e)
{
	if (slice_eq(s, SLICE_LIT("now"))) {
		*us = (int64_t)(now_ns / 1000);
		return RC_OK;
	}
	if (take_distance(s, now_ns, us) || take_epoch(s, us) || when_stamp(s, us) == RC_OK)
		return RC_OK;
	return err_set(e, RC_BAD, "'%.*s' is no time (2026-11-22 21:05:00, with Z or +01:00 behind it, seconds since 1970, now, -15m, -1h, -7d)",
	    SLICE_ARG(s));
}

double
when_julian(int64_t sec)
{
	return (double)sec / DAY + JULIAN_EPOCH;
}

int64_t
when_from_julian(double day)
{
	double sec = (day - JULIAN_EPOCH) * DAY;

	/* A double holds a day of our times to 40 microseconds; NaN and what no integer holds are no time. */
	if (!(sec > -1e15 && sec < 1e15))
		return 0;
	return (int64_t)floor(sec + 0.75);
}
