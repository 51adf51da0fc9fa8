// SPDX-License-Identifier: MIT
// Compiling and applying filters (see focus.h). All are compiled before the first is applied: a wrong
// one stops the report before any warning.
#include "focus.h"

#include "tool/graph/graph.h"
#include "tool/profile/prune.h"

struct filters {
	struct regex *focus, *ignore, *hide, *show, *show_from, *prune_from, *tagshow, *taghide;
	struct tag_filter *tagfocus, *tagignore;
};

static struct err *compile(struct arena *a, const char *name, const char *pattern,
		struct regex **out)
{
	*out = NULL;
	if (!*pattern)
		return NULL;
	return err_wrap(a, regex_compile(a, str_from(pattern), out), "parsing %s regexp", name);
}

static struct err *compile_tags(struct arena *a, const struct env *env, const char *name,
		const char *value, const struct label_units *units, struct tag_filter **out)
{
	bool is_range = false;
	struct str range;
	struct err *e = tag_filter_compile(a, str_from(name), str_from(value), units, out, &is_range,
			&range);
	if (!e && is_range)
		env_warn(env, "%s:Interpreted '%.*s' as range, not regexp", name, STR_FMT(range));
	return e;
}

static struct err *compile_all(struct arena *a, const struct env *env, const struct config *c,
		const struct label_units *units, struct filters *f)
{
	const struct {
		const char *name, *pattern;
		struct regex **out;
	} names[] = {
			{"focus", c->focus, &f->focus},
			{"ignore", c->ignore, &f->ignore},
			{"hide", c->hide, &f->hide},
			{"show", c->show, &f->show},
			{"show_from", c->show_from, &f->show_from},
	};
	struct err *e = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !e; i++)
		e = compile(a, names[i].name, names[i].pattern, names[i].out);
	if (!e)
		e = compile_tags(a, env, "tagfocus", c->tagfocus, units, &f->tagfocus);
	if (!e)
		e = compile_tags(a, env, "tagignore", c->tagignore, units, &f->tagignore);
	if (!e)
		e = compile(a, "prune_from", c->prune_from, &f->prune_from);
	return e;
}

static void warn_unless(const struct env *env, bool matched, const char *what)
{
	if (!matched)
		env_warn(env, "%s expression matched no samples", what);
}

static void apply_names(const struct env *env, const struct filters *f, bool asks_graph, struct profile *p)
{
	bool is_followed = f->tagfocus || f->tagignore || f->prune_from;
	struct name_filter names = {f->focus, f->ignore, f->hide, f->show, graph_find_samples,
			asks_graph && !f->show_from && !is_followed};
	struct name_matches m = profile_filter_names(p, &names);
	warn_unless(env, !f->focus || m.focus, "Focus");
	warn_unless(env, !f->ignore || m.ignore, "Ignore");
	warn_unless(env, !f->hide || m.hide, "Hide");
	warn_unless(env, !f->show || m.show, "Show");
	if (f->show_from)
		warn_unless(env, profile_show_from(p, f->show_from, graph_find_samples, asks_graph && !is_followed),
				"ShowFrom");
}

static void apply_tags(const struct env *env, const struct filters *f, struct profile *p)
{
	bool focus = true, ignore = true;
	if (f->tagfocus || f->tagignore)
		profile_filter_tags(p, f->tagfocus, f->tagignore, &focus, &ignore);
	warn_unless(env, !f->tagfocus || focus, "TagFocus");
	warn_unless(env, !f->tagignore || ignore, "TagIgnore");
}

static struct err *apply_tag_keys(struct arena *a, const struct env *env, const struct config *c,
		struct filters *f, struct profile *p)
{
	bool show = true, hide = true;
	struct err *e = compile(a, "tagshow", c->tagshow, &f->tagshow);
	if (!e)
		e = compile(a, "taghide", c->taghide, &f->taghide);
	if (!f->tagshow && !f->taghide)
		return e;
	profile_filter_label_keys(p, f->tagshow, f->taghide, &show, &hide);
	warn_unless(env, !f->tagshow || show, "TagShow");
	warn_unless(env, !f->taghide || hide, "TagHide");
	return e; // taghide's, which comes after what there is to say of tagshow
}

static void free_all(struct filters *f)
{
	struct regex *all[] = {f->focus, f->ignore, f->hide, f->show, f->show_from, f->prune_from,
			f->tagshow, f->taghide};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		regex_free(all[i]);
	tag_filter_free(f->tagfocus);
	tag_filter_free(f->tagignore);
}

struct err *focus_apply(struct arena *a, const struct env *env, const struct config *c,
		const struct label_units *units, bool asks_graph, struct profile *p)
{
	struct filters f = {0};
	struct err *e = compile_all(a, env, c, units, &f);
	if (!e) {
		// What is hidden may wait for the graph where nothing before it asks which samples are left.
		apply_names(env, &f, asks_graph && !*c->tagshow && !*c->taghide, p);
		apply_tags(env, &f, p);
		e = apply_tag_keys(a, env, c, &f, p);
	}
	if (!e && f.prune_from)
		profile_prune_from(p, f.prune_from);
	free_all(&f);
	return e;
}

// The non-empty parts of a comma list.
static struct str *split(struct arena *a, const char *list, uint32_t *n_out)
{
	struct str rest = str_from(list);
	struct str *parts = arena_array(a, struct str, rest.len + 1);
	*n_out = 0;
	while (rest.len) {
		struct str part = str_cut(&rest, ',');
		if (part.len)
			parts[(*n_out)++] = part;
	}
	return parts;
}

void focus_add_label_frames(struct arena *a, const struct env *env, const struct config *c,
		struct profile *p)
{
	uint32_t nroot, nleaf;
	struct str *root = split(a, c->tagroot, &nroot);
	struct str *leaf = split(a, c->tagleaf, &nleaf);
	bool root_matched = false, leaf_matched = false;
	if (nroot || nleaf)
		profile_add_label_frames(p, root, nroot, leaf, nleaf, str_from(c->unit),
				&root_matched, &leaf_matched);
	warn_unless(env, !*c->tagroot || root_matched, "TagRoot");
	warn_unless(env, !*c->tagleaf || leaf_matched, "TagLeaf");
}
