// SPDX-License-Identifier: MIT
// The files of webui/, made part of the program by the build (scripts/embed).
#ifndef CPROF_TOOL_EXPORT_ASSETS_H
#define CPROF_TOOL_EXPORT_ASSETS_H

#include "base/str.h"

/** A file's content, by its name; empty where there is none. */
struct str asset(struct str name);

#endif
