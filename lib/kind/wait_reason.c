// SPDX-License-Identifier: MIT
// Context: CTL. See wait_reason.h.
#include "wait_reason.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "lock_wait.h"
#include "sigsafe/sys.h"
#include "write/vformat.h"

enum {
	FD_PATH_BYTES = 128,
	FD_TEXT_BYTES = 256,
	NAMED_FDS = 3, // of those that are polled; the others are counted
	MAX_FDS = 1024,
};

enum kind { OTHER, ON_FUTEX, ON_FD, ON_POLLED, ON_SELECTED, ON_CONNECT };

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
	{SYS_connect, "connect", ON_CONNECT},
	{SYS_fsync, "fsync", ON_FD},
	{SYS_fdatasync, "fdatasync", ON_FD},
	{SYS_flock, "flock", ON_FD},
	{SYS_fcntl, "fcntl", ON_FD},
	{SYS_epoll_pwait, "epoll_wait", ON_FD},
	{SYS_ppoll, "poll", ON_POLLED},
	{SYS_pselect6, "select", ON_SELECTED},
#ifdef SYS_poll
	{SYS_poll, "poll", ON_POLLED},
	{SYS_select, "select", ON_SELECTED},
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

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

// Of a union address: a path may come without its NUL.
enum { ADDRESS_BYTES = sizeof(union address) - 1 };

/** What the thread has there; false: it gave the memory back. */
static bool copy(void *to, uint64_t from, size_t nbytes)
{
	struct iovec local = {to, nbytes}, remote = {(void *)(uintptr_t)from, nbytes};
	return from && process_vm_readv(cp_gettid(), &local, 1, &remote, 1, 0) == (ssize_t)nbytes;
}

/** " 10.0.0.1:80", " at /a/path"; "": of no kind that is known. */
static void describe_address(const union address *a, const char *before, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN];
	out[0] = '\0';
	if (a->any.sa_family == AF_INET && inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host)))
		cp_format(out, size, " %s%s:%u", before, host, ntohs(a->in.sin_port));
	else if (a->any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host)))
		cp_format(out, size, " %s[%s]:%u", before, host, ntohs(a->in6.sin6_port));
	else if (a->any.sa_family == AF_UNIX && a->un.sun_path[0])
		cp_format(out, size, " %s%s", before, a->un.sun_path);
}

/** Its peer's address; where it has none its own, at which a listener waits. */
static void describe_socket(int fd, char *out, size_t size)
{
	union address a = {0};
	socklen_t peer_len = ADDRESS_BYTES, own_len = ADDRESS_BYTES;
	out[0] = '\0';
	if (getpeername(fd, &a.any, &peer_len) == 0)
		describe_address(&a, "", out, size);
	else if (getsockname(fd, &a.any, &own_len) == 0)
		describe_address(&a, "at ", out, size);
}

static void read_link(int tid, int fd, char path_out[FD_PATH_BYTES])
{
	char link[64];
	cp_format(link, sizeof(link), "/proc/self/task/%d/fd/%d", tid, fd);
	ssize_t n = readlink(link, path_out, FD_PATH_BYTES - 1);
	path_out[n > 0 ? n : 0] = '\0';
}

/** What `path` is a link to: fd itself, or a copy where the program's descriptors are not the caller's. */
static int borrow(int fd, const char *path)
{
	char ours[FD_PATH_BYTES];
	read_link(cp_gettid(), fd, ours);
	if (strcmp(ours, path) == 0)
		return fd;
	int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int borrowed = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	if (process >= 0)
		close(process);
	return borrowed;
}

/** "fd 5 /path", "fd 6 socket:[1234] 10.0.0.1:80", "fd 7 socket:[1235] at 127.0.0.1:80" */
static void describe_fd(int tid, int fd, char out[FD_TEXT_BYTES])
{
	char path[FD_PATH_BYTES], address[128] = "";
	read_link(tid, fd, path);
	if (strncmp(path, "socket:", 7) == 0) {
		int borrowed = borrow(fd, path);
		describe_socket(borrowed, address, sizeof(address));
		if (borrowed >= 0 && borrowed != fd)
			close(borrowed);
	}
	cp_format(out, FD_TEXT_BYTES, "fd %d %s%s", fd, path, address);
}

/// Several descriptors

/** A list of descriptors in words. */
struct fd_list {
	int tid; // whose they are
	char *text;
	size_t len, size;
	unsigned n;
};

static void add_fd(struct fd_list *l, int fd)
{
	char one[FD_TEXT_BYTES];
	if (l->n++ >= NAMED_FDS)
		return;
	describe_fd(l->tid, fd, one);
	l->len += cp_format(l->text + l->len, l->size - l->len, "%s%s", l->n > 1 ? ", " : " ", one);
}

static void describe_polled(struct fd_list *l, const struct cp_task_syscall *call)
{
	struct pollfd fds[MAX_FDS];
	size_t n = call->args[1] < MAX_FDS ? (size_t)call->args[1] : MAX_FDS;
	if (!copy(fds, call->args[0], n * sizeof(*fds)))
		return;
	for (size_t i = 0; i < n; i++) {
		if (fds[i].fd >= 0)
			add_fd(l, fds[i].fd);
	}
	l->n += (unsigned)(call->args[1] - n);
}

/** To read, to write or for exceptions. */
static void describe_selected(struct fd_list *l, const struct cp_task_syscall *call)
{
	enum { WORD_BITS = 64, NSETS = 3 };
	uint64_t any[MAX_FDS / WORD_BITS] = {0}, set[MAX_FDS / WORD_BITS];
	int nfds = (int)call->args[0] < MAX_FDS ? (int)call->args[0] : MAX_FDS;
	size_t nwords = nfds > 0 ? ((size_t)nfds + WORD_BITS - 1) / WORD_BITS : 0;
	for (int i = 1; i <= NSETS; i++) {
		if (!copy(set, call->args[i], nwords * sizeof(*set)))
			continue;
		for (size_t k = 0; k < nwords; k++)
			any[k] |= set[k];
	}
	for (int fd = 0; fd < nfds; fd++) {
		if (any[fd / WORD_BITS] >> fd % WORD_BITS & 1)
			add_fd(l, fd);
	}
}

/** Whom it wants to reach: there is no peer yet. */
static void describe_connect(int tid, const struct cp_task_syscall *call, char out[CP_WAIT_REASON_BYTES])
{
	char path[FD_PATH_BYTES], to[128];
	union address a = {0};
	size_t nbytes = call->args[2] < ADDRESS_BYTES ? (size_t)call->args[2] : ADDRESS_BYTES;
	read_link(tid, (int)call->args[0], path);
	copy(&a, call->args[1], nbytes);
	describe_address(&a, "to ", to, sizeof(to));
	cp_format(out, CP_WAIT_REASON_BYTES, "connect fd %d %s%s", (int)call->args[0], path, to);
}

static void describe_several(const struct blocking *what, int tid, const struct cp_task_syscall *call,
		char out[CP_WAIT_REASON_BYTES])
{
	struct fd_list l = {.tid = tid, .text = out, .size = CP_WAIT_REASON_BYTES};
	l.len = cp_format(out, l.size, "%s", what->name);
	if (what->kind == ON_POLLED)
		describe_polled(&l, call);
	else
		describe_selected(&l, call);
	if (l.n > NAMED_FDS)
		cp_format(out + l.len, l.size - l.len, " and %u more", l.n - NAMED_FDS);
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
		describe_fd(t->tid, (int)t->call.args[0], fd);
		cp_format(out, CP_WAIT_REASON_BYTES, "%s %s", call->name, fd);
	} else if (call->kind == ON_POLLED || call->kind == ON_SELECTED) {
		describe_several(call, t->tid, &t->call, out);
	} else if (call->kind == ON_CONNECT) {
		describe_connect(t->tid, &t->call, out);
	} else {
		cp_format(out, CP_WAIT_REASON_BYTES, "%s", call->name);
	}
}
