// SPDX-License-Identifier: MIT
// Context: SIG. See tracer.h.
#include "tracer.h"

#include <string.h>

#include "file.h"

int cp_tracer_pid(void)
{
	static const char field[] = "\nTracerPid:\t";
	enum { FIELD_BYTES = sizeof(field) - 1 };
	char text[512]; // it is the eighth line, of short ones
	long n = cp_read_text("/proc/thread-self/status", text, sizeof(text));
	for (const char *at = text; at + FIELD_BYTES < text + n; at++) {
		if (memcmp(at, field, FIELD_BYTES))
			continue;
		int pid = 0;
		for (at += FIELD_BYTES; *at >= '0' && *at <= '9'; at++)
			pid = pid * 10 + (*at - '0');
		return pid;
	}
	return 0;
}
