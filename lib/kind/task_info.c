// SPDX-License-Identifier: MIT
// Context: CTL. See task_info.h.
#include "task_info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sigsafe/clock.h"
#include "sigsafe/file.h"
#include "write/vformat.h"

int cp_task_read(int tid, const char *file, char text_out[CP_TASK_TEXT_BYTES])
{
	char path[64];
	cp_format(path, sizeof(path), "/proc/self/task/%d/%s", tid, file);
	int n = (int)cp_read_text(path, text_out, CP_TASK_TEXT_BYTES);
	return n ? n : -ENODATA;
}

/** Behind "field" and the blanks that follow it; "": there is none. */
static const char *field_of(const char *text, const char *field)
{
	const char *at = strstr(text, field);
	if (!at)
		return "";
	at += strlen(field);
	return at + strspn(at, " \t:");
}

int cp_task_read_status(int tid, struct cp_task_status *status_out)
{
	char text[CP_TASK_TEXT_BYTES];
	*status_out = (struct cp_task_status){0};
	int ret = cp_task_read(tid, "status", text);
	if (ret < 0)
		return ret;
	const char *name = field_of(text, "Name:");
	size_t len = strcspn(name, "\n");
	if (len >= CP_TASK_NAME_BYTES)
		len = CP_TASK_NAME_BYTES - 1;
	memcpy(status_out->name, name, len);
	status_out->state = *field_of(text, "\nState:");
	status_out->is_traced = strtoull(field_of(text, "\nTracerPid:"), NULL, 10) != 0;
	status_out->is_confined = strtoull(field_of(text, "\nSeccomp:"), NULL, 10) != 0;
	status_out->blocked = strtoull(field_of(text, "\nSigBlk:"), NULL, 16);
	status_out->nswitches = strtoull(field_of(text, "\nvoluntary_ctxt_switches:"), NULL, 10) +
			strtoull(field_of(text, "\nnonvoluntary_ctxt_switches:"), NULL, 10);
	return 0;
}

int cp_task_read_user(int tid, struct cp_task_user *user_out)
{
	char text[CP_TASK_TEXT_BYTES];
	user_out->text[0] = '\0';
	int ret = cp_task_read(tid, "status", text);
	if (ret < 0)
		return ret;
	const char *users = field_of(text, "\nUid:");
	size_t len = strcspn(users, "F"); // the next line is FDSize
	if (len >= sizeof(user_out->text))
		return -EMSGSIZE;
	memcpy(user_out->text, users, len);
	user_out->text[len] = '\0';
	return 0;
}

bool cp_task_is_user(int tid, const struct cp_task_user *user)
{
	struct cp_task_user is;
	return !user->text[0] || cp_task_read_user(tid, &is) < 0 || strcmp(is.text, user->text) == 0;
}

void cp_task_read_syscall(int tid, struct cp_task_syscall *syscall_out)
{
	char text[CP_TASK_TEXT_BYTES];
	*syscall_out = (struct cp_task_syscall){.number = -1};
	if (cp_task_read(tid, "syscall", text) < 0 || (text[0] != '-' && (text[0] < '0' || text[0] > '9')))
		return;
	char *at;
	syscall_out->number = strtol(text, &at, 10);
	for (int i = 0; i < 6 && syscall_out->number >= 0; i++) // in none: only sp and pc follow
		syscall_out->args[i] = strtoull(at, &at, 16);
	syscall_out->sp = strtoull(at, &at, 16);
	syscall_out->pc = strtoull(at, &at, 16);
}

bool cp_task_read_times(int tid, struct cp_task_times *times_out)
{
	char text[CP_TASK_TEXT_BYTES], *at;
	*times_out = (struct cp_task_times){0};
	if (cp_task_read(tid, "schedstat", text) <= 0)
		return false;
	times_out->run_ns = strtoull(text, &at, 10);
	times_out->wait_ns = strtoull(at, &at, 10);
	times_out->nslices = strtoull(at, &at, 10);
	return true;
}

uint64_t cp_task_last_ran_ns(int tid)
{
	char text[CP_TASK_TEXT_BYTES], *end;
	cp_task_read(tid, "sched", text);
	const char *at = field_of(text, "se.exec_start");
	uint64_t ms = strtoull(at, &end, 10);
	uint64_t fraction_ns = *end == '.' ? strtoull(end + 1, NULL, 10) : 0; // six digits of a millisecond
	return ms * CP_NS_PER_MS + fraction_ns;
}
