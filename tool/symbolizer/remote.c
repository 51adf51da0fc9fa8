// SPDX-License-Identifier: MIT
// See remote.h. One POST a mapping, all addresses in its body; the reply is a line an address.
#include "tool/symbolizer/remote.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hex.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/lines.h"

const char *remote_symbol_url(struct arena *a, struct str url)
{
	static const struct str gperftools[] = {STR("/pprof/heap"), STR("/pprof/growth"),
			STR("/pprof/profile"), STR("/pprof/pmuprofile"), STR("/pprof/contention")};
	const char *host = url.len ? memmem(url.ptr, url.len, "://", 3) : NULL;
	if (!host)
		return NULL;
	host += 3;
	struct str rest = {host, (size_t)(url.ptr + url.len - host)};
	size_t path_at = 0;
	while (path_at < rest.len && !memchr("/?#", rest.ptr[path_at], 3))
		path_at++;
	if (path_at == 0)
		return NULL;
	struct str path = str_slice(rest, path_at, rest.len);
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '?' || path.ptr[i] == '#')
			path.len = i;

	bool beside = path.len && memmem(path.ptr, path.len, "/debug/pprof/", 13);
	for (size_t i = 0; i < sizeof gperftools / sizeof *gperftools; i++)
		beside = beside || str_has_suffix(path, gperftools[i]);
	struct str origin = {url.ptr, (size_t)(host + path_at - url.ptr)};
	if (!beside)
		return arena_printf(a, "%.*s/symbolz", STR_FMT(origin));
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	path.len = (size_t)((const char *)memrchr(path.ptr, '/', path.len) - path.ptr);
	return arena_printf(a, "%.*s%.*s/symbol", STR_FMT(origin), STR_FMT(path));
}

// Adds `by`; false where the address would wrap around.
static bool shift(uint64_t address, int64_t by, uint64_t *shifted_out)
{
	*shifted_out = address + (uint64_t)by;
	return by < 0 ? *shifted_out < address : *shifted_out >= address;
}

struct answer {
	uint64_t address;
	uint32_t function;
};

static int by_address(const void *x, const void *y)
{
	const struct answer *s = x, *t = y;
	return (s->address > t->address) - (s->address < t->address);
}

struct answers {
	struct answer *items;
	uint32_t n, cap;
};

// The first "0x<hex> <name>" in a line.
static bool parse_line(struct str line, uint64_t *address_out, struct str *name_out)
{
	for (size_t i = 0; i + 2 < line.len; i++) {
		if (line.ptr[i] != '0' || line.ptr[i + 1] != 'x')
			continue;
		size_t digits = hex_decode(str_slice(line, i + 2, line.len), address_out), end = i + 2 + digits;
		size_t name = end;
		while (name < line.len && isspace((unsigned char)line.ptr[name]))
			name++;
		if (digits == 0 || name == end)
			continue;
		*name_out = str_slice(line, name, line.len);
		return true;
	}
	return false;
}

static struct err *parse_reply(struct profile *p, struct arena *a, struct str reply, int64_t offset,
		struct answers *answers)
{
	struct function_set functions = {.profile = p, .arena = a};
	while (reply.len) {
		uint64_t address;
		struct str name;
		// A last line without its end does not count: it may have been cut.
		if (!memchr(reply.ptr, '\n', reply.len) || !parse_line(str_cut(&reply, '\n'), &address, &name)) {
			if (reply.len && !memchr(reply.ptr, '\n', reply.len))
				break;
			continue;
		}
		if (!shift(address, -offset, &address))
			return err_new(a, "cannot adjust symbolz address %lu by %ld, it would overflow",
					address, -offset);
		struct frame frame = {.function = name};
		answers->items = arena_make_room(a, answers->items, answers->n, &answers->cap,
				sizeof *answers->items);
		answers->items[answers->n++] = (struct answer){address, function_set_add(&functions, &frame)};
	}
	if (answers->n)
		qsort(answers->items, answers->n, sizeof *answers->items, by_address);
	return NULL;
}

static struct err *ask(struct profile *p, struct arena *a, uint32_t mapping, const char *url,
		int64_t offset, const struct symbolize_options *o)
{
	struct buf body = {0};
	struct err *e = NULL;
	for (uint32_t i = 0; i < p->nlocations && !e; i++) {
		const struct location *l = &p->locations[i];
		uint64_t address;
		if (l->mapping != mapping || l->address == 0 || l->nlines)
			continue;
		if (!shift(l->address, offset, &address))
			e = err_new(a, "cannot adjust address %lu by %ld, it would overflow (mapping %lu)",
					l->address, offset, p->mappings[mapping].id);
		if (body.len)
			buf_byte(&body, '+');
		buf_hex(&body, address);
	}
	struct str reply = {0};
	if (!e && body.len)
		e = o->post(o->arg, a, url, (struct str){body.ptr, body.len}, &reply);
	buf_deinit(&body);
	struct answers answers = {0};
	if (!e)
		e = parse_reply(p, a, reply, offset, &answers);
	for (uint32_t i = 0; i < p->nlocations && !e && answers.n; i++) {
		if (p->locations[i].mapping != mapping)
			continue;
		struct answer key = {.address = p->locations[i].address};
		const struct answer *found = bsearch(&key, answers.items, answers.n, sizeof key, by_address);
		if (found)
			location_set_lines(p, i, &(struct line){.function = found->function}, 1);
	}
	return e;
}

struct err *remote_symbolize(struct profile *p, struct arena *a, bool force,
		const struct symbolize_options *o)
{
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct mapping *m = &p->mappings[i];
		if ((m->has_functions && !force) || mapping_is_unsymbolizable(p, m))
			continue;
		struct str keys[2] = {profile_str(p, m->file), profile_str(p, m->build_id)};
		bool asked = false;
		for (size_t k = 0; k < (keys[1].len ? 2 : 1) && !asked; k++) {
			for (size_t s = 0; s < o->nsources && !asked; s++) {
				const struct mapping_source *source = &o->sources[s];
				const char *url = str_eq(source->key, keys[k])
						? remote_symbol_url(a, source->url) : NULL;
				if (!url)
					continue;
				struct err *e = ask(p, a, i, url, (int64_t)(source->start - m->start), o);
				if (e)
					return e;
				m->has_functions = asked = true;
			}
		}
	}
	return NULL;
}
