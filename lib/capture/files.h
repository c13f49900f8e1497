/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_FILES_H
#define CAPTURE_FILES_H
/*
 * files - packets of several capture files in order of time. Within a file the order stays as it is, whatever its
 * times say; of equal times the file named first comes first.
 */
#include "capture/file.h"

struct files;
/* Takes ownership of the files (not of the array). */
struct files *files_new(struct file *const *files, size_t n);
void files_free(struct files *);	/* closes them; NULL is fine */
/* All of them together; the total is 0 where the size of one is not known. */
void files_progress(const struct files *, uint64_t *done, uint64_t *total);
/*
 * As file_next. After RC_BAD and RC_SYS, which concern one file, call again: the others go on. RC_LIMIT ends all. A packet
 * is valid until the next call.
 */
enum rc files_next(struct files *, struct packet *p, struct err *) MUST_USE;
#endif
