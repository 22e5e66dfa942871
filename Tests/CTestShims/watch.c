#include "ftrace_test_watch.h"

#include <stdint.h>

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
