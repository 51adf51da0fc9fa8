// SPDX-License-Identifier: MIT
// Context: SIG. See trace_pool_hook.h.
#include "trace_pool_hook.h"

#include <errno.h>
#include <linux/mman.h>

#include "sigsafe/pagealloc.h"
#include "sigsafe/sys.h"

static struct cp_trace_buffer *buffers; // NULL: there was no trace yet
static uint8_t *memory; // of them all; the kernel gives what is touched
static _Atomic uint32_t limit, ever, cursor;

static void drop_memory(uint32_t first, uint32_t end)
{
	if (first < end)
		cp_syscall(SYS_madvise, memory + (size_t)first * CP_TRACE_BUFFER_BYTES,
				(size_t)(end - first) * CP_TRACE_BUFFER_BYTES, MADV_DONTNEED, 0);
}

/** True: the buffer was in `from` and is the caller's now, as TAKEN, in a new turn. */
static bool claim(struct cp_trace_buffer *b, uint64_t state, enum cp_trace_buffer_state from)
{
	uint64_t taken = (state & ~(uint64_t)CP_TRACE_STATE_MASK) + CP_TRACE_STATE_MASK + 1 + CP_TRACE_TAKEN;
	return cp_trace_buffer_state(state) == from && compare_exchange(&b->state, &state, taken, acq_rel);
}

static void shrink(uint32_t n)
{
	for (uint32_t i = n; i < load(&ever, relaxed); i++) {
		if (!claim(&buffers[i], load(&buffers[i].state, relaxed), CP_TRACE_KEPT))
			continue;
		drop_memory(i, i + 1);
		cp_trace_pool_give(&buffers[i], CP_TRACE_FREE);
	}
}

static int reserve(void)
{
	if (!memory)
		memory = cp_pages_alloc((size_t)CP_TRACE_MAX_BUFFERS * CP_TRACE_BUFFER_BYTES);
	if (!buffers)
		buffers = cp_pages_alloc(CP_TRACE_MAX_BUFFERS * sizeof(*buffers));
	if (!memory || !buffers)
		return -ENOMEM;
	for (uint32_t i = 0; i < CP_TRACE_MAX_BUFFERS && !buffers[i].bytes; i++)
		buffers[i].bytes = memory + (size_t)i * CP_TRACE_BUFFER_BYTES;
	return 0;
}

int cp_trace_pool_resize(uint32_t n)
{
	int ret = reserve();
	if (ret < 0)
		return ret;
	if (n > CP_TRACE_MAX_BUFFERS)
		n = CP_TRACE_MAX_BUFFERS;
	store(&limit, n, release);
	if (n > load(&ever, relaxed))
		store(&ever, n, release);
	shrink(n);
	return 0;
}

uint32_t cp_trace_pool_count(void)
{
	return load(&ever, acquire);
}

struct cp_trace_buffer *cp_trace_pool_at(uint32_t index)
{
	return &buffers[index];
}

struct cp_trace_buffer *cp_trace_pool_take(uint32_t tid, uint64_t now_ticks)
{
	uint32_t n = load(&limit, acquire);
	for (uint32_t tries = 0; tries < n; tries++) {
		struct cp_trace_buffer *b = &buffers[fetch_add(&cursor, 1, relaxed) % n];
		uint64_t state = load(&b->state, relaxed);
		if (!claim(b, state, CP_TRACE_FREE) && !claim(b, state, CP_TRACE_KEPT))
			continue;
		store(&b->progress, cp_trace_progress(0, 0), relaxed);
		b->tid = tid;
		b->base_ticks = now_ticks;
		cp_trace_pool_give(b, CP_TRACE_OWNED);
		return b;
	}
	return NULL;
}

uint32_t cp_trace_pool_ntaken(void)
{
	return load(&cursor, relaxed);
}

void cp_trace_pool_give(struct cp_trace_buffer *b, enum cp_trace_buffer_state to)
{
	uint64_t turn = load(&b->state, relaxed) & ~(uint64_t)CP_TRACE_STATE_MASK;
	store(&b->state, turn + to, release);
}

void cp_trace_pool_keep_pending(void)
{
	for (uint32_t i = 0; i < load(&ever, relaxed); i++) {
		if (cp_trace_buffer_state(load(&buffers[i].state, acquire)) == CP_TRACE_PENDING)
			cp_trace_pool_give(&buffers[i], CP_TRACE_KEPT);
	}
}

bool cp_trace_pool_view(uint32_t index, struct cp_trace_view *view_out)
{
	struct cp_trace_buffer *b = &buffers[index];
	uint64_t state = load(&b->state, acquire);
	uint64_t progress = load(&b->progress, acquire);
	view_out->state = cp_trace_buffer_state(state);
	view_out->nbytes = cp_trace_used_bytes(progress);
	view_out->span_ticks = cp_trace_span_ticks(progress);
	view_out->tid = b->tid;
	view_out->base_ticks = b->base_ticks;
	if (view_out->state < CP_TRACE_OWNED || view_out->nbytes == 0)
		return false;
	for (size_t i = 0; i < view_out->nbytes; i++)
		view_out->bytes[i] = b->bytes[i];
	fence(acquire);
	return load(&b->state, relaxed) >> CP_TRACE_STATE_BITS == state >> CP_TRACE_STATE_BITS;
}

void cp_trace_pool_reset(void)
{
	uint32_t n = load(&ever, relaxed);
	for (uint32_t i = 0; i < n; i++)
		cp_trace_pool_give(&buffers[i], CP_TRACE_FREE);
	drop_memory(0, n);
	store(&cursor, 0, relaxed);
	store(&ever, load(&limit, relaxed), relaxed);
}
