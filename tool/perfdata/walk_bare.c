// SPDX-License-Identifier: MIT
// Steps of a walk where code has no tables: generated code, assembly whose author wrote none, musl's libc. What remains
// is the frame pointer, if the code keeps one, and the look of the stack; lib/sigsafe/unwind.c weighs them alike within
// a process.
#include <elf.h>

#include "format/call_site.h"
#include "format/prologue.h"
#include "tool/perfdata/walk.h"

enum {
	WORD_BYTES = 8,
	MAX_SCAN_BYTES = 16 << 10,     // locals of a codec's assembly, or of musl's printf
	REALIGNED_BYTES = 1024,        // at least, where assembly aligns its stack for a buffer
	MAX_BUFFER_BYTES = 64 << 10,
	MAX_SAVED_BYTES = 512,         // registers and arguments of such a function, below its return address
	MAX_FP_FRAME_BYTES = 256 << 10, // a frame pointer further up is some other number
	X86_64_RBX = 3,
};

/// Return addresses

static const uint8_t *code_at(struct walk *w, uint64_t address, size_t nbytes, struct address_range **range_out)
{
	struct address_range *range = process_range(w->processes, w->pid, address);
	if (range_out)
		*range_out = range;
	return range ? cfi_code(w->tables, range, address, nbytes) : NULL;
}

static bool is_return_address(struct walk *w, uint64_t pc)
{
	const uint8_t *code = code_at(w, pc - CALL_SITE_BYTES, CALL_SITE_BYTES, NULL);
	if (!code)
		return false;
	return w->machine->is_aarch64 ? call_site_aarch64(code + CALL_SITE_BYTES)
				      : call_site_x86_64(code + CALL_SITE_BYTES);
}

/** Old return addresses lie about in the locals of a function. One whose call went to code with tables has not called
 *  code without; through a PLT stub it may have. */
static bool may_have_called_bare_code(struct walk *w, uint64_t pc)
{
	const uint8_t *code = w->machine->is_aarch64 ? NULL : code_at(w, pc - CALL_SITE_BYTES, CALL_SITE_BYTES, NULL);
	int32_t distance = code ? call_site_distance_x86_64(code + CALL_SITE_BYTES) : 0;
	struct address_range *range;
	const uint8_t *target = distance ? code_at(w, pc + (uint64_t)distance, JUMP_STUB_BYTES, &range) : NULL;
	return !target || !cfi_row(w->tables, range, pc + (uint64_t)distance) || is_jump_stub_x86_64(target);
}

/** A guessed caller is believed if it has rules, and by these a caller too. */
static bool is_confirmed(const struct walk *guess)
{
	struct walk caller = *guess;
	uint64_t at = caller.now.value[caller.machine->pc] - 1;
	struct address_range *range = process_range(caller.processes, caller.pid, at);
	Dwarf_Frame *frame = range ? cfi_row(caller.tables, range, at) : NULL;
	if (!frame || !walk_by_rules(&caller, frame))
		return false;
	uint64_t pc = caller.now.value[caller.machine->pc];
	return pc == 0 || is_return_address(&caller, pc);
}

/** Go's goroutines return to where nothing has called; of generated code nobody can say. */
static bool is_code(struct walk *w, uint64_t pc)
{
	const struct address_range *range = process_range(w->processes, w->pid, pc);
	return range && !range->is_data;
}

/// Guesses

static struct walk caller_of(const struct walk *w, uint64_t pc, uint64_t sp)
{
	struct walk caller = *w;
	walk_set(&caller.now, w->machine->pc, pc);
	walk_set(&caller.now, w->machine->sp, sp);
	caller.is_call = true;
	return caller;
}

static bool behind_word(struct walk *w, uint64_t at, struct walk *caller_out)
{
	uint64_t pc;
	if (!walk_load(w, at, &pc) || !is_return_address(w, pc) || !may_have_called_bare_code(w, pc))
		return false;
	*caller_out = caller_of(w, pc, at + WORD_BYTES);
	return is_confirmed(caller_out);
}

/** Whether the copy goes up to what the kernel put above the first frame: in the auxiliary vector the size of a
 *  program header. */
static bool has_end(const struct walk *w)
{
	const uint64_t header_size[] = {AT_PHENT, sizeof(Elf64_Phdr)};
	for (uint64_t at = w->now.value[w->machine->sp] - w->stack_start;
			at <= w->stack_bytes && w->stack_bytes - at >= sizeof(header_size); at += WORD_BYTES)
		if (memcmp(w->stack + at, header_size, sizeof(header_size)) == 0)
			return true;
	return false;
}

/** It has called the very function the walk is in, whose prologue took the stack between them and came to `sp`. */
static bool has_called(struct walk *w, uint64_t sp, const struct walk *caller)
{
	const struct machine *m = w->machine;
	uint64_t pc = caller->now.value[m->pc], at = caller->now.value[m->sp] - WORD_BYTES;
	const uint8_t *site = m->is_aarch64 ? NULL : code_at(w, pc - CALL_SITE_BYTES, CALL_SITE_BYTES, NULL);
	int32_t distance = site ? call_site_distance_x86_64(site + CALL_SITE_BYTES) : 0;
	uint64_t start = pc + (uint64_t)distance;
	const uint8_t *code = distance ? code_at(w, start, PROLOGUE_BYTES, NULL) : NULL;
	return code && prologue_fits_x86_64(code, start, w->now.value[m->pc], at - sp);
}

/** The caller the function's prologue tells of, or else the first that may be one. */
static bool find_caller(struct walk *w, uint64_t from, uint64_t nbytes, struct walk *caller_out)
{
	uint64_t end = w->stack_start + w->stack_bytes;
	uint64_t limit = from < end && nbytes < end - from ? from + nbytes : end;
	bool is_found = false;
	struct walk caller;
	for (uint64_t at = from; at < limit && limit - at >= WORD_BYTES; at += WORD_BYTES) {
		if (!behind_word(w, at, &caller))
			continue;
		if (!is_found)
			*caller_out = caller;
		is_found = true;
		if (has_called(w, from, &caller)) {
			*caller_out = caller;
			break;
		}
	}
	w->left_copy |= !is_found && limit == end && !has_end(w);
	return is_found;
}

static bool behind_frame_pointer(struct walk *w, struct walk *caller_out)
{
	const struct machine *m = w->machine;
	uint64_t fp = w->now.value[m->fp], sp = w->now.value[m->sp], caller_fp, pc;
	if (!walk_has(&w->now, m->fp) || fp < sp || fp - sp > MAX_FP_FRAME_BYTES || fp % WORD_BYTES != 0 ||
			!walk_load(w, fp, &caller_fp) || !walk_load(w, fp + WORD_BYTES, &pc))
		return false;
	*caller_out = caller_of(w, pc, fp + 2 * WORD_BYTES);
	walk_set(&caller_out->now, m->fp, caller_fp);
	return true;
}

/** The kernels of OpenBLAS align the stack to pages, below a buffer larger than one would search, and keep the stack
 *  there was in rbx. What lies in the buffer is of calls long over. */
static bool has_realigned(const struct walk *w)
{
	uint64_t sp = w->now.value[w->machine->sp], rbx = w->now.value[X86_64_RBX];
	return !w->machine->is_aarch64 && walk_has(&w->now, X86_64_RBX) && sp % REALIGNED_BYTES == 0 && rbx > sp &&
			rbx - sp <= MAX_BUFFER_BYTES && rbx % WORD_BYTES == 0;
}

/** By the best evidence there is: the return address on top of a leaf's stack, one behind the frame pointer, one above
 *  the stack that was before it was aligned, one further up, or the frame pointer's bare word. */
static bool guess(struct walk *w, bool is_file, struct walk *caller_out)
{
	uint64_t sp = w->now.value[w->machine->sp];
	if (is_file && !w->is_call && behind_word(w, sp, caller_out))
		return true;
	struct walk by_fp;
	bool has_fp = behind_frame_pointer(w, &by_fp);
	bool is_sure = has_fp && (!is_file || is_return_address(w, by_fp.now.value[w->machine->pc]));
	if (!is_sure && ((has_realigned(w) && find_caller(w, w->now.value[X86_64_RBX], MAX_SAVED_BYTES, caller_out)) ||
			find_caller(w, sp, MAX_SCAN_BYTES, caller_out)))
		return true;
	if (has_fp)
		*caller_out = by_fp;
	return has_fp && (is_sure || is_code(w, by_fp.now.value[w->machine->pc]));
}

static bool end_walk(struct walk *w)
{
	walk_set(&w->now, w->machine->pc, 0);
	return true;
}

bool walk_bare(struct walk *w, struct address_range *range)
{
	const struct machine *m = w->machine;
	bool is_file = range && cfi_has_file(w->tables, range), left_copy = w->left_copy;
	// As the ABI marks the outermost frame; in a file's innermost function it may be any number.
	if (walk_has(&w->now, m->fp) && w->now.value[m->fp] == 0 && (w->is_call || !is_file))
		return end_walk(w);
	struct walk caller = *w;
	bool is_found = guess(w, is_file, &caller);
	// Who called main() in musl: also in the rest up to the stack's end there is no caller.
	if (!is_found && is_file && w->is_call && has_end(w))
		is_found = find_caller(w, w->now.value[m->sp] + MAX_SCAN_BYTES, w->stack_bytes, &caller) ||
				end_walk(&caller);
	if (!is_found)
		return false;
	w->now = caller.now;
	w->is_call = true;
	w->left_copy = left_copy; // by a frame pointer that was none
	return true;
}
