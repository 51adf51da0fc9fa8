// SPDX-License-Identifier: MIT
// What somebody writes after reading <cprof/pprof.h>, who knows nothing of our build.
#include <cprof/pprof.h>

#include <stdio.h>
#include <time.h>

__attribute__((noinline, noclone)) static double strangers_work(double x)
{
	for (int i = 0; i < 1000000; i++)
		x += 1.0 / (x + i);
	return x;
}

int main(int argc, char **argv)
{
	int err = cprof_start_cpu_profile(cprof_to_path(argc > 1 ? argv[1] : "cpu.pb.gz"));
	double x = 1;

	while (!err && clock() < CLOCKS_PER_SEC / 2)
		x = strangers_work(x);
	if (!err)
		err = cprof_stop_cpu_profile();
	if (err)
		fprintf(stderr, "%s (cprof %s)\n", cprof_strerror(err), cprof_version());
	return err || x < 0;
}
