// SPDX-License-Identifier: MIT
// Context: SIG. See trace_crash_hook.h.
#include "trace_crash_hook.h"

#include <errno.h>
#include <linux/signal.h>

#include "sigsafe/clock.h"
#include "sigsafe/file.h"
#include "sigsafe/sys.h"
#include "trace_dump_hook.h"

enum { SET_BYTES = 8, FILE_MODE = 0666, MAX_WAIT_MS = 5000, STEP_MS = 10 };

const int cp_trace_crash_signals[CP_TRACE_CRASH_SIGNALS] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
struct cp_trace_crash cp_trace_crash CP_TABLE;

// The kernel's own, which has what libc's hides: the way back from a handler.
static struct sigaction before[CP_TRACE_CRASH_SIGNALS];
static _Atomic int writer_tid; // of the thread that writes; 0: nobody does
static _Atomic bool is_written;

static int write_fd(void *arg, const void *data, size_t nbytes)
{
	const char *at = data;
	while (nbytes > 0) {
		long n = cp_syscall(SYS_write, (long)(intptr_t)arg, at, nbytes, 0);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		at += n;
		nbytes -= (size_t)n;
	}
	return 0;
}

static void write_trace(int sig)
{
	struct cp_trace_sink *s = cp_trace_crash.sink;
	if (!cp_trace_crash.path[0])
		return;
	long fd = cp_open(cp_trace_crash.path, O_WRONLY | O_CREAT | O_TRUNC, FILE_MODE);
	if (fd < 0)
		return;
	store(&cp_trace_mode, 0, seq_cst); // the others stop to overwrite what is of interest
	cp_trace_sink_begin(s, write_fd, (void *)(intptr_t)fd);
	cp_trace_put_tables(s);
	uint64_t since_ns = s->now.ns > cp_trace_crash.min_age_ns ? s->now.ns - cp_trace_crash.min_age_ns : 0;
	cp_trace_put_buffers(s, since_ns);
	cp_trace_put_end(s, sig);
	cp_trace_sink_flush(s);
	cp_close(fd);
}

/** Another thread crashed first, and writes: the process must not end before it is through. */
static void wait_for_writer(void)
{
	struct cp_timespec step = cp_timespec_from_ns(STEP_MS * CP_NS_PER_MS);
	for (int ms = 0; ms < MAX_WAIT_MS && !load(&is_written, acquire); ms += STEP_MS)
		cp_syscall(SYS_nanosleep, &step, NULL, 0, 0);
}

static bool is_installed(int index)
{
	struct sigaction now = {0};
	cp_syscall(SYS_rt_sigaction, cp_trace_crash_signals[index], NULL, &now, SET_BYTES);
	return (uintptr_t)now.sa_handler == (uintptr_t)cp_trace_on_crash;
}

bool cp_trace_crash_keep(int index)
{
	if (is_installed(index))
		return false;
	cp_syscall(SYS_rt_sigaction, cp_trace_crash_signals[index], NULL, &before[index], SET_BYTES);
	return true;
}

void cp_trace_crash_restore(int index)
{
	if (is_installed(index))
		cp_syscall(SYS_rt_sigaction, cp_trace_crash_signals[index], &before[index], NULL, SET_BYTES);
}

void cp_trace_on_crash(int sig, void *info, void *ucontext)
{
	int tid = cp_gettid(), nobody = 0;
	bool is_due = (load(&cp_trace_mode, relaxed) & CP_TRACE_RECORDER) || load(&writer_tid, relaxed);
	if (!is_due || cp_trace_shared.pid != cp_getpid()) { // of a vfork child
		nobody = tid;
	} else if (compare_exchange(&writer_tid, &nobody, tid, acq_rel)) {
		write_trace(sig);
		store(&is_written, true, release);
	}
	if (nobody && nobody != tid)
		wait_for_writer();
	for (int i = 0; i < CP_TRACE_CRASH_SIGNALS; i++) {
		if (cp_trace_crash_signals[i] == sig)
			cp_syscall(SYS_rt_sigaction, sig, &before[i], NULL, SET_BYTES);
	}
	// A fault comes again when we return; what somebody sent has to be sent again.
	if (((const siginfo_t *)info)->si_code <= 0)
		cp_syscall(SYS_tgkill, cp_getpid(), tid, sig, 0);
}
