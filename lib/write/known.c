// SPDX-License-Identifier: MIT
// Context: CTL. See known.h. Modules' records are never freed and keep their ids, so nothing here grows old.
#include "known.h"

#include "sigsafe/atomic.h"
#include "sigsafe/pagealloc.h"

enum { MAX_FUNCTIONS = 16 << 10, FUNCTIONS_AT_ONCE = 512, MAX_NAMES_BYTES = 1 << 20 };

/** A function, or what lies between two of them. */
struct range {
	uint64_t start, end; // as in the file
	const char *name;    // NULL: there is none
	uint32_t len, module_id;
};

// Who does not get it at once does without, which costs a search. (So does, for ever, a child forked meanwhile.)
static _Atomic bool is_taken;

static struct {
	struct range *ranges; // MAX_FUNCTIONS, by module, then by address
	size_t count;
	struct cp_arena names;
} known = {.names = {.limit_bytes = MAX_NAMES_BYTES}};

static bool try_take(void)
{
	return !load(&is_taken, relaxed) && !exchange(&is_taken, true, acquire);
}

static void give(void)
{
	store(&is_taken, false, release);
}

/** The first range that begins above. */
static size_t upper_bound(uint32_t module_id, uint64_t vaddr)
{
	size_t lo = 0;
	for (size_t n = known.count; n;) {
		const struct range *middle = &known.ranges[lo + n / 2];
		bool is_above = middle->module_id != module_id ? middle->module_id > module_id : middle->start > vaddr;
		lo = is_above ? lo : lo + n / 2 + 1;
		n = is_above ? n / 2 : n - n / 2 - 1;
	}
	return lo;
}

static const struct range *find(uint32_t module_id, uint64_t vaddr)
{
	size_t above = upper_bound(module_id, vaddr);
	const struct range *r = above ? &known.ranges[above - 1] : NULL;
	return r && r->module_id == module_id && vaddr < r->end ? r : NULL;
}

bool cp_known_find(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	if (!try_take())
		return false;
	size_t nfound = 0;
	while (nfound < nqueries && find(module->id, queries[nfound].vaddr))
		nfound++;
	for (size_t i = 0; i < nqueries && nfound == nqueries; i++) {
		const struct range *r = find(module->id, queries[i].vaddr);
		queries[i].is_found = r->name;
		queries[i].symbol.start = r->start;
		if (r->name)
			found(arg, &queries[i], r->name, r->len);
	}
	give();
	return nfound == nqueries;
}

/// What threads write here they copy by loops: memcpy may be ThreadSanitizer's, which does not see them take turns.

static void insert(struct range r)
{
	if (!known.ranges)
		known.ranges = cp_pages_alloc(MAX_FUNCTIONS * sizeof(r));
	if (!known.ranges)
		return;
	if (known.count % FUNCTIONS_AT_ONCE == 0)
		cp_pages_fill(known.ranges + known.count, FUNCTIONS_AT_ONCE * sizeof(r));
	size_t at = upper_bound(r.module_id, r.start);
	for (size_t i = known.count++; i > at; i--) {
		known.ranges[i] = known.ranges[i - 1];
		__asm__ volatile("" ::: "memory"); // it stays a loop
	}
	known.ranges[at] = r;
}

static void add(struct range r, const char *name)
{
	char *copy = name ? cp_arena_alloc(&known.names, r.len) : NULL;
	if (name && !copy)
		return;
	for (size_t i = 0; copy && i < r.len; i++)
		((volatile char *)copy)[i] = name[i];
	r.name = copy;
	insert(r);
}

void cp_known_add(const struct cp_module *module, const struct cp_symbol_query *q, const char *name, size_t len)
{
	struct range r = {.start = q->alike_start, .end = q->alike_end, .len = (uint32_t)len, .module_id = module->id};
	if (q->vaddr < r.start || q->vaddr >= r.end || !try_take())
		return;
	if (known.count < MAX_FUNCTIONS && !find(module->id, q->vaddr))
		add(r, name);
	give();
}
