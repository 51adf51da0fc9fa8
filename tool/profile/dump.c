// SPDX-License-Identifier: MIT
// The text dump -raw prints: all a profile says, one thing a line, as pprof's Profile.String() has it.
#include <stdlib.h>

#include "base/mem.h"
#include "base/textlist.h"
#include "tool/measurement/duration.h"
#include "tool/profile/encode.h"
#include "tool/profile/tokens.h"

enum { DURATION_RUNES = 4, VALUE_COLUMNS = 10, ID_COLUMNS = 6, SAMPLES_A_PIECE = 128 };

static unsigned count_digits(uint64_t v)
{
	unsigned n = 1;
	while (v /= 10)
		n++;
	return n;
}

static void pad(struct buf *out, unsigned len, unsigned columns)
{
	if (len < columns)
		buf_pad(out, ' ', columns - len);
}

static void put_line(struct buf *out, const char *head, struct str text)
{
	buf_cstr(out, head);
	buf_str(out, text);
	buf_byte(out, '\n');
}

static void dump_duration(struct buf *out, int64_t ns)
{
	char text[DURATION_BYTES];
	size_t len = duration_format(text, ns), end = 0;
	for (unsigned runes = 0; end < len; end++) {
		if (((unsigned char)text[end] & 0xc0) != 0x80 && ++runes > DURATION_RUNES)
			break;
	}
	put_line(out, "Duration: ", (struct str){text, end});
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void dump_sample_types(const struct profile *p, struct buf *out)
{
	struct buf types = {0};
	buf_reserve(&types, 1);
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		struct value_type t = p->sample_types[i];
		buf_str(&types, profile_str(p, t.type));
		buf_byte(&types, '/');
		buf_str(&types, profile_str(p, t.unit));
		buf_cstr(&types, t.type == p->default_sample_type ? "[dflt] " : " ");
	}
	size_t begin = 0, end = types.len;
	while (begin < end && is_space(types.ptr[begin]))
		begin++;
	while (begin < end && is_space(types.ptr[end - 1]))
		end--;
	put_line(out, "", (struct str){types.ptr + begin, end - begin});
	buf_deinit(&types);
}

static void dump_header(const struct profile *p, struct buf *out)
{
	for (uint32_t i = 0; i < p->ncomments; i++)
		put_line(out, "Comment: ", profile_str(p, p->comments[i]));
	if (p->doc_url)
		put_line(out, "Doc: ", profile_str(p, p->doc_url));
	if (p->has_period_type) {
		buf_cstr(out, "PeriodType: ");
		buf_str(out, profile_str(p, p->period_type.type));
		put_line(out, " ", profile_str(p, p->period_type.unit));
	}
	buf_printf(out, "Period: %lld\n", (long long)p->period);
	if (p->time_nanos) {
		char text[TIME_BYTES];
		put_line(out, "Time: ", (struct str){text, time_format(text, p->time_nanos)});
	}
	if (p->duration_nanos)
		dump_duration(out, p->duration_nanos);
	buf_cstr(out, "Samples:\n");
	dump_sample_types(p, out);
}

static int compare_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "key:[value value]" of the labels of one key, from *at on. */
static void format_key(const struct profile *p, struct buf *text, uint32_t *at, uint32_t end)
{
	const struct label *first = &p->labels[*at];
	uint32_t last = *at;
	bool has_units = false;
	while (last < end && p->labels[last].key == first->key && p->labels[last].is_num == first->is_num)
		has_units |= p->labels[last++].unit != 0;
	buf_str(text, profile_str(p, first->key));
	buf_cstr(text, ":[");
	for (uint32_t i = *at; i < last; i++) {
		const struct label *l = &p->labels[i];
		if (i > *at)
			buf_byte(text, ' ');
		if (!l->is_num) {
			buf_str(text, profile_str(p, l->str));
			continue;
		}
		buf_i64(text, l->num);
		if (has_units) {
			buf_byte(text, ' ');
			buf_str(text, profile_str(p, l->unit));
		}
	}
	buf_byte(text, ']');
	*at = last;
}

/* One line of the keys of [begin, end), sorted as text. */
static void format_labels(const struct profile *p, struct buf *out, uint32_t begin, uint32_t end)
{
	if (begin == end)
		return;
	struct buf text = {0};
	struct str *keys = mem_resize(NULL, end - begin, sizeof(*keys));
	uint32_t n = 0;
	while (begin < end) {
		size_t from = text.len;
		format_key(p, &text, &begin, end);
		keys[n++].len = text.len - from;
	}
	for (uint32_t i = 0; i < n; i++)
		keys[i].ptr = i ? keys[i - 1].ptr + keys[i - 1].len : text.ptr;
	qsort(keys, n, sizeof(*keys), compare_str);
	buf_pad(out, ' ', 15);
	for (uint32_t i = 0; i < n; i++) {
		buf_byte(out, ' ');
		buf_str(out, keys[i]);
	}
	buf_byte(out, '\n');
	free(keys);
	buf_deinit(&text);
}

static void dump_labels(const struct profile *p, struct buf *out, struct label_set set)
{
	uint32_t end = set.begin + set.n, numbers = set.begin;
	while (numbers < end && !p->labels[numbers].is_num)
		numbers++;
	format_labels(p, out, set.begin, numbers);
	format_labels(p, out, numbers, end);
}

// What is the same for many samples: the label lines of each set, and "id " of each location.
struct dump_cache {
	struct buf labels;
	size_t *labels_end; // [set]: its text ends here and begins where that of the set before ends
	uint64_t *ids;      // tokens
};

static struct dump_cache make_cache(const struct profile *p)
{
	struct dump_cache c = {.labels_end = mem_resize(NULL, p->nlabel_sets, sizeof(*c.labels_end)),
			.ids = mem_resize(NULL, p->nlocations, sizeof(*c.ids))};
	for (uint32_t i = 0; i < p->nlabel_sets; i++) {
		dump_labels(p, &c.labels, p->label_sets[i]);
		c.labels_end[i] = c.labels.len;
	}
	struct buf text = {0};
	for (uint32_t i = 0; i < p->nlocations; i++) {
		text.len = 0;
		buf_u64(&text, p->locations[i].id);
		buf_byte(&text, ' ');
		c.ids[i] = token_make(text.ptr, text.len);
	}
	buf_deinit(&text);
	return c;
}

static void dump_stack(const struct profile *p, const struct dump_cache *c, struct buf *out,
		struct stack stack)
{
	buf_reserve(out, ((size_t)stack.n + 1) * sizeof(uint64_t));
	for (uint32_t i = 0; i < stack.n; i++) {
		uint64_t id = c->ids[stack_loc(stack, i)];
		if (id) {
			out->len = (size_t)(token_put(out->ptr + out->len, id) - out->ptr);
			continue;
		}
		buf_u64(out, p->locations[stack_loc(stack, i)].id);
		buf_byte(out, ' ');
		buf_reserve(out, ((size_t)(stack.n - i) + 1) * sizeof(uint64_t));
	}
	buf_byte(out, '\n');
}

struct dumper {
	const struct profile *p;
	struct dump_cache cache;
};

static void dump_sample(const void *dumper, uint32_t i, struct buf *out)
{
	const struct dumper *d = dumper;
	const int64_t *values = profile_values(d->p, i);
	for (uint32_t t = 0; t < d->p->nsample_types; t++) {
		buf_byte(out, ' ');
		int64_t v = values[t];
		pad(out, v < 0 ? 1 + count_digits(-(uint64_t)v) : count_digits((uint64_t)v), VALUE_COLUMNS);
		buf_i64(out, v);
	}
	buf_cstr(out, ": ");
	dump_stack(d->p, &d->cache, out, profile_stack(d->p, i));
	uint32_t set = profile_label_set(d->p, i);
	size_t begin = set ? d->cache.labels_end[set - 1] : 0;
	if (d->cache.labels_end[set] > begin)
		buf_append(out, d->cache.labels.ptr + begin, d->cache.labels_end[set] - begin);
}

static void dump_samples(const struct profile *p, struct buf *out)
{
	struct dumper d = {p, make_cache(p)};
	textlist_put(out, p->nsamples, SAMPLES_A_PIECE, dump_sample, &d);
	buf_deinit(&d.cache.labels);
	free(d.cache.labels_end);
	free(d.cache.ids);
}

static void dump_line(const struct profile *p, struct buf *out, const struct line *line)
{
	if (line->function == NO_INDEX) {
		buf_cstr(out, "??\n");
		return;
	}
	const struct function *f = &p->functions[line->function];
	buf_str(out, profile_str(p, f->name));
	buf_byte(out, ' ');
	buf_str(out, profile_str(p, f->filename));
	buf_byte(out, ':');
	buf_i64(out, line->line);
	buf_byte(out, ':');
	buf_i64(out, line->column);
	buf_cstr(out, " s=");
	buf_i64(out, f->start_line);
	if (f->name != f->system_name) {
		buf_byte(out, '(');
		buf_str(out, profile_str(p, f->system_name));
		buf_byte(out, ')');
	}
	buf_byte(out, '\n');
}

static void dump_locations(const struct profile *p, struct buf *out)
{
	buf_cstr(out, "Locations\n");
	for (uint32_t i = 0; i < p->nlocations; i++) {
		const struct location *l = &p->locations[i];
		pad(out, count_digits(l->id), ID_COLUMNS);
		buf_u64(out, l->id);
		buf_cstr(out, ": ");
		buf_hex(out, l->address);
		buf_byte(out, ' ');
		if (l->mapping != NO_INDEX) {
			buf_cstr(out, "M=");
			buf_u64(out, p->mappings[l->mapping].id);
			buf_byte(out, ' ');
		}
		if (l->is_folded)
			buf_cstr(out, "[F] ");
		if (!l->nlines)
			buf_byte(out, '\n');
		for (uint32_t j = 0; j < l->nlines; j++) {
			if (j)
				buf_pad(out, ' ', 13);
			dump_line(p, out, &p->lines[l->line_begin + j]);
		}
	}
}

static void dump_mappings(const struct profile *p, struct buf *out)
{
	buf_cstr(out, "Mappings\n");
	for (uint32_t i = 0; i < p->nmappings; i++) {
		const struct mapping *m = &p->mappings[i];
		buf_printf(out, "%llu: 0x%llx/0x%llx/0x%llx ", (unsigned long long)m->id,
				(unsigned long long)m->start, (unsigned long long)m->limit,
				(unsigned long long)m->offset);
		buf_str(out, profile_str(p, m->file));
		buf_byte(out, ' ');
		buf_str(out, profile_str(p, m->build_id));
		buf_printf(out, " %s%s%s%s\n", m->has_functions ? "[FN]" : "", m->has_filenames ? "[FL]" : "",
				m->has_line_numbers ? "[LN]" : "", m->has_inline_frames ? "[IN]" : "");
	}
}

void profile_dump(const struct profile *p, struct buf *out)
{
	dump_header(p, out);
	dump_samples(p, out);
	dump_locations(p, out);
	dump_mappings(p, out);
}
