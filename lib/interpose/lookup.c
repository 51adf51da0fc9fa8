// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. See lookup.h.
#include "lookup.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

enum { HIDDEN_VERSION = 0x8000 }; // of DT_VERSYM: not what a name without a version means

struct symbols {
	const ElfW(Sym) *table;
	const char *names;
	const ElfW(Half) *versions; // NULL: there are none
	const uint32_t *gnu_hash, *hash; // one of them may be NULL
};

/** The loader has made them absolute where it could: a dynamic section may be read-only. */
static const void *address(const struct link_map *object, ElfW(Addr) at)
{
	return (const void *)(at < object->l_addr ? object->l_addr + at : at);
}

static struct symbols symbols_of(const struct link_map *object)
{
	struct symbols s = {0};
	for (const ElfW(Dyn) *d = object->l_ld; d->d_tag != DT_NULL; d++) {
		const void *at = address(object, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB:
			s.table = at;
			break;
		case DT_STRTAB:
			s.names = at;
			break;
		case DT_VERSYM:
			s.versions = at;
			break;
		case DT_GNU_HASH:
			s.gnu_hash = at;
			break;
		case DT_HASH:
			s.hash = at;
			break;
		}
	}
	return s;
}

/** strcmp() may be a sanitizer's, which is not ready. */
static bool is_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool is_definition(const struct symbols *s, uint32_t i, const char *name)
{
	const ElfW(Sym) *sym = &s->table[i];
	return sym->st_shndx != SHN_UNDEF && ELF64_ST_BIND(sym->st_info) != STB_LOCAL &&
			ELF64_ST_TYPE(sym->st_info) != STT_TLS && !(s->versions && s->versions[i] & HIDDEN_VERSION) &&
			is_equal(s->names + sym->st_name, name);
}

/** Buckets of symbols that lie together; the last of each has an odd hash, the others even ones. */
static uint32_t find_by_gnu_hash(const struct symbols *s, const char *name)
{
	uint32_t hash = 5381;
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		hash = hash * 33 + *c;
	uint32_t nbuckets = s->gnu_hash[0], first = s->gnu_hash[1], bloom_words = s->gnu_hash[2];
	const uint32_t *buckets = s->gnu_hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *hashes = buckets + nbuckets;
	uint32_t i = nbuckets ? buckets[hash % nbuckets] : STN_UNDEF;
	if (i < first || i == STN_UNDEF)
		return STN_UNDEF;
	for (;; i++) {
		if ((hashes[i - first] | 1) == (hash | 1) && is_definition(s, i, name))
			return i;
		if (hashes[i - first] & 1)
			return STN_UNDEF;
	}
}

/** The older table, which few objects have alone: only its count of symbols is used. */
static uint32_t find_in_turn(const struct symbols *s, const char *name)
{
	uint32_t nsymbols = s->hash ? s->hash[1] : 0;
	for (uint32_t i = 1; i < nsymbols; i++)
		if (is_definition(s, i, name))
			return i;
	return STN_UNDEF;
}

static void *lookup_in(const struct link_map *object, const char *name)
{
	const struct symbols s = symbols_of(object);
	if (!s.table || !s.names)
		return NULL;
	uint32_t i = s.gnu_hash ? find_by_gnu_hash(&s, name) : find_in_turn(&s, name);
	if (i == STN_UNDEF)
		return NULL;
	uintptr_t at = object->l_addr + s.table[i].st_value;
	if (ELF64_ST_TYPE(s.table[i].st_info) != STT_GNU_IFUNC)
		return (void *)at;
	return ((void *(*)(unsigned long))at)(getauxval(AT_HWCAP)); // aarch64's may ask; others do not look
}

/** dlmopen() makes further lists, each with a libc of its own; our dynamic section tells in which of them we are.
 *  NULL: in one that is not told of (before glibc 2.35). */
static const struct link_map *own_object(void)
{
	const struct r_debug_extended *list = (const struct r_debug_extended *)&_r_debug;
	for (; list; list = list->base.r_version >= 2 ? list->r_next : NULL)
		for (const struct link_map *l = list->base.r_map; l; l = l->l_next)
			if (l->l_ld == _DYNAMIC)
				return l;
	return NULL;
}

static const struct link_map *first_of(const struct link_map *list)
{
	while (list->l_prev)
		list = list->l_prev;
	return list;
}

static void *lookup_between(const struct link_map *l, const struct link_map *end, const char *name,
		const void **object_out)
{
	void *found = NULL;
	for (; l != end && !found; l = l->l_next) {
		found = lookup_in(l, name);
		*object_out = l;
	}
	return found;
}

void *cp_lookup_own(const char *name)
{
	const struct link_map *own = own_object();
	return own ? lookup_in(own, name) : NULL;
}

void *cp_lookup_next_in(const char *name, const void **object_out)
{
	const struct link_map *own = own_object(), *first = first_of(own ? own : _r_debug.r_map);
	void *behind = own ? lookup_between(own->l_next, NULL, name, object_out) : NULL;
	return behind ? behind : lookup_between(first, own, name, object_out);
}

void *cp_lookup_next(const char *name)
{
	const void *object;
	return cp_lookup_next_in(name, &object);
}

void *cp_lookup_vdso(const char *name)
{
	const struct link_map *own = own_object(), *l = first_of(own ? own : _r_debug.r_map);
	uintptr_t image = getauxval(AT_SYSINFO_EHDR);
	while (l && (!image || l->l_addr != image)) // it is linked to 0
		l = l->l_next;
	return l ? lookup_in(l, name) : NULL;
}

/** A library's mapping begins where it was moved to. */
static const struct link_map *object_of(const void *pc)
{
	const struct link_map *own = own_object(), *found = NULL;
	for (const struct link_map *l = first_of(own ? own : _r_debug.r_map); l; l = l->l_next)
		if (l->l_addr && l->l_addr <= (uintptr_t)pc && (!found || l->l_addr > found->l_addr))
			found = l;
	return found;
}

static const struct link_map *find_named(const struct link_map *list, const char *name)
{
	const struct link_map *l = first_of(list);
	for (; l; l = l->l_next) {
		const char *file = l->l_name;
		for (const char *c = file; *c; c++)
			file = *c == '/' ? c + 1 : file;
		if (is_equal(file, name))
			break;
	}
	return l;
}

void *cp_lookup_for(const void *pc, const char *name)
{
	const struct link_map *object = object_of(pc);
	void *found = object ? lookup_in(object, name) : NULL;
	for (const ElfW(Dyn) *d = object ? object->l_ld : NULL; d && d->d_tag != DT_NULL && !found; d++) {
		if (d->d_tag != DT_NEEDED)
			continue;
		const struct link_map *needed = find_named(object, symbols_of(object).names + d->d_un.d_val);
		found = needed ? lookup_in(needed, name) : NULL;
	}
	return found ? found : cp_lookup_next(name);
}
