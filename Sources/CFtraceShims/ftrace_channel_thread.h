// What the registry does with channels, private to this target.
#pragma once
#include "ftrace_channel.h"

/// In the child of a fork: the blocks of the threads that it does not have are free.
void ftrace_channels_keep_only_self(void) __attribute__((visibility("hidden")));

/// Gives the blocks of a thread that detaches back, and what is in their channels to the sinks. Under the registry's lock.
void ftrace_channels_close(struct ftrace_thread *thread) __attribute__((visibility("hidden")));

/// Functions of the calling worker ended without exits: its sinks learn which are left.
void ftrace_channels_unwound(const struct ftrace_append *append) __attribute__((visibility("hidden")));
