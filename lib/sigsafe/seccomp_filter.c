// SPDX-License-Identifier: MIT
// Context: SIG. See seccomp_filter.h. The kernel's classic BPF, as far as seccomp takes it (seccomp_check_filter()):
// words of struct seccomp_data, sixteen words of memory, jumps forward only, so each instruction runs once at most.
#include "seccomp_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
};

static uint32_t compute(unsigned code, uint32_t a, uint32_t operand)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		return a + operand;
	case BPF_SUB:
		return a - operand;
	case BPF_MUL:
		return a * operand;
	case BPF_DIV:
		return operand ? a / operand : 0;
	case BPF_OR:
		return a | operand;
	case BPF_AND:
		return a & operand;
	case BPF_XOR:
		return a ^ operand;
	case BPF_LSH:
		return operand < 32 ? a << operand : 0;
	case BPF_RSH:
		return operand < 32 ? a >> operand : 0;
	default:
		return -a; // BPF_NEG
	}
}

static bool holds(unsigned code, uint32_t a, uint32_t operand)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == operand;
	case BPF_JGT:
		return a > operand;
	case BPF_JGE:
		return a >= operand;
	default:
		return (a & operand) != 0; // BPF_JSET
	}
}

static uint32_t loaded(const struct machine *m, const struct sock_filter *i, const struct seccomp_data *data)
{
	uint32_t word = 0;
	switch (BPF_MODE(i->code)) {
	case BPF_ABS:
		if (i->k <= sizeof(*data) - sizeof(word))
			__builtin_memcpy(&word, (const char *)data + i->k, sizeof(word));
		return word;
	case BPF_MEM:
		return m->memory[i->k % BPF_MEMWORDS];
	case BPF_LEN:
		return sizeof(*data);
	default:
		return i->k; // BPF_IMM
	}
}

/** What the filter returns. One that is none is refused by the kernel, and allows what it likes here. */
static uint32_t run(const struct sock_fprog *filter, const struct seccomp_data *data)
{
	struct machine m = {0};
	for (size_t pc = 0; pc < filter->len; pc++) {
		const struct sock_filter *i = &filter->filter[pc];
		uint32_t operand = BPF_SRC(i->code) == BPF_X ? m.x : i->k;
		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			m.a = loaded(&m, i, data);
			break;
		case BPF_LDX:
			m.x = loaded(&m, i, data);
			break;
		case BPF_ST:
			m.memory[i->k % BPF_MEMWORDS] = m.a;
			break;
		case BPF_STX:
			m.memory[i->k % BPF_MEMWORDS] = m.x;
			break;
		case BPF_ALU:
			m.a = compute(i->code, m.a, operand);
			break;
		case BPF_JMP:
			pc += BPF_OP(i->code) == BPF_JA ? i->k : holds(i->code, m.a, operand) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
		default: // BPF_MISC
			if (BPF_MISCOP(i->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
		}
	}
	return SECCOMP_RET_ALLOW;
}

bool cp_seccomp_filter_kills(const struct sock_fprog *filter, int number)
{
#if defined(__x86_64__)
	const struct seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_X86_64};
#elif defined(__aarch64__)
	const struct seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_AARCH64};
#endif
	uint32_t action = run(filter, &data) & SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_KILL_THREAD || action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_TRAP;
}
