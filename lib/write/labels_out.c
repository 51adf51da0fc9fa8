// SPDX-License-Identifier: MIT
// Context: CTL. See labels_out.h.
#include "labels_out.h"

uint32_t cp_labels_out(uint32_t id, struct cp_label *labels_out)
{
	const struct cprof_labels *l = cp_labels_of_id(id);
	uint32_t count = l ? l->count : 0;
	for (uint32_t i = 0; i < count; i++)
		labels_out[i] = (struct cp_label){.key = l->pairs[i].key, .str = l->pairs[i].value};
	return count;
}

static void put_escaped(struct cp_text_out *o, unsigned char c)
{
	static const char named[] = "\aa\bb\ff\nn\rr\tt\vv\"\"\\\\";
	for (const char *n = named; *n; n += 2) {
		if ((unsigned char)*n == c) {
			cp_text_out_printf(o, "\\%c", n[1]);
			return;
		}
	}
	if (c >= ' ' && c != 0x7f) // UTF-8 passes as it is
		cp_text_out_printf(o, "%c", c);
	else
		cp_text_out_printf(o, "\\x%x%x", c >> 4, c & 15);
}

static void put_quoted(struct cp_text_out *o, const char *s)
{
	cp_text_out_printf(o, "\"");
	for (; *s; s++)
		put_escaped(o, (unsigned char)*s);
	cp_text_out_printf(o, "\"");
}

void cp_labels_text(struct cp_text_out *o, uint32_t id)
{
	const struct cprof_labels *l = cp_labels_of_id(id);
	for (uint32_t i = 0; l && i < l->count; i++) {
		cp_text_out_printf(o, "%s", i ? ", " : "{");
		put_quoted(o, l->pairs[i].key);
		cp_text_out_printf(o, ":");
		put_quoted(o, l->pairs[i].value);
	}
	if (l)
		cp_text_out_printf(o, "}");
}
