#define _GNU_SOURCE
#include "ftrace_test_watch.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CFtraceShims.h"

// Unchecked: a worker that the stop signal holds has not told the thread sanitizer what it wrote before.

FTRACE_UNCHECKED void ftrace_test_watch(void *context) {
  volatile uint64_t *words = context;
  for (int i = 0; i < 4; i++) words[4 + i] = words[i];
  for (int i = 0; i < 2000; i++) __builtin_ia32_pause();
  for (int i = 0; i < 4; i++) words[8 + i] = words[i];
}

FTRACE_UNCHECKED void ftrace_test_watch_pointer(void *context) {
  volatile uint64_t *words = context;
  const volatile uint64_t *watched = (const volatile uint64_t *)words[0];
  words[4] = *watched;
  for (int i = 0; i < 2000; i++) __builtin_ia32_pause();
  words[8] = *watched;
}

// Whether a thread is in futex(2), by proc_pid_syscall(5).
static FTRACE_UNCHECKED bool sleeps_on_futex(uint64_t thread) {
  char path[64], text[8] = "", futex[8];
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)thread);
  const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  (void)syscall(SYS_read, file, text, sizeof text - 1);
  (void)syscall(SYS_close, file);
  snprintf(futex, sizeof futex, "%d ", SYS_futex);
  return strncmp(text, futex, strlen(futex)) == 0;
}

FTRACE_UNCHECKED void ftrace_test_observe_arrival(void *context) {
  _Atomic(uint64_t) *words = context;
  struct ftrace_thread *const thread = (struct ftrace_thread *)(uintptr_t)atomic_load(&words[FTRACE_TEST_ARRIVAL_BLOCK]);
  atomic_store(&words[FTRACE_TEST_ARRIVAL_GO], 1);
  bool sleeps = false;
  while (!sleeps && !atomic_load(&words[FTRACE_TEST_ARRIVAL_INSIDE]))
    sleeps = sleeps_on_futex(atomic_load(&words[FTRACE_TEST_ARRIVAL_THREAD]));
  // For a thread that only passes through a futex.
  for (int i = 0; i < 20000; i++) __builtin_ia32_pause();
  const bool inside = atomic_load(&words[FTRACE_TEST_ARRIVAL_INSIDE]);
  atomic_store(&words[FTRACE_TEST_ARRIVAL_RAN], inside);
  atomic_store(&words[FTRACE_TEST_ARRIVAL_WAITED], sleeps && !inside && !ftrace_thread_attached(thread));
}
