// SPDX-License-Identifier: MIT
// genprofile SAMPLES FUNCTIONS SEED >out.pb.gz: a profile as large programs make it, the same for the same
// arguments. Walks through a random call graph, 20 to 60 frames deep; a few functions and call sites are
// much hotter than the rest, the outer half of a stack is one of 500, 15 % of functions are inlined, 30 %
// of samples carry labels. Nearly all stacks differ. Input of bench_tool.py.
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "format/pb.h"

enum { SITES = 6, MAPPINGS = 9, MAX_DEPTH = 60, TRUNKS = 500, THREADS = 32, ENDPOINTS = 400, SIZES = 40 };

// profile.proto's fields.
enum { P_SAMPLE_TYPE = 1, P_SAMPLE, P_MAPPING, P_LOCATION, P_FUNCTION, P_STRING, P_TIME = 9, P_DURATION,
	P_PERIOD_TYPE, P_PERIOD };

// String table: these, then function names, then label values.
enum { S_EMPTY, S_SAMPLES, S_COUNT, S_CPU, S_NANOSECONDS, S_THREAD, S_ENDPOINT, S_BYTES, S_MAPPING,
	S_FILE = S_MAPPING + MAPPINGS };
enum { FILES = 500, S_FUNCTION = S_FILE + FILES };

struct generator {
	gzFile out;
	uint64_t rng;
	uint32_t nfunctions;
	bool *is_used; // [nfunctions * SITES]: locations
	// The message being built, and one inside it.
	uint8_t *message, *at;
	uint8_t inner[MAX_DEPTH * PB_MAX_VARINT_BYTES + 64];
};

static uint64_t mix(uint64_t v)
{
	v += 0x9e3779b97f4a7c15u;
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

static uint64_t next(struct generator *g)
{
	return mix(g->rng++);
}

// Small numbers much more often than large ones.
static uint32_t skewed(uint64_t random, uint32_t n)
{
	double u = (double)(random >> 11) * 0x1p-53;
	return (uint32_t)(u * u * u * n);
}

static bool is_inlined(uint32_t function)
{
	return mix(function ^ 0x1111) % 100 < 15;
}

static uint32_t callee(const struct generator *g, uint32_t function, uint32_t site)
{
	return skewed(mix((uint64_t)function * SITES + site), g->nfunctions);
}

// The call site inside an inlined function: fixed, so that a location has one set of lines.
static uint32_t inner_site(uint32_t function, uint32_t site)
{
	return (uint32_t)(mix((uint64_t)function << 8 | site) % SITES);
}

static void put_uint(struct generator *g, unsigned field, uint64_t v)
{
	g->at = pb_put_tag(g->at, field, PB_VARINT);
	g->at = pb_put_varint(g->at, v);
}

static void put_bytes(struct generator *g, unsigned field, const void *bytes, size_t n)
{
	g->at = pb_put_tag(g->at, field, PB_BYTES);
	g->at = pb_put_varint(g->at, n);
	memcpy(g->at, bytes, n);
	g->at += n;
}

// Writes what was built as one field of the profile.
static void finish(struct generator *g, unsigned field)
{
	uint8_t head[2 * PB_MAX_VARINT_BYTES], *end = pb_put_tag(head, field, PB_BYTES);
	size_t n = (size_t)(g->at - g->message);
	end = pb_put_varint(end, n);
	if (gzwrite(g->out, head, (unsigned)(end - head)) <= 0 || (n && gzwrite(g->out, g->message, (unsigned)n) <= 0))
		exit(1);
	g->at = g->message;
}

static void put_pair(struct generator *g, unsigned field, uint64_t type, uint64_t unit)
{
	put_uint(g, 1, type);
	put_uint(g, 2, unit);
	finish(g, field);
}

static void put_label(struct generator *g, uint64_t key, unsigned value_field, uint64_t value)
{
	uint8_t *end = pb_put_tag(g->inner, 1, PB_VARINT);
	end = pb_put_varint(end, key);
	end = pb_put_tag(end, value_field, PB_VARINT);
	end = pb_put_varint(end, value);
	put_bytes(g, 3, g->inner, (size_t)(end - g->inner));
}

static uint32_t walk(struct generator *g, uint32_t ids[MAX_DEPTH])
{
	uint32_t depth = 20 + (uint32_t)(next(g) % (MAX_DEPTH - 20 + 1));
	uint64_t trunk = skewed(next(g), TRUNKS);
	uint32_t function = (uint32_t)(trunk % 16 % g->nfunctions);
	for (uint32_t i = 0; i < depth; i++) {
		uint64_t random = i < depth / 2 ? mix(trunk << 8 | i) : next(g);
		uint32_t site = (uint32_t)__builtin_ctzll(random | 1u << (SITES - 1));
		uint32_t location = function * SITES + site;
		ids[i] = location;
		g->is_used[location] = true;
		function = callee(g, function, site);
		if (is_inlined(function))
			function = callee(g, function, inner_site(location / SITES, site));
	}
	return depth;
}

static void put_sample(struct generator *g)
{
	uint32_t ids[MAX_DEPTH], n = walk(g, ids);
	uint8_t *end = g->inner;
	for (uint32_t i = n; i-- > 0;)
		end = pb_put_varint(end, (uint64_t)ids[i] + 1);
	put_bytes(g, 1, g->inner, (size_t)(end - g->inner));
	uint64_t count = 1 + next(g) % 3;
	end = pb_put_varint(g->inner, count);
	end = pb_put_varint(end, count * 10000000);
	put_bytes(g, 2, g->inner, (size_t)(end - g->inner));
	if (next(g) % 10 < 3) {
		uint64_t labels = S_FUNCTION + g->nfunctions;
		put_label(g, S_THREAD, 2, labels + next(g) % THREADS);
		put_label(g, S_ENDPOINT, 2, labels + THREADS + skewed(next(g), ENDPOINTS));
		if (next(g) % 4 == 0)
			put_label(g, S_BYTES, 3, UINT64_C(64) << next(g) % SIZES % 20);
	}
	finish(g, P_SAMPLE);
}

static void put_line(struct generator *g, uint32_t function, uint64_t line)
{
	uint8_t *end = pb_put_tag(g->inner, 1, PB_VARINT);
	end = pb_put_varint(end, (uint64_t)function + 1);
	end = pb_put_tag(end, 2, PB_VARINT);
	end = pb_put_varint(end, line);
	put_bytes(g, 4, g->inner, (size_t)(end - g->inner));
}

static void put_location(struct generator *g, uint32_t location)
{
	uint32_t function = location / SITES, site = location % SITES;
	uint64_t mapping = function % MAPPINGS + 1;
	uint32_t called = callee(g, function, site);
	put_uint(g, 1, (uint64_t)location + 1);
	put_uint(g, 2, mapping);
	put_uint(g, 3, (mapping << 32) + (uint64_t)function * 256 + site * 16 + 5);
	if (is_inlined(called))
		put_line(g, called, 10 + mix(called) % 900);
	put_line(g, function, 10 + mix(function) % 900 + site * 3);
	finish(g, P_LOCATION);
}

static void put_tables(struct generator *g)
{
	for (uint32_t i = 0; i < MAPPINGS; i++) {
		put_uint(g, 1, i + 1);
		put_uint(g, 2, (uint64_t)(i + 1) << 32);
		put_uint(g, 3, (uint64_t)(i + 2) << 32);
		put_uint(g, 5, S_MAPPING + i);
		put_uint(g, 7, 1);
		put_uint(g, 8, 1);
		put_uint(g, 9, 1);
		put_uint(g, 10, 1);
		finish(g, P_MAPPING);
	}
	for (uint32_t i = 0; i < g->nfunctions * SITES; i++)
		if (g->is_used[i])
			put_location(g, i);
	for (uint32_t i = 0; i < g->nfunctions; i++) {
		put_uint(g, 1, (uint64_t)i + 1);
		put_uint(g, 2, S_FUNCTION + i);
		put_uint(g, 3, S_FUNCTION + i);
		put_uint(g, 4, S_FILE + mix(i) % FILES);
		put_uint(g, 5, 5 + mix(i) % 900);
		finish(g, P_FUNCTION);
	}
}

__attribute__((format(printf, 2, 3))) static void put_string(struct generator *g, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	g->at += vsprintf((char *)g->at, fmt, ap);
	va_end(ap);
	finish(g, P_STRING);
}

static void put_strings(struct generator *g)
{
	static const char *const fixed[] = {"", "samples", "count", "cpu", "nanoseconds", "thread", "endpoint",
			"bytes"};
	static const char *const verbs[] = {"decode", "parse", "read", "write", "find", "insert", "erase", "flush"};
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		put_string(g, "%s", fixed[i]);
	for (int i = 0; i < MAPPINGS; i++)
		put_string(g, i ? "/usr/lib/x86_64-linux-gnu/libpart%d.so.1" : "/usr/bin/server", i);
	for (int i = 0; i < FILES; i++)
		put_string(g, "/build/server/src/module%d/file%d.c", i % 20, i);
	for (uint32_t i = 0; i < g->nfunctions; i++) {
		const char *verb = verbs[mix(i) % 8];
		if (i % 3 == 0)
			put_string(g, "module%u::Class%u::%s", i % 20, i, verb);
		else
			put_string(g, "module%u_%s_%u", i % 20, verb, i);
	}
	for (int i = 0; i < THREADS; i++)
		put_string(g, "worker-%d", i);
	for (int i = 0; i < ENDPOINTS; i++)
		put_string(g, "/api/v1/resource%d", i);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: genprofile SAMPLES FUNCTIONS SEED >out.pb.gz\n");
		return 2;
	}
	unsigned long nsamples = strtoul(argv[1], NULL, 10);
	struct generator g = {.out = gzdopen(1, "wb6"), .rng = strtoul(argv[3], NULL, 10) << 40,
			.nfunctions = (uint32_t)strtoul(argv[2], NULL, 10)};
	if (!g.nfunctions || g.nfunctions > 10000000 || !g.out)
		return 2;
	g.is_used = calloc((size_t)g.nfunctions * SITES, 1);
	g.message = g.at = malloc(1 << 16);
	if (!g.is_used || !g.message)
		return 1;
	put_pair(&g, P_SAMPLE_TYPE, S_SAMPLES, S_COUNT);
	put_pair(&g, P_SAMPLE_TYPE, S_CPU, S_NANOSECONDS);
	for (unsigned long i = 0; i < nsamples; i++)
		put_sample(&g);
	put_tables(&g);
	put_strings(&g);
	put_pair(&g, P_PERIOD_TYPE, S_CPU, S_NANOSECONDS);
	uint8_t scalars[64], *end = pb_put_tag(scalars, P_TIME, PB_VARINT);
	end = pb_put_varint(end, UINT64_C(1700000000000000000));
	end = pb_put_tag(end, P_DURATION, PB_VARINT);
	end = pb_put_varint(end, UINT64_C(60000000000));
	end = pb_put_tag(end, P_PERIOD, PB_VARINT);
	end = pb_put_varint(end, 10000000);
	if (gzwrite(g.out, scalars, (unsigned)(end - scalars)) <= 0)
		return 1;
	return gzclose(g.out) == Z_OK ? 0 : 1;
}
