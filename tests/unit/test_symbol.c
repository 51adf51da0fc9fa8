// SPDX-License-Identifier: MIT
// The ELF reader: on files made here symbol by symbol, on this program, and on what libc exports.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "module_of.h"
#include "symbol/elf_symbols.h"
#include "symbol/marker.h"
#include "symbol/symbolize.h"
#include "unit.h"

enum { TEXT = 0x1000, TEXT_BYTES = 0x1000, MAX_SYMS = 16, BUF_BYTES = 4096 };

// header | sections: null, .text, .symtab, .strtab | symbols | strings
static struct {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4];
	Elf64_Sym syms[MAX_SYMS];
	char strings[256];
} image;
static int nsyms;
static size_t strings_used;

static void image_init(void)
{
	memset(&image, 0, sizeof(image));
	nsyms = 1; // the null symbol
	strings_used = 1;
	memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	image.header.e_shoff = offsetof(typeof(image), sections);
	image.header.e_shentsize = sizeof(Elf64_Shdr);
	image.header.e_shnum = 4;
	image.sections[1] = (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_addr = TEXT, .sh_size = TEXT_BYTES};
	image.sections[2] = (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_entsize = sizeof(Elf64_Sym),
			.sh_link = 3, .sh_offset = offsetof(typeof(image), syms),
			.sh_size = sizeof(image.syms)};
	image.sections[3] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
			.sh_offset = offsetof(typeof(image), strings), .sh_size = sizeof(image.strings)};
}

static void add(const char *name, uint64_t value, uint64_t size, int type, int binding)
{
	image.syms[nsyms++] = (Elf64_Sym){.st_name = (uint32_t)strings_used, .st_value = value,
			.st_size = size, .st_info = ELF64_ST_INFO(binding, type), .st_shndx = 1};
	strcpy(image.strings + strings_used, name);
	strings_used += strlen(name) + 1;
}

/** The name at vaddr in the image's first `bytes` bytes; "" for none. */
static const char *lookup_in(size_t bytes, uint64_t vaddr)
{
	static char name[64];
	static _Alignas(8) char buf[BUF_BYTES];
	struct cp_elf elf;
	struct cp_symbol_query q = {.vaddr = vaddr};
	Elf64_Shdr strings;
	struct cp_elf_source source = {.fd = -1, .mem = (const uint8_t *)&image, .mem_bytes = bytes};
	if (cp_elf_open(&elf, source) || cp_elf_find(&elf, &q, 1, buf, sizeof(buf), &strings) ||
			!q.is_found || !cp_elf_string(&elf, &strings, q.symbol.name_offset, name, 64))
		return "";
	return name;
}

static const char *lookup(uint64_t vaddr)
{
	return lookup_in(sizeof(image), vaddr);
}

START_TEST(a_symbol_reaches_as_far_as_its_size)
{
	image_init();
	add("second", TEXT + 0x100, 0x10, STT_FUNC, STB_GLOBAL);
	add("first", TEXT, 0x20, STT_FUNC, STB_LOCAL);
	add("variable", TEXT + 0x40, 0x20, STT_OBJECT, STB_GLOBAL);
	ck_assert_str_eq(lookup(TEXT - 1), "");
	ck_assert_str_eq(lookup(TEXT), "first");
	ck_assert_str_eq(lookup(TEXT + 0x1f), "first");
	ck_assert_str_eq(lookup(TEXT + 0x20), "");
	ck_assert_str_eq(lookup(TEXT + 0x50), "");
	ck_assert_str_eq(lookup(TEXT + 0x10f), "second");
	ck_assert_str_eq(lookup(TEXT + 0x110), "");
	ck_assert_str_eq(lookup(UINT64_MAX), "");
}
END_TEST

START_TEST(assembly_without_a_size_reaches_to_the_next_symbol)
{
	image_init();
	add("label", TEXT + 0x10, 0, STT_NOTYPE, STB_GLOBAL);
	add(".Lloop", TEXT + 0x18, 0, STT_NOTYPE, STB_LOCAL);
	add("sized", TEXT + 0x20, 0x10, STT_FUNC, STB_GLOBAL);
	add("inside", TEXT + 0x24, 0, STT_NOTYPE, STB_GLOBAL);
	add("last", TEXT + 0x800, 0, STT_FUNC, STB_LOCAL);
	ck_assert_str_eq(lookup(TEXT + 0xf), "");
	ck_assert_str_eq(lookup(TEXT + 0x1f), "label");
	ck_assert_str_eq(lookup(TEXT + 0x28), "sized");
	ck_assert_str_eq(lookup(TEXT + 0x30), "");
	add("after", TEXT + 0x40, 8, STT_FUNC, STB_GLOBAL);
	ck_assert_str_eq(lookup(TEXT + 0x48), ""); // "inside" ended before
	ck_assert_str_eq(lookup(TEXT + TEXT_BYTES - 1), "last");
	ck_assert_str_eq(lookup(TEXT + TEXT_BYTES), ""); // another section
}
END_TEST

/** A tenth of a Haskell program's time, in functions GHC gives no symbols, was said to be frame_dummy's. */
START_TEST(the_end_of_crtbegin_does_not_reach_into_the_program)
{
	image_init();
	add("frame_dummy", TEXT + 0x10, 0, STT_FUNC, STB_LOCAL);
	ck_assert_str_eq(lookup(TEXT + 0x18), "frame_dummy");
	ck_assert_str_eq(lookup(TEXT + 0x20), "");
	add("frame_dummy_of_mine", TEXT + 0x40, 0, STT_FUNC, STB_LOCAL);
	ck_assert_str_eq(lookup(TEXT + 0x60), "frame_dummy_of_mine");
}
END_TEST

START_TEST(of_aliases_the_programmers_name_is_taken)
{
	image_init();
	add("read_impl", TEXT, 8, STT_FUNC, STB_LOCAL);
	add("__libc_read", TEXT, 8, STT_FUNC, STB_GLOBAL);
	add("read", TEXT, 8, STT_FUNC, STB_WEAK);
	add("__read", TEXT, 8, STT_FUNC, STB_GLOBAL);
	ck_assert_str_eq(lookup(TEXT + 4), "read");
}
END_TEST

START_TEST(half_a_file_has_half_the_symbols_or_none)
{
	image_init();
	for (int i = 0; i < MAX_SYMS - 1; i++)
		add("f", TEXT + (uint64_t)i * 16, 16, STT_FUNC, STB_GLOBAL);
	for (size_t bytes = 0; bytes < sizeof(image); bytes++)
		lookup_in(bytes, TEXT + 20);
	ck_assert_str_eq(lookup_in(offsetof(typeof(image), syms[4]), TEXT + 20), "");
	ck_assert_str_eq(lookup(TEXT + 20), "f");
}
END_TEST

START_TEST(claims_beyond_the_file_are_not_believed)
{
	image_init();
	add("f", TEXT, 16, STT_FUNC, STB_GLOBAL);
	image.sections[2].sh_size = UINT64_MAX;
	ck_assert_str_eq(lookup(TEXT), "f"); // what is there is read
	image.sections[3].sh_offset = UINT64_MAX - 1;
	ck_assert_str_eq(lookup(TEXT), "");
	image.sections[2].sh_link = 99;
	ck_assert_str_eq(lookup(TEXT), "");
	image.header.e_shoff = UINT64_MAX - 16;
	ck_assert_str_eq(lookup(TEXT), "");
}
END_TEST

/** What cp_symbolize() found for the queries, in order. */
struct names {
	char text[8][64];
};

static void take_name(void *arg, struct cp_symbol_query *q, const char *name, size_t len)
{
	struct names *n = arg;
	ck_assert_uint_lt(len, sizeof(n->text[0]));
	memcpy(n->text[q->id], name, len);
}

/** libc's own, whoever else stands in for it (a sanitizer). */
static uintptr_t libc_function(const char *name)
{
	return (uintptr_t)dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), name);
}

/** The name of one address in a module, in *names->text[0]. */
static int symbolize_one(const struct cp_module *m, uintptr_t pc, struct names *names)
{
	static _Alignas(16) char room[CP_SYMBOLIZE_BYTES];
	struct cp_symbol_query q = {.vaddr = pc - m->load_bias};
	memset(names, 0, sizeof(*names));
	return cp_symbolize(m, room, &q, 1, take_name, names);
}

START_TEST(libc_and_the_vdso_have_names)
{
	struct names n;
	struct cp_module libc = module_of("libc.so.6"), vdso = module_of("vdso");
	static const char *const functions[] = {"malloc", "qsort", "read", "printf", "getaddrinfo"};
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		uintptr_t pc = libc_function(functions[i]);
		ck_assert_int_eq(symbolize_one(&libc, pc, &n), 0);
		ck_assert_str_eq(n.text[0], functions[i]);
	}
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	ck_assert_int_eq(symbolize_one(&vdso, (uintptr_t)header + header->e_entry, &n), 0);
	int found = 0;
	for (uintptr_t pc = vdso.start; pc < vdso.end; pc += 16) {
		ck_assert_int_eq(symbolize_one(&vdso, pc, &n), 0);
		found += strstr(n.text[0], "clock_gettime") != NULL;
	}
	ck_assert_int_gt(found, 0);
}
END_TEST

START_TEST(a_call_stub_is_named_after_what_it_calls)
{
	struct cp_module m = module_of("");
	struct names n;
	int stubs = 0;
	// The linker puts stubs before .text, from the start of the segment on.
	for (uintptr_t pc = m.start; pc < m.start + 0x1000 && pc < m.end; pc += 8) {
		ck_assert_int_eq(symbolize_one(&m, pc, &n), 0);
		stubs += strcmp(n.text[0], "dl_iterate_phdr@plt") == 0;
	}
	ck_assert_int_gt(stubs, 0);
}
END_TEST

START_TEST(another_build_id_is_another_file)
{
	struct names n;
	struct cp_module m = module_of("libc.so.6");
	uintptr_t pc = libc_function("malloc");
	m.build_id_bytes = CP_BUILD_ID_MAX_BYTES;
	ck_assert_int_eq(symbolize_one(&m, pc, &n), -ESTALE);
	struct cp_elf elf;
	int fd = open(m.path, O_RDONLY);
	ck_assert_int_eq(cp_elf_open(&elf, (struct cp_elf_source){.fd = fd}), 0);
	m.build_id_bytes = (uint8_t)cp_elf_build_id(&elf, m.build_id, sizeof(m.build_id));
	close(fd);
	ck_assert_uint_eq(m.build_id_bytes, 20);
	ck_assert_int_eq(symbolize_one(&m, pc, &n), 0);
	ck_assert_str_eq(n.text[0], "malloc");
	m.path = "/nowhere";
	ck_assert_int_eq(symbolize_one(&m, pc, &n), -ENOENT);
	m.path = "/dev/null";
	ck_assert_int_eq(symbolize_one(&m, pc, &n), -ENOEXEC);
}
END_TEST

START_TEST(every_marker_has_a_name_of_its_own)
{
	for (int i = 1; i < CP_MARKER_COUNT; i++) {
		ck_assert_int_eq(cp_marker_name(i)[0], '[');
		for (int k = 1; k < i; k++)
			ck_assert_str_ne(cp_marker_name(i), cp_marker_name(k));
	}
}
END_TEST

UNIT_MAIN("symbol", a_symbol_reaches_as_far_as_its_size,
		assembly_without_a_size_reaches_to_the_next_symbol,
		the_end_of_crtbegin_does_not_reach_into_the_program,
		of_aliases_the_programmers_name_is_taken, half_a_file_has_half_the_symbols_or_none,
		claims_beyond_the_file_are_not_believed, libc_and_the_vdso_have_names,
		a_call_stub_is_named_after_what_it_calls, another_build_id_is_another_file,
		every_marker_has_a_name_of_its_own)
