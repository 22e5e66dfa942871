#include "CFtraceShims.h"
#include "ftrace_test_shims.h"

uint32_t ftrace_test_busy(void) { return atomic_load(&ftrace_thread_self()->busy); }
void ftrace_test_set_busy(uint32_t busy) { atomic_store(&ftrace_thread_self()->busy, busy); }
bool ftrace_test_armed(void) { return atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED; }

uint32_t ftrace_test_thread_number(void) {
  static _Atomic(uint32_t) next;
  static __thread uint32_t number;
  if (!number) number = atomic_fetch_add(&next, 1) % 1023 + 1;
  return number;
}
