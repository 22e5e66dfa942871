// The process-wide state of quiescence, private to this target.
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "ftrace_barrier.h"
#include "ftrace_thread.h"

struct ftrace_domain {
  // Number of the stop under way or of the last one; `released` follows it. Written by the stopper alone.
  _Atomic(uint64_t) generation;
  _Atomic(uint64_t) released;
  // Futexes: workers wait on the first for the release, the stopper on the second for arrivals.
  _Atomic(uint32_t) release_word;
  _Atomic(uint32_t) stopper_word;
};

extern struct ftrace_domain ftrace_domain;

/// The calling thread's block, without a call.
extern __thread struct ftrace_thread ftrace_thread_block __attribute__((tls_model("initial-exec"), visibility("hidden")));

extern enum ftrace_barrier_mode ftrace_barrier_chosen __attribute__((visibility("hidden")));

/// What orders a reader's store to `depth` before its load of the poll word: the stopper's membarrier, or a fence.
static inline void ftrace_reader_fence(void) {
  if (ftrace_barrier_chosen == FTRACE_BARRIER_FENCES) atomic_thread_fence(memory_order_seq_cst);
  else atomic_signal_fence(memory_order_seq_cst);
}

/// After a store that makes this thread quiescent: wakes a stopper that sleeps.
void ftrace_wake_stopper(void) __attribute__((visibility("hidden")));
/// Waits until the stop of that number has ended. The caller is quiescent: its depth is 0, or it has acknowledged `generation`.
void ftrace_wait_for_release(uint64_t generation) __attribute__((visibility("hidden")));
/// Executes a serialising instruction if a stopper asked for one.
void ftrace_serialise_if_asked(void) __attribute__((visibility("hidden")));

/// In the child of a fork: the registry holds the calling thread, if it was there, and nobody else; its lock is held.
void ftrace_registry_keep_only_self(void) __attribute__((visibility("hidden")));
/// In the child of a fork: the kernel may have forgotten what membarrier(2) was registered for.
void ftrace_barrier_register_again(void) __attribute__((visibility("hidden")));

// Signals are blocked with the kernel's own set, all but those that a fault raises.
uint64_t ftrace_block_signals(void) __attribute__((visibility("hidden")));
void ftrace_restore_signals(uint64_t set) __attribute__((visibility("hidden")));
