// SPDX-License-Identifier: MIT
// A regexp asked about interned strings: each string is matched once. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_MEMO_H
#define CPROF_TOOL_PROFILE_MEMO_H

#include <stdlib.h>

#include "base/mem.h"
#include "tool/profile/profile.h"
#include "tool/profile/regex.h"

struct memo {
	const struct profile *p;
	const struct regex *re; // NULL matches nothing
	uint8_t *answers;       // [strid]: 0 not asked, 1 no, 2 yes
	uint8_t *functions;     // [nfunctions]: the same of name and file
};

static inline struct memo memo_create(const struct profile *p, const struct regex *re)
{
	return (struct memo){p, re, re ? mem_zeroed(p->nstrings, 1) : NULL, re ? mem_zeroed(p->nfunctions, 1) : NULL};
}

static inline void memo_free(struct memo *m)
{
	free(m->answers);
	free(m->functions);
}

static inline bool memo_matches(const struct memo *m, strid id)
{
	if (!m->re)
		return false;
	if (!m->answers[id])
		m->answers[id] = regex_match(m->re, profile_str(m->p, id)) ? 2 : 1;
	return m->answers[id] == 2;
}

static inline bool memo_matches_line(const struct memo *m, const struct line *line)
{
	if (line->function == NO_INDEX || !m->re)
		return false;
	uint8_t *answer = &m->functions[line->function];
	if (!*answer) {
		const struct function *f = &m->p->functions[line->function];
		*answer = memo_matches(m, f->name) || memo_matches(m, f->filename) ? 2 : 1;
	}
	return *answer == 2;
}

static inline bool memo_matches_mapping(const struct memo *m, const struct location *l)
{
	return l->mapping != NO_INDEX && memo_matches(m, m->p->mappings[l->mapping].file);
}

#endif
