// SPDX-License-Identifier: MIT
// See processes.h.
#include "tool/perfdata/processes.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/hex.h"

enum {
	MISC_COMM_EXEC = 1 << 13,
	MISC_MMAP_BUILD_ID = 1 << 14,
	MAX_BUILD_ID_BYTES = 20,
};

void processes_init(struct processes *p, struct arena *a)
{
	p->arena = p->nodes.arena = a;
}

void processes_deinit(struct processes *p)
{
	hash_index_deinit(&p->by_pid);
	hash_index_deinit(&p->by_tid);
}

static struct process *find_process(const struct processes *p, uint32_t pid)
{
	uint32_t i;
	struct hash_probe probe = hash_index_probe(&p->by_pid, hash_u64(pid));
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (p->processes[i].pid == pid)
			return &p->processes[i];
	return NULL;
}

static struct thread *find_thread(const struct processes *p, uint32_t tid)
{
	uint32_t i;
	struct hash_probe probe = hash_index_probe(&p->by_tid, hash_u64(tid));
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (p->threads[i].tid == tid)
			return &p->threads[i];
	return NULL;
}

static struct process *get_process(struct processes *p, uint32_t pid)
{
	struct process *found = find_process(p, pid);
	if (found)
		return found;
	p->processes = arena_make_room(p->arena, p->processes, p->nprocesses, &p->processes_cap, sizeof *p->processes);
	p->processes[p->nprocesses] = (struct process){.pid = pid};
	hash_index_add(&p->by_pid, hash_u64(pid), p->nprocesses);
	return &p->processes[p->nprocesses++];
}

void processes_name_thread(struct processes *p, uint32_t tid, struct str name)
{
	struct thread *t = find_thread(p, tid);
	if (!t) {
		p->threads = arena_make_room(p->arena, p->threads, p->nthreads, &p->threads_cap, sizeof *p->threads);
		p->threads[p->nthreads] = (struct thread){.tid = tid};
		hash_index_add(&p->by_tid, hash_u64(tid), p->nthreads);
		t = &p->threads[p->nthreads++];
	}
	t->name = name;
}

void processes_map(struct processes *p, uint32_t pid, struct address_range range)
{
	struct process *process = get_process(p, pid);
	if (range.limit <= range.start)
		return;
	struct address_range *kept = arena_new(p->arena, struct address_range);
	*kept = range;
	kept->pid = pid;
	if (!address_space_map(&p->nodes, &process->space, range.start, range.limit, kept))
		p->nforgotten++;
}

static void take_space(struct processes *p, struct process *process, struct address_node *space)
{
	address_space_drop(&p->nodes, process->space);
	process->space = space;
}

static void see_mmap(struct processes *p, const struct perf_record *r)
{
	struct reader body = r->body;
	uint32_t pid = read_u32(&body);
	read_u32(&body); // tid
	uint64_t start = read_u64(&body), len = read_u64(&body), offset = read_u64(&body);
	struct address_range range = {start, start + len, offset, .mapping = NO_MAPPING, .cfi_file = NO_CFI_FILE,
			.is_data = r->misc & PERF_RECORD_MISC_MMAP_DATA};
	if (r->type == PERF_RECORD_MMAP2) {
		struct reader id = read_part(&body, 24); // or device and inode
		range.is_data = !(read_u32(&body) & PROT_EXEC);
		read_u32(&body); // flags
		if (reader_left(&id) == 24 && (r->misc & MISC_MMAP_BUILD_ID) && id.at[0] <= MAX_BUILD_ID_BYTES)
			range.build_id = hex_encode(p->arena, id.at + 4, id.at[0]);
	}
	range.file.ptr = read_string(&body, &range.file.len);
	range.is_data &= pid != KERNEL_PID; // perf says nothing of its protection
	if (body.failed)
		return;
	processes_map(p, pid, range);
	struct process *process = get_process(p, pid);
	if (process->is_exec && !range.is_data)
		*process = (struct process){pid, process->space, range.file, false};
}

static void see_comm(struct processes *p, const struct perf_record *r)
{
	struct reader body = r->body;
	uint32_t pid = read_u32(&body), tid = read_u32(&body);
	struct str name;
	name.ptr = read_string(&body, &name.len);
	if (body.failed)
		return;
	processes_name_thread(p, tid, name);
	if (!(r->misc & MISC_COMM_EXEC))
		return;
	struct process *process = get_process(p, pid);
	take_space(p, process, NULL);
	process->is_exec = true;
}

static void see_fork(struct processes *p, const struct perf_record *r)
{
	struct reader body = r->body;
	uint32_t pid = read_u32(&body), parent = read_u32(&body);
	uint32_t tid = read_u32(&body), parent_tid = read_u32(&body);
	if (body.failed)
		return;
	processes_name_thread(p, tid, thread_name(p, parent_tid));
	if (pid == parent)
		return;
	struct process *child = get_process(p, pid);
	struct process *from = find_process(p, parent);
	take_space(p, child, from ? address_space_share(from->space) : NULL); // an old process of that number is gone
}

void processes_update(struct processes *p, const struct perf_record *r)
{
	switch (r->type) {
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		see_mmap(p, r);
		break;
	case PERF_RECORD_COMM:
		see_comm(p, r);
		break;
	case PERF_RECORD_FORK:
		see_fork(p, r);
		break;
	default:
		break;
	}
}

struct address_range *process_range(struct processes *p, uint32_t pid, uint64_t address)
{
	const struct process *process = find_process(p, pid);
	return process ? address_space_find(process->space, address) : NULL;
}

struct str process_program_since(const struct processes *p, uint32_t pid)
{
	const struct process *process = find_process(p, pid);
	return process ? process->program : (struct str){0};
}

struct str thread_name(const struct processes *p, uint32_t tid)
{
	const struct thread *t = find_thread(p, tid);
	return t ? t->name : (struct str){0};
}
