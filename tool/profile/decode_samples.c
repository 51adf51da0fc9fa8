// SPDX-License-Identifier: MIT
// Second step of decoding (see decode.h). A large profile is nearly all location numbers, two bytes each,
// so that one loop decides how fast cprof starts: it has no branch on a number's length.
//
// Chunks are decoded by all processors, each into its own part of the columns. What the parts share, the
// label sets and the first error, is written in the order of chunks ("commit").
#include <stdlib.h>

#include "base/mem.h"
#include "base/pieces.h"
#include "format/pb.h"
#include "tool/profile/decode.h"
#include "tool/profile/samples.h"

enum { CHUNKS_TO_SHARE = 16 }; // of CHUNK_BYTES

// What the samples of one chunk leave to be committed.
struct pending_labels {
	uint32_t sample, begin, n;
};

struct worker {
	struct team *team;
	const uint8_t *fast_end; // eight bytes may be read before this
	uint32_t *stack;         // for one at a time, where stacks are not kept; else NULL
	// Where the next place goes: to[at], of the column or of `stack`; narrow_to[at] where that is not NULL.
	uint32_t *to;
	uint16_t *narrow_to;
	size_t at;
	struct label *labels;
	uint32_t nlabels, labels_cap;
	struct pending_labels *pending;
	uint32_t npending, pending_cap;
	// The first sample of the chunk that contradicts the tables.
	uint32_t bad_sample, bad_nvalues; // bad_nvalues = nsample_types: the location is what is missing
	bool is_malformed;
};

struct team {
	struct decoder *d;
	struct arena *arena;
	bool ids_are_dense; // location i has id i + 1
	// As far as chunks are committed.
	bool is_malformed;
	struct err *invalid;
};

/* Up to eight bytes of one varint, all in `word`, to its value. */
static inline uint64_t gather_varint(uint64_t word, unsigned *nbytes_out)
{
	uint64_t ends = ~word & 0x8080808080808080u;
	*nbytes_out = (unsigned)(__builtin_ctzll(ends) + 1) / 8;
	word &= ends ^ (ends - 1);
	word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
	word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
	return (word & 0x0fffffff) | (word & 0x0fffffff00000000) >> 4;
}

static inline bool get_varint(const struct worker *w, struct pb_reader *r, uint64_t *value_out)
{
	uint64_t word;
	if (r->at < w->fast_end) {
		memcpy(&word, r->at, 8);
		if (~word & 0x8080808080808080u) {
			unsigned nbytes;
			*value_out = gather_varint(word, &nbytes);
			if (nbytes > (size_t)(r->end - r->at))
				return false;
			r->at += nbytes;
			return true;
		}
	}
	return pb_get_varint(r, value_out);
}

static inline uint32_t location_index(const struct team *t, uint64_t id)
{
	if (t->ids_are_dense)
		return id - 1 < t->d->p->nlocations ? (uint32_t)(id - 1) : NO_INDEX;
	return idmap_get(&t->d->location_of_id, id);
}

/* The same for a varint of at most four bytes, cleared behind. */
static inline uint32_t gather_short(uint32_t word)
{
	word = (word & 0x007f007f) | (word & 0x7f007f00) >> 1;
	return (word & 0x00003fff) | (word & 0x3fff0000) >> 2;
}

/*
 * Two numbers out of one word of eight bytes, both of at most four bytes; returns how many bytes they take,
 * or 0 where they are not so. One alone would wait for the length of the one before.
 */
static inline unsigned get_two(const uint8_t *at, uint64_t *first, uint64_t *second)
{
	uint64_t word;
	memcpy(&word, at, 8);
	uint64_t ends = ~word & 0x8080808080808080u;
	unsigned bits = (unsigned)__builtin_ctzll(ends | 1ull << 63) + 1;
	if (bits > 32)
		return 0;
	uint64_t rest = word >> bits;
	unsigned more = (unsigned)__builtin_ctzll(ends >> bits | 1ull << 63) + 1;
	if (more > 32)
		return 0;
	*first = gather_short((uint32_t)word & (uint32_t)((1ull << bits) - 1));
	*second = gather_short((uint32_t)rest & (uint32_t)((1ull << more) - 1));
	return (bits + more) / 8;
}

/* Puts the location of an id in its place; true: there is none. */
static inline bool put_place(const struct worker *w, size_t at, uint64_t id)
{
	uint32_t location = location_index(w->team, id);
	if (w->narrow_to)
		w->narrow_to[at] = (uint16_t)location;
	else
		w->to[at] = location;
	return location == NO_INDEX;
}

static bool decode_locations(struct worker *w, const struct pb_field *f, bool *missing)
{
	size_t at = w->at;
	bool unknown = false;
	struct pb_reader r = {f->bytes, f->bytes + f->nbytes};
	const uint8_t *pairs_end = r.end < w->fast_end ? r.end : w->fast_end;
	while (r.at < r.end) {
		uint64_t id, next;
		unsigned nbytes = r.at < pairs_end ? get_two(r.at, &id, &next) : 0;
		if (nbytes && nbytes <= (size_t)(r.end - r.at)) {
			r.at += nbytes;
			unknown |= put_place(w, at, id) | put_place(w, at + 1, next);
			at += 2;
			continue;
		}
		if (!get_varint(w, &r, &id))
			return false;
		unknown |= put_place(w, at++, id);
	}
	w->at = at;
	*missing |= unknown;
	return true;
}

static bool decode_values(const struct worker *w, const struct pb_field *f, int64_t *values,
		uint32_t *nvalues)
{
	struct pb_reader r = {f->bytes, f->bytes + f->nbytes};
	uint32_t max = w->team->d->p->nsample_types;
	while (r.at < r.end) {
		uint64_t value;
		if (!get_varint(w, &r, &value))
			return false;
		if (*nvalues < max)
			values[*nvalues] = (int64_t)value;
		++*nvalues;
	}
	return true;
}

static bool resolve_string(const struct decoder *d, uint64_t number, strid *id_out)
{
	if (number >= d->nstrings)
		return false;
	*id_out = d->strings[number];
	return true;
}

static bool decode_label(struct worker *w, struct pb_reader r)
{
	uint64_t numbers[5] = {0}; // key, str, num, unit from 1 on
	struct pb_field f;
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f))
			return false;
		if (f.number < 1 || f.number > 4)
			continue;
		if (f.wire != PB_VARINT)
			return false;
		numbers[f.number] = f.value;
	}
	const struct decoder *d = w->team->d;
	bool is_num = !numbers[2];
	strid key, text;
	if (!resolve_string(d, numbers[1], &key) || !resolve_string(d, numbers[is_num ? 4 : 2], &text))
		return false;
	if (is_num && !numbers[3] && !numbers[4])
		return true; // says nothing
	struct label label = {.key = key, .is_num = is_num, .str = text, .num = is_num ? (int64_t)numbers[3] : 0};
	w->labels = mem_grow(w->labels, &w->labels_cap, w->nlabels + 1, sizeof(label));
	w->labels[w->nlabels++] = label;
	return true;
}

/* Decodes one sample into row i; false: malformed. */
static bool decode_sample(struct worker *w, struct pb_reader r, uint32_t i)
{
	struct profile *p = w->team->d->p;
	int64_t *values = p->values + (size_t)i * p->nsample_types;
	uint32_t nvalues = 0, first_label = w->nlabels;
	size_t begin = w->at;
	bool missing = false;
	struct pb_field f;
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f))
			return false;
		bool good = true, packed = f.wire == PB_BYTES;
		if (f.number < 1 || f.number > 3)
			continue;
		if (!packed && (f.number == 3 || f.wire != PB_VARINT))
			return false;
		if (f.number == 3) {
			good = decode_label(w, (struct pb_reader){f.bytes, f.bytes + f.nbytes});
		} else if (f.number == 1 && packed) {
			good = decode_locations(w, &f, &missing);
		} else if (f.number == 1) {
			missing |= put_place(w, w->at++, f.value);
		} else if (packed) {
			good = decode_values(w, &f, values, &nvalues);
		} else {
			if (nvalues < p->nsample_types)
				values[nvalues] = (int64_t)f.value;
			nvalues++;
		}
		if (!good)
			return false;
	}
	if (w->stack)
		w->at = 0;
	p->loc_begin[i] = (uint32_t)begin;
	p->loc_end[i] = (uint32_t)w->at;
	if ((nvalues != p->nsample_types || missing) && w->bad_sample == NO_INDEX) {
		w->bad_sample = i;
		w->bad_nvalues = nvalues;
	}
	if (w->nlabels > first_label) {
		w->pending = mem_grow(w->pending, &w->pending_cap, w->npending + 1, sizeof(*w->pending));
		w->pending[w->npending++] =
				(struct pending_labels){i, first_label, w->nlabels - first_label};
	}
	return true;
}

static void decode_chunk(void *arg, void *worker, uint32_t chunk)
{
	struct worker *w = worker;
	struct decoder *d = w->team->d;
	const struct chunk *c = &d->chunks[chunk];
	struct pb_reader r = {c->begin, c->end};
	uint32_t sample = c->first_sample;
	struct pb_field f;
	w->nlabels = w->npending = 0;
	w->bad_sample = NO_INDEX;
	w->at = w->stack ? 0 : c->loc_begin;
	while (!w->is_malformed && pb_get_field(&r, &f)) {
		if (f.number == 2)
			w->is_malformed = !decode_sample(w, (struct pb_reader){f.bytes, f.bytes + f.nbytes}, sample++);
	}
	if (d->consume)
		pages_release((void *)c->begin, (size_t)(c->end - c->begin));
}

static bool commit_chunk(void *arg, void *worker, uint32_t chunk)
{
	struct worker *w = worker;
	struct team *t = arg;
	struct profile *p = t->d->p;
	t->is_malformed |= w->is_malformed;
	if (w->bad_sample != NO_INDEX && !t->invalid) {
		t->invalid = w->bad_nvalues != p->nsample_types
				? err_new(t->arena, "mismatch: sample has %u values vs. %u types",
						  w->bad_nvalues, p->nsample_types)
				: err_new(t->arena, "sample has nil location");
	}
	for (uint32_t i = 0; i < w->npending; i++) {
		struct pending_labels l = w->pending[i];
		samples_own_labels(p)[l.sample] = profile_intern_labels(p, w->labels + l.begin, l.n);
	}
	return !t->is_malformed;
}

/* How many varints end in here: the bytes without a continuation bit. */
static size_t count_varint_ends(const uint8_t *at, const uint8_t *end)
{
	enum { BATCH_WORDS = 255 }; // a byte counts so far
	const uint64_t ones = 0x0101010101010101u;
	size_t count = 0;
	while (end - at >= 8) {
		uint64_t sums = 0, word;
		for (unsigned i = 0; i < BATCH_WORDS && end - at >= 8; i++, at += 8) {
			memcpy(&word, at, 8);
			sums += (~word >> 7) & ones;
		}
		sums = (sums & 0x00ff00ff00ff00ff) + (sums >> 8 & 0x00ff00ff00ff00ff);
		count += sums * 0x0001000100010001u >> 48;
	}
	for (; at < end; at++)
		count += *at < 0x80;
	return count;
}

size_t decode_count_locations(struct pb_reader sample)
{
	size_t count = 0;
	struct pb_field f;
	while (pb_get_field(&sample, &f)) {
		if (f.number == 1)
			count += f.wire == PB_BYTES ? count_varint_ends(f.bytes, f.bytes + f.nbytes) : 1;
	}
	return count;
}

static void run_team(struct team *t)
{
	struct decoder *d = t->d;
	const uint8_t *begin = d->chunks[0].begin, *end = d->chunks[d->nchunks - 1].end;
	struct pieces pieces = {.n = d->nchunks, .arg = t, .make = decode_chunk, .take = commit_chunk};
	struct worker workers[PIECES_MAX_WORKERS] = {0};
	uint32_t n = pieces_workers(d->nchunks, CHUNKS_TO_SHARE);
	for (uint32_t i = 0; i < n; i++) {
		workers[i].team = t;
		workers[i].fast_end = end - begin >= 8 ? end - 7 : begin;
		if (!d->with_stacks)
			workers[i].stack = mem_resize(NULL, d->nlocs, sizeof(*workers[i].stack));
		workers[i].to = workers[i].stack ? workers[i].stack : d->p->locs;
		workers[i].narrow_to = d->p->narrow_locs;
	}
	pieces_run(&pieces, workers, sizeof(*workers), n);
	for (uint32_t i = 0; i < n; i++) {
		free(workers[i].stack);
		free(workers[i].labels);
		free(workers[i].pending);
	}
}

enum decode_status decode_samples(struct decoder *d, struct arena *a, struct err **err_out)
{
	struct profile *p = d->p;
	if (!d->nsamples)
		return DECODE_OK;
	if (d->nlocs > UINT32_MAX)
		return DECODE_TOO_LARGE;
	samples_reserve(p, d->nsamples);
	p->nsamples = d->nsamples;
	if (d->with_stacks)
		samples_make_locs(p, d->nlocs);
	struct team t = {.d = d, .arena = a, .ids_are_dense = true};
	for (uint32_t i = 0; i < p->nlocations && t.ids_are_dense; i++)
		t.ids_are_dense = p->locations[i].id == (uint64_t)i + 1;
	run_team(&t);
	if (t.is_malformed)
		return DECODE_MALFORMED;
	if (!p->nsample_types)
		t.invalid = err_new(a, "missing sample type information");
	*err_out = t.invalid;
	return t.invalid ? DECODE_INVALID : DECODE_OK;
}
