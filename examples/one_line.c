// SPDX-License-Identifier: MIT
// One line in main(), and the files are there however the program ends:
//
//   cc one_line.c $(pkg-config --cflags --libs libcprof) -o one_line
//   ./one_line && cprof -top cpu.pprof
#include <cprof/profile.h>
#include <stdlib.h>
#include <time.h>

int main(void)
{
	cprof_profile_start(&(struct cprof_profile_options){
			.modes = CPROF_PROFILE_CPU | CPROF_PROFILE_HEAP, .path = "."});
	char *kept = calloc(1, 1 << 20);
	while (clock() < CLOCKS_PER_SEC / 2)
		kept[rand() % (1 << 20)]++;
	return 0;
}
