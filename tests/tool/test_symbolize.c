// SPDX-License-Identifier: MIT
// The -symbolize option: its words, the messages, and names from the server a profile came from.
#include "tool/symbolizer/symbolizer.h"

#include "base/buf.h"
#include "tests/unit/unit.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/remote.h"

static struct arena a;

// The world outside: what was warned, what was asked, what the server says.
struct world {
	struct buf warnings;
	const char *url;
	struct str body;
	const char *reply; // NULL: it fails
	int posts;
};

static void warn(void *arg, const char *message)
{
	struct world *w = arg;
	buf_cstr(&w->warnings, message);
	buf_byte(&w->warnings, '\n');
}

static struct err *post(void *arg, struct arena *arena, const char *url, struct str body, struct str *reply_out)
{
	struct world *w = arg;
	w->posts++;
	w->url = arena_strdup(arena, url);
	w->body = (struct str){arena_strndup(arena, body.ptr, body.len), body.len};
	if (!w->reply)
		return err_new(arena, "http post %s: server response: 404 Not Found", url);
	*reply_out = str_from(w->reply);
	return NULL;
}

static struct profile *make_profile(const char *file)
{
	struct profile *p = profile_create();
	struct mapping m = {.id = 1, .start = 0x1000, .limit = 0x4000, .file = profile_intern(p, str_from(file))};
	profile_add_mapping(p, m);
	for (uint64_t i = 1; i <= 3; i++)
		profile_add_location(p, (struct location){.id = i, .address = 0x1000 * i}, NULL, 0);
	return p;
}

static struct err *run(struct world *w, struct profile *p, const char *mode)
{
	static const struct mapping_source source = {STR("prog"), STR("http://host:80/debug/pprof/profile?seconds=5"),
			0x11000};
	struct symbolize_options o = {.mode = mode, .sources = &source, .nsources = 1, .warn = warn, .post = post,
			.arg = w};
	return symbolize(p, &a, &o);
}

static const char *warnings(struct world *w)
{
	buf_byte(&w->warnings, '\0');
	return w->warnings.ptr;
}

static struct str name_of(const struct profile *p, uint32_t location)
{
	const struct location *l = &p->locations[location];
	return l->nlines ? profile_function_name(p, p->lines[l->line_begin].function) : STR("-");
}

START_TEST(remote_names)
{
	struct world w = {.reply = "num_symbols: 1\n0x12000 _ZN3FooD1Ev\n  0x13000\tbar(int) const\n0x11000 cut"};
	struct profile *p = make_profile("prog");
	ck_assert_ptr_null(run(&w, p, "remote"));
	ck_assert_str_eq(w.url, "http://host:80/debug/pprof/symbol");
	ck_assert(str_eq(w.body, STR("0x11000+0x12000+0x13000")));
	ck_assert(str_eq(name_of(p, 0), STR("-")));
	ck_assert(str_eq(name_of(p, 1), STR("Foo::~Foo")));
	ck_assert(str_eq(name_of(p, 2), STR("bar(int) const")));
	ck_assert(p->mappings[0].has_functions);
	ck_assert_ptr_null(run(&w, p, "remote")); // nothing left to ask
	ck_assert_int_eq(w.posts, 1);
	ck_assert_str_eq(warnings(&w), "");
	profile_destroy(p);
}
END_TEST

START_TEST(remote_failure)
{
	struct world w = {0};
	struct profile *p = make_profile("prog");
	struct err *e = run(&w, p, "remote");
	ck_assert(e && strstr(e->message, "404 Not Found"));
	profile_destroy(p);
}
END_TEST

START_TEST(symbol_urls)
{
	static const char *const cases[][2] = {
			{"http://h/debug/pprof/profile?seconds=1", "http://h/debug/pprof/symbol"},
			{"http://h:1/x/debug/pprof/heap", "http://h:1/x/debug/pprof/symbol"},
			{"http://h/pprof/contention", "http://h/pprof/symbol"},
			{"https://h/profilez?seconds=3#x", "https://h/symbolz"},
			{"http://h", "http://h/symbolz"},
			{"/tmp/file", NULL},
			{"file:///tmp/file", NULL},
			{"", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *url = remote_symbol_url(&a, str_from(cases[i][0]));
		ck_assert_msg((!url && !cases[i][1]) || (url && cases[i][1] && strcmp(url, cases[i][1]) == 0),
				"%s -> %s", cases[i][0], url ? url : "(none)");
	}
}
END_TEST

START_TEST(words)
{
	struct world w = {0};
	struct profile *p = make_profile("prog");
	ck_assert_ptr_null(run(&w, p, "remote:NONE"));
	ck_assert_int_eq(w.posts, 0);
	ck_assert_ptr_null(run(&w, p, "bogus:none"));
	ck_assert_str_eq(warnings(&w), "ignoring unrecognized symbolization option: bogus:none\n"
			"expecting -symbolize=[local|fastlocal|remote|none][:force]"
			"[:demangle=[none|full|templates|default]\n");
	profile_destroy(p);
}
END_TEST

START_TEST(local_failures)
{
	struct world w = {0};
	struct profile *p = make_profile("");
	struct mapping nameless = {.id = 2, .start = 0x5000, .limit = 0x6000};
	struct mapping missing = {.id = 3, .start = 0x7000, .limit = 0x8000,
			.file = profile_intern(p, STR("/no/such/prog")), .build_id = profile_intern(p, STR("abcd"))};
	struct mapping vdso = {.id = 4, .start = 0x9000, .limit = 0xa000, .file = profile_intern(p, STR("[vdso]"))};
	const struct mapping *const mappings[] = {&nameless, &missing, &vdso};
	for (size_t i = 0; i < 3; i++) {
		struct location l = {.address = mappings[i]->start + 1,
				.mapping = profile_add_mapping(p, *mappings[i])};
		profile_add_location(p, l, NULL, 0);
	}
	ck_assert_ptr_null(run(&w, p, "local"));
	ck_assert_str_eq(warnings(&w), "Main binary filename not available.\n"
			"Local symbolization failed for prog (build ID abcd): stat /no/such/prog: "
			"no such file or directory\n"
			"Some binary filenames not available. Symbolization may be incomplete.\n"
			"Try setting PPROF_BINARY_PATH to the search path for local binaries.\n");
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("symbolize", remote_names, remote_failure, symbol_urls, words, local_failures)
