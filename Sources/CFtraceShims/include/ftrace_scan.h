// The conservative scan that decides whether retired memory may be used again: registers and stacks of stopped workers.
#pragma once
#include "ftrace_thread.h"

struct ftrace_range {
  uint64_t start;
  uint64_t end; // a return address may be equal to it: a call can be a block's last instruction
};

struct ftrace_scan {
  const struct ftrace_range *ranges; // sorted by start, disjoint
  uint8_t *marks;                    // one for each range, set to 1 where something refers to it
  size_t count;
  size_t words;   // examined
  bool uncertain; // a worker's stack could not be walked: take everything as referred to
};

static inline void ftrace_scan_word(struct ftrace_scan *scan, uint64_t value) {
  if (value < scan->ranges[0].start || value > scan->ranges[scan->count - 1].end) return;
  size_t low = 0, high = scan->count; // the last range with start <= value
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (scan->ranges[middle].start <= value)
      low = middle;
    else
      high = middle;
  }
  if (value <= scan->ranges[low].end) scan->marks[low] = 1;
  // Adjacent blocks: the value may be the end of one and the start of the next.
  if (low > 0 && value == scan->ranges[low].start && value == scan->ranges[low - 1].end) scan->marks[low - 1] = 1;
}

/// Looks through one quiescent worker. The worker must not run while this does (other than in native code below `saved_sp`).
__attribute__((no_sanitize("address", "thread"))) static inline void ftrace_scan_worker(
    struct ftrace_scan *scan, const struct ftrace_thread *thread) {
  if (scan->count == 0) return;
  const bool frames = atomic_load_explicit(&((struct ftrace_thread *)thread)->depth, memory_order_relaxed) != 0 ||
                      thread->parked != 0;
  if (!frames) return;
  for (size_t i = 0; i < 6; i++) ftrace_scan_word(scan, thread->saved_registers[i]);
  const uint64_t from = (thread->saved_sp + 7) & ~UINT64_C(7);
  if (from < thread->stack_low || from > thread->stack_top) {
    scan->uncertain = true; // a stack of the program's own making: its end is unknown
    return;
  }
  for (const uint64_t *word = (const uint64_t *)from; word < (const uint64_t *)thread->stack_top; word++)
    ftrace_scan_word(scan, *(const volatile uint64_t *)word);
  scan->words += (thread->stack_top - from) / 8;
}
