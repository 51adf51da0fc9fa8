// SPDX-License-Identifier: MIT
// One line, and every tool that reads a Go server's profiles reads this program's:
//
//   cc http_minimal.c $(pkg-config --cflags --libs libcprof) -o http_minimal
//   ./http_minimal &  go tool pprof -top 'http://localhost:6060/debug/pprof/profile?seconds=2'
#include <cprof/http.h>
#include <cprof/pprof.h>
#include <stdio.h>

int main(void)
{
	int ret = cprof_http_serve("localhost:6060", NULL);
	if (ret < 0)
		fprintf(stderr, "no profiles: %s\n", cprof_strerror(ret)); // the program goes on
	for (volatile unsigned long n = 0;;)
		n = n + 1;
}
