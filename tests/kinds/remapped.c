// SPDX-License-Identifier: MIT
// remapped PROFILE: works in a second mapping of the program's own code, as V8 does, which is gone when the profile is
// written. test_remapped.py looks at what comes of it.
#include <cprof/pprof.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t work_fn(uint64_t turns);

/** Refers to nothing, so it runs wherever it is. */
__attribute__((noinline, noclone)) static uint64_t spin(uint64_t turns)
{
	uint64_t x = turns;
	for (; turns; turns--)
		__asm__ volatile("" : "+r"(x));
	return x;
}

struct mapping {
	char *start;
	size_t bytes;
};

/** Maps the segment `code` lies in again; *copy_out: where it is there. */
static struct mapping map_again(work_fn *code, work_fn **copy_out)
{
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)getauxval(AT_PHDR), *end = p + getauxval(AT_PHNUM);
	uintptr_t bias = 0, at = (uintptr_t)code, page_mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
	for (const ElfW(Phdr) *q = p; q < end; q++)
		bias = q->p_type == PT_PHDR ? (uintptr_t)p - q->p_vaddr : bias;
	while (p < end && (p->p_type != PT_LOAD || at - bias - p->p_vaddr >= p->p_filesz))
		p++;
	uintptr_t before = p < end ? p->p_vaddr & page_mask : 0;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct mapping m = {.bytes = p < end ? p->p_filesz + before : 0};
	m.start = mmap(NULL, m.bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)(p->p_offset - before));
	close(fd);
	if (m.start == MAP_FAILED)
		exit(1);
	*copy_out = (work_fn *)(m.start + before + (at - bias - p->p_vaddr));
	return m;
}

int main(int argc, char **argv)
{
	work_fn *copy;
	struct mapping m = map_again(spin, &copy);
	if (argc != 2 || cprof_set_cpu_profile_rate(1000) < 0 || cprof_start_cpu_profile(cprof_to_path(argv[1])) < 0)
		return 1;
	while (clock() < CLOCKS_PER_SEC)
		copy(1000000);
	munmap(m.start, m.bytes);
	return cprof_stop_cpu_profile() < 0;
}
