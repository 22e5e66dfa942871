// fork(2): the child has one thread, the one that forked. It gets a copy of everything that the stopped process had.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Has pthread_atfork(3) call these. Returns 0 or an errno.
int ftrace_fork_install(void (*prepare)(void), void (*parent)(void), void (*child)(void));

/// Parks the calling thread across the fork, until `ftrace_fork_unpark` in the parent and in the child.
void ftrace_fork_park(void);
void ftrace_fork_unpark(void);

/// Takes the registry's lock; and, if `stops`, stops the world once, and releases it: every worker has seen what was stored before. The
/// caller is parked and holds the stop lock. Returns false if a worker did not arrive; the registry's lock is held all the same.
bool ftrace_fork_prepare(bool stops, uint64_t deadline_ns, uint64_t spin_ns, uint64_t grace_ns);
/// Releases the registry, in the parent.
void ftrace_fork_parent(void);
/// Makes the calling thread the only one of the registry, and releases it. In the child.
void ftrace_fork_child(void);
