// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. C++'s operator new and delete, in front of an allocator's own.
//
// libstdc++'s call malloc and free, and so come by malloc.c. jemalloc, tcmalloc, mimalloc and others bring operators of
// their own, which do not: what they made would be missing, and what malloc made and they freed would look leaked. Such
// are counted here. All others are passed on to, and which they are is found out once.
//
// A program in C may load C++ later, several libraries with a libstdc++ in each, and unload it again. So none of it is
// remembered: what it allocates is malloc's at once, as it would be in the end. Only where there is no memory its own
// operator is called, which asks its new_handler and throws what it can catch.
//
// Only in our shared libraries: a static one would take the place of a static libstdc++'s, which then is not there.
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "kind/heap_hook.h"
#include "lookup.h"
#include "malloc.h"
#include "next.h"
#include "site.h"
#include "visible.h"

/** An allocator's. */
static bool is_with_malloc(const void *object)
{
	static const void *mallocs;
	if (!mallocs)
		cp_lookup_next_in("malloc", &mallocs);
	return object == mallocs;
}

/** What finds passed_NAME, what is to be called instead of counting (NULL: it is to be counted), and next_NAME. Where
 *  there is no C++ at the start they are passed_without and next_without. */
#define CP_OPERATOR(type, name, parameters, arguments, passed_without, next_without)            \
	CP_VISIBLE type name parameters;                                                        \
	static type early_##name parameters;                                                    \
	static type(*next_##name) parameters;                                                   \
	static type(*passed_##name) parameters = early_##name;                                  \
	__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_##name(void)           \
	{                                                                                       \
		const void *object;                                                             \
		type(*found) parameters = cp_lookup_next_in(#name, &object);                    \
		next_##name = found ? found : (next_without);                                   \
		passed_##name = !found ? (passed_without) : is_with_malloc(object) ? NULL : found; \
	}                                                                                       \
	static type early_##name parameters                                                     \
	{                                                                                       \
		find_##name();                                                                  \
		return name arguments;                                                          \
	}

/// New

static void *make(size_t size)
{
	return cp_malloc_uncounted(size ? size : 1, 0);
}

static void *make_aligned(size_t size, size_t align)
{
	size_t rounded = (size + align - 1) & -align;
	return rounded < size ? NULL : cp_malloc_uncounted(rounded ? rounded : align, align);
}

#define CP_STAND_IN_NEW(name, parameters, arguments, block)                                     \
	static void *made_##name parameters                                                     \
	{                                                                                       \
		return (block);                                                                 \
	}                                                                                       \
	CP_OPERATOR(void *, name, parameters, arguments, NULL, made_##name)                     \
	static CP_BETWEEN void *counted_##name CP_WITH_CALLER parameters                        \
	{                                                                                       \
		void *ptr = next_##name arguments;                                              \
		if (!ptr && next_##name == made_##name) {                                       \
			void *(*real) parameters = cp_lookup_for(caller, #name);                \
			return real ? real arguments : NULL;                                    \
		}                                                                               \
		if (cp_heap.is_shadowed || !cp_heap_due(size))                                  \
			return ptr;                                                             \
		return cp_malloc_sampled(ptr, size, caller);                                    \
	}                                                                                       \
	CP_VISIBLE CP_BETWEEN void *name parameters                                             \
	{                                                                                       \
		void *(*passed) parameters = passed_##name;                                     \
		if (__builtin_expect(passed != NULL, 1))                                        \
			return passed arguments;                                                \
		return counted_##name CP_AND_CALLER arguments;                                  \
	}

CP_STAND_IN_NEW(_Znwm, (size_t size), (size), make(size))
CP_STAND_IN_NEW(_Znam, (size_t size), (size), make(size))
CP_STAND_IN_NEW(_ZnwmRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow), make(size))
CP_STAND_IN_NEW(_ZnamRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow), make(size))
CP_STAND_IN_NEW(_ZnwmSt11align_val_t, (size_t size, size_t align), (size, align), make_aligned(size, align))
CP_STAND_IN_NEW(_ZnamSt11align_val_t, (size_t size, size_t align), (size, align), make_aligned(size, align))
CP_STAND_IN_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t align, const void *nothrow),
		(size, align, nothrow), make_aligned(size, align))
CP_STAND_IN_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t align, const void *nothrow),
		(size, align, nothrow), make_aligned(size, align))

/// Delete

#define CP_STAND_IN_DELETE(name, parameters, arguments)                                         \
	static void freed_##name parameters                                                     \
	{                                                                                       \
		free(ptr);                                                                      \
	}                                                                                       \
	CP_OPERATOR(void, name, parameters, arguments, freed_##name, NULL)                      \
	CP_VISIBLE CP_BETWEEN void name parameters                                              \
	{                                                                                       \
		void(*passed) parameters = passed_##name;                                       \
		if (__builtin_expect(passed != NULL, 1))                                        \
			return passed arguments;                                                \
		if (cp_heap_maybe_sampled(ptr))                                                 \
			cp_malloc_forget(ptr, __builtin_return_address(0));                     \
		next_##name arguments;                                                          \
	}

CP_STAND_IN_DELETE(_ZdlPv, (void *ptr), (ptr))
CP_STAND_IN_DELETE(_ZdaPv, (void *ptr), (ptr))
CP_STAND_IN_DELETE(_ZdlPvm, (void *ptr, size_t size), (ptr, size))
CP_STAND_IN_DELETE(_ZdaPvm, (void *ptr, size_t size), (ptr, size))
CP_STAND_IN_DELETE(_ZdlPvRKSt9nothrow_t, (void *ptr, const void *nothrow), (ptr, nothrow))
CP_STAND_IN_DELETE(_ZdaPvRKSt9nothrow_t, (void *ptr, const void *nothrow), (ptr, nothrow))
CP_STAND_IN_DELETE(_ZdlPvSt11align_val_t, (void *ptr, size_t align), (ptr, align))
CP_STAND_IN_DELETE(_ZdaPvSt11align_val_t, (void *ptr, size_t align), (ptr, align))
CP_STAND_IN_DELETE(_ZdlPvmSt11align_val_t, (void *ptr, size_t size, size_t align), (ptr, size, align))
CP_STAND_IN_DELETE(_ZdaPvmSt11align_val_t, (void *ptr, size_t size, size_t align), (ptr, size, align))
CP_STAND_IN_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *ptr, size_t align, const void *nothrow),
		(ptr, align, nothrow))
CP_STAND_IN_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *ptr, size_t align, const void *nothrow),
		(ptr, align, nothrow))
