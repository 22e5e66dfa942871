// Clocks of events.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
  FTRACE_CLOCK_TSC = 0,
  FTRACE_CLOCK_COARSE = 1,    // units of 2^20 ns of CLOCK_MONOTONIC
  FTRACE_CLOCK_ORDINAL = 2,   // always 0: the order is that of the stream
  FTRACE_CLOCK_MONOTONIC = 3, // nanoseconds
};

/// CLOCK_MONOTONIC >> 20, at a fixed address for emitted code. A helper thread refreshes it (Swift's `CoarseClock`); relaxed accesses.
extern _Atomic(uint64_t) ftrace_coarse_word;

/// Sets the word to the time of now.
void ftrace_coarse_refresh(void);
static inline const void *ftrace_coarse_address(void) { return (const void *)&ftrace_coarse_word; }
uint64_t ftrace_coarse_read(void);

/// Whether the time-stamp counter runs at one rate in every state of the processor: CPUID 80000007H, EDX bit 8 (Intel SDM volume 3,
/// 18.17.1; AMD APM volume 3, appendix E.4.6).
bool ftrace_tsc_invariant(void);

/// Stores before it are made before those behind it, as far as this process goes.
static inline void ftrace_compiler_barrier(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

/// A clock that a test puts in the place of a buffer's: the full clock in the buffer's units. Async-signal-safe.
typedef uint64_t (*ftrace_clock_function)(void *context);
