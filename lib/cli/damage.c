/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "cli/diag.h"
#include "cli/stage.h"

bool
stage_damage(const char *name, const struct reader *rd, bool regular)
{
	const struct reader_damage *d = reader_damage(rd);

	if (d->frames > 0)
		diag("%s: damaged: %" PRIu64 " places, %" PRIu64 " bytes passed over", name, d->frames, d->bytes);
	if (d->payloads > 0)
		diag("%s: damaged: %" PRIu64 " messages dropped for a wrong checksum", name, d->payloads);
	if (reader_bytes(rd) == 0 && d->truncated)
		diag("%s: empty: not even a stream header (did the source fail?)", name);
	else if (d->truncated)
		diag("%s: truncated: no end frame (the source was cut off)", name);
	else if (d->count_mismatch && d->frames == 0)
		diag("%s: damaged: fewer or more messages than its end frame says", name);
	else if (d->no_header && d->frames == 0)
		diag("%s: damaged: it does not begin with a stream header", name);
	if (d->stopped)
		diag("%s: stopped by a signal before its end", name);
	return d->frames > 0 || d->payloads > 0 || d->truncated || d->count_mismatch || d->no_header || (d->stopped && !regular);
}
