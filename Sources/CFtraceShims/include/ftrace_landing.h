// For hosts that leave emitted code by other means than returns: longjmp(3), a trap that becomes an error, an exception of their own.
#pragma once
#include "ftrace_thread.h"

/// What the calling worker is in the middle of.
struct ftrace_landing {
  uint32_t depth;
  uint32_t parked;
  uint64_t saved_sp;
  uint32_t busy;
  uint8_t ops_active[FTRACE_RUNTIME_SLOTS][FTRACE_OPS_SLOTS];
};

/// Notes it: where setjmp(3) is called, for `ftrace_landing_reached`.
void ftrace_landing_note(struct ftrace_landing *landing);

/// The frame that noted it runs again, and those that it had called are gone: gates, callbacks and parked scopes that were left are
/// forgotten, and every stream of the worker's events says which functions are still open. Found by a walk along `rbp`: the host's frames
/// between emitted ones keep frame pointers.
///
/// On the thread that noted it. A handler of a signal may be left so where `ftrace_landing_may_leave` says it; where it interrupted the
/// host, signal-safety(7) says what holds for longjmp(3). May wait for a stop to end. Ends the process if code that recorded a call was left in the middle.
void ftrace_landing_reached(const struct ftrace_landing *landing);

/// Whether what a signal's handler has interrupted is emitted code that may be left: not the C code that it calls to record, nor the host's.
/// Async-signal-safe.
/// - context: the third argument of a handler that was installed with SA_SIGINFO.
bool ftrace_landing_may_leave(const void *context);
