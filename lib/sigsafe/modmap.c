// SPDX-License-Identifier: MIT
// Context: SIG. The readers' half of the module map: no lock, no loop that waits; see modmap.h.
//
// Two counters of readers: newcomers join the one `phase` names, the writer turns the phase and waits
// until the other is empty. A reader that joined just when the phase turned notices, and joins again;
// so the counter the writer waits for only falls, however many new readers come.
#include "futex.h"
#include "modmap_state.h"
#include "module_elf.h"
#include "safeload.h"

enum { HEADER_BYTES = 4096 };

CP_NEAR_DATA struct cp_modmap cp_modmap;
__thread uint8_t cp_modmap_own_inside[CP_MODMAP_PLACES];

uint32_t cp_modmap_enter(void)
{
	for (;;) {
		uint32_t ticket = load(&cp_modmap.phase, seq_cst) & 1;
		cp_modmap_go_in(CP_MODMAP_READS + ticket);
		if ((load(&cp_modmap.phase, seq_cst) & 1) == ticket)
			return ticket;
		cp_modmap_come_out(CP_MODMAP_READS + ticket);
	}
}

void cp_modmap_leave(uint32_t ticket)
{
	cp_modmap_come_out(CP_MODMAP_READS + ticket);
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

static void become_stale(void)
{
	store(&cp_modmap.stale, true, seq_cst);
	if (load(&cp_modmap.may_ask, seq_cst) && exchange(&cp_modmap.may_ask, false, relaxed)) {
		fetch_add(&cp_modmap.nasked, 1, release);
		cp_futex_wake(&cp_modmap.nasked, 1);
	}
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
	// Where modules are hidden, this one may be among them, or as new as any.
	if (!found && !load(&cp_modmap.stale, relaxed))
		become_stale();
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

CP_NEAR uint32_t cp_modmap_epoch(void)
{
	return load(&cp_modmap.epoch, acquire);
}

/** The latest epoch in which one of the stack's modules came first, if that tells them all from those that were in
 *  the same places at other times. False: it does not, or a module is not known. */
static bool tell_modules(const struct cp_snapshot *s, const uintptr_t *pcs, uint32_t npcs, uint32_t *epoch_out)
{
	uint32_t latest = 0, overlaid = UINT32_MAX;
	bool is_any = false;
	for (uint32_t i = 0; i < npcs; i++) {
		const struct cp_module *m = search(s, pcs[i] - (i != 0));
		if (pcs[i] < CP_MARKER_LIMIT || (m && !m->may_unload))
			continue;
		if (!m)
			return false;
		uint32_t load = load(&m->load_epoch, relaxed), over = load(&m->overlaid_epoch, relaxed);
		latest = load > latest ? load : latest;
		overlaid = over < overlaid ? over : overlaid;
		is_any = true;
	}
	*epoch_out = is_any ? latest | CP_EPOCH_FIRST : 0;
	return latest < overlaid;
}

CP_NEAR uint32_t cp_modmap_epoch_of(const uintptr_t *pcs, uint32_t npcs)
{
	uint32_t now = cp_modmap_epoch(), told = now;
	if (now == 0)
		return now; // nothing has gone yet
	uint32_t ticket = cp_modmap_enter();
	const struct cp_snapshot *s = load(&cp_modmap.snapshot, seq_cst);
	if (!s || !tell_modules(s, pcs, npcs, &told))
		told = now;
	cp_modmap_leave(ticket);
	return told;
}

CP_NEAR bool cp_modmap_is_stale(void)
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
	cp_modmap_begin_writing();
	cp_modmap_go_in(CP_MODMAP_FORKS);
	for (int i = 0; i < MAX_NAPS && cp_modmap_inside(CP_MODMAP_SCANS) > 0; i++)
		nap();
}

void cp_modmap_fork_done(void)
{
	cp_modmap_come_out(CP_MODMAP_FORKS);
	cp_modmap_end_writing();
}

void cp_modmap_scan_begin(void)
{
	for (int i = 0;; i++) {
		cp_modmap_go_in(CP_MODMAP_SCANS);
		if (cp_modmap_inside(CP_MODMAP_FORKS) == 0 || i == MAX_NAPS)
			return;
		cp_modmap_come_out(CP_MODMAP_SCANS);
		nap();
	}
}

void cp_modmap_scan_end(void)
{
	cp_modmap_come_out(CP_MODMAP_SCANS);
}

void cp_modmap_after_fork(void)
{
	for (int place = 0; place < CP_MODMAP_PLACES; place++)
		store(&cp_modmap.inside[place], cp_modmap_own_inside[place], relaxed);
	if (!cp_modmap_own_inside[CP_MODMAP_FORKS]) // else it is this thread's
		cp_modmap.lock = (struct cp_lock){0};
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

/** Of the modules that came first up to `epoch` the last. */
static const struct cp_module *last_to_come_first(uintptr_t pc, uint32_t epoch)
{
	const struct cp_module *best = NULL;
	for (uint32_t id = 0; id < cp_modmap_count(); id++) {
		const struct cp_module *m = cp_modmap_module(id);
		uint32_t load = load(&m->load_epoch, relaxed);
		if (pc >= m->start && pc < m->end && load <= epoch &&
				(!best || load >= load(&best->load_epoch, relaxed)))
			best = m;
	}
	return best;
}

static bool stayed_in(const struct cp_module *m, uint32_t epoch)
{
	bool did = load(&m->since_epoch, relaxed) <= epoch && epoch < load(&m->unload_epoch, relaxed);
	for (int i = 0; i < CP_MODULE_STAYS && !did; i++) {
		uint64_t stay = load(&m->stays[i], relaxed);
		did = stay >> 32 <= epoch && epoch < (uint32_t)stay;
	}
	return did;
}

/** The module that was there in this very epoch. One that has come back often since may have been there or not: it was
 *  if there is no other. */
static const struct cp_module *there_in(uintptr_t pc, uint32_t epoch)
{
	const struct cp_module *perhaps = NULL;
	uint32_t nperhaps = 0;
	for (uint32_t id = 0; id < cp_modmap_count(); id++) {
		const struct cp_module *m = cp_modmap_module(id);
		if (pc < m->start || pc >= m->end)
			continue;
		if (stayed_in(m, epoch))
			return m;
		if (load(&m->load_epoch, relaxed) <= epoch && epoch < load(&m->since_epoch, relaxed)) {
			perhaps = m;
			nperhaps++;
		}
	}
	return nperhaps == 1 ? perhaps : NULL;
}

const struct cp_module *cp_modmap_find_at(uintptr_t pc, uint32_t epoch)
{
	return epoch & CP_EPOCH_FIRST ? last_to_come_first(pc, epoch & ~CP_EPOCH_FIRST) : there_in(pc, epoch);
}
