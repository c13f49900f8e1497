/* SPDX-License-Identifier: MIT */
#ifndef STORE_WHEN_H
#define STORE_WHEN_H
/*
 * when - times as stores and users write them: "YYYY-MM-DD HH:MM:SS" in UTC (proleptic Gregorian), Julian days, and what stands
 * behind --since. No clock and no time zone of the machine: "now" is an argument, a time without a zone is UTC.
 */
#include "base/err.h"
#include "base/slice.h"

#define WHEN_TEXT 32

/* "2026-11-22 21:05:00"; returns the length. `sec` is seconds since the epoch. */
size_t when_format(int64_t sec, char out[static WHEN_TEXT]);

/*
 * A date, a blank or T, a time, perhaps a fraction of a second, perhaps a zone: RFC 3339, where the time, its seconds, and the
 * zone may be missing. Microseconds since the epoch; digits behind the sixth of a fraction are cut off. RC_BAD: none of these.
 */
enum rc when_stamp(struct slice s, int64_t *us) MUST_USE;

/*
 * What a user types: the above, seconds since the epoch ("1795375230", "1795375230.5"), "now", or a distance back from it ("-90s",
 * "-15m", "-1h", "-7d").
 */
enum rc when_parse(struct slice s, uint64_t now_ns, int64_t *us, struct err *) MUST_USE;

/* The Julian day of a whole second. */
double when_julian(int64_t sec);
/*
 * The second that a Julian day in a time_stamp column means. siptrace writes the day of half a second before the second; these
 * tools, and whoever stores the second itself, are told from it by the fraction.
 */
int64_t when_from_julian(double day);
#endif
