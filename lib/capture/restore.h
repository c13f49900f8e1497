/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_RESTORE_H
#define CAPTURE_RESTORE_H
/* restore - from a duplicate with X-headers to the message that was duplicated (trace/record_xheaders.h), where records are made. */
#include "capture/local.h"
#include "trace/record_xheaders.h"
#include "trace/stats.h"

/* Rows of the ledger, unit messages; both are left out on purpose. */
#define RESTORE_NO_XHEADERS { "no_xheaders", UNIT_MESSAGE, STAT_CHOSEN, 0 }
#define RESTORE_UNTRUSTED { "xheaders_untrusted", UNIT_MESSAGE, STAT_CHOSEN, 0 }

/*
 * False: the record is left out, and the counters have their new values. The direction is what the lines say, else what the
 * original's addresses do; `locals` may be NULL.
 */
bool restore_original(struct record_xheaders *x, const struct locals *locals, struct record *r, struct counter *no_xheaders,
    struct counter *untrusted) MUST_USE;
#endif
