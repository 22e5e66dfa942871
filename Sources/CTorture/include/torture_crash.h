// A worker that runs into reclaimed memory must end as a mismatch, not as a crash; and so must a torture that does not end.
#pragma once
#include <stdint.h>

/// The figures of the last line, in its order.
struct torture_figures {
  uint64_t calls, traced, expected, stops, registers, retargets, frees, redefines, timeouts, threads, forks;
};

/// Keeps the figures of this moment for a sudden end. One thread does this.
void torture_publish(struct torture_figures figures);

/// From here on SIGTRAP, SIGSEGV, SIGBUS, SIGILL and SIGFPE print a mismatch and the figures, and end the process with 1; so does the
/// passing of `seconds`, unless it is 0. In a child of fork(2) the same signals complain on standard error, and end the child with 1.
/// Async-signal-safe.
void torture_catch_crashes(uint64_t seconds);
