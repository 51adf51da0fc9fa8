// SPDX-License-Identifier: MIT
// Context: SIG. See threadcreate_hook.h.
#include "threadcreate_hook.h"

#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/card.h"
#include "sigsafe/modmap.h"

enum { MADE, ALIVE }; // enum cp_counts_value

struct cp_threadcreate cp_threadcreate;

struct cp_stack *cp_threadcreate_stack(const void *caller)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	if (!load(&cp_threadcreate.is_on, acquire))
		return NULL;
	uint32_t npcs = cp_capture(pcs, caller, 0);
	return cp_stacktab_intern(&cp_threadcreate.stacks, pcs, npcs, cp_modmap_epoch_of(pcs, npcs), 0);
}

void cp_threadcreate_made(struct cp_stack *stack)
{
	if (stack)
		fetch_add(&stack->values[MADE], 1, relaxed);
}

void cp_threadcreate_begin(struct cp_stack *stack)
{
	if (!stack || !cp_card_take())
		return;
	store(&cp_card->created_at, stack, relaxed);
	fetch_add(&stack->values[ALIVE], 1, relaxed);
}

/** That made this thread; NULL: not known. */
static struct cp_stack *own_stack(void)
{
	return cp_card ? load(&cp_card->created_at, relaxed) : NULL;
}

void cp_threadcreate_end(void)
{
	struct cp_stack *stack = own_stack();
	if (stack)
		fetch_sub(&stack->values[ALIVE], 1, relaxed);
}

static void forget_alive(struct cp_stack *stack, void *arg)
{
	store(&stack->values[ALIVE], stack == own_stack(), relaxed);
}

void cp_threadcreate_reset_in_child(void)
{
	if (load(&cp_threadcreate.is_on, acquire))
		cp_stacktab_each(&cp_threadcreate.stacks, forget_alive, NULL);
}
