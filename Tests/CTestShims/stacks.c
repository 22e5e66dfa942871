#include "CFtraceShims.h"
#include "ftrace_test_shims.h"

FTRACE_UNCHECKED static void look_at(struct ftrace_test_sites *sites, uint64_t word) {
  size_t low = 0, high = sites->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (sites->sites[middle] < word) low = middle + 1; else high = middle;
  }
  if (low == 0) return;
  const uint64_t distance = word - sites->sites[low - 1];
  if (distance < 5) sites->inside++;
  if (distance == 5) sites->behind++;
}

FTRACE_UNCHECKED void ftrace_test_observe_stacks(void *context) {
  struct ftrace_test_sites *sites = context;
  sites->stops++;
  // The registry's lock is held by the stop.
  for (const struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    const uint32_t depth = atomic_load(&((struct ftrace_thread *)thread)->depth);
    if ((!depth && !thread->parked) || thread->saved_sp < thread->stack_low || thread->saved_sp > thread->stack_top)
      continue;
    sites->workers++;
    for (int i = 0; i < 6; i++) look_at(sites, thread->saved_registers[i]);
    for (uint64_t sp = (thread->saved_sp + 7) & ~UINT64_C(7); sp < thread->stack_top; sp += 8)
      look_at(sites, *(const uint64_t *)sp);
  }
}
