// Whether the calling thread is in a signal handler: what asks for locks and stops must not be called there.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Finds out how the C library's signal frames are marked. Once, before `ftrace_inside_signal_handler`.
void ftrace_signal_frame_prepare(void);

/// Whether a signal handler is running on the calling thread.
///
/// There is no flag for it. A handler on an alternate stack is known by sigaltstack(2). Elsewhere the kernel's frame is looked for (a
/// return address that leads to rt_sigreturn(2), under a context, with more signals blocked now than then) and confirmed by unwinding. A
/// handler that blocks nothing (SA_NODEFER), or that got here through emitted code, is not recognised. O(bytes of stack in use), up to
/// 64 KiB, and two system calls.
bool ftrace_inside_signal_handler(void);
