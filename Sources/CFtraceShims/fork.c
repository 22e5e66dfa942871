#define _GNU_SOURCE
#include "ftrace_fork.h"

#include <pthread.h>

#include "ftrace_thread.h"

// Of the thread that forks, in parent and child.
static __thread struct ftrace_park park __attribute__((tls_model("initial-exec")));

int ftrace_fork_install(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  return pthread_atfork(prepare, parent, child);
}

void ftrace_fork_park(void) {
  // What is captured lies deeper in the stack than every frame that is alive when fork returns: a scan begins there, and sees more
  // than it must.
  ftrace_park_capture(&park);
  ftrace_park_begin(&park);
}

void ftrace_fork_unpark(void) { ftrace_park_end(&park); }
