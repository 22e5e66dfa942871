// The process-wide state of quiescence, private to this target.
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "ftrace_barrier.h"
#include "ftrace_stop.h"
#include "ftrace_thread.h"

enum { FTRACE_DOMAIN_SIGNALS = 8 };

struct ftrace_domain {
  // Number of the stop under way or of the last one; `released` follows it. Written by the stopper alone.
  _Atomic(uint64_t) generation;
  _Atomic(uint64_t) released;
  // Futexes: workers wait on the first for the release, the stopper on the second for arrivals.
  _Atomic(uint32_t) release_word;
  _Atomic(uint32_t) stopper_word;
  // What stop signals carry: the address of one of these, which says whose they are, and tells a thread's signals that follow each other apart.
  uint8_t signals[FTRACE_DOMAIN_SIGNALS];
};

extern struct ftrace_domain ftrace_domain;

/// The calling thread's block, without a call.
extern __thread struct ftrace_thread ftrace_thread_block __attribute__((tls_model("initial-exec"), visibility("hidden")));

extern enum ftrace_barrier_mode ftrace_barrier_chosen __attribute__((visibility("hidden")));

/// What orders a reader's store to `depth` before its load of the poll word: the stopper's membarrier, or a fence.
FTRACE_AS_CALLER void ftrace_reader_fence(void) {
  if (ftrace_barrier_chosen == FTRACE_BARRIER_FENCES) atomic_thread_fence(memory_order_seq_cst);
  else atomic_signal_fence(memory_order_seq_cst);
}

/// After a store that makes this thread quiescent: wakes a stopper that sleeps. Pairs with the stopper, which sets ASLEEP, fences, looks
/// again and only then sleeps.
FTRACE_AS_CALLER void ftrace_wake_stopper(void) {
  ftrace_reader_fence();
  if (atomic_load_explicit(&ftrace_thread_block.poll, memory_order_relaxed) & FTRACE_POLL_ASLEEP) {
    atomic_fetch_add_explicit(&ftrace_domain.stopper_word, 1, memory_order_release);
    ftrace_futex_wake(&ftrace_domain.stopper_word, 1);
  }
}

/// Waits until the stop of that number has ended. The caller is quiescent: its depth is 0, or it has acknowledged `generation`.
FTRACE_AS_CALLER void ftrace_wait_for_release(uint64_t generation) {
  for (;;) {
    const uint32_t word = atomic_load_explicit(&ftrace_domain.release_word, memory_order_acquire);
    // Pairs with the release store at the end of `ftrace_stop_run`: what was written during the stop is seen after it.
    if (atomic_load_explicit(&ftrace_domain.released, memory_order_acquire) >= generation) return;
    ftrace_futex_wait(&ftrace_domain.release_word, word, 0);
  }
}

/// Executes a serialising instruction if a stopper asked for one.
FTRACE_AS_CALLER void ftrace_serialise_if_asked(void) {
  // Set by a stopper before it releases, and by attaching; only the worker itself clears it.
  if (atomic_load_explicit(&ftrace_thread_block.poll, memory_order_relaxed) & FTRACE_POLL_SERIALISE) {
    atomic_fetch_and_explicit(&ftrace_thread_block.poll, ~(uint32_t)FTRACE_POLL_SERIALISE, memory_order_relaxed);
    ftrace_barrier_serialise_self();
  }
}

/// In the child of a fork: the registry holds the calling thread, if it was there, and nobody else; its lock is held.
void ftrace_registry_keep_only_self(void) __attribute__((visibility("hidden")));
/// In the child of a fork: the kernel may have forgotten what membarrier(2) was registered for.
void ftrace_barrier_register_again(void) __attribute__((visibility("hidden")));

// Signals are blocked with the kernel's own set, all but those that a fault raises.
uint64_t ftrace_block_signals(void) __attribute__((visibility("hidden")));
void ftrace_restore_signals(uint64_t set) __attribute__((visibility("hidden")));
