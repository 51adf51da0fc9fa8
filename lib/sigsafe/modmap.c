// SPDX-License-Identifier: MIT
// Context: SIG. The readers' half of the module map: no lock, no loop that waits; see modmap.h.
//
// Two counters of readers: newcomers join the one `phase` names, the writer turns the phase and waits
// until the other is empty. A reader that joined just when the phase turned notices, and joins again;
// so the counter the writer waits for only falls, however many new readers come.
#include "modmap_state.h"
#include "sys.h"
#include "module_elf.h"
#include "safeload.h"

enum { HEADER_BYTES = 4096 };

struct cp_modmap cp_modmap;

uint32_t cp_modmap_enter(void)
{
	for (;;) {
		uint32_t ticket = load(&cp_modmap.phase, seq_cst) & 1;
		fetch_add(&cp_modmap.readers[ticket], 1, seq_cst);
		if ((load(&cp_modmap.phase, seq_cst) & 1) == ticket)
			return ticket;
		fetch_sub(&cp_modmap.readers[ticket], 1, seq_cst);
	}
}

void cp_modmap_leave(uint32_t ticket)
{
	fetch_sub(&cp_modmap.readers[ticket], 1, release);
}

static const struct cp_module *search(const struct cp_snapshot *s, uintptr_t pc)
{
	uint32_t low = 0, high = s->count;
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (pc < s->spans[mid].start)
			high = mid;
		else if (pc >= s->spans[mid].end)
			low = mid + 1;
		else
			return s->spans[mid].module;
	}
	return NULL;
}

const struct cp_module *cp_modmap_find(uintptr_t pc, bool *busy_out)
{
	uint32_t ticket = cp_modmap_enter();
	const struct cp_snapshot *s = load(&cp_modmap.snapshot, seq_cst);
	const struct cp_module *found = s ? search(s, pc) : NULL;
	bool busy = s && s->hides && !found;
	cp_modmap_leave(ticket);
	if (busy_out)
		*busy_out = busy;
	if (!found && !busy && !load(&cp_modmap.stale, relaxed))
		store(&cp_modmap.stale, true, relaxed);
	return found;
}

bool cp_modmap_find_new(uintptr_t pc, struct cp_module *module_out)
{
	cp_ask_loader_fn *ask = load(&cp_modmap.ask_loader, acquire);
	struct cp_readable header = {0};
	uintptr_t image;
	if (!ask || !ask(pc, &image) || !cp_readable(&header, image, HEADER_BYTES) ||
		!cp_module_describe_image(image, module_out))
		return false;
	module_out->may_unload = true;
	return pc >= module_out->start && pc < module_out->end;
}

uint32_t cp_modmap_epoch(void)
{
	return load(&cp_modmap.epoch, acquire);
}

bool cp_modmap_is_stale(void)
{
	return load(&cp_modmap.stale, relaxed);
}

enum { NAP_NS = 100000, MAX_NAPS = 200 };

static void nap(void)
{
	const int64_t spec[2] = {0, NAP_NS};
	cp_syscall(SYS_nanosleep, spec, 0, 0, 0);
}

void cp_modmap_before_fork(void)
{
	fetch_add(&cp_modmap.forking, 1, seq_cst);
	for (int i = 0; i < MAX_NAPS && load(&cp_modmap.scanning, seq_cst) > 0; i++)
		nap();
}

void cp_modmap_fork_done(void)
{
	fetch_sub(&cp_modmap.forking, 1, release);
}

void cp_modmap_scan_begin(void)
{
	for (int i = 0;; i++) {
		fetch_add(&cp_modmap.scanning, 1, seq_cst);
		if (load(&cp_modmap.forking, seq_cst) == 0 || i == MAX_NAPS)
			return;
		fetch_sub(&cp_modmap.scanning, 1, release);
		nap();
	}
}

void cp_modmap_scan_end(void)
{
	fetch_sub(&cp_modmap.scanning, 1, release);
}

void cp_modmap_after_fork(void)
{
	store(&cp_modmap.scanning, 0, relaxed);
	store(&cp_modmap.forking, 0, relaxed);
	store(&cp_modmap.readers[0], 0, relaxed);
	store(&cp_modmap.readers[1], 0, relaxed);
	store(&cp_modmap.lock, 0, relaxed);
	store(&cp_modmap.closing, 0, relaxed);
}

uint32_t cp_modmap_count(void)
{
	return load(&cp_modmap.count, acquire);
}

const struct cp_module *cp_modmap_module(uint32_t id)
{
	if (id >= cp_modmap_count())
		return NULL;
	uint32_t index, chunk = cp_module_chunk(id, &index);
	return load(&cp_modmap.chunks[chunk], acquire) + index;
}

/** A module may come back to its old place and gets its old record: the latest one loaded then counts. */
const struct cp_module *cp_modmap_find_at(uintptr_t pc, uint32_t epoch)
{
	const struct cp_module *best = NULL;
	for (uint32_t id = 0; id < cp_modmap_count(); id++) {
		const struct cp_module *m = cp_modmap_module(id);
		if (pc < m->start || pc >= m->end)
			continue;
		uint32_t loaded = load(&m->load_epoch, relaxed);
		if (loaded <= epoch && epoch < load(&m->unload_epoch, relaxed) &&
			(!best || loaded >= load(&best->load_epoch, relaxed)))
			best = m;
	}
	return best;
}
