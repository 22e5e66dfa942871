// A fair lock: whoever asks first is served first. Waiters sleep on a futex.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ftrace_stop.h"

struct ftrace_ticket_lock {
  _Atomic(uint32_t) next;
  _Atomic(uint32_t) serving;
};

static inline bool ftrace_ticket_try(struct ftrace_ticket_lock *lock) {
  uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_acquire);
  // Free only if the next ticket is the one being served.
  return atomic_compare_exchange_strong_explicit(&lock->next, &serving, serving + 1, memory_order_acquire,
                                                 memory_order_relaxed);
}

static inline void ftrace_ticket_lock(struct ftrace_ticket_lock *lock) {
  const uint32_t mine = atomic_fetch_add_explicit(&lock->next, 1, memory_order_seq_cst);
  for (;;) {
    // Pairs with the exchange in `ftrace_ticket_unlock`.
    const uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_acquire);
    if (serving == mine) return;
    ftrace_futex_wait(&lock->serving, serving, 0);
  }
}

static inline void ftrace_ticket_unlock(struct ftrace_ticket_lock *lock) {
  const uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);
  // Sequentially consistent, as the addition to `next` by a waiter is: either this sees the waiter, or the waiter sees the new number
  // before it sleeps.
  atomic_exchange_explicit(&lock->serving, serving + 1, memory_order_seq_cst);
  if (atomic_load_explicit(&lock->next, memory_order_seq_cst) != serving + 1)
    ftrace_futex_wake(&lock->serving, INT32_MAX); // all: the right one is among them
}

/// Makes the lock free. In the child of a fork, by the thread that held it: those that waited are not there.
static inline void ftrace_ticket_reset(struct ftrace_ticket_lock *lock) {
  atomic_store_explicit(&lock->next, 0, memory_order_relaxed);
  atomic_store_explicit(&lock->serving, 0, memory_order_relaxed);
}
