// The calling thread's block, in the terms of a test.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Depth of the recorder on this thread: 0 outside of it.
uint32_t ftrace_test_busy(void);
/// Makes this thread look as if it were inside the recorder.
void ftrace_test_set_busy(uint32_t busy);
/// Whether a stop waits for this thread: the plan of that stop is complete by then.
bool ftrace_test_armed(void);
/// Whether the stopper sleeps until this thread or another arrives.
bool ftrace_test_stopper_sleeps(void);
/// Whether this thread executes a serialising instruction at its next gate.
bool ftrace_test_must_serialise(void);
/// A small number for the calling thread, its own for as long as the process has not had 1,024 threads that asked.
uint32_t ftrace_test_thread_number(void);
/// Loads a word that another thread stores.
static inline int64_t ftrace_test_load(const void *word) { return __atomic_load_n((const int64_t *)word, __ATOMIC_ACQUIRE); }
static inline void ftrace_test_store(void *word, int64_t value) { __atomic_store_n((int64_t *)word, value, __ATOMIC_RELEASE); }

/// The stop signal that is chosen by default.
int ftrace_test_default_stop_signal(void);
/// The lowest address of the calling thread's stack.
uint64_t ftrace_test_stack_low(void);

/// The first processor from `least` on that the calling thread may run on, -1: none.
int ftrace_test_processor(int least);
/// Keeps the calling thread on one processor: false if the kernel refuses.
bool ftrace_test_run_on(int cpu);
