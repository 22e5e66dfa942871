// A stop: no worker executes patchable code between its begin and its end.
#pragma once
#include "ftrace_plan.h"
#include "ftrace_scan.h"
#include "ftrace_thread.h"

enum ftrace_stop_status {
  FTRACE_STOP_DONE = 0,
  FTRACE_STOP_LATE = 1,    // the deadline passed: disarmed, nothing was written
  FTRACE_STOP_REFUSED = 2, // pages could not be made writable: nothing was written, `error` says why
  FTRACE_STOP_UNFENCED = 3, // membarrier(2) is refused, although it was allowed once: nothing was written, `error` says why
  FTRACE_STOP_LOST = 4,    // pages of code could not be made executable again: `error` says why
};

enum { FTRACE_STOP_LATE_MAX = 64 };

/// Where a late worker was, besides the numbers of system calls.
enum ftrace_late_place {
  FTRACE_LATE_BLOCKED = -1, // waits in the kernel, but not in a system call
  FTRACE_LATE_RUNNING = -2,
  FTRACE_LATE_UNKNOWN = -3, // there is no /proc, or no descriptor
};

// All of it is of one moment, at which the worker had not arrived.
struct ftrace_late_worker {
  int32_t tid;
  uint32_t depth;
  uint64_t pc;         // where a signal of this stop found it in emitted code, 0 if none did
  int64_t system_call; // that it is in, or an `enum ftrace_late_place`
  uint64_t system_pc;  // where that returns to, 0 if it is not known
  char name[16];
};

struct ftrace_stop {
  // What to do.
  uint64_t deadline_ns;
  uint64_t spin_ns;  // before sleeping
  uint64_t grace_ns; // before workers that have not arrived are sent the stop signal
  struct ftrace_plan *plan;
  struct ftrace_scan *scan; // or NULL
  // Called while the world is stopped, before the plan: it must neither allocate, nor lock, nor call the Swift runtime.
  void (*observe)(void *context);
  void *observe_context;
  // Results.
  uint32_t status;
  int32_t error;
  uint32_t workers;     // attached
  uint32_t waited_for;  // were inside when the stop began
  int32_t last_tid;     // the last worker to arrive, 0 if nobody was waited for
  char last_name[16];   // and its name
  uint32_t signals;     // sent
  int32_t signal_error; // why the last one could not be sent, 0 if all were
  uint64_t generation;
  uint64_t time_to_stop_ns;
  uint64_t time_stopped_ns;
  uint32_t late_count; // may be more than the array holds
  struct ftrace_late_worker late[FTRACE_STOP_LATE_MAX];
};

/// Runs one stop from arming to release. The caller holds the stop lock, and is parked if it is a worker.
///
/// Takes the registry's lock first, and from there to the release no lock at all, nor does it call anything of libc but system calls:
/// a worker may be frozen while it holds any lock. Signals are blocked meanwhile, for a handler of the program that enters emitted
/// code would wait for the release.
void ftrace_stop_run(struct ftrace_stop *stop);

/// Sleeps until `*word` is no longer `value`, at most `nanoseconds` (0: without limit).
void ftrace_futex_wait(_Atomic(uint32_t) *word, uint32_t value, uint64_t nanoseconds);
void ftrace_futex_wake(_Atomic(uint32_t) *word, int count);
/// A bell: a word that is zero at first, which any thread rings, a signal handler too, and one waits for.
void ftrace_bell_ring(uint32_t *bell);
/// Sleeps until the bell has rung since the last time, at most `nanoseconds`, which are not zero.
void ftrace_bell_wait(uint32_t *bell, uint64_t nanoseconds);
uint64_t ftrace_monotonic_ns(void);
/// Sleeps, at least until interrupted.
void ftrace_sleep(uint64_t nanoseconds);

static inline void ftrace_pause(void) { __builtin_ia32_pause(); }
static inline uint64_t ftrace_rdtsc(void) { return __builtin_ia32_rdtsc(); }
/// The time-stamp counter and, read by the same instruction, the number of the processor (the kernel keeps node << 12 | cpu in
/// IA32_TSC_AUX).
static inline uint64_t ftrace_rdtscp(uint32_t *cpu) {
  const uint64_t now = __builtin_ia32_rdtscp(cpu);
  *cpu &= 0xFFF;
  return now;
}
