// SPDX-License-Identifier: MIT
// For test_write.c, which has a static function of the same name.
#include "twin.h"

__attribute__((noinline)) static void twin(void)
{
	__asm__ volatile("nop");
}

void (*twin_elsewhere(void))(void)
{
	return twin;
}
