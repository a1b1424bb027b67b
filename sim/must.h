/* SPDX-License-Identifier: GPL-3.0-or-later */
/* must(): an invariant that guards the truth of results and stays in every
 * build. A failure is a bug in mpmsim, never bad input: it prints the
 * condition and place and exits 70 (aborts in debug builds, for the core
 * file). Plain assert() is for debug builds only. */
#ifndef SIM_MUST_H
#define SIM_MUST_H

#define must(cond)                                                             \
    ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__, __func__))

/* Prints "mpmsim: bug: FILE:LINE: FUNC: COND does not hold" with the context
 * note of this thread, if any, and ends the program with status 70. */
_Noreturn void must_fail(const char *cond, const char *file, int line,
                         const char *func);

/* Prints "mpmsim: out of memory" and exits 4. */
_Noreturn void must_oom(void);

/* malloc, calloc, realloc, strdup that never return NULL (must_oom). A size of
 * 0 gives a pointer that may be passed to free. Caller frees. */
#include <stddef.h>
void *must_alloc(size_t size);
void *must_zalloc(size_t n, size_t size);
void *must_realloc(void *p, size_t n, size_t size);
char *must_strdup(const char *s);

#endif
