#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "CFtraceShims.h"
#include "ftrace_test_shims.h"

uint32_t ftrace_test_busy(void) { return atomic_load(&ftrace_thread_self()->busy); }
void ftrace_test_set_busy(uint32_t busy) { atomic_store(&ftrace_thread_self()->busy, busy); }
bool ftrace_test_must_serialise(void) { return atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_SERIALISE; }
bool ftrace_test_armed(void) { return atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED; }

bool ftrace_test_stopper_sleeps(void) { return atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ASLEEP; }

uint32_t ftrace_test_thread_number(void) {
  static _Atomic(uint32_t) next;
  static __thread uint32_t number;
  if (!number) number = atomic_fetch_add(&next, 1) % 1023 + 1;
  return number;
}

int ftrace_test_default_stop_signal(void) { return SIGRTMAX - 4; }

uint64_t ftrace_test_stack_low(void) {
  pthread_attr_t attributes;
  void *low = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes)) return 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return (uint64_t)low;
}

int ftrace_test_processor(int least) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed)) return -1;
  for (int cpu = least; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &allowed)) return cpu;
  return -1;
}

bool ftrace_test_run_on(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  return sched_setaffinity(0, sizeof only, &only) == 0;
}
