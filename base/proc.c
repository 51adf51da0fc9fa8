// SPDX-License-Identifier: MIT
// See proc.h.
#include "proc.h"

#include <stdlib.h>
#include <unistd.h>

bool proc_is_ours(void)
{
	char number[16];
	ssize_t n = readlink("/proc/self", number, sizeof(number) - 1);
	number[n > 0 ? n : 0] = '\0';
	return n > 0 && atol(number) == getpid();
}
