// Processes and signals, for what Swift does not import.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// fork(2), which Swift declares unavailable.
int ftrace_test_fork(void);
/// The exit status of a child, or -1 less the number of the signal that ended it.
int ftrace_test_wait(int child);
/// Has the kernel answer membarrier(2) with an error from now on (seccomp). Returns 0 or an errno.
int ftrace_test_deny_membarrier(int error);
/// The same for its command that serialises cores alone.
int ftrace_test_deny_serialising(int error);
/// The same for mprotect(2) where it would make memory executable: any, or that which begins at `page`.
int ftrace_test_deny_executable(uint64_t page, int error);
/// Installs a handler that counts, and returns its counter.
_Atomic(uint64_t) *ftrace_test_count_signal(int signal);
uint64_t ftrace_test_counted(int signal);
/// Installs a handler with these flags, which blocks another signal as well, and records the kernel's set of blocked signals.
void ftrace_test_record_mask(int signal, int blocked, int flags);
uint64_t ftrace_test_recorded_mask(void);
/// Sends a signal to the calling thread, as the program would.
void ftrace_test_raise(int signal);
/// Installs a handler that calls `function(context)`.
void ftrace_test_handle(int signal, void (*function)(void *), void *context);
/// Has the kernel send `signal` to the process every so many microseconds of real time; 0 ends it.
void ftrace_test_timer(int signal, int64_t microseconds);
/// Whether the calling thread blocks a signal.
int ftrace_test_blocks(int signal);
/// Has the calling thread take a signal: threads that a pool's thread starts block all.
void ftrace_test_unblock(int signal);
/// Installs an alternate stack of that size on the calling thread, and returns its start.
void *ftrace_test_alternate_stack(uint64_t bytes);
/// The start of the calling thread's alternate stack, NULL if it has none.
void *ftrace_test_current_alternate_stack(void);
/// Ends the calling thread, from wherever it is.
void ftrace_test_exit_thread(void);
/// Allocates and frees, most of the time with the lock of an arena held: blocks that no cache of the thread serves.
void ftrace_test_allocate(void);
/// Whether the processor has vectors of 256 bits, and the system keeps them.
static inline bool ftrace_test_has_avx(void) { return __builtin_cpu_supports("avx"); }
