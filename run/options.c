// SPDX-License-Identifier: MIT
// Flags as Go's commands have them: one dash or two, "-flag value" or "-flag=value", none after the
// program's name.
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/quote.h"
#include "base/str.h"

enum { MAX_RATE_HZ = 10000 };

static const int64_t MAX_MEM_RATE_BYTES = (int64_t)1 << 40, MAX_WAIT_RATE_NS = (int64_t)1 << 40;

const char run_usage[] =
		"usage: cprof run [FLAGS] [--] PROGRAM [ARGS]\n"
		"  -cpuprofile FILE     where the CPU profile goes (cprof.cpu.pb.gz, unless only other\n"
		"                       profiles or -http are asked for); with %p in it, the process id, every\n"
		"                       process that PROGRAM starts writes a profile of its own\n"
		"  -cpurate HZ          samples per second of CPU time of each thread (100)\n"
		"  -cpuengine ENGINE    auto, timer, perf or itimer (auto)\n"
		"  -memprofile FILE     where the heap profile goes; written when the process ends\n"
		"  -allocsprofile FILE  where the allocs profile goes: the same, but what was ever allocated comes\n"
		"                       first, and what was freed tells how long it lived\n"
		"  -memprofilerate N    mean bytes between their samples (524288); 1: every allocation; 0: none,\n"
		"                       with -http\n"
		"  -blockprofile FILE   where the block profile goes: time threads waited for locks and each other\n"
		"  -blockprofilerate N  a sample in N nanoseconds of that (1); 1: every wait\n"
		"  -mutexprofile FILE   where the mutex profile goes: who held the locks others waited for\n"
		"  -mutexprofilefraction N\n"
		"                       one sample of N releases (1)\n"
		"  -syscallprofile FILE where the syscall profile goes: time threads waited in system calls\n"
		"  -syscallprofilerate N\n"
		"                       a sample in N nanoseconds of that (10000); 1: every call\n"
		"  -threadprofile FILE  where the stacks of all threads go, as they are when the process ends\n"
		"  -wallprofile FILE    where the wall-clock profile goes: where all threads are, running or not\n"
		"  -trace FILE          where the execution trace goes, for cprof trace: what each thread did when\n"
		"  -threadcreateprofile FILE\n"
		"                       where the stacks that made threads go\n"
		"  -dumpsignal SIGNAL   print all threads to stderr at SIGNAL (QUIT: ^\\ at the terminal), and go on\n"
		"  -locksites           with -dumpsignal or -http: each thread of the dump tells which locks it\n"
		"                       holds and where it took them; costs each lock a walk of the stack\n"
		"  -http ADDRESS        serve profiles by URL while PROGRAM runs: localhost:6060, then\n"
		"                       cprof http://localhost:6060/debug/pprof/profile?seconds=5;\n"
		"                       unix:/path/%p.sock: every process at its own socket\n"
		"  -leak                at the end, show what was never freed (every allocation is recorded\n"
		"                       unless -memprofilerate says otherwise)\n";

const char test_usage[] =
		"usage: cprof test [FLAGS] [--] TEST [ARGS]\n"
		"  -cpuprofile FILE     where the CPU profile goes (%n.cpu.pprof, unless others are asked for); with\n"
		"                       %n in it, TEST's name and arguments, each test has files of its own\n"
		"  -memprofile FILE     where the profile of allocations goes\n"
		"  -memprofilerate N    mean bytes between its samples (524288); 1: every allocation\n"
		"  -blockprofile FILE   where the block profile goes: time threads waited for locks and each other\n"
		"  -blockprofilerate N  a sample in N nanoseconds of that (1); 1: every wait\n"
		"  -mutexprofile FILE   where the mutex profile goes: who held the locks others waited for\n"
		"  -mutexprofilefraction N\n"
		"                       one sample of N releases (1)\n"
		"  -trace FILE          where the execution trace goes, for cprof trace; one of each process\n"
		"  -cpurate HZ          samples per second of CPU time of each thread (100)\n"
		"  -outputdir DIR       where FILEs go whose names are relative; made if need be\n"
		"  meson test --wrapper 'cprof test -outputdir /tmp/profiles'\n"
		"  cprof test -outputdir /tmp/profiles ctest\n";

/** A number from 1 to max. */
static struct err *parse_number(struct arena *a, const char *name, const char *value, int64_t max,
		int64_t *number_out)
{
	char *end;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (*value == '\0' || *end || errno || number < 1 || number > max)
		return err_new(a, "-%s %s: not a number from 1 to %lld", name, value, (long long)max);
	*number_out = number;
	return NULL;
}

static struct err *parse_engine(struct arena *a, const char *value, const char **engine_out)
{
	static const char *const engines[] = {"auto", "timer", "perf", "itimer"};
	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++) {
		if (strcmp(value, engines[i]) == 0) {
			*engine_out = engines[i];
			return NULL;
		}
	}
	return err_new(a, "-cpuengine %s: there are auto, timer, perf and itimer", value);
}

/** By name, with or without SIG, or by number. */
static struct err *parse_signal(struct arena *a, const char *value, int64_t *signal_out)
{
	const char *name = strncmp(value, "SIG", 3) == 0 ? value + 3 : value;
	*signal_out = 0;
	for (int sig = 1; sig < NSIG; sig++) {
		const char *known = sigabbrev_np(sig);
		if (known && strcmp(known, name) == 0)
			*signal_out = sig;
	}
	if (!*signal_out && parse_number(a, "dumpsignal", value, NSIG - 1, signal_out))
		return err_new(a, "-dumpsignal %s: neither the name of a signal (QUIT) nor a number from 1 to %d",
				value, NSIG - 1);
	if (*signal_out == SIGKILL || *signal_out == SIGSTOP)
		return err_new(a, "-dumpsignal %s: no program can catch it", value);
	return NULL;
}

/** Flags whose value is a name, kept as it is given. */
static const struct {
	const char *name;
	size_t at; // of a const char *, in struct run_options
} texts[] = {
		{"cpuprofile", offsetof(struct run_options, cpuprofile)},
		{"memprofile", offsetof(struct run_options, memprofile)},
		{"allocsprofile", offsetof(struct run_options, allocsprofile)},
		{"blockprofile", offsetof(struct run_options, blockprofile)},
		{"mutexprofile", offsetof(struct run_options, mutexprofile)},
		{"syscallprofile", offsetof(struct run_options, syscallprofile)},
		{"threadprofile", offsetof(struct run_options, threadprofile)},
		{"threadcreateprofile", offsetof(struct run_options, threadcreateprofile)},
		{"wallprofile", offsetof(struct run_options, wallprofile)},
		{"trace", offsetof(struct run_options, trace)},
		{"http", offsetof(struct run_options, http)},
		{"outputdir", offsetof(struct run_options, outputdir)},
};

/** NULL: it is no such flag. */
static const char **text_of(struct run_options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (strcmp(name, texts[i].name) == 0)
			return (const char **)((char *)o + texts[i].at);
	}
	return NULL;
}

static struct err *set(struct arena *a, struct run_options *o, const char *name, const char *value)
{
	int64_t number = 0;
	struct err *e = NULL;
	if (strcmp(name, "cpurate") == 0) {
		e = parse_number(a, name, value, MAX_RATE_HZ, &number);
		o->rate_hz = (int)number;
	} else if (strcmp(name, "memprofilerate") == 0) {
		o->is_heap_off = strcmp(value, "0") == 0;
		o->mem_rate_bytes = 0;
		if (!o->is_heap_off)
			e = parse_number(a, name, value, MAX_MEM_RATE_BYTES, &o->mem_rate_bytes);
	} else if (strcmp(name, "blockprofilerate") == 0) {
		e = parse_number(a, name, value, MAX_WAIT_RATE_NS, &o->block_rate_ns);
	} else if (strcmp(name, "syscallprofilerate") == 0) {
		e = parse_number(a, name, value, MAX_WAIT_RATE_NS, &o->syscall_rate_ns);
	} else if (strcmp(name, "mutexprofilefraction") == 0) {
		e = parse_number(a, name, value, INT_MAX, &o->mutex_fraction);
	} else if (strcmp(name, "cpuengine") == 0) {
		e = parse_engine(a, value, &o->engine);
	} else if (strcmp(name, "dumpsignal") == 0) {
		e = parse_signal(a, value, &o->dump_signal);
	} else if (*value == '\0') {
		e = err_new(a, "-%s: no %s", name, strcmp(name, "http") == 0 ? "address" : "file name");
	} else {
		*text_of(o, name) = value;
	}
	return e;
}

static bool takes_value(struct run_options *o, const char *name)
{
	static const char *const others[] = {"cpurate", "cpuengine", "memprofilerate", "blockprofilerate",
			"mutexprofilefraction", "syscallprofilerate", "dumpsignal"};
	if (strcmp(name, "http") == 0 || strcmp(name, "allocsprofile") == 0)
		return !o->is_test;
	if (strcmp(name, "outputdir") == 0)
		return o->is_test;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (strcmp(name, others[i]) == 0)
			return true;
	}
	return text_of(o, name) != NULL;
}

/** Flags that need no value. NULL: it is none. */
static bool *switch_of(struct run_options *o, const char *name)
{
	if (o->is_test)
		return NULL;
	if (strcmp(name, "leak") == 0)
		return &o->leak;
	return strcmp(name, "locksites") == 0 ? &o->lock_sites : NULL;
}

/** What the flags leave open. */
static void complete(struct run_options *o)
{
	const char *default_cpuprofile = o->is_test ? "%n.cpu.pprof" : "cprof.cpu.pb.gz";
	if (o->leak && !o->memprofile)
		o->memprofile = "cprof.heap.pb.gz";
	if (o->leak && !o->mem_rate_bytes)
		o->mem_rate_bytes = 1;
	if (!o->memprofile && !o->allocsprofile && !o->blockprofile && !o->mutexprofile && !o->syscallprofile &&
			!o->threadprofile && !o->wallprofile && !o->threadcreateprofile && !o->trace &&
			!o->cpuprofile && !o->http)
		o->cpuprofile = default_cpuprofile;
	if (o->is_test) {
		o->allocsprofile = o->memprofile;
		o->memprofile = NULL;
	}
}

static bool is_help(const char *name)
{
	return strcmp(name, "h") == 0 || strcmp(name, "help") == 0;
}

struct err *run_options_parse(struct arena *a, int argc, char **argv, struct run_options *options_out)
{
	struct run_options *o = options_out;
	*o = (struct run_options){.is_test = strcmp(argv[0], "test") == 0};
	int i = 1;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		struct str value = str_from(argv[i] + (argv[i][1] == '-' ? 2 : 1));
		struct str head = str_cut(&value, '=');
		const char *name = arena_strndup(a, head.ptr, head.len);
		if (is_help(name)) {
			o->help = true;
			return NULL;
		}
		if (o->is_test && strncmp(name, "test.", 5) == 0)
			name += 5;
		bool *is_set = switch_of(o, name);
		bool is_joined = head.ptr[head.len] == '=';
		if (is_set && num_parse_bool(is_joined ? value.ptr : "true", is_set))
			continue;
		if (is_set)
			return err_new(a, "invalid boolean value %s for -%s: parse error", quote_go(a, value), name);
		if (!takes_value(o, name))
			return err_new(a, "there is no flag -%s", name);
		if (!is_joined && ++i == argc)
			return err_new(a, "-%s needs a value", name);
		struct err *e = set(a, o, name, is_joined ? value.ptr : argv[i]);
		if (e)
			return e;
	}
	if (o->lock_sites && !o->dump_signal && !o->http)
		return err_new(a, "-locksites: nothing would show them without -dumpsignal or -http");
	complete(o);
	if (o->is_heap_off && !o->is_test && (o->memprofile || o->allocsprofile))
		return err_new(a, "-memprofilerate 0: nothing would be in %s",
				o->memprofile ? o->memprofile : o->allocsprofile);
	o->program = argv + i;
	return i < argc ? NULL : err_new(a, "no %s given", o->is_test ? "test" : "program");
}
