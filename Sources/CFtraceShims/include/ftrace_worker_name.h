// The name of a registered thread, as a value of two words: small enough to keep in a table without strings.
#pragma once
#include "ftrace_thread.h"

struct ftrace_worker_name {
  uint64_t low, high; // up to 15 bytes in order of memory, then zeros
};

static inline struct ftrace_worker_name ftrace_worker_name_of(const char *text) {
  struct ftrace_worker_name name = {0, 0};
  for (size_t i = 0; i < 15 && text[i]; i++) {
    const uint64_t byte = (uint64_t)(unsigned char)text[i] << (i % 8 * 8);
    if (i < 8) name.low |= byte; else name.high |= byte;
  }
  return name;
}

/// The name of the registered thread with a kernel thread id, empty if there is none. Takes the registry's lock.
static inline struct ftrace_worker_name ftrace_registry_name(int32_t tid) {
  struct ftrace_worker_name name = {0, 0};
  if (!tid) return name;
  const uint64_t signals = ftrace_registry_lock();
  for (const struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next)
    if (thread->tid == tid) {
      name = ftrace_worker_name_of(thread->name);
      break;
    }
  ftrace_registry_unlock(signals);
  return name;
}
