// SPDX-License-Identifier: MIT
// print_rules FILE: maps an ELF file's segments as a loader would, then reads addresses (hexadecimal, as in the file)
// and prints our unwind rule for each in readelf's words: `CFA rbx rbp ra`, or `signal`, `none`, `bad`.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sigsafe/cfi.h"
#include "sigsafe/module_elf.h"

#if defined(__x86_64__)
static const char *const names[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11",
	"r12", "r13", "r14", "r15", "ra"};
#else
static const char *const names[] = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
	"x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
	"x29", "ra", "sp"};
#endif

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/** Copies the file's segments to where they belong, and returns the bias. */
static uintptr_t load_segments(int fd, const ElfW(Phdr) *ph, int phnum)
{
	uintptr_t low = UINTPTR_MAX, high = 0;
	for (int i = 0; i < phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		low = ph[i].p_vaddr < low ? ph[i].p_vaddr : low;
		high = ph[i].p_vaddr + ph[i].p_memsz > high ? ph[i].p_vaddr + ph[i].p_memsz : high;
	}
	char *image = mmap(NULL, high - low, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image == MAP_FAILED)
		die("mmap");
	uintptr_t bias = (uintptr_t)image - low;
	for (int i = 0; i < phnum; i++)
		if (ph[i].p_type == PT_LOAD && pread(fd, (void *)(bias + ph[i].p_vaddr), ph[i].p_filesz,
						       (off_t)ph[i].p_offset) != (ssize_t)ph[i].p_filesz)
			die("pread");
	return bias;
}

static void print_place(struct cp_place place)
{
	switch (place.how) {
	case CP_PLACE_SAME:
	case CP_PLACE_UNDEFINED: printf(" u"); break;
	case CP_PLACE_AT_CFA: printf(" c%+d", place.offset); break;
	case CP_PLACE_IS_CFA: printf(" v%+d", place.offset); break;
	case CP_PLACE_REGISTER: printf(" %s", names[place.reg]); break;
	case CP_PLACE_AT_EXPR: printf(" exp"); break;
	default: printf(" vexp");
	}
}

static void print_rule(const struct cp_rule *rule)
{
	if (rule->is_signal_frame) {
		puts("signal");
		return;
	}
	if (rule->cfa.how == CP_PLACE_REGISTER)
		printf("%s%+d", names[rule->cfa.reg], rule->cfa.offset);
	else
		printf("exp");
	print_place(rule->saved[CP_EXTRA]);
	print_place(rule->saved[CP_FP]);
	print_place(rule->saved[CP_RA]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	ElfW(Ehdr) ehdr;
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0 || pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr))
		die("print_rules FILE");
	ElfW(Phdr) *ph = calloc(ehdr.e_phnum, sizeof(*ph));
	ssize_t bytes = (ssize_t)(ehdr.e_phnum * sizeof(*ph));
	if (pread(fd, ph, (size_t)bytes, (off_t)ehdr.e_phoff) != bytes)
		die("program headers");
	struct cp_module module;
	if (!cp_module_describe(load_segments(fd, ph, ehdr.e_phnum), ph, ehdr.e_phnum, &module))
		die("no code");
	unsigned long pc;
	while (scanf("%lx", &pc) == 1) {
		struct cp_rule rule;
		int err = cp_cfi_rule(&module, module.load_bias + pc, &rule);
		if (err)
			puts(err == -ENOENT ? "none" : "bad");
		else
			print_rule(&rule);
	}
	free(ph);
	return 0;
}
