// SPDX-License-Identifier: MIT
// Context: SIG. <cprof/pprof.h>: labels.
#include <cprof/pprof.h>

#include <errno.h>
#include <stdarg.h>

#include "interpose/visible.h"
#include "sigsafe/labels.h"

CP_VISIBLE int cprof_labels_make(
		const char *const *strings, size_t nstrings, const struct cprof_labels **labels_out)
{
	struct cp_label_pair pairs[CP_LABELS_MAX];
	size_t n = nstrings / 2;
	if (!labels_out)
		return -EINVAL;
	*labels_out = NULL;
	if (nstrings % 2 || (nstrings && !strings))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct cp_label_pair pair = {strings[2 * i], strings[2 * i + 1]};
		if (!pair.key || !pair.value)
			return -EINVAL;
		if (i < CP_LABELS_MAX)
			pairs[i] = pair;
	}
	if (n == 0)
		return 0;
	if (n > CP_LABELS_MAX)
		return -E2BIG;
	*labels_out = cp_labels_intern(NULL, pairs, (uint32_t)n);
	return *labels_out ? 0 : -ENOSPC;
}

CP_VISIBLE const struct cprof_labels *cprof_labels(const char *key, ...)
{
	const char *strings[2 * CP_LABELS_MAX + 1];
	size_t n = 0;
	const struct cprof_labels *labels;
	va_list ap;
	va_start(ap, key);
	for (const char *s = key; s && n < sizeof(strings) / sizeof(*strings); s = va_arg(ap, const char *))
		strings[n++] = s;
	va_end(ap);
	cprof_labels_make(strings, n, &labels); // one string too many is an odd number of them
	return labels;
}

CP_VISIBLE const struct cprof_labels *cprof_labels_with(
		const struct cprof_labels *base, const struct cprof_labels *over)
{
	return cp_labels_merge(base, over);
}

CP_VISIBLE const char *cprof_labels_get(const struct cprof_labels *labels, const char *key)
{
	return key ? cp_labels_get(labels, key) : NULL;
}

CP_VISIBLE void cprof_labels_each(const struct cprof_labels *labels,
		int (*fn)(const char *key, const char *value, void *arg), void *arg)
{
	for (uint32_t i = 0; fn && labels && i < labels->count; i++) {
		if (fn(labels->pairs[i].key, labels->pairs[i].value, arg) != 0)
			return;
	}
}

CP_VISIBLE const struct cprof_labels *cprof_current_labels(void)
{
	return cp_labels_current();
}

CP_VISIBLE const struct cprof_labels *cprof_set_labels(const struct cprof_labels *labels)
{
	return cp_labels_set(labels);
}

CP_VISIBLE const struct cprof_labels *cprof_labels_push(const struct cprof_labels *labels)
{
	return cp_labels_set(cp_labels_merge(cp_labels_current(), labels));
}

CP_VISIBLE void cprof_labels_pop(const struct cprof_labels **before)
{
	if (before)
		cp_labels_set(*before);
}

CP_VISIBLE void cprof_do(const struct cprof_labels *labels, void (*fn)(void *arg), void *arg)
{
	if (!fn)
		return;
	const struct cprof_labels *before = cprof_labels_push(labels);
	fn(arg);
	cp_labels_set(before);
}
