/* SPDX-License-Identifier: MIT */
#ifndef CLI_SIG_H
#define CLI_SIG_H
/*
 * sig - the signals of a pipeline stage (design section 2).
 *
 * INT, TERM: sig_level() becomes 1. Sources (SIG_SOURCE: whatever reads no pipe) stop then; a stage that reads a pipe goes on to
 * the end of its input, at most drain_ns of wall time, after which the level is 2. A second INT or TERM makes it 2 at
 * once: stop now. From level 2 on a signal repeats every 100 ms, so that a blocked write returns with EINTR.
 * USR1: sig_take_usr1() once. HUP: if `hup` was given, sig_take_hup() once, else it ends the process as usual.
 * PIPE: as usual (death), or ignored for a stage with --tee.
 */
#include <stdbool.h>
#include <stdint.h>

struct sig_conf {
	bool source;		/* reads no pipe: one signal is enough, the level goes to 2 */
	bool hup;		/* there is something to reopen */
	bool ignore_pipe;
	uint64_t drain_ns;
};

void sig_install(const struct sig_conf *);
int sig_level(void);
/* A second signal came, or drain_ns is over: not even what was taken already is to be waited for. */
bool sig_hurry(void);
/* Readable after any of these signals; sig_clear empties it. */
int sig_fd(void);
void sig_clear(void);
bool sig_take_usr1(void);
bool sig_take_hup(void);
#endif
