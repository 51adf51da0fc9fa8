// SPDX-License-Identifier: MIT
// tagroot and tagleaf: every stack gets a frame for each key, named after the sample's values of that
// label. Which frames, is decided per label set.
#include "base/idmap.h"
#include "tool/measurement/measurement.h"
#include "tool/profile/filter.h"
#include "tool/profile/memo.h"
#include "tool/profile/samples.h"

struct frames {
	struct profile *p;
	struct str unit;
	uint64_t next_location_id, next_function_id;
	struct idmap made; // name and file, as one number -> location
};

/* The values of `key`, formatted and joined; false where there are none. */
static bool join_values(const struct frames *f, struct label_set set, strid key, struct buf *out)
{
	const struct profile *p = f->p;
	bool any = false, has_units = false;
	for (uint32_t i = set.begin; i < set.begin + set.n; i++)
		has_units |= p->labels[i].key == key && p->labels[i].is_num && p->labels[i].unit;
	for (uint32_t i = set.begin; i < set.begin + set.n; i++) {
		const struct label *l = &p->labels[i];
		if (l->key != key)
			continue;
		if (any)
			buf_byte(out, ',');
		any = true;
		if (l->is_num) {
			char text[MEASUREMENT_LABEL_BYTES];
			size_t len = measurement_format(text, l->num, profile_str(p, l->unit),
					has_units ? f->unit : STR(""));
			buf_append(out, text, len);
		} else {
			buf_str(out, profile_str(p, l->str));
		}
	}
	return any;
}

static uint32_t intern_frame(struct frames *f, struct str name, struct str file)
{
	struct profile *p = f->p;
	strid name_id = profile_intern(p, name), file_id = profile_intern(p, file);
	uint64_t key = (uint64_t)name_id << 32 | file_id;
	uint32_t location = idmap_get(&f->made, key);
	if (location != IDMAP_NONE)
		return location;
	struct line line = {.function = profile_add_function(p, (struct function){
			.id = f->next_function_id++, .name = name_id, .filename = file_id})};
	location = profile_add_location(p,
			(struct location){.id = f->next_location_id++, .mapping = NO_INDEX}, &line, 1);
	idmap_set(&f->made, key, location);
	return location;
}

/* The frames of a set for these keys, first key closest to the root. */
static bool make_frames(struct frames *f, struct label_set set, const struct str *keys, uint32_t nkeys,
		uint32_t *locs_out)
{
	bool matched = false;
	struct buf name = {0};
	for (uint32_t i = 0; i < nkeys; i++) {
		struct str key = keys[nkeys - 1 - i];
		strid id = profile_find_string(f->p, key);
		name.len = 0;
		if (id != NO_INDEX)
			matched |= join_values(f, set, id, &name);
		locs_out[i] = intern_frame(f, (struct str){name.ptr, name.len}, key);
	}
	buf_deinit(&name);
	return matched;
}

static struct frames frames_begin(struct profile *p, struct str unit)
{
	struct frames f = {.p = p, .unit = unit};
	idmap_init(&f.made, 0);
	for (uint32_t i = 0; i < p->nlocations; i++) {
		if (p->locations[i].id > f.next_location_id)
			f.next_location_id = p->locations[i].id;
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		if (p->functions[i].id > f.next_function_id)
			f.next_function_id = p->functions[i].id;
	}
	f.next_location_id++;
	f.next_function_id++;
	return f;
}

void profile_add_label_frames(struct profile *p, const struct str *root_keys, uint32_t nroot,
		const struct str *leaf_keys, uint32_t nleaf, struct str output_unit,
		bool *root_matched_out, bool *leaf_matched_out)
{
	uint32_t nadded = nroot + nleaf;
	*root_matched_out = *leaf_matched_out = false;
	if (!nadded)
		return;
	struct frames f = frames_begin(p, output_unit);
	// Of each set seen: its root frames, then its leaf frames.
	uint32_t *added = mem_resize(NULL, (size_t)p->nlabel_sets * nadded, sizeof(*added));
	uint8_t *seen = mem_zeroed(p->nlabel_sets, 1);
	size_t cap = (size_t)p->nsamples * nadded, n = 0;
	for (uint32_t i = 0; i < p->nsamples; i++)
		cap += profile_stack(p, i).n;
	uint32_t *locs = pages_reserve(cap * sizeof(*locs));
	if (!locs || cap > UINT32_MAX)
		locs = mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	profile_own(p, PROFILE_SAMPLES);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t set = profile_label_set(p, i), *frames = added + (size_t)set * nadded;
		if (!seen[set]) {
			seen[set] = 1;
			*root_matched_out |= make_frames(&f, p->label_sets[set], root_keys, nroot, frames);
			*leaf_matched_out |= make_frames(&f, p->label_sets[set], leaf_keys, nleaf, frames + nroot);
		}
		struct stack stack = profile_stack(p, i);
		p->loc_begin[i] = (uint32_t)n;
		memcpy(locs + n, frames + nroot, nleaf * sizeof(*locs));
		n += nleaf;
		for (uint32_t k = 0; k < stack.n; k++)
			locs[n++] = stack_loc(stack, k);
		memcpy(locs + n, frames, nroot * sizeof(*locs));
		n += nroot;
		p->loc_end[i] = (uint32_t)n;
	}
	samples_set_locs(p, locs, n, cap);
	idmap_deinit(&f.made);
	free(added);
	free(seen);
}
