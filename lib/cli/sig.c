/* SPDX-License-Identifier: MIT */
#include "cli/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/diag.h"

#define REPEAT_US 100000	/* from level 2 on */

/* Signal handlers reach nothing but globals. */
static volatile sig_atomic_t level, again, usr1, hup;
static int wake[2] = { -1, -1 };
static struct sig_conf conf;

static void
arm(uint64_t first_us)
{
	struct itimerval t = {
		.it_value = { .tv_sec = (time_t)(first_us / 1000000), .tv_usec = (suseconds_t)(first_us % 1000000) },
		.it_interval = { .tv_usec = REPEAT_US },
	};

	setitimer(ITIMER_REAL, &t, NULL);
}

static void
stop_signal(void)
{
	again = level > 0;
	if (level == 0 && !conf.source) {
		level = 1;
		arm(conf.drain_ns / 1000 > 0 ? conf.drain_ns / 1000 : 1);
	} else if (level < 2) {
		level = 2;
		arm(REPEAT_US);
	}
}

static void
on_signal(int sig)
{
	int saved = errno;

	switch (sig) {
	case SIGINT:
	case SIGTERM:
		stop_signal();
		break;
	case SIGALRM:
		level = 2;
		break;
	case SIGUSR1:
		usr1 = 1;
		break;
	case SIGHUP:
		hup = 1;
		break;
	}
	if (write(wake[1], "", 1) < 0)
		errno = saved;	/* the pipe is full: it wakes all the same */
	errno = saved;
}

static void
catch(int sig)
{
	struct sigaction a = { .sa_handler = on_signal };	/* no SA_RESTART: a blocked write must return */

	sigemptyset(&a.sa_mask);
	sigaction(sig, &a, NULL);
}

void
sig_install(const struct sig_conf *c)
{
	conf = *c;
	if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		diag_die("pipe: %s", strerror(errno));
	catch(SIGINT);
	catch(SIGTERM);
	catch(SIGALRM);
	catch(SIGUSR1);
	if (conf.hup)
		catch(SIGHUP);
	signal(SIGXFSZ, SIG_IGN);	/* a file over the limit is a failed write, which is said */
	signal(SIGPIPE, conf.ignore_pipe ? SIG_IGN : SIG_DFL);
}

int
sig_level(void)
{
	return level;
}

bool
sig_hurry(void)
{
	return level >= 2 && (again || !conf.source);
}

int
sig_fd(void)
{
	return wake[0];
}

void
sig_clear(void)
{
	char junk[64];

	while (read(wake[0], junk, sizeof(junk)) > 0)
		;
}

bool
sig_take_usr1(void)
{
	bool was = usr1 != 0;

	usr1 = 0;
	return was;
}

bool
sig_take_hup(void)
{
	bool was = hup != 0;

	hup = 0;
	return was;
}
