/* SPDX-License-Identifier: MIT */
#ifndef CLI_RULESOPT_H
#define CLI_RULESOPT_H
/* rulesopt - what sipfilter selects by: the expression of the command line with its annotations, or the file of -f; rows, reading, re-reading. */
#include "cli/opt.h"
#include "select/select.h"

struct rulesopt {
	const char *mode;		/* NULL: not given */
	const char *file, *correlation, *table;
	struct strs users, user_files, dests;
};

extern struct rulesopt rulesopt;	/* where the rows store */

#define RULESOPT_ROWS											\
	{ 'm', "mode", "MODE", &rulesopt.mode, opt_choice, "select m messages, t transactions, d dialogs (m)", "m t d" },		\
	{ 'f', "file", "FILE", &rulesopt.file, opt_str, "read rules, or an expression, from FILE, again on HUP", NULL },		\
	{ 'c', "correlation", "TEMPLATE", &rulesopt.correlation, opt_str, "give all of a call this correlation id", NULL },		\
	{ 0, "user", "TEMPLATE", &rulesopt.users, opt_strs, "add a traced user (repeatable)", NULL },					\
	{ 0, "users", "FILE", &rulesopt.user_files, opt_strs, "add who of From, To and request URI is in FILE as a traced user", NULL },	\
	{ 0, "table", "TEMPLATE", &rulesopt.table, opt_str, "name the table that tracedb puts it in", NULL },				\
	{ 0, "to", "DEST", &rulesopt.dests, opt_strs, "add a destination, hep:udp:H:P or sip:H:P (repeatable)", NULL }

/* Rules from what is left of the command line, and the options. What is wrong is said, and ends the process (2). */
struct rules rulesopt_read(int argc, char **argv);
/* Files are named, which a HUP has read again. */
bool rulesopt_rereads(void);
/* On HUP: what -f, --users and @file say now; where they are wrong, that is said and the old rules stay. */
void rulesopt_again(struct select *);
/* A template of another option, `what` names it. Wrong: said, and the process ends (2). */
struct tmpl *rulesopt_template(const char *what, const char *text);
/* Says that a rule begins or is over. select_conf.say */
void rulesopt_say(void *, const struct rule *, enum select_event);
/* Prints the compiled rules to standard output. False: could not be written. */
bool rulesopt_explain(const struct rules *);
#endif
