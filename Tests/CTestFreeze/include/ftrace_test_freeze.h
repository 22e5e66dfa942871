// Stops a thread at a place of the test's choice, inside a lock. Replaces pthread_mutex_lock(3) of the helper process, and of the tests,
// which SwiftPM links with what the helper is made of: there it calls the C library's at once.
#pragma once
#include <stdbool.h>

/// The calling thread freezes when code of a library next locks a mutex on it, with the mutex locked. With a sanitizer it never does.
/// - Parameter library: part of the file's name.
void ftrace_test_freeze_in_mutex_of(const char *library);
/// The calling thread freezes here.
void ftrace_test_freeze(void);
/// Whether a thread is frozen.
bool ftrace_test_is_frozen(void);
/// Lets it go on. Another may be frozen then.
void ftrace_test_thaw(void);

/// Blocks the calling thread in a write(2) to descriptor 2 that does not end before `ftrace_test_thaw_allocator`, with the lock of
/// malloc's main arena held. Returns once it has been thawed.
void ftrace_test_freeze_in_allocator(void);
/// Whether that is where it is by now.
bool ftrace_test_is_frozen_in_allocator(void);
/// The descriptor of standard error, which is not 2 meanwhile.
int ftrace_test_error_descriptor(void);
/// Lets it go on.
void ftrace_test_thaw_allocator(void);
/// Takes and releases the lock of each of malloc's arenas.
void ftrace_test_lock_arenas(void);

/// The calling thread freezes with the loader's lock held, which dl_iterate_phdr(3) takes: unwinders and who opens libraries want it.
void ftrace_test_freeze_in_loader(void);
void ftrace_test_lock_loader(void);
/// The same with the lock of the standard output's stream, flockfile(3).
void ftrace_test_freeze_in_stream(void);
void ftrace_test_lock_stream(void);

/// How often this program, not its libraries, has had pthread_atfork(3) install a handler that runs before fork(2). With a sanitizer: 0.
int ftrace_test_fork_handlers(void);

/// From here on the process ends, and says who, where a fork's handler in the child locks a mutex that a thread may have held which is not there.
/// To be called before anything installs such a handler: those in the child run in the order in which they were installed. With a sanitizer
/// nothing is noticed.
void ftrace_test_watch_fork_handlers(void);
