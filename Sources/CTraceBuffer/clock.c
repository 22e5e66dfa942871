#include "ftrace_clock.h"

#include <cpuid.h>
#include <stdatomic.h>

#include "ftrace_syscalls.h"

_Atomic(uint64_t) ftrace_coarse_word;

void ftrace_coarse_refresh(void) {
  // Relaxed: the word orders nothing; whoever reads it wants the time alone.
  atomic_store_explicit(&ftrace_coarse_word, ftrace_clock_nanoseconds(CLOCK_MONOTONIC) >> 20, memory_order_relaxed);
}

uint64_t ftrace_coarse_read(void) { return atomic_load_explicit(&ftrace_coarse_word, memory_order_relaxed); }

bool ftrace_tsc_invariant(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) && d & 1 << 8;
}
