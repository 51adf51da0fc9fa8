// SPDX-License-Identifier: MIT
// Context: EARLY. libcprof-init.so: CPROFDEBUG=inittrace=1, how long each object's constructors take.
//
//   init /lib/x86_64-linux-gnu/libstdc++.so.6 @0.512 ms, 0.034 ms clock
//
// A library of its own, which `cprof run` preloads when it is asked to: it is linked with -z initfirst, so that
// its constructor comes before all others, libc's included. There it puts a thunk into each entry of each
// object's DT_INIT_ARRAY. Nothing of libc's is ready yet, so everything here is system calls and our own memory.
// What dlopen() loads later is not seen, nor is DT_INIT, which compilers have not filled for twenty years. Where
// there are too many, the first line is "init 20 constructors not traced".
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debug/decimal.h"
#include "debug/settings.h"
#include "sigsafe/clock.h"
#include "write/vformat.h"

enum { MAX_ENTRIES = 1024, THUNK_BYTES = 16, PAGE_BYTES = 4096, LINE_BYTES = PATH_MAX + 64 };

typedef void initializer(int argc, char **argv, char **env);

struct object {
	const char *name; // the loader's
	size_t nleft;     // entries that have not run
	uint64_t start_ns, took_ns;
};

static struct {
	uint64_t start_ns;
	struct object objects[MAX_ENTRIES + 1]; // each has an entry, but for the one at hand
	size_t nobjects;
	struct {
		initializer *fn;
		struct object *object;
	} entries[MAX_ENTRIES];
	size_t nentries, nuntraced;
} trace;

/// One thunk an entry: its index becomes the fourth argument

extern const char cp_init_thunks[] __attribute__((visibility("hidden")));

#if defined(__x86_64__)
__asm__(".text\n.balign 16\n"
	".globl cp_init_thunks\n.hidden cp_init_thunks\ncp_init_thunks:\n"
	".set cp_index, 0\n.rept 1024\n.balign 16\n"
	"endbr64\nmov $cp_index, %ecx\njmp cp_init_run\n"
	".set cp_index, cp_index + 1\n.endr\n");
#elif defined(__aarch64__)
__asm__(".text\n.balign 16\n"
	".globl cp_init_thunks\n.hidden cp_init_thunks\ncp_init_thunks:\n"
	".set cp_index, 0\n.rept 1024\n.balign 16\n"
	"hint #34\nmov w3, #cp_index\nb cp_init_run\n"
	".set cp_index, cp_index + 1\n.endr\n");
#endif

static void print(const struct object *o)
{
	char line[LINE_BYTES], exe[PATH_MAX];
	const char *name = o->name;
	if (!*name) { // the program
		long n = cp_syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof(exe) - 1);
		exe[n > 0 ? n : 0] = '\0';
		name = exe;
	}
	size_t len = cp_format(line, sizeof(line), "init %s @%s ms, %s ms clock\n", name,
			cp_debug_decimal((o->start_ns - trace.start_ns) / 1000, 3).text,
			cp_debug_decimal(o->took_ns / 1000, 3).text);
	cp_syscall(SYS_write, 2, line, len, 0);
}

__attribute__((visibility("hidden"))) void cp_init_run(int argc, char **argv, char **env, unsigned index);

__attribute__((visibility("hidden"))) void cp_init_run(int argc, char **argv, char **env, unsigned index)
{
	struct object *o = trace.entries[index].object;
	uint64_t begin_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	if (o->start_ns == 0)
		o->start_ns = begin_ns;
	trace.entries[index].fn(argc, argv, env);
	o->took_ns += cp_clock_ns(CP_CLOCK_MONOTONIC) - begin_ns;
	if (--o->nleft == 0)
		print(o);
}

/// Putting them in

struct array {
	initializer **entries;
	size_t count;
	uintptr_t relro_begin, relro_end; // whole pages that are read-only by now
};

static void read_dynamic(const struct dl_phdr_info *info, const ElfW(Dyn) *dynamic, struct array *array)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_INIT_ARRAY)
			array->entries = (initializer **)(info->dlpi_addr + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_INIT_ARRAYSZ)
			array->count = dynamic->d_un.d_val / sizeof(initializer *);
	}
}

static struct array find_array(const struct dl_phdr_info *info)
{
	struct array array = {0};
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + ph->p_vaddr;
		if (ph->p_type == PT_DYNAMIC) {
			read_dynamic(info, (const ElfW(Dyn) *)begin, &array);
		} else if (ph->p_type == PT_GNU_RELRO) {
			array.relro_begin = begin & -(uintptr_t)PAGE_BYTES;
			array.relro_end = (begin + ph->p_memsz) & -(uintptr_t)PAGE_BYTES;
		}
	}
	return array;
}

static void put_thunks(const struct array *array, struct object *o)
{
	for (size_t i = 0; i < array->count; i++) {
		if (!array->entries[i] || (intptr_t)array->entries[i] == -1)
			continue;
		if (trace.nentries == MAX_ENTRIES) {
			trace.nuntraced++;
			continue;
		}
		trace.entries[trace.nentries].fn = array->entries[i];
		trace.entries[trace.nentries].object = o;
		array->entries[i] = (initializer *)(cp_init_thunks + trace.nentries++ * THUNK_BYTES);
		o->nleft++;
	}
}

/** The array's pages made writable, or read-only again if the loader had made them so. */
static bool protect(const struct array *array, int prot)
{
	uintptr_t begin = (uintptr_t)array->entries & -(uintptr_t)PAGE_BYTES;
	uintptr_t end = (uintptr_t)(array->entries + array->count);
	for (uintptr_t page = begin; page < end; page += PAGE_BYTES) {
		bool is_relro = page >= array->relro_begin && page < array->relro_end;
		if (is_relro && cp_syscall(SYS_mprotect, page, PAGE_BYTES, prot, 0) < 0)
			return false;
	}
	return true;
}

static int trace_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct array array = find_array(info);
	struct object *o = &trace.objects[trace.nobjects];
	(void)size;
	(void)arg;
	if (!protect(&array, PROT_READ | PROT_WRITE)) {
		trace.nuntraced += array.count;
		return 0;
	}
	o->name = info->dlpi_name;
	put_thunks(&array, o);
	trace.nobjects += o->nleft > 0;
	protect(&array, PROT_READ);
	return 0;
}

static bool is_asked(char **env)
{
	static struct cp_debug_settings settings;
	static const char name[] = "CPROFDEBUG=";
	for (; *env; env++) {
		if (strncmp(*env, name, sizeof(name) - 1) == 0)
			cp_debug_settings_parse(&settings, *env + sizeof(name) - 1);
	}
	return settings.inittrace;
}

__attribute__((constructor)) static void construct(int argc, char **argv, char **env)
{
	(void)argc;
	(void)argv;
	if (!is_asked(env))
		return;
	trace.start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	dl_iterate_phdr(trace_object, NULL);
	if (trace.nuntraced) {
		char line[LINE_BYTES];
		size_t len = cp_format(line, sizeof(line), "init %d constructors not traced\n", (int)trace.nuntraced);
		cp_syscall(SYS_write, 2, line, len, 0);
	}
}
