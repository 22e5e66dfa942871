// The number of the processor that a thread runs on, where the kernel keeps it up to date for the thread.
#pragma once
#include <stdint.h>

enum {
  /// No displacement.
  FTRACE_PROCESSOR_NOWHERE = 0,
};

/// The displacement from `fs:0` of four bytes with the number of the processor: `cpu_id` of the area that glibc registers with rseq(2)
/// since 2.35, for every thread. FTRACE_PROCESSOR_NOWHERE if it did not. A thread whose registration failed has a negative number there.
int32_t ftrace_processor_displacement(void);
