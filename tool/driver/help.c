// SPDX-License-Identifier: MIT
// Help texts (see help.h), made from the tables of commands and options where those know it.
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config.h"

enum { NAME_COLUMNS = 22 };

static const char head[] =
		"cprof: profiles of C, C++ and Rust programs, and of everybody else's\n"
		"\n"
		"  cprof run [options] PROGRAM [ARGUMENTS]   run a program and write its profiles\n"
		"  cprof attach [options] PID                profile the CPU time of a program that runs already\n"
		"  cprof test [options] TEST [ARGUMENTS]     run a test program as go test profiles one\n"
		"  cprof COMMAND [options] SOURCE...         print a report of profiles\n"
		"  cprof trace [options] TRACE               show an execution trace\n"
		"  cprof push -to URL|FOLDER SOURCE...       send profiles to Pyroscope, or keep the last ones\n"
		"  cprof [options] SOURCE...                 look at them in a shell\n"
		"  cprof -http=[HOST]:[PORT] SOURCE...       look at them in a browser\n"
		"  cprof help [COMMAND|OPTION]               this, or more on one of them\n"
		"  cprof version\n"
		"\n"
		"A SOURCE is a file (profile.proto, gzipped or not, or a format from before it) or a URL\n"
		"(http://host:port/debug/pprof/profile?seconds=10; unix:SOCKET/debug/pprof/heap), or -: the\n"
		"standard input. Several are merged. The binary may stand before them. Commands may also be\n"
		"written as flags: cprof -top SOURCE.\n";

static const char source_options[] =
		"\nSources\n"
		"  -seconds N            how long servers shall collect\n"
		"  -timeout N            seconds to wait for them\n"
		"  -base SOURCE          subtract this profile\n"
		"  -diff_base SOURCE     the same, with percentages of the base\n"
		"  -normalize            scale to the base's total first\n"
		"  -buildid ID           of the main binary, where the profile does not say\n"
		"  -add_comment TEXT     note it in the profile\n"
		"  -all_frames           show also frames the profile itself hides\n"
		"  -tls_cert FILE        client certificate\n"
		"  -tls_key FILE         its key\n"
		"  -tls_ca FILE          certificates to trust; https+insecure:// trusts any\n"
		"\nSymbols\n"
		"  -symbolize HOW        none, local, fastlocal, remote, force, demangle=none|full|\n"
		"                        templates|default; several with colons between them\n"
		"  -tools PATHS          where objdump and its kin are: DIR or TOOL:DIR, by commas\n"
		"\nWeb pages\n"
		"  -http HOST:PORT       serve them there; each may be empty: localhost, any port\n"
		"  -no_browser           open none\n"
		"\nShorter names\n"
		"  -inuse_space          -sample_index=inuse_space\n"
		"  -inuse_objects        -sample_index=inuse_objects\n"
		"  -alloc_space          -sample_index=alloc_space\n"
		"  -alloc_objects        -sample_index=alloc_objects\n"
		"  -contentions          -sample_index=contentions\n"
		"  -total_delay          -sample_index=delay\n"
		"  -mean_delay           -sample_index=delay -mean\n"
		"\nEnvironment\n"
		"  PPROF_TMPDIR          where fetched profiles are kept (~/pprof)\n"
		"  PPROF_BINARY_PATH     where to look for binaries (~/pprof/binaries)\n"
		"  PPROF_TOOLS           as -tools\n"
		"  BROWSER, NO_COLOR, TMPDIR, http_proxy, https_proxy\n";

static const char trace_text[] =
		"Show an execution trace, a file of `cprof run -trace` or a URL of /debug/pprof/trace.\n"
		"\n"
		"  cprof trace [options] TRACE\n"
		"\n"
		"Without options: where the threads' time went, with a picture of it, the longest waits\n"
		"with who ended them, and the latencies of the tasks and regions the program marked.\n"
		"\n"
		"  -perfetto FILE        write it for https://ui.perfetto.dev and trace_processor\n"
		"  -pprof KIND           make a profile of it, as go tool trace does:\n"
		"                          sync     waits for locks and for other threads\n"
		"                          syscall  blocking system calls\n"
		"                          net      waits on sockets and for events\n"
		"                          sched    from being woken to running\n"
		"  -o FILE               where the result goes (standard output)\n"
		"\n"
		"  cprof trace -pprof=sync app.trace | cprof -top -\n";

static const char shell_words[] =
		"\nIn this shell\n"
		"  OPTION=VALUE          set an option; OPTION alone, where it is yes or no\n"
		"  o, options            options and their values\n"
		"  :                     forget focus, ignore, hide, tagfocus and tagignore\n"
		"  TYPE                  report this sample type; mean_TYPE, total_TYPE\n"
		"  COMMAND ... >FILE     write the report to a file\n"
		"  COMMAND ... | PROGRAM give it to a program\n"
		"  help [NAME]           this, or more on a command or an option\n"
		"  q, quit, exit, ^D     leave\n";

// The first line of a help text.
static int first_line(const char *help)
{
	return (int)strcspn(help, "\n");
}

static void put_commands(struct buf *out, const char *dash)
{
	buf_cstr(out, "\nCommands\n");
	for (const struct command *c = commands; c->name; c++) {
		const char *param = !c->has_param ? "" : *dash ? "=REGEXP" : " REGEXP";
		char name[64];
		snprintf(name, sizeof(name), "%s%s%s", dash, c->name, param);
		buf_printf(out, "  %-*s%s\n", NAME_COLUMNS, name, c->help);
	}
}

static const char *value_name(const struct config_field *f)
{
	switch (f->kind) {
	case CONFIG_BOOL:
		return "";
	case CONFIG_STRING:
		return f->choices ? "" : "=TEXT";
	default:
		return "=N";
	}
}

static void put_choices(struct buf *out, const struct config_field *f, const char *dash)
{
	buf_printf(out, "%.*s (%s): one of\n", first_line(f->help), f->help, f->name);
	for (const char *const *c = f->choices; *c; c++) {
		char name[64];
		snprintf(name, sizeof(name), "%s%s", dash, *c);
		buf_printf(out, "  %-*s%s\n", NAME_COLUMNS, name, config_help(*c));
	}
}

static void put_options(struct buf *out, const char *dash)
{
	buf_cstr(out, "\nOptions of reports\n");
	for (const struct config_field *f = config_fields; f->name; f++) {
		char name[64];
		if (f->choices)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", dash, f->name, value_name(f));
		buf_printf(out, "  %-*s%.*s\n", NAME_COLUMNS, name, first_line(f->help), f->help);
	}
	for (const struct config_field *f = config_fields; f->name; f++) {
		if (!f->choices)
			continue;
		buf_byte(out, '\n');
		put_choices(out, f, dash);
	}
}

void help_usage(struct buf *out)
{
	buf_cstr(out, head);
	put_commands(out, "");
	put_options(out, "-");
	buf_cstr(out, source_options);
}

void help_short_usage(struct buf *out)
{
	buf_cstr(out, "usage: cprof COMMAND [options] SOURCE...      a report, e.g. cprof top cpu.pprof\n"
		      "       cprof run [options] PROGRAM [ARGUMENTS]\n"
		      "       cprof help                             commands and options\n");
}

void help_shell(struct buf *out)
{
	put_commands(out, "");
	put_options(out, "");
	buf_cstr(out, shell_words);
}

/** The lines of source_options that tell of a flag; false: none do. */
static bool put_source_option(const char *name, struct buf *out)
{
	char flag[64];
	snprintf(flag, sizeof(flag), "\n  -%s ", name);
	const char *line = strstr(source_options, flag);
	if (!line || strlen(name) > sizeof(flag) - 5)
		return false;
	do {
		line++;
		buf_printf(out, "%.*s\n", first_line(line), line);
		line += first_line(line);
	} while (strncmp(line, "\n   ", 4) == 0); // what it says goes on
	return true;
}

bool help_topic(const char *name, bool in_shell, struct buf *out)
{
	const struct command *c = command_find(name, strlen(name));
	const char *help = config_help(name);
	if (!in_shell && strcmp(name, "trace") == 0) {
		buf_cstr(out, trace_text);
		return true;
	}
	if (c) {
		buf_printf(out, "%s.\n\n", c->help);
		buf_printf(out, in_shell ? "  %s %s\n" : "  in the shell: %s %s\n", c->name, c->usage);
		if (!in_shell)
			buf_printf(out, "  cprof %s%s [options] SOURCE...\n", c->name,
					c->has_param ? " REGEXP" : "");
		return true;
	}
	if (!help)
		return !in_shell && put_source_option(name, out);
	const struct config_field *f = config_find(name);
	if (f->choices && strcmp(f->name, name) == 0)
		put_choices(out, f, in_shell ? "" : "-");
	else
		buf_printf(out, "%s\n", help);
	return true;
}
