// SPDX-License-Identifier: MIT
// The SVG of a graph as a map (see svg.h): the drawing is put into a group "viewport", and a script
// changes that group's transform.
#include "svg.h"

#include <string.h>

#include "base/str.h"

// Drag moves, the wheel and two fingers scale around where they are, a double click shows all again.
static const char script[] =
		"<script type=\"text/ecmascript\"><![CDATA[\n"
		"(function () {\n"
		"'use strict';\n"
		"var svg = document.documentElement, view = document.getElementById('viewport');\n"
		"var x = 0, y = 0, scale = 1, pointers = new Map();\n"
		"function apply() {\n"
		"  view.setAttribute('transform', 'translate(' + x + ' ' + y + ') scale(' + scale + ')');\n"
		"}\n"
		"function zoom(cx, cy, by) {\n"
		"  by = Math.min(Math.max(scale * by, 0.02), 50) / scale;\n"
		"  x = cx - (cx - x) * by; y = cy - (cy - y) * by; scale *= by; apply();\n"
		"}\n"
		"function fit() {\n"
		"  x = y = 0; scale = 1; apply();\n"
		"  var w = svg.clientWidth || innerWidth, h = svg.clientHeight || innerHeight;\n"
		"  var box = view.getBBox();\n"
		"  if (!box.width || !box.height || !w || !h) return;\n"
		"  scale = Math.min(w / box.width, h / box.height, 1);\n"
		"  x = (w - box.width * scale) / 2 - box.x * scale; y = -box.y * scale; apply();\n"
		"}\n"
		"function centre() {\n"
		"  var sx = 0, sy = 0, far = 0, all = Array.from(pointers.values());\n"
		"  all.forEach(function (p) { sx += p.x; sy += p.y; });\n"
		"  sx /= all.length; sy /= all.length;\n"
		"  all.forEach(function (p) { far += Math.hypot(p.x - sx, p.y - sy); });\n"
		"  return {x: sx, y: sy, far: far};\n"
		"}\n"
		"svg.style.touchAction = 'none';\n"
		"svg.addEventListener('pointerdown', function (e) {\n"
		"  pointers.set(e.pointerId, {x: e.clientX, y: e.clientY});\n"
		"});\n"
		"svg.addEventListener('pointermove', function (e) {\n"
		"  if (!pointers.has(e.pointerId)) return;\n"
		"  var before = centre();\n"
		"  pointers.set(e.pointerId, {x: e.clientX, y: e.clientY});\n"
		"  var now = centre();\n"
		"  x += now.x - before.x; y += now.y - before.y;\n"
		"  if (before.far > 0 && now.far > 0) zoom(now.x, now.y, now.far / before.far);\n"
		"  apply(); e.preventDefault();\n"
		"});\n"
		"['pointerup', 'pointercancel', 'pointerleave'].forEach(function (name) {\n"
		"  svg.addEventListener(name, function (e) { pointers.delete(e.pointerId); });\n"
		"});\n"
		"svg.addEventListener('wheel', function (e) {\n"
		"  zoom(e.clientX, e.clientY, Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.002)));\n"
		"  e.preventDefault();\n"
		"}, {passive: false});\n"
		"svg.addEventListener('dblclick', fit);\n"
		"addEventListener('load', fit);\n"
		"})();\n"
		"]]></script>\n"
		"<g id=\"viewport\">\n";

static const char *find(struct str in, const char *what)
{
	return memmem(in.ptr, in.len, what, strlen(what));
}

static void put(struct buf *out, const char *from, const char *to)
{
	buf_append(out, from, (size_t)(to - from));
}

void svg_make_movable(struct buf *image)
{
	struct str svg = {image->ptr, image->len};
	const char *open = find(svg, "<svg");
	const char *graph = find(svg, "<g id=\"graph");
	const char *end = find(svg, "</svg>");
	if (!open || !graph || !end || open > graph || graph > end)
		return;
	struct str rest = {open, (size_t)(graph - open)};
	// Its own size and viewBox go; the namespaces after them stay.
	const char *names = find(rest, "xmlns=");
	if (!names)
		return;
	struct buf out = {0};
	put(&out, svg.ptr, open);
	buf_cstr(&out, "<svg width=\"100%\" height=\"100%\"\n ");
	put(&out, names, graph);
	buf_cstr(&out, script);
	put(&out, graph, end);
	buf_cstr(&out, "</g>\n");
	put(&out, end, svg.ptr + svg.len);
	buf_deinit(image);
	*image = out;
}
