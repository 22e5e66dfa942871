// The stop signal: it stops a worker that neither polls nor parks, at the instruction where it finds it.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Installs the handler of the stop signal, once. Later calls change nothing. A handler that was there before is called for signals
/// of that number that are not a stopper's.
/// - Parameter signal: a real-time signal; 0 for the default, SIGRTMAX - 4.
/// Returns 0, or an errno and nothing has changed.
int ftrace_signal_install(int signal);

/// The number of the stop signal, 0 before it is installed.
int ftrace_signal_number(void);

/// Whether the handler is still the one that `ftrace_signal_install` put there.
bool ftrace_signal_is_installed(void);
