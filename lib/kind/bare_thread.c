// SPDX-License-Identifier: MIT
// Context: CTL. See bare_thread.h.
//
// clone() needs a stack and a thread pointer. Around that libc keeps errno, the locale and the stack protector's word
// (and we what heap_hook.h and others keep of a thread): it is a copy of the creator's, but ours begins anew.
#include "bare_thread.h"

#include <errno.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "own_stack.h"
#include "sigsafe/atomic.h"
#include "sigsafe/card.h"
#include "sigsafe/futex.h"
#include "sigsafe/pagealloc.h"

enum {
	PAGE_BYTES = 4096,
	USED_STACK_BYTES = 8192, // by nearly all
	LIBC_BYTES = 4096,      // its struct pthread, above or below what the thread pointer points to; 0 will do
	MAX_TLS_BYTES = 1 << 20, // farther away it is no part of the block around the thread pointer
	GONE_NS = 20000,
};

#ifdef __x86_64__
enum { HEAD_BYTES = 64 }; // at the thread pointer: itself, twice, and the stack protector's word
#else
enum { HEAD_BYTES = 16 };
#endif

/** The thread-local storage around this thread's pointer; and what of it is this library's. */
struct tls {
	uintptr_t pointer, low, high;
	uint64_t known_version, version; // of the loader's list
	char *own;
	size_t own_bytes, own_image_bytes;
	const void *own_image;
};

static int see_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct tls *tls = arg;
	tls->version = info->dlpi_adds + info->dlpi_subs;
	if (tls->version == tls->known_version)
		return 1;
	uintptr_t start = (uintptr_t)info->dlpi_tls_data;
	for (int i = 0; i < info->dlpi_phnum && start; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t end = start + segment->p_memsz;
		if (segment->p_type != PT_TLS || start - (tls->pointer - MAX_TLS_BYTES) > 2 * MAX_TLS_BYTES)
			continue;
		tls->low = start < tls->low ? start : tls->low;
		tls->high = end > tls->high ? end : tls->high;
		if ((uintptr_t)&cp_card < start || (uintptr_t)&cp_card >= end)
			continue;
		tls->own = (char *)start;
		tls->own_bytes = segment->p_memsz;
		tls->own_image = (const void *)(info->dlpi_addr + segment->p_vaddr);
		tls->own_image_bytes = segment->p_filesz;
	}
	return 0;
}

/** Its thread pointer, at the same place in a page as the creator's: so what is in there is aligned as it was. */
static uintptr_t copy_tls(const struct tls *tls, char *room)
{
	uintptr_t moved = (uintptr_t)room + LIBC_BYTES - tls->low / PAGE_BYTES * PAGE_BYTES;
	memcpy((void *)(tls->low + moved), (void *)tls->low, tls->high - tls->low);
	memset((char *)((uintptr_t)tls->own + moved), 0, tls->own_bytes);
	memcpy((char *)((uintptr_t)tls->own + moved), tls->own_image, tls->own_image_bytes);
	uintptr_t pointer = tls->pointer + moved;
#ifdef __x86_64__
	((uintptr_t *)pointer)[0] = ((uintptr_t *)pointer)[2] = pointer;
#endif
	return pointer;
}

static int make_room(struct cp_bare_thread *t, const struct tls *tls)
{
	size_t bytes = tls->high - tls->low / PAGE_BYTES * PAGE_BYTES;
	t->pages_bytes = CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES + LIBC_BYTES + bytes + LIBC_BYTES;
	t->pages = cp_pages_alloc(t->pages_bytes);
	if (!t->pages)
		return -ENOMEM;
	mprotect(t->pages, CP_OWN_GUARD_BYTES, PROT_NONE);
	madvise(t->pages, t->pages_bytes, MADV_DONTFORK);
	size_t unused_bytes = CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES - USED_STACK_BYTES;
	cp_pages_fill(t->pages + unused_bytes, t->pages_bytes - unused_bytes);
	return 0;
}

/** To see each module is to read a page of each: a child of fork() would for each of its threads. */
static const struct tls *find_tls(uintptr_t pointer)
{
	static struct tls last; // one thread at a time is here, see start_dismissible()
	struct tls tls = {.pointer = pointer, .low = pointer, .high = pointer + HEAD_BYTES};
	tls.known_version = last.pointer == pointer ? last.version : 0;
	dl_iterate_phdr(see_module, &tls);
	if (tls.version != tls.known_version)
		last = tls;
	return &last;
}

int cp_bare_thread_start(struct cp_bare_thread *t, int (*run)(void *arg), void *arg)
{
	uintptr_t pointer = (uintptr_t)__builtin_thread_pointer();
	const struct tls *tls = find_tls(pointer);
	int ret = tls->own ? make_room(t, tls) : -ENOTSUP;
	if (ret < 0)
		return ret;
	char *stack_end = t->pages + CP_OWN_GUARD_BYTES + CP_OWN_STACK_BYTES;
	pointer = copy_tls(tls, stack_end);
	store(&t->is_alive, 1, relaxed);
	// As pthread_create() does, which is what emulators and filters of system calls know.
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
		    CLONE_CHILD_CLEARTID;
	if (clone(run, stack_end, flags, arg, NULL, (void *)pointer, &t->is_alive) >= 0)
		return 0;
	ret = -errno;
	cp_pages_free(t->pages, t->pages_bytes);
	return ret;
}

void cp_bare_thread_join(struct cp_bare_thread *t)
{
	_Atomic uint32_t nobody = 0;
	while (load(&t->is_alive, acquire))
		cp_futex_wait(&nobody, 0, GONE_NS);
	cp_pages_free(t->pages, t->pages_bytes);
}
