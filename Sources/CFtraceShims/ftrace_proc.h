// What the kernel says of a thread (proc(5)), by system calls alone: a stopper asks while workers may be frozen with any lock.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Where a thread of this process is: proc_pid_syscall(5). `*call` is the number of a system call, or one of `enum ftrace_late_place`;
/// `*pc` is where it returns to, 0 if that is not known.
void ftrace_proc_place(int32_t tid, int64_t *call, uint64_t *pc) __attribute__((visibility("hidden")));

/// Whether a signal is on its way to that very thread: proc_pid_status(5). False also where the kernel does not tell.
bool ftrace_proc_is_pending(int32_t tid, int signal) __attribute__((visibility("hidden")));
