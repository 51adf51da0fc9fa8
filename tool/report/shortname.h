// SPDX-License-Identifier: MIT
// Function names short enough for a box in a picture.
#ifndef CPROF_TOOL_REPORT_SHORTNAME_H
#define CPROF_TOOL_REPORT_SHORTNAME_H

#include "base/arena.h"
#include "base/str.h"

/**
 * Without import path (Go), package and arguments (Java), or namespaces (C++): "github.com/a/b.F" is "b.F",
 * "java.util.Map.get(int)" is "Map.get", "ns::Class::f" is "Class::f". A part of `name`, but for Go
 * module versions, which are cut out of the middle in `a`.
 */
struct str short_function_name(struct arena *a, struct str name);

#endif
