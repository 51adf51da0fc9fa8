// SPDX-License-Identifier: MIT
// The itimer engine: wherever in its period the first tick is to come, the timer runs.
#include <signal.h>
#include <sys/time.h>

#include "kind/cpu_engine_hook.h"
#include "unit.h"

START_TEST(the_first_tick_may_be_due_at_once)
{
	static struct cp_thread thread;
	cp_cpu_engine_params = (struct cp_cpu_engine_params){
			.signal = SIGPROF, .period_ns = 250000, .tick_ns = 4000000};
	signal(SIGPROF, SIG_IGN);
	for (uint64_t first_ns = 1; first_ns < 100; first_ns += 20) {
		struct itimerval now;
		ck_assert_int_eq(cp_cpu_itimer.arm(&thread, first_ns), 0);
		ck_assert_int_eq(getitimer(ITIMER_PROF, &now), 0);
		ck_assert(timerisset(&now.it_value));
		cp_cpu_itimer_off();
	}
}
END_TEST

UNIT_MAIN("itimer", the_first_tick_may_be_due_at_once)
