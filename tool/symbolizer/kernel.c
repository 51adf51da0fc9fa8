// SPDX-License-Identifier: MIT
// See kernel.h.
#include "tool/symbolizer/kernel.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "format/lower_bound.h"
#include "format/reader.h"

static const char symbols_file[] = "/proc/kallsyms", notes_file[] = "/sys/kernel/notes";
static const char kernel_name[] = "[kernel.kallsyms]";

enum { MAX_NOTES = 1 << 16 };

struct symbol {
	uint64_t address;
	const char *name;
	bool is_code, is_global;
};

bool kernel_is_file(struct str file)
{
	return str_has_prefix(file, str_from(kernel_name));
}

struct str kernel_running_build_id(struct arena *a)
{
	uint8_t *bytes = arena_alloc(a, MAX_NOTES, 4);
	FILE *f = fopen(notes_file, "re");
	struct reader r = reader_of(bytes, f ? fread(bytes, 1, MAX_NOTES, f) : 0);
	if (f)
		fclose(f);
	while (reader_left(&r) > 0) {
		uint32_t name_bytes = read_u32(&r), id_bytes = read_u32(&r), type = read_u32(&r);
		struct reader name = read_part(&r, (name_bytes + UINT64_C(3)) & ~UINT64_C(3));
		struct reader id = read_part(&r, (id_bytes + UINT64_C(3)) & ~UINT64_C(3));
		if (!r.failed && type == NT_GNU_BUILD_ID && name_bytes == sizeof ELF_NOTE_GNU &&
				memcmp(name.at, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0)
			return hex_encode(a, id.at, id_bytes);
	}
	return (struct str){0};
}

static struct err *check_build_id(struct arena *a, const struct kernel_image *k)
{
	struct str running = kernel_running_build_id(a);
	if (k->build_id.len == 0)
		return err_new(a, "the profile does not say which kernel it is of");
	if (running.len == 0)
		return err_new(a, "%s does not say which kernel is running", notes_file);
	if (!str_eq(running, k->build_id))
		return err_new(a, "it is of another kernel (build ID %.*s) than the one running here (%.*s)",
				STR_FMT(k->build_id), STR_FMT(running));
	return NULL;
}

// "ffffffff81000000 T _stext", behind modules' a tab and the module.
static bool parse_symbol(struct str line, struct symbol *s_out)
{
	size_t digits = hex_decode(line, &s_out->address);
	if (digits == 0 || line.len < digits + 4)
		return false;
	char type = line.ptr[digits + 1];
	s_out->is_code = strchr("tTwW", type) != NULL;
	s_out->is_global = isupper((unsigned char)type);
	s_out->name = line.ptr + digits + 3;
	return true;
}

uint64_t kernel_symbol_address(struct str name)
{
	FILE *f = fopen(symbols_file, "re");
	char *line = NULL;
	size_t cap = 0;
	struct symbol s = {0};
	bool is_found = false;
	while (f && !is_found && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\t\n")] = '\0';
		is_found = parse_symbol(str_from(line), &s) && str_eq(str_from(s.name), name);
	}
	free(line);
	if (f)
		fclose(f);
	return is_found ? s.address : 0;
}

// Which of two symbols before an address names it.
static bool is_better(const struct symbol *x, const struct symbol *than)
{
	if (!than->name || x->address != than->address)
		return !than->name || x->address > than->address;
	if (x->is_code != than->is_code)
		return x->is_code;
	if (x->is_global != than->is_global)
		return x->is_global;
	return strlen(x->name) < strlen(than->name); // "__pi_memcpy" is "memcpy" too
}

struct search {
	struct arena *arena;
	const struct kernel_image *kernel;
	const uint64_t *addresses;
	uint32_t n;
	struct symbol *before; // of each address, the nearest symbol that is not before the address in front of it
	bool is_shown;         // some symbol has an address that is not 0
	bool is_moved;         // the kernel was somewhere else
};

static void see(struct search *x, const struct symbol *s)
{
	x->is_shown |= s->address != 0;
	if (str_eq(str_from(s->name), x->kernel->symbol))
		x->is_moved |= s->address != x->kernel->symbol_address;
	uint32_t i = lower_bound(x->addresses, x->n, s->address);
	if (i == x->n || !is_better(s, &x->before[i]))
		return;
	x->before[i] = *s;
	x->before[i].name = arena_strdup(x->arena, s->name);
}

static struct err *read_symbols(struct search *x)
{
	FILE *f = fopen(symbols_file, "re");
	char *line = NULL;
	size_t cap = 0;
	if (!f)
		return err_new(x->arena, "open %s: %s", symbols_file, strerror(errno));
	for (ssize_t len; (len = getline(&line, &cap, f)) > 0;) {
		struct symbol s;
		line[strcspn(line, "\t\n")] = '\0';
		if (parse_symbol(str_from(line), &s))
			see(x, &s);
	}
	free(line);
	fclose(f);
	if (!x->is_shown)
		return err_new(x->arena, "%s hides the addresses from this user", symbols_file);
	if (x->is_moved)
		return err_new(x->arena, "the kernel was at another address: this machine was started anew since");
	return NULL;
}

struct err *kernel_lookup(struct arena *a, const struct kernel_image *k, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out)
{
	struct search x = {.arena = a, .kernel = k, .addresses = addresses, .n = n};
	x.before = arena_array(a, struct symbol, n);
	memset(frames_out, 0, n * sizeof *frames_out);
	struct err *e = check_build_id(a, k);
	if (!e)
		e = read_symbols(&x);
	for (uint32_t i = 0; i < n && !e; i++) {
		if (i > 0 && !x.before[i].name)
			x.before[i] = x.before[i - 1];
		if (!x.before[i].name || !x.before[i].is_code)
			continue;
		struct frame *frame = arena_new(a, struct frame);
		frame->function = str_from(x.before[i].name);
		frames_out[i] = (struct frames){frame, 1};
	}
	return e;
}
