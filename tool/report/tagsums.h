// SPDX-License-Identifier: MIT
// What the samples with each label value add up to: -tags and the tags of -json.
#ifndef CPROF_TOOL_REPORT_TAGSUMS_H
#define CPROF_TOOL_REPORT_TAGSUMS_H

#include "tool/report/report.h"

struct tag_sum {
	strid key;
	strid name; // the value; a number is formatted
	int64_t value;
};

struct tag_sums {
	struct tag_sum *items; // by key, then |value| descending, then name
	uint32_t n, cap;
};

struct tag_sums tag_sums_create(struct report *r);
void tag_sums_destroy(struct tag_sums *s);

#endif
