// SPDX-License-Identifier: MIT
// refused: gives up root's rights in its one thread alone, as squid does by capset(), and has every change of its user
// and groups refused; then changes them with rights that its one thread alone has kept, as setpriv does by
// prctl(PR_SET_KEEPCAPS). libc has all threads follow and aborts the process where not all get the same answer: with
// -http, of which the threads stayed, that was the end of both.
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, OTHER = 12345, NO_ID = -1 };

static const gid_t groups[] = {OTHER, NOBODY};

static void make_effective(unsigned capabilities)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &head, data) != 0)
		_exit(10);
	data[0].effective = capabilities;
	data[1].effective = 0;
	if (syscall(SYS_capset, &head, data) != 0)
		_exit(11);
}

static void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	fprintf(stderr, "refused: %s: %m\n", what);
	_exit(1);
}

#define REFUSED(call) must((call) == -1 && errno == EPERM, #call)
#define GRANTED(call) must((call) == 0, #call)

static void refuse_all(void)
{
	REFUSED(setgroups(2, groups));
	REFUSED(initgroups("nobody", NOBODY));
	REFUSED(setgid(OTHER));
	REFUSED(setegid(OTHER));
	REFUSED(setregid(OTHER, OTHER));
	REFUSED(setresgid(OTHER, OTHER, OTHER));
	REFUSED(setuid(OTHER));
	REFUSED(seteuid(OTHER));
	REFUSED(setreuid(OTHER, OTHER));
	REFUSED(setresuid(OTHER, OTHER, OTHER));
	GRANTED(setuid(0));
	GRANTED(setgid(0));
	must(seteuid((uid_t)NO_ID) == -1 && errno == EINVAL, "seteuid(-1)");
}

int main(void)
{
	gid_t found[3], real, effective, saved;

	make_effective(0);
	refuse_all();
	make_effective(1u << CAP_SETUID | 1u << CAP_SETGID);
	GRANTED(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	GRANTED(setresuid(NOBODY, NOBODY, NOBODY));
	make_effective(1u << CAP_SETGID);
	GRANTED(initgroups("nobody", OTHER));
	must(getgroups(3, found) > 0 && found[0] == OTHER, "initgroups");
	GRANTED(setgroups(2, groups));
	must(getgroups(3, found) == 2 && found[0] == OTHER && found[1] == NOBODY, "setgroups");
	must(setegid((gid_t)NO_ID) == -1 && errno == EINVAL, "setegid(-1)");
	GRANTED(setresgid(NOBODY, NOBODY, NOBODY));
	make_effective(0);
	GRANTED(setgid(NOBODY)); // by nobody's own right, which ours would not have
	REFUSED(setuid(0));
	REFUSED(setgid(0));
	GRANTED(getresgid(&real, &effective, &saved));
	must(real == NOBODY && effective == NOBODY && saved == NOBODY, "getresgid");
	return 0;
}
