// SPDX-License-Identifier: MIT
// Context: CTL. dl_iterate_phdr -> modules; see modscan.h.
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "modscan.h"

#include "debug_list.h"
#include "sigsafe/modmap_state.h"
#include "sigsafe/module_elf.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/safeload.h"
#include "sigsafe/sys.h"

enum { FIRST_CAPACITY = 128, NAME_BYTES_EACH = 128, PAGE_BYTES = 4096 };

static const char vdso_path[] = "[vdso]";

// Since glibc 2.35; what an unwinder is meant to ask, from handlers as well.
#ifdef DLFO_EH_SEGMENT_TYPE
#pragma weak _dl_find_object
#endif

/** Room for a name of `bytes` and its zero, NULL: the names are full. */
static char *name_room(struct modscan *scan, size_t bytes)
{
	if (bytes >= scan->names_capacity - scan->names_bytes) {
		scan->full = true;
		return NULL;
	}
	char *room = scan->names + scan->names_bytes;
	scan->names_bytes += bytes + 1;
	room[bytes] = '\0';
	return room;
}

static const char *absolute_path(struct modscan *scan, const char *name)
{
	char cwd[PATH_MAX] = "";
	size_t prefix = 0, bytes = strlen(name);
	if (name[0] != '/') {
		long n = cp_syscall(SYS_getcwd, cwd, sizeof(cwd), 0, 0);
		if (n > 1) { // counts the zero
			prefix = (size_t)n;
			cwd[prefix - 1] = '/';
		}
	}
	char *room = name_room(scan, prefix + bytes);
	if (!room)
		return NULL;
	memcpy(room, cwd, prefix);
	memcpy(room + prefix, name, bytes);
	return room;
}

/** The program: the kernel knows its path, the loader only where it was started by hand (ld.so prog). */
static const char *program_path(struct modscan *scan)
{
	char path[PATH_MAX];
	long n = cp_syscall(SYS_readlinkat, AT_FDCWD, "/proc/thread-self/exe", path, sizeof(path));
	const char *executed = (const char *)getauxval(AT_EXECFN);
	if (n < 0 && executed) // no /proc; this is right as long as nobody changed the directory
		return absolute_path(scan, executed);
	if (n < 0)
		n = 0;
	char *room = name_room(scan, (size_t)n);
	return room ? memcpy(room, path, (size_t)n) : NULL;
}

static void add(struct modscan *scan, const struct dl_phdr_info *info, bool is_main)
{
	if (scan->count == scan->capacity) {
		scan->full = true;
		return;
	}
	struct cp_module *m = &scan->modules[scan->count];
	if (!cp_module_describe(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, m))
		return;
	cp_module_read_build_id(info->dlpi_phdr, info->dlpi_phnum, m);
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	m->is_main = is_main;
	if (vdso && vdso >= m->start && vdso < m->end)
		m->path = vdso_path;
	else if (!info->dlpi_name || !info->dlpi_name[0])
		m->path = program_path(scan);
	else
		m->path = absolute_path(scan, info->dlpi_name);
	scan->count++;
}

/** glibc takes the objects of another namespace for as many times as there are, so that dlpi_subs goes down. */
static uint64_t overcounted(const struct r_debug_extended *ns)
{
	uint64_t sum = 0;
	for (; ns; ns = ns->r_next) {
		uint64_t n = 0;
		for (const struct link_map *l = ns->base.r_map; l; l = l->l_next)
			n++;
		sum += n * n - n;
	}
	return sum;
}

static void add_listed(struct modscan *scan, const struct link_map *l)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)l->l_addr;
	struct cp_readable page = {0};
	if (!cp_readable(&page, l->l_addr, PAGE_BYTES) || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
			head->e_phoff >= PAGE_BYTES)
		return;
	add(scan, &(struct dl_phdr_info){.dlpi_addr = l->l_addr, .dlpi_name = l->l_name,
				  .dlpi_phdr = (const Elf64_Phdr *)(l->l_addr + head->e_phoff),
				  .dlpi_phnum = head->e_phnum}, false);
}

/**
 * What dlmopen() loaded, and its dependencies: dl_iterate_phdr() passes over other namespaces than ours, the lists
 * for debuggers do not. In its callback the loader's lock is held, so they stay as they are.
 */
static void add_other_namespaces(struct modscan *scan, const struct r_debug_extended *ns)
{
	for (; ns; ns = ns->r_next)
		for (const struct link_map *l = ns->base.r_map; l; l = l->l_next)
			if (l->l_addr != ns->base.r_ldbase)
				add_listed(scan, l);
}

static int on_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct modscan *scan = arg;
	bool first = !scan->adds;
	const struct r_debug_extended *others = debug_list_others(debug_list(first ? info : NULL));
	if (first && size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
		scan->adds = info->dlpi_adds;
		scan->subs = info->dlpi_subs + overcounted(others);
		if (scan->adds + scan->subs == scan->known_version) {
			scan->unchanged = true;
			return 1;
		}
	}
	add(scan, info, first);
	if (first)
		add_other_namespaces(scan, others);
	return 0;
}

/** Where the loader does not list the vDSO (musl), its ELF header is in the auxiliary vector. */
static void add_vdso(struct modscan *scan)
{
	uintptr_t image = getauxval(AT_SYSINFO_EHDR);
	for (uint32_t i = 0; i < scan->count; i++)
		if (image >= scan->modules[i].start && image < scan->modules[i].end)
			return;
	if (!image)
		return;
	if (scan->count == scan->capacity) {
		scan->full = true;
	} else if (cp_module_describe_image(image, &scan->modules[scan->count])) {
		scan->modules[scan->count].path = vdso_path;
		scan->count++;
	}
}

bool modscan_ask_loader(uintptr_t pc, uintptr_t *image_out)
{
#ifdef DLFO_EH_SEGMENT_TYPE
	struct dl_find_object found;
	if (_dl_find_object && !_dl_find_object((void *)pc, &found)) {
		*image_out = (uintptr_t)found.dlfo_map_start;
		return true;
	}
#endif
	return false;
}

/** For none, where the caller has a list: most find it unchanged. */
static int prepare(struct modscan *scan, uint32_t capacity)
{
	*scan = (struct modscan){.capacity = capacity};
	if (capacity == 0)
		return 0;
	size_t modules_bytes = capacity * sizeof(struct cp_module);
	size_t pages_bytes = modules_bytes + (size_t)capacity * NAME_BYTES_EACH;
	char *pages = cp_pages_alloc(pages_bytes);
	*scan = (struct modscan){
		.modules = (struct cp_module *)pages,
		.capacity = capacity,
		.names = pages ? pages + modules_bytes : NULL,
		.names_capacity = pages_bytes - modules_bytes,
		.pages_bytes = pages_bytes,
	};
	return pages ? 0 : -ENOMEM;
}

/// In the child of a fork

static atomic_bool is_lock_in_doubt;
static struct debug_list_state state_at_fork;

void cp_modmap_doubt_loader(void)
{
	state_at_fork = debug_list_state();
	store(&is_lock_in_doubt, cp_modmap_count() > 0, release); // who knows nothing has to ask
}

/** Where something has come or gone since, this process has taken the lock, and given it back. */
static bool may_ask(void)
{
	if (!load(&is_lock_in_doubt, acquire))
		return true;
	struct debug_list_state now = debug_list_state();
	if (now.nmodules == state_at_fork.nmodules && now.sum == state_at_fork.sum)
		return false;
	store(&is_lock_in_doubt, false, relaxed);
	return true;
}

static bool has_record(const struct link_map *l)
{
	for (uint32_t id = 0; id < cp_modmap_count(); id++) {
		const struct cp_module *m = cp_modmap_module(id);
		uintptr_t at = (uintptr_t)l->l_ld;
		if (at >= m->start && at < m->end && load(&m->unload_epoch, relaxed) == UINT32_MAX)
			return true;
	}
	return false;
}

static void add_unknown(struct modscan *scan)
{
	for (const struct r_debug_extended *ns = debug_list(NULL); ns; ns = debug_list_others(ns))
		for (const struct link_map *l = ns->base.r_map; l; l = l->l_next)
			if (!has_record(l))
				add_listed(scan, l);
}

static int read_unknown(struct modscan *scan)
{
	for (uint32_t capacity = 0;; capacity = capacity ? 2 * capacity : FIRST_CAPACITY) {
		int err = prepare(scan, capacity);
		if (err)
			return err;
		scan->only_adds = true;
		add_unknown(scan);
		scan->unchanged = scan->count == 0;
		if (!scan->full)
			return 0;
		modscan_free(scan);
	}
}

int modscan_read(struct modscan *scan, uint64_t known_version)
{
	if (!may_ask())
		return read_unknown(scan);
	uint32_t capacity = known_version ? 0 : FIRST_CAPACITY;
	for (;; capacity = capacity ? 2 * capacity : FIRST_CAPACITY) {
		int err = prepare(scan, capacity);
		if (err)
			return err;
		scan->known_version = known_version;
		cp_modmap_scan_begin();
		dl_iterate_phdr(on_module, scan);
		cp_modmap_scan_end();
		if (!scan->unchanged)
			add_vdso(scan);
		if (!scan->full)
			return 0;
		modscan_free(scan);
	}
}

void modscan_free(struct modscan *scan)
{
	cp_pages_free(scan->modules, scan->pages_bytes);
	*scan = (struct modscan){0};
}
