// SPDX-License-Identifier: MIT
// Context: SIG. Which memory can be read; see safeload.h.
#include <errno.h>
#include <linux/uio.h>

#include "atomic.h"
#include "card.h"
#include "safeload.h"
#include "sys.h"

enum {
	PAGE_BYTES = 4096,
	MAX_GAP_BYTES = 16 * PAGE_BYTES,   // a larger jump upwards starts a new range
	MAX_TLS_BYTES = 16 * PAGE_BYTES,   // static TLS between a stack and its thread pointer
	MAX_MAIN_PAGES = 2048,             // arguments and environment: 6 MiB are the kernel's limit
	NO_SUCH_HOW = ~0,
};

// Two words that a nested handler may change between each other: any mixture is a readable range too,
// for `high` is the end of this thread's stack whenever it is set, and `low` only falls.
static _Thread_local struct cp_readable own_stack;

static uintptr_t page_of(uintptr_t addr)
{
	return addr & ~(uintptr_t)(PAGE_BYTES - 1);
}

static uintptr_t thread_pointer(void)
{
	uintptr_t tp;
#if defined(__x86_64__)
	__asm__("movq %%fs:0, %0" : "=r"(tp));
#else
	__asm__("mrs %0, tpidr_el0" : "=r"(tp));
#endif
	return tp;
}

bool cp_readable_is_checked;

/** Slower, and seccomp may not let it through. */
static bool probe_by_copy(uintptr_t page)
{
	char byte;
	const struct iovec to = {&byte, 1}, from = {(void *)page, 1};
	return cp_syscall6(SYS_process_vm_readv, cp_gettid(), (long)&to, 1, (long)&from, 1, 0) == 1;
}

/** rt_sigprocmask reads the new mask before it looks at `how`: EFAULT or EINVAL, and nothing changes. */
static bool probe(uintptr_t page)
{
	enum { SIGSET_BYTES = 8 };
	if (cp_readable_is_checked)
		return page >= PAGE_BYTES && probe_by_copy(page);
	return page >= PAGE_BYTES &&
		cp_syscall(SYS_rt_sigprocmask, NO_SUCH_HOW, page, 0, SIGSET_BYTES) == -EINVAL;
}

/** Adds the pages above the range up to the one of addr. */
static bool grow_up(struct cp_readable *range, uintptr_t addr)
{
	while (range->high <= addr) {
		if (!probe(range->high))
			return false;
		range->high += PAGE_BYTES;
	}
	return true;
}

/** The stack the thread was told to stand on, if addr is in it. What lies below addr may not be mapped. */
static bool find_told(uintptr_t addr, struct cp_readable *range_out)
{
	struct cp_card *card = cp_card;
	uintptr_t high = card ? load(&card->stack_high, relaxed) : 0;
	if (addr >= high)
		return false;
	signal_fence(acquire);
	if (addr < load(&card->stack_low, relaxed))
		return false;
	signal_fence(acquire);
	*range_out = cp_readable_stack(page_of(addr), high);
	return load(&card->stack_high, relaxed) == high; // no handler has switched stacks in between
}

void cp_readable_tell(uintptr_t low, uintptr_t high)
{
	struct cp_card *card = high ? cp_card_take() : cp_card;
	if (!card)
		return;
	// A handler meets either pair, or none.
	store(&card->stack_high, 0, relaxed);
	signal_fence(release);
	store(&card->stack_low, low, relaxed);
	signal_fence(release);
	store(&card->stack_high, high, relaxed);
}

static bool extend_to(struct cp_readable *range, uintptr_t addr)
{
	if (addr >= range->low && addr < range->high)
		return true;
	if (range->high & CP_READABLE_CLOSED_MASK)
		return false;
	if (find_told(addr, range))
		return true;
	struct cp_readable own = own_stack;
	if (addr >= own.low && addr < own.high) {
		// A large frame may have stepped over whole pages of the same stack.
		bool is_near = range->low < own.low && own.low - range->low < MAX_GAP_BYTES;
		bool touches = is_near && (range->high >= own.low || grow_up(range, own.low - 1));
		range->low = touches ? range->low : own.low;
		range->high = own.high;
		return true;
	}
	if (range->high && addr >= range->high && addr - range->high < MAX_GAP_BYTES && grow_up(range, addr))
		return true;
	if (!probe(page_of(addr)))
		return false;
	range->low = page_of(addr);
	range->high = range->low + PAGE_BYTES;
	return true;
}

bool cp_readable_extend(struct cp_readable *range, uintptr_t addr, size_t nbytes)
{
	if (nbytes == 0 || addr + nbytes < addr)
		return false;
	// The last byte may lie on the next page; that one joins the range of the first.
	return extend_to(range, addr) && extend_to(range, addr + nbytes - 1) && addr >= range->low;
}

CP_NEAR struct cp_readable cp_readable_begin(uintptr_t sp)
{
	struct cp_readable told;
	return find_told(sp, &told) ? told : own_stack;
}

CP_NEAR void cp_readable_keep(const struct cp_readable *range)
{
	struct cp_readable own = own_stack;
	if (range->high & CP_READABLE_CLOSED_MASK)
		return;
	if (own.high) {
		if (range->low < own.low && range->high >= own.low && range->high <= own.high)
			own_stack.low = range->low;
		return;
	}
	uintptr_t tp = thread_pointer();
	struct cp_readable whole = *range;
	if (tp < whole.low || (tp >= whole.high && tp - whole.high >= MAX_TLS_BYTES) || !grow_up(&whole, tp))
		return;
	own_stack.low = whole.low;
	own_stack.high = whole.high;
}

static __attribute__((noinline)) bool ask_for_room(uintptr_t low)
{
	struct cp_readable own = own_stack, range = {.low = page_of(low)};
	if (find_told(low, &range))
		return true;
	if (!probe(range.low))
		return false;
	range.high = range.low + PAGE_BYTES;
	if (low < own.low && own.low - range.low < MAX_GAP_BYTES && grow_up(&range, own.low - 1))
		own_stack.low = range.low; // asked once at each depth
	return true;
}

CP_NEAR bool cp_readable_has_room(size_t nbytes)
{
	uintptr_t low = (uintptr_t)__builtin_frame_address(0) - nbytes;
	struct cp_readable own = own_stack;
	return (low >= own.low && low < own.high) || ask_for_room(low);
}

void cp_readable_keep_main_stack(void)
{
	struct cp_readable range = {.low = page_of((uintptr_t)__builtin_frame_address(0))};
	if (range.low >= own_stack.low && range.low < own_stack.high)
		return;
	range.high = range.low + PAGE_BYTES;
	for (int i = 0; i < MAX_MAIN_PAGES && probe(range.high); i++)
		range.high += PAGE_BYTES;
	own_stack = range;
}
