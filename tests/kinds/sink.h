// SPDX-License-Identifier: MIT
// A profile's text in memory, for tests in C.
#ifndef CPROF_TESTS_SINK_H
#define CPROF_TESTS_SINK_H

#include <cprof/pprof.h>
#include <stdlib.h>
#include <string.h>

struct sink {
	char *text;
	size_t len;
};

static inline int sink_write(void *arg, const void *data, size_t size)
{
	struct sink *s = arg;
	s->text = realloc(s->text, s->len + size + 1);
	memcpy(s->text + s->len, data, size);
	s->len += size;
	s->text[s->len] = '\0';
	return 0;
}

/** To be freed; NULL: it failed. */
static inline char *profile_text(const struct cprof_profile *p, int debug)
{
	struct sink s = {0};
	int ret = cprof_profile_write_to(p, cprof_to_callback(sink_write, &s), debug);
	if (ret < 0) {
		free(s.text);
		return NULL;
	}
	return s.text ? s.text : calloc(1, 1);
}

/** How often the text has what is looked for. */
static inline int text_count(const char *text, const char *what)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

#endif
