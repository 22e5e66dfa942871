// The counters of the `count` tracer: sparse memory for each worker, a word for each 16 bytes of code. Its body increments in place.
#pragma once
#include <CFtraceShims.h>

/// The counters of one worker, and of another after it has ended. They lie one page behind this header.
struct ftrace_count_area {
  struct ftrace_count_area *next; // all areas, newest first
  _Atomic(uint32_t) taken;        // whether a worker has it
};

struct ftrace_counts {
  struct ftrace_sink sink;
  uint64_t words; // counters in an area
  struct ftrace_count_area *_Atomic areas;
  // Calls that were not counted, for want of memory.
  _Atomic(uint64_t) lost;
};

/// Prepares counters for an arena of so many bytes of code.
void ftrace_counts_init(struct ftrace_counts *counts, uint64_t code_bytes);

/// Calls that passed the entry site at an offset in the arena, over all workers. Any thread, at any time.
uint64_t ftrace_counts_read(struct ftrace_counts *counts, uint32_t site);

/// Calls that were not counted.
uint64_t ftrace_counts_lost(struct ftrace_counts *counts);

/// Unmaps the areas. No body can run any more.
void ftrace_counts_free(struct ftrace_counts *counts);
