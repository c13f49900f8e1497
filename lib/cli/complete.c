/* SPDX-License-Identifier: MIT */
#include "cli/complete.h"

/* Every option of the tool and of its subcommands, each long name once. */
typedef void each_fn(const struct opt_tool *t, const struct opt *o, struct buf *out);

static bool
seen_before(const struct opt_tool *t, size_t sub, const struct opt *o)
{
	const struct opt *other;
	size_t pos = 0;

	while ((other = opt_walk(t, &pos)) != NULL)
		if (sub > 0 && other->name != NULL && o->name != NULL && strcmp(other->name, o->name) == 0)
			return true;
	for (size_t i = 0; i + 1 < sub; i++)
		for (pos = 0; (other = opt_walk(t->subs[i], &pos)) != NULL;)
			if (other->name != NULL && o->name != NULL && strcmp(other->name, o->name) == 0)
				return true;
	return false;
}

static void
each_option(const struct opt_tool *t, each_fn *fn, struct buf *out)
{
	const struct opt *o;
	size_t pos = 0;

	while ((o = opt_walk(t, &pos)) != NULL)
		fn(t, o, out);
	for (size_t i = 0; t->subs != NULL && t->subs[i] != NULL; i++)
		for (pos = 0; (o = opt_walk(t->subs[i], &pos)) != NULL;)
			if (!seen_before(t, i + 1, o))
				fn(t, o, out);
}

static bool
is_path(const char *arg)
{
	return strstr(arg, "FILE") != NULL || strstr(arg, "DIR") != NULL;
}

static void
sub_names(const struct opt_tool *t, struct buf *out)
{
	for (size_t i = 0; t->subs != NULL && t->subs[i] != NULL; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", t->subs[i]->name);
}

/* "-r|--read)" */
static void
bash_case(const struct opt_tool *t, const struct opt *o, struct buf *out)
{
	(void)t;
	if (o->arg == NULL)
		return;
	buf_str(out, "\t");
	if (o->c != 0)
		buf_printf(out, "-%c%s", o->c, o->name != NULL ? "|" : "");
	if (o->name != NULL)
		buf_printf(out, "--%s", o->name);
	if (o->values != NULL)
		buf_printf(out, ") mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); return ;;\n", o->values);
	else if (is_path(o->arg))
		buf_str(out, ") mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n");
	else
		buf_str(out, ") return ;;\n");
}

static void
bash_word(const struct opt_tool *t, const struct opt *o, struct buf *out)
{
	(void)t;
	if (o->c != 0)
		buf_printf(out, " -%c", o->c);
	if (o->name != NULL)
		buf_printf(out, " --%s", o->name);
}

static void
bash(const struct opt_tool *t, struct buf *out)
{
	buf_printf(out, "# bash completion for %s; made by %s --completion bash\n_%s() {\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n\tCOMPREPLY=()\n\tcase $prev in\n",
	    t->name, t->name, t->name);
	each_option(t, bash_case, out);
	buf_str(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
	each_option(t, bash_word, out);
	buf_str(out, "' -- \"$cur\")\n");
	if (t->subs != NULL) {
		buf_str(out, "\telif [[ $COMP_CWORD == 1 ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
		sub_names(t, out);
		buf_str(out, "' -- \"$cur\")\n");
	}
	buf_str(out, "\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\tfi\n}\n");
	buf_printf(out, "complete -o filenames -F _%s %s\n", t->name, t->name);
}

/* Text inside single quotes, with what zsh's _arguments and fish would take for syntax made harmless. */
static void
quoted(struct buf *out, const char *s, const char *escape)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_str(out, "'\\''");
		else if (strchr(escape, *s) != NULL)
			buf_printf(out, "\\%c", *s);
		else
			buf_u8(out, (uint8_t)*s);
	}
}

static void
zsh_form(const struct opt *o, const char *dash, const char *name, struct buf *out)
{
	buf_printf(out, "  '*%s%s[", dash, name);
	quoted(out, o->help, "[]:\\");
	buf_str(out, "]");
	if (o->arg != NULL) {
		buf_printf(out, ":%s:", o->arg);
		if (o->values != NULL)
			buf_printf(out, "(%s)", o->values);
		else if (is_path(o->arg))
			buf_str(out, "_files");
	}
	buf_str(out, "' \\\n");
}

static void
zsh_option(const struct opt_tool *t, const struct opt *o, struct buf *out)
{
	char c[] = { (char)o->c, '\0' };

	(void)t;
	if (o->c != 0)
		zsh_form(o, "-", c, out);
	if (o->name != NULL)
		zsh_form(o, "--", o->name, out);
}

static void
zsh(const struct opt_tool *t, struct buf *out)
{
	buf_printf(out, "#compdef %s\n# made by %s --completion zsh\n_arguments -s \\\n", t->name, t->name);
	each_option(t, zsh_option, out);
	if (t->subs != NULL) {
		buf_str(out, "  '1:command:(");
		sub_names(t, out);
		buf_str(out, ")' \\\n");
	}
	buf_str(out, "  '*:file:_files'\n");
}

static void
fish_option(const struct opt_tool *t, const struct opt *o, struct buf *out)
{
	buf_printf(out, "complete -c %s", t->name);
	if (o->c != 0)
		buf_printf(out, " -s %c", o->c);
	if (o->name != NULL)
		buf_printf(out, " -l %s", o->name);
	if (o->arg != NULL)
		buf_str(out, is_path(o->arg) ? " -rF" : " -x");
	if (o->values != NULL)
		buf_printf(out, " -a '%s'", o->values);
	buf_str(out, " -d '");
	for (const char *s = o->help; *s != '\0'; s++)
		buf_printf(out, *s == '\'' || *s == '\\' ? "\\%c" : "%c", *s);
	buf_str(out, "'\n");
}

static void
fish(const struct opt_tool *t, struct buf *out)
{
	buf_printf(out, "# fish completion for %s; made by %s --completion fish\n", t->name, t->name);
	each_option(t, fish_option, out);
	if (t->subs != NULL) {
		buf_printf(out, "complete -c %s -n __fish_is_first_arg -a '", t->name);
		sub_names(t, out);
		buf_str(out, "'\n");
	}
}

enum rc
opt_completion(const struct opt_tool *t, const char *shell, struct buf *out)
{
	static const struct {
		const char *name;
		void (*fn)(const struct opt_tool *, struct buf *);
	} shells[] = {
		{ "bash", bash },
		{ "zsh", zsh },
		{ "fish", fish },
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shell, shells[i].name) == 0) {
			shells[i].fn(t, out);
			return RC_OK;
		}
	return RC_BAD;
}
