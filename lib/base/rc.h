/* SPDX-License-Identifier: MIT */
#ifndef BASE_RC_H
#define BASE_RC_H
/* rc - what a function that can fail returns. The end is no failure, and "need more" is not "wrong". */
enum rc {
	RC_OK,		/* done */
	RC_END,		/* nothing more, orderly */
	RC_MORE,	/* these bytes are a prefix of something valid */
	RC_BAD,		/* these bytes (or this text) are wrong */
	RC_LIMIT,	/* a stated limit would be exceeded */
	RC_SYS,		/* the system refused; errno is in struct err */
};
#define MUST_USE __attribute__((warn_unused_result))
#endif
