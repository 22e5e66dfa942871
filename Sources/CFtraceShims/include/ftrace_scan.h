// The conservative scan that decides whether retired memory may be used again: registers and stacks of stopped workers.
#pragma once
#include "ftrace_code_ranges.h"
#include "ftrace_sanitizers.h"
#include "ftrace_thread.h"

struct ftrace_scan {
  const struct ftrace_code_range *ranges; // ascending, disjoint
  uint8_t *marks;                    // one for each range, set to 1 where something refers to it
  size_t count;
  size_t words;   // examined
  bool uncertain; // a worker's stack could not be walked: take everything as referred to
};

/// Looks through the registers of a worker that the stop signal holds: the general ones, and the vector state that the kernel saved,
/// where compilers keep pairs of pointers.
FTRACE_UNCHECKED static inline void ftrace_scan_interrupted(struct ftrace_scan *scan, const uint64_t *registers) {
  enum { GENERAL = 23, FXSAVE_BYTES = 512, MAGIC_AT = 464 / 4, SIZE_AT = 468 / 4 };
  ftrace_code_ranges_mark(scan->ranges, scan->marks, scan->count, registers, registers + GENERAL);
  const uint64_t *vectors = (const uint64_t *)registers[GENERAL];
  if (!vectors) return;
  // struct _fpx_sw_bytes of <asm/sigcontext.h>: whether there is more than FXSAVE's area, and how much in all.
  const uint32_t *words = (const uint32_t *)vectors;
  const uint32_t bytes = words[MAGIC_AT] == 0x46505853 ? words[SIZE_AT] : FXSAVE_BYTES;
  ftrace_code_ranges_mark(scan->ranges, scan->marks, scan->count, vectors, vectors + bytes / 8);
}

/// Looks through one quiescent worker. The worker must not run while this does (other than in native code below `saved_sp`).
FTRACE_UNCHECKED static inline void ftrace_scan_worker(struct ftrace_scan *scan, const struct ftrace_thread *thread,
                                                       uint64_t generation) {
  if (scan->count == 0) return;
  // A worker that has not acknowledged may show a depth for a moment, on its way in: it is about to look and take it back.
  struct ftrace_thread *worker = (struct ftrace_thread *)thread;
  // Pair with the release stores of a worker that arrives, for one that does so between the stopper's last look and this.
  const bool acknowledged = atomic_load_explicit(&worker->depth, memory_order_acquire) != 0 &&
                            atomic_load_explicit(&worker->acknowledged, memory_order_acquire) == generation;
  if (!acknowledged && thread->parked == 0) return;
  ftrace_code_ranges_mark(scan->ranges, scan->marks, scan->count, thread->saved_registers, thread->saved_registers + 6);
  if (thread->interrupted) ftrace_scan_interrupted(scan, thread->interrupted);
  const uint64_t from = (thread->saved_sp + 7) & ~UINT64_C(7);
  if (from < thread->stack_low || from > thread->stack_top) {
    scan->uncertain = true; // a stack of the program's own making, or frames on both sides of an alternate one
    return;
  }
  ftrace_code_ranges_mark(scan->ranges, scan->marks, scan->count, (const uint64_t *)from,
                          (const uint64_t *)thread->stack_top);
  scan->words += (thread->stack_top - from) / 8;
}
