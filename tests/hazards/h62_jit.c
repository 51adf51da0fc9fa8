// SPDX-License-Identifier: MIT
// Hazard 62: code made at run time, in no module and with no unwind rules. h62_jit OUT HZ ENGINE fp|nofp|far|named
// With frame pointers the stack goes on through it; without, where its caller's return address is near; else it ends
// there and says why. Either way what was called from it is on its leaf, and nothing crashes. Its name comes from
// /tmp/perf-PID.map (named).
#include "workload.h"

#include <sys/mman.h>

WORK(called_from_jit);

static void callee(void)
{
	called_from_jit(1);
	__asm__ volatile("" ::: "memory");
}

#if defined(__x86_64__)
static const uint8_t with_fp[] = {
		0x55,             // push %rbp
		0x48, 0x89, 0xe5, // mov %rsp, %rbp
		0xff, 0xd7,       // call *%rdi
		0x5d,             // pop %rbp
		0xc3,             // ret
};
static const uint8_t without_fp[] = {
		0x55,                   // push %rbp
		0x48, 0x83, 0xec, 0x40, // sub $64, %rsp
		0x31, 0xed,             // xor %ebp, %ebp
		0xff, 0xd7,             // call *%rdi
		0x48, 0x83, 0xc4, 0x40, // add $64, %rsp
		0x5d,                   // pop %rbp
		0xc3,                   // ret
};
// No return addresses of earlier calls are left in its room: one may be taken for its caller's.
static const uint8_t far[] = {
		0x55,                                     // push %rbp
		0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00, // sub $4096, %rsp
		0x48, 0x89, 0xfa,                         // mov %rdi, %rdx
		0x48, 0x89, 0xe7,                         // mov %rsp, %rdi
		0x31, 0xc0,                               // xor %eax, %eax
		0xb9, 0x00, 0x02, 0x00, 0x00,             // mov $512, %ecx
		0xf3, 0x48, 0xab,                         // rep stosq
		0x31, 0xed,                               // xor %ebp, %ebp
		0xff, 0xd2,                               // call *%rdx
		0x48, 0x81, 0xc4, 0x00, 0x10, 0x00, 0x00, // add $4096, %rsp
		0x5d,                                     // pop %rbp
		0xc3,                                     // ret
};
#else
static const uint32_t with_fp[] = {
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0x910003fd, // mov x29, sp
		0xd63f0000, // blr x0
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd65f03c0, // ret
};
static const uint32_t without_fp[] = {
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0xd280001d, // mov x29, #0
		0xd63f0000, // blr x0
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd65f03c0, // ret
};
static const uint32_t far[] = {
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0xd14007ff, // sub sp, sp, #4096
		0x910003e1, // mov x1, sp
		0xd2820002, // mov x2, #4096
		0xa8817c3f, // stp xzr, xzr, [x1], #16
		0xf1004042, // subs x2, x2, #16
		0x54ffffc1, // b.ne two before
		0xd280001d, // mov x29, #0
		0xd63f0000, // blr x0
		0x914007ff, // add sp, sp, #4096
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd65f03c0, // ret
};
#endif

/** As a JIT does: an older function at the same place, then ours, then one that begins behind it. */
static void write_perf_map(const void *code)
{
	char path[64];
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	FILE *map = fopen(path, "w");
	MUST(map);
	fprintf(map, "%lx 1000 outdated\nno line of a map\n%lx 20 jit:made at run time\n%lx 20 behind\n",
			(unsigned long)code, (unsigned long)code, (unsigned long)code + 0x20);
	MUST(fclose(map) == 0);
}

static void remove_perf_map(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	MUST(unlink(path) == 0);
}

int main(int argc, char **argv)
{
	MUST(argc == 5);
	bool named = !strcmp(argv[4], "named");
	bool fp = named || !strcmp(argv[4], "fp");
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(code != MAP_FAILED);
	if (fp)
		memcpy(code, with_fp, sizeof(with_fp));
	else if (!strcmp(argv[4], "far"))
		memcpy(code, far, sizeof(far));
	else
		memcpy(code, without_fp, sizeof(without_fp));
	MUST(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
	__builtin___clear_cache(code, (char *)code + 4096);
	void (*jit)(void (*)(void));
	*(void **)&jit = code;

	if (named)
		write_perf_map(code);
	workload_start(argc, argv);
	for (int i = 0; i < 500; i++)
		jit(callee);
	workload_stop();
	if (named)
		remove_perf_map();
	return 0;
}
