// SPDX-License-Identifier: MIT
// Options in URLs: pprof's short keys (?f=main&si=cpu), so that a link to a page is the page.
#ifndef CPROF_TOOL_WEB_URLCONFIG_H
#define CPROF_TOOL_WEB_URLCONFIG_H

#include "tool/driver/config.h"
#include "tool/driver/query.h"

/** Sets in *c what the query names. The error says which option was wrong. */
struct err *config_from_query(struct arena *a, const struct query *q, struct config *c);

/** The query with the options of c in place of those it had; defaults are left out. */
struct query config_to_query(struct arena *a, const struct config *c, const struct query *q);

#endif
