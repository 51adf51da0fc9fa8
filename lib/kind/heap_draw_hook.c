// SPDX-License-Identifier: MIT
// Context: SIG. See heap_draw_hook.h. Integers only: a signal handler's allocation must not touch FP state.
#include "heap_draw_hook.h"

static const uint64_t ONE_Q32 = (uint64_t)1 << 32, LN2_Q32 = 2977044472u;

/** ln(x), x > 0, to 2 / 10^7, without a branch that depends on x: the random numbers it is for would mispredict
 *  them. ln(2^top y) = top ln 2 + 2 atanh((y - 1) / (y + 1)), 1 <= y < 2, by the series of atanh. */
static uint64_t ln_q32(uint32_t x)
{
	const uint64_t top = 31 - (unsigned)__builtin_clz(x), one = (uint64_t)1 << top;
	const uint64_t z = ((x - one) << 32) / (x + one); // up to a third
	const uint64_t zz = z * z >> 32;
	uint64_t sum = ONE_Q32 / 11;
#pragma GCC unroll 5
	for (int k = 9; k > 0; k -= 2)
		sum = (sum * zz >> 32) + ONE_Q32 / (unsigned)k;
	return top * LN2_Q32 + (z * sum >> 31);
}

CP_NEAR uint64_t cp_heap_draw_distance(struct cp_random *random, uint64_t mean_bytes)
{
	uint32_t q = (uint32_t)(cp_random_next(random) >> 32);
	uint64_t minus_ln = 32 * LN2_Q32 - (q ? ln_q32(q) : 32 * LN2_Q32);
	return (uint64_t)((unsigned __int128)minus_ln * mean_bytes >> 32) + 1;
}

/** n * 2^32 / d, for a result below 2^64, without the 128-bit division libgcc would do. */
static uint64_t ratio_q32(uint64_t n, uint64_t d)
{
	unsigned shift = 0;
	while (n >> 32) {
		n >>= 1;
		shift++;
	}
	// What is cut off is below 1/2^31 of n: d is shifted with it while it can be, the rest put back.
	unsigned common = shift;
	while (common && !(d >> common))
		common--;
	return ((n << 32) / (d >> common)) << (shift - common);
}

/** exp(-n/d) in 1/2^32. */
static uint64_t exp_minus_q32(uint64_t n, uint64_t d)
{
	if (n / d >= 22)
		return 0;
	// 2^-(n/d / ln 2): whole halvings by a shift, the rest by the series of exp(-r), r < ln 2.
	uint64_t x = ratio_q32(n, d);
	uint64_t halvings = x / LN2_Q32;
	uint64_t r = x % LN2_Q32;
	uint64_t sum = ONE_Q32, term = ONE_Q32;
#pragma GCC unroll 13
	for (uint64_t k = 1; k < 14; k++) {
		term = (uint64_t)((unsigned __int128)term * r >> 32) / k;
		sum = k & 1 ? sum - term : sum + term;
	}
	return sum >> halvings;
}

static __attribute__((noinline)) uint64_t estimate_of_large(uint64_t size_bytes, uint64_t rate_bytes)
{
	uint64_t probability_q32 = ONE_Q32 - exp_minus_q32(size_bytes, rate_bytes);
	if (probability_q32 >> 32)
		return size_bytes;
	return ratio_q32(size_bytes, probability_q32);
}

CP_NEAR uint64_t cp_heap_estimate_bytes(uint64_t size_bytes, uint64_t rate_bytes)
{
	if (rate_bytes <= 1 || size_bytes == 0)
		return size_bytes;
	// The series, in one division: rate (1 + x/2 + x^2/12 - ...); the next term is below 1/10^4.
	if (size_bytes <= rate_bytes / 2 && size_bytes >> 32 == 0)
		return rate_bytes + size_bytes / 2 + size_bytes * size_bytes / rate_bytes / 12;
	return estimate_of_large(size_bytes, rate_bytes);
}

CP_NEAR uint32_t cp_heap_size_class(size_t size_bytes)
{
	if (size_bytes < 16)
		return (uint32_t)size_bytes;
	unsigned top = 63 - (unsigned)__builtin_clzll(size_bytes);
	return top * 8 + (uint32_t)(size_bytes >> (top - 3) & 7);
}
