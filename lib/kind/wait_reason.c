// SPDX-License-Identifier: MIT
// Context: CTL. See wait_reason.h.
#include "wait_reason.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lock_wait.h"
#include "write/vformat.h"

enum { FD_TEXT_BYTES = 256 };

enum kind { OTHER, ON_FUTEX, ON_FD };

/** The system calls that block. */
static const struct blocking {
	long number;
	const char *name;
	enum kind kind;
} blocking[] = {
	{SYS_futex, "futex", ON_FUTEX},
	{SYS_read, "read", ON_FD},
	{SYS_readv, "readv", ON_FD},
	{SYS_pread64, "pread", ON_FD},
	{SYS_write, "write", ON_FD},
	{SYS_writev, "writev", ON_FD},
	{SYS_pwrite64, "pwrite", ON_FD},
	{SYS_recvfrom, "recv", ON_FD},
	{SYS_recvmsg, "recvmsg", ON_FD},
	{SYS_recvmmsg, "recvmmsg", ON_FD},
	{SYS_sendto, "send", ON_FD},
	{SYS_sendmsg, "sendmsg", ON_FD},
	{SYS_accept, "accept", ON_FD},
	{SYS_accept4, "accept", ON_FD},
	{SYS_connect, "connect", ON_FD},
	{SYS_fsync, "fsync", ON_FD},
	{SYS_fdatasync, "fdatasync", ON_FD},
	{SYS_flock, "flock", ON_FD},
	{SYS_fcntl, "fcntl", ON_FD},
	{SYS_epoll_pwait, "epoll_wait", ON_FD},
	{SYS_ppoll, "poll", OTHER},
	{SYS_pselect6, "select", OTHER},
#ifdef SYS_poll
	{SYS_poll, "poll", OTHER},
	{SYS_select, "select", OTHER},
	{SYS_epoll_wait, "epoll_wait", ON_FD},
	{SYS_pause, "pause", OTHER},
#endif
	{SYS_nanosleep, "sleep", OTHER},
	{SYS_clock_nanosleep, "sleep", OTHER},
	{SYS_wait4, "wait for a child", OTHER},
	{SYS_waitid, "wait for a child", OTHER},
	{SYS_rt_sigtimedwait, "wait for a signal", OTHER},
	{SYS_rt_sigsuspend, "wait for a signal", OTHER},
	{SYS_io_getevents, "io_getevents", OTHER},
	{SYS_msgrcv, "msgrcv", OTHER},
	{SYS_semtimedop, "semop", OTHER},
};

static const struct blocking *find_call(long number)
{
	for (size_t i = 0; i < sizeof(blocking) / sizeof(blocking[0]); i++) {
		if (blocking[i].number == number)
			return &blocking[i];
	}
	return NULL;
}

/** "10.0.0.1:80", a path; "": it has no peer. */
static void describe_peer(int fd, char *out, size_t size)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} peer = {0};
	socklen_t len = sizeof(peer) - 1; // a path may come without its NUL
	char host[INET6_ADDRSTRLEN];
	out[0] = '\0';
	if (getpeername(fd, &peer.any, &len) < 0)
		return;
	if (peer.any.sa_family == AF_INET && inet_ntop(AF_INET, &peer.in.sin_addr, host, sizeof(host)))
		cp_format(out, size, " %s:%u", host, ntohs(peer.in.sin_port));
	else if (peer.any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &peer.in6.sin6_addr, host, sizeof(host)))
		cp_format(out, size, " [%s]:%u", host, ntohs(peer.in6.sin6_port));
	else if (peer.any.sa_family == AF_UNIX && peer.un.sun_path[0])
		cp_format(out, size, " %s", peer.un.sun_path);
}

/** "fd 5 /path", "fd 6 socket:[1234] 10.0.0.1:80" */
static void describe_fd(int fd, char out[FD_TEXT_BYTES])
{
	char link[64], path[128], peer[128] = "";
	cp_format(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (strncmp(path, "socket:", 7) == 0)
		describe_peer(fd, peer, sizeof(peer));
	cp_format(out, FD_TEXT_BYTES, "fd %d %s%s", fd, path, peer);
}

static const char *name_of(const struct cp_threads_snapshot *s, int tid)
{
	for (size_t i = 0; i < s->nthreads; i++) {
		if (s->threads[i].tid == tid)
			return s->threads[i].status.name;
	}
	return "";
}

static void describe_futex(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t,
		char out[CP_WAIT_REASON_BYTES])
{
	struct cp_lock_wait wait;
	unsigned long address = (unsigned long)t->call.args[0];
	bool is_lock = cp_lock_wait_of(s, t, &wait);
	const char *lock = wait.is_rwlock ? "rwlock" : "mutex";
	if (is_lock && wait.nreads > 1)
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx, rwlock held to read %u times", address, wait.nreads);
	else if (is_lock && wait.nreads)
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx, rwlock held to read", address);
	else if (is_lock && wait.is_behind_writer)
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx, rwlock held to read, others wait to write", address);
	else if (!is_lock || wait.owner_tid == 0)
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx", address);
	else if (wait.is_join)
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx, end of thread %d \"%s\"", address, wait.owner_tid,
				name_of(s, wait.owner_tid));
	else if (wait.is_owner_gone)
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx, %s held by thread %d, which has ended", address,
				lock, wait.owner_tid);
	else
		cp_format(out, CP_WAIT_REASON_BYTES, "futex 0x%lx, %s held by thread %d \"%s\"", address, lock,
				wait.owner_tid, name_of(s, wait.owner_tid));
}

static void describe_state(const struct cp_thread_seen *t, char out[CP_WAIT_REASON_BYTES])
{
	char wchan[CP_TASK_TEXT_BYTES];
	switch (t->status.state) {
	case 'R':
		cp_format(out, CP_WAIT_REASON_BYTES, "running");
		return;
	case 'T':
		cp_format(out, CP_WAIT_REASON_BYTES, "stopped");
		return;
	case 't':
		cp_format(out, CP_WAIT_REASON_BYTES, "traced");
		return;
	}
	bool is_known = cp_task_read(t->tid, "wchan", wchan) > 0 && wchan[0] != '0';
	wchan[64] = '\0';
	cp_format(out, CP_WAIT_REASON_BYTES, "%s%s%s", t->status.state == 'D' ? "uninterruptible" : "waiting",
			is_known ? " " : "", is_known ? wchan : "");
}

void cp_wait_reason(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t,
		char out[CP_WAIT_REASON_BYTES])
{
	const struct blocking *call = t->status.state == 'S' ? find_call(t->call.number) : NULL;
	char fd[FD_TEXT_BYTES];
	if (!call) {
		describe_state(t, out);
	} else if (call->kind == ON_FUTEX) {
		describe_futex(s, t, out);
	} else if (call->kind == ON_FD) {
		describe_fd((int)t->call.args[0], fd);
		cp_format(out, CP_WAIT_REASON_BYTES, "%s %s", call->name, fd);
	} else {
		cp_format(out, CP_WAIT_REASON_BYTES, "%s", call->name);
	}
}
