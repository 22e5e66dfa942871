// fork(2), which Swift does not let a program call, and what a parent has to do with its children.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// fork(2). In the child SIGALRM comes after `seconds`: one that hangs says so itself, if crashes are caught.
/// Returns the child's id, 0 in the child, or a negated errno.
pid_t torture_fork(unsigned seconds);

/// Looks after a child, without waiting. Returns whether it has ended: then `*status` is its exit code, or the negated number of the
/// signal that ended it.
int torture_reap(pid_t child, int *status);
