// What attaching, detaching and the stopper need of the stop signal, private to this target.
#pragma once
#include <signal.h>

#include "ftrace_thread.h"

// rt_sigaction(2) in the kernel's layout, called as it is: a sanitizer that stands between would deliver the signal late, and only in
// code that calls libc.
struct ftrace_kernel_action {
  union {
    void (*handler)(int);
    void (*action)(int, siginfo_t *, void *);
  };
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

/// Where the stop signal's handler returns to.
void ftrace_signal_restorer(void) __attribute__((visibility("hidden")));

/// Whether the calling thread runs on an alternate stack that lies within its own stack. One system call.
bool ftrace_signal_on_inner_stack(struct ftrace_thread *self) __attribute__((visibility("hidden")));

/// Provides the calling thread with an alternate stack, and takes the stop signal out of the set that will be blocked. Returns 0 or an
/// errno. All signals are blocked meanwhile.
int ftrace_signal_attach(struct ftrace_thread *self, uint64_t *signals) __attribute__((visibility("hidden")));
/// Puts back what `ftrace_signal_attach` changed.
void ftrace_signal_detach(struct ftrace_thread *self, uint64_t *signals) __attribute__((visibility("hidden")));
enum { FTRACE_SIGNAL_UNDER_WAY = -1 };

/// Sends a worker the stop signal, unless one is on its way, from this stop or an earlier one: whichever is handled during a stop is as good as
/// one of that stop. So one is pending at most, however long a thread blocks it.
///
/// Returns 0, `FTRACE_SIGNAL_UNDER_WAY`, or an errno. Under the registry's lock; takes none.
/// - generation: of the stop. Once in it the kernel is asked about a signal of an earlier one, which somebody else may have taken: sigwaitinfo(2).
int ftrace_signal_send(struct ftrace_thread *thread, uint64_t generation) __attribute__((visibility("hidden")));
