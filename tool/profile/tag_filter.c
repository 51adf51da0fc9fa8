// SPDX-License-Identifier: MIT
// tagfocus, tagignore, tagshow, taghide, and the units numeric labels are compared in. All is decided per
// label set; samples only follow.
#include "tool/measurement/measurement.h"
#include "tool/profile/filter.h"
#include "tool/profile/memo.h"
#include "tool/profile/samples.h"

enum range_ends { HAS_LOW = 1, HAS_HIGH = 2 };

struct tag_filter {
	struct str key; // "": any key
	// A range, in `unit`...
	unsigned ends;
	double low, high;
	struct str unit;
	const struct label_units *units;
	// ... or regexps.
	struct regex **regexes;
	uint32_t nregexes;
	struct arena *arena;
};

// "32kb" of a range, and what is behind it.
struct quantity {
	int64_t value;
	struct str unit;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* [+-]digits[letters] at the start of *text, taken off it. */
static bool take_quantity(struct str *text, struct quantity *out)
{
	size_t at = text->len && (text->ptr[0] == '+' || text->ptr[0] == '-'), digits = at;
	bool negative = at && text->ptr[0] == '-';
	uint64_t value = 0;
	for (; at < text->len && is_digit(text->ptr[at]); at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
				__builtin_add_overflow(value, (uint64_t)(text->ptr[at] - '0'), &value))
			return false;
	}
	if (at == digits || value > INT64_MAX)
		return false;
	size_t unit = at;
	while (at < text->len && is_alpha(text->ptr[at]))
		at++;
	out->value = negative ? -(int64_t)value : (int64_t)value;
	out->unit = str_slice(*text, unit, at);
	*text = str_slice(*text, at, text->len);
	return true;
}

/* Whether the whole text is a range: "32kb", ":64kb", "4mb:", "12kb:64mb". */
static bool parse_range(struct str text, struct tag_filter *f)
{
	struct quantity q;
	if (text.len && text.ptr[0] == ':') {
		text = str_slice(text, 1, text.len);
		if (!take_quantity(&text, &q) || text.len)
			return false;
		f->ends = HAS_HIGH;
		f->high = measurement_scale(q.value, q.unit, q.unit, &f->unit);
		return true;
	}
	if (!take_quantity(&text, &q))
		return false;
	f->low = f->high = measurement_scale(q.value, q.unit, q.unit, &f->unit);
	f->ends = HAS_LOW | HAS_HIGH;
	if (!text.len)
		return true;
	if (text.ptr[0] != ':')
		return false;
	text = str_slice(text, 1, text.len);
	if (!text.len) {
		f->ends = HAS_LOW;
		return true;
	}
	struct str unit;
	if (!take_quantity(&text, &q) || text.len)
		return false;
	f->high = measurement_scale(q.value, q.unit, f->unit, &unit);
	return str_eq(unit, f->unit);
}

static struct err *compile_regexes(struct arena *a, struct str option, struct str list,
		struct tag_filter *f)
{
	uint32_t n = 1;
	for (size_t i = 0; i < list.len; i++)
		n += list.ptr[i] == ',';
	f->regexes = arena_array(a, struct regex *, n);
	while (f->nregexes < n) {
		struct err *err = regex_compile(a, str_cut(&list, ','), &f->regexes[f->nregexes]);
		if (err)
			return err_wrap(a, err, "parsing %.*s regexp", STR_FMT(option));
		f->nregexes++;
	}
	return NULL;
}

struct err *tag_filter_compile(struct arena *a, struct str option, struct str value,
		const struct label_units *units, struct tag_filter **filter_out, bool *is_range_out,
		struct str *range_text_out)
{
	*filter_out = NULL;
	*is_range_out = false;
	if (!value.len)
		return NULL;
	struct tag_filter *f = arena_new(a, struct tag_filter);
	f->units = units;
	f->arena = a;
	if (memchr(value.ptr, '=', value.len))
		f->key = str_cut(&value, '=');
	if (parse_range(value, f)) {
		*is_range_out = true;
		*range_text_out = value;
		*filter_out = f;
		return NULL;
	}
	f->ends = 0; // "1,2" begins like a range
	struct err *err = compile_regexes(a, option, value, f);
	if (err)
		tag_filter_free(f);
	else
		*filter_out = f;
	return err;
}

void tag_filter_free(struct tag_filter *f)
{
	for (uint32_t i = 0; f && i < f->nregexes; i++)
		regex_free(f->regexes[i]);
}

static bool in_range(const struct tag_filter *f, int64_t value, struct str from)
{
	struct str unit;
	double v = measurement_scale(value, from, f->unit, &unit);
	return str_eq(unit, f->unit) && (!(f->ends & HAS_LOW) || v >= f->low) &&
			(!(f->ends & HAS_HIGH) || v <= f->high);
}

static bool matches_regex(const struct profile *p, const struct tag_filter *f, const struct regex *re,
		struct label_set set)
{
	struct buf text = {0};
	bool matched = false;
	for (uint32_t i = set.begin; i < set.begin + set.n && !matched; i++) {
		const struct label *l = &p->labels[i];
		if (l->is_num || (f->key.len && !str_eq(profile_str(p, l->key), f->key)))
			continue;
		text.len = 0;
		if (!f->key.len) {
			buf_str(&text, profile_str(p, l->key));
			buf_byte(&text, ':');
		}
		buf_str(&text, profile_str(p, l->str));
		matched = regex_match(re, (struct str){text.ptr, text.len});
	}
	buf_deinit(&text);
	return matched;
}

static bool matches_set(const struct profile *p, const struct tag_filter *f, struct label_set set)
{
	if (f->ends) {
		for (uint32_t i = set.begin; i < set.begin + set.n; i++) {
			const struct label *l = &p->labels[i];
			struct str key = profile_str(p, l->key);
			if (l->is_num && (!f->key.len || str_eq(key, f->key)) &&
					in_range(f, l->num, label_units_get(p, f->units, key)))
				return true;
		}
		return false;
	}
	// With a key, one of the regexps is enough; without, each must match some label.
	for (uint32_t i = 0; i < f->nregexes; i++) {
		if (matches_regex(p, f, f->regexes[i], set) == (f->key.len != 0))
			return f->key.len != 0;
	}
	return f->key.len == 0;
}

void profile_filter_tags(struct profile *p, const struct tag_filter *focus,
		const struct tag_filter *ignore, bool *focus_matched_out, bool *ignore_matched_out)
{
	enum { ASKED = 1, FOCUSED = 2, IGNORED = 4 };
	*focus_matched_out = !focus && p->nsamples;
	*ignore_matched_out = false;
	if (!focus && !ignore)
		return;
	uint8_t *answers = mem_zeroed(p->nlabel_sets, 1), *keep = mem_resize(NULL, p->nsamples, 1);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t set = profile_label_set(p, i);
		if (!answers[set]) {
			answers[set] = ASKED;
			if (!focus || matches_set(p, focus, p->label_sets[set]))
				answers[set] |= FOCUSED;
			if (ignore && matches_set(p, ignore, p->label_sets[set]))
				answers[set] |= IGNORED;
		}
		*focus_matched_out |= (answers[set] & FOCUSED) != 0;
		*ignore_matched_out |= (answers[set] & IGNORED) != 0;
		keep[i] = answers[set] == (ASKED | FOCUSED);
	}
	samples_keep(p, keep);
	free(answers);
	free(keep);
}

struct key_filter {
	struct memo show, hide;
	bool show_matched, hide_matched;
};

static bool keep_key(void *arg, const struct label *l)
{
	struct key_filter *f = arg;
	bool show = !f->show.re || memo_matches(&f->show, l->key);
	bool hide = memo_matches(&f->hide, l->key);
	f->show_matched |= show;
	f->hide_matched |= hide;
	return show && !hide;
}

void profile_filter_label_keys(struct profile *p, const struct regex *show, const struct regex *hide,
		bool *show_matched_out, bool *hide_matched_out)
{
	struct key_filter f = {memo_create(p, show), memo_create(p, hide), false, false};
	if (show || hide)
		labels_edit(p, keep_key, &f, NULL);
	*show_matched_out = f.show_matched;
	*hide_matched_out = f.hide_matched;
	memo_free(&f.show);
	memo_free(&f.hide);
}

struct num_drop {
	const struct profile *p;
	bool (*drop)(void *arg, struct str key);
	void *arg;
};

static bool keep_unless_dropped(void *arg, const struct label *l)
{
	const struct num_drop *d = arg;
	return !l->is_num || !d->drop(d->arg, profile_str(d->p, l->key));
}

void profile_drop_num_labels(struct profile *p, bool (*drop)(void *arg, struct str key), void *arg)
{
	struct num_drop d = {p, drop, arg};
	labels_edit(p, keep_unless_dropped, &d, NULL);
}
