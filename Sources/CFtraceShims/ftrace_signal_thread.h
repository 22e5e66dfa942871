// What attaching, detaching and the stopper need of the stop signal, private to this target.
#pragma once
#include "ftrace_thread.h"

/// Provides the calling thread with an alternate stack and unblocks the stop signal on it. Returns 0 or an errno.
int ftrace_signal_attach(struct ftrace_thread *self) __attribute__((visibility("hidden")));
/// Puts back what `ftrace_signal_attach` changed.
void ftrace_signal_detach(struct ftrace_thread *self) __attribute__((visibility("hidden")));
/// Sends a worker the stop signal, unless one is on its way. Returns 0 or an errno. Takes no lock.
int ftrace_signal_send(struct ftrace_thread *thread) __attribute__((visibility("hidden")));
