// A host that leaves emitted code by longjmp(3).
#pragma once
#include <stdbool.h>

/// Calls `body`; returns whether it ended in `ftrace_test_throw`. `tells`: then the tracers are told.
bool ftrace_test_catch(void (*body)(void *), void *context, bool tells);
/// Goes back to the innermost catch of the thread, if there is one.
void ftrace_test_throw(void);
