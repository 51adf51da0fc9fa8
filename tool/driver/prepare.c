// SPDX-License-Identifier: MIT
// The way from a request to the profile reports are made of (see fetch.h). The order of its steps shows
// in the output; it is pprof's.
#include <pthread.h>

#include "base/path.h"
#include "tool/profile/encode.h"
#include "tool/profile/merge.h"
#include "tool/profile/prune.h"
#include "tool/symbolizer/symbolizer.h"

#include "fetch.h"
#include "http.h"
#include "locate.h"
#include "tempfile.h"

// The base is fetched while the sources are.
struct base_job {
	struct arena arena;
	const struct env *env;
	const struct request *request;
	struct fetched fetched;
	struct err *err;
};

static void *fetch_base(void *arg)
{
	struct base_job *j = arg;
	const struct request *r = j->request;
	j->err = fetch_all(&j->arena, j->env, r, &r->base, *r->base ? 1 : 0, &j->fetched);
	return NULL;
}

static struct err *check_fetched(struct arena *a, const struct env *env, const struct request *r,
		const struct fetched *f, const struct fetched *base)
{
	if (!f->count)
		return err_new(a, "failed to fetch any source profiles");
	if (*r->base && !base->count)
		return err_new(a, "failed to fetch any base profiles");
	if (f->count != r->nsources)
		env_warn(env, "Fetched %zu source profiles out of %zu", f->count, r->nsources);
	return NULL;
}

static struct err *take_off_base(struct arena *a, const struct request *r, struct fetched *f,
		struct fetched *base)
{
	struct profile *p = base->profile;
	if (r->is_diff)
		profile_set_label(p, STR("pprof::base"), STR("true"));
	if (r->config.normalize) {
		struct err *e = profile_normalize(a, f->profile, p);
		if (e)
			return e;
	}
	profile_scale(p, -1);
	return fetched_combine(a, f, base);
}

static struct err *fetch_both(struct arena *a, const struct env *env, const struct request *r,
		struct fetched *out)
{
	struct base_job base = {.env = env, .request = r};
	pthread_t thread;
	bool has_thread = *r->base && pthread_create(&thread, NULL, fetch_base, &base) == 0;
	struct err *e = fetch_all(a, env, r, r->sources, r->nsources, out);
	if (has_thread)
		pthread_join(thread, NULL);
	else
		fetch_base(&base);

	if (e)
		e = err_wrap(a, e, "problem fetching source profiles");
	else if (base.err)
		e = err_new(a, "problem fetching base profiles: %s,", base.err->message);
	else
		e = check_fetched(a, env, r, out, &base.fetched);
	if (!e && base.fetched.profile)
		e = take_off_base(a, r, out, &base.fetched);
	else if (base.fetched.profile)
		profile_destroy(base.fetched.profile);
	arena_deinit(&base.arena);
	return e;
}

struct symbolize_world {
	const struct env *env;
	const struct request *request;
};

static void warn(void *arg, const char *message)
{
	const struct symbolize_world *w = arg;
	env_warn(w->env, "%s", message);
}

static struct err *post(void *arg, struct arena *a, const char *url, struct str body,
		struct str *reply_out)
{
	const struct symbolize_world *w = arg;
	struct buf answer = {0};
	struct err *e = http_post(a, &w->request->tls, url, body, &answer);
	if (!e)
		*reply_out = (struct str){arena_strndup(a, answer.ptr ? answer.ptr : "", answer.len),
				answer.len};
	buf_deinit(&answer);
	return e;
}

static struct err *name_addresses(struct arena *a, const struct env *env, const struct request *r,
		struct object_tools *tools, const struct fetched *f)
{
	struct symbolize_world w = {env, r};
	struct symbolize_options o = {
			.mode = r->symbolize,
			.tools = tools,
			.debug_path = binary_search_path(a, env),
			.sources = f->sources,
			.nsources = f->nsources,
			.warn = warn,
			.post = post,
			.arg = &w,
	};
	return symbolize(f->profile, a, &o);
}

// The first of pprof's directories that can be made.
static const char *save_dir(struct arena *a, const struct env *env)
{
	const char *home = env_or(env, "HOME", "");
	const char *dirs[] = {
			env_or(env, "PPROF_TMPDIR", ""),
			*home ? path_join(a, home, "pprof") : "",
			env_or(env, "TMPDIR", "/tmp"),
	};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		int rc = *dirs[i] ? path_make_dirs(dirs[i]) : 0;
		if (rc)
			env_warn(env, "Could not use temp dir %s: mkdir %s: %s", dirs[i], dirs[i],
					err_os(a, -rc));
		else if (*dirs[i])
			return dirs[i];
	}
	return NULL;
}

static struct err *save(struct arena *a, const struct env *env, const struct profile *p)
{
	const char *dir = save_dir(a, env);
	if (!dir)
		return err_new(a, "failed to identify temp dir");
	struct buf prefix = {0};
	buf_cstr(&prefix, "pprof.");
	if (p->nmappings && p->mappings[0].file) {
		buf_str(&prefix, path_base(profile_str(p, p->mappings[0].file)));
		buf_byte(&prefix, '.');
	}
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		buf_str(&prefix, profile_str(p, p->sample_types[i].type));
		buf_byte(&prefix, '.');
	}
	buf_byte(&prefix, '\0');
	struct buf bytes = {0};
	profile_encode_gzip(p, &bytes);
	const char *path;
	struct err *e = tempfile_write(a, dir, prefix.ptr, ".pb.gz",
			(struct str){bytes.ptr, bytes.len}, &path);
	if (e)
		env_warn(env, "Could not save profile: %s", e->message);
	else
		env_say(env, "Saved profile in %s", path);
	buf_deinit(&bytes);
	buf_deinit(&prefix);
	return NULL;
}

static struct err *finish(struct arena *a, const struct env *env, const struct request *r,
		struct object_tools *tools, const struct fetched *f)
{
	struct profile *p = f->profile;
	if (r->all_frames)
		p->drop_frames = p->keep_frames = 0;
	struct err *e = name_addresses(a, env, r, tools, f);
	if (e)
		return e;
	// Where the profile's own patterns are none, it keeps its frames, as in pprof: its reader cannot mend it.
	profile_remove_uninteresting(p, a);
	profile_unsource_mappings(p);
	if (*r->comment)
		profile_add_comment(p, str_from(r->comment));
	if (f->is_remote) {
		e = save(a, env, p);
		if (e)
			return e;
	}
	return profile_check(p, a);
}

struct err *prepare_profile(struct arena *a, const struct env *env, const struct request *r,
		struct object_tools *tools, struct profile **out)
{
	struct fetched f;
	struct err *e = fetch_both(a, env, r, &f);
	if (!e)
		e = finish(a, env, r, tools, &f);
	if (e && f.profile)
		profile_destroy(f.profile);
	*out = e ? NULL : f.profile;
	return e;
}
