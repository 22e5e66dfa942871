// Copies of counters, made while the world is stopped.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ftrace_copy {
  const uint64_t *from;
  uint64_t *to;
  size_t words;
};

struct ftrace_copy_list {
  const struct ftrace_copy *parts;
  size_t count;
};

/// An observer of a stop: `context` is a `struct ftrace_copy_list`.
static inline void ftrace_copy_observe(void *context) {
  const struct ftrace_copy_list *list = (const struct ftrace_copy_list *)context;
  for (size_t i = 0; i < list->count; i++)
    for (size_t word = 0; word < list->parts[i].words; word++)
      list->parts[i].to[word] = __atomic_load_n(&list->parts[i].from[word], __ATOMIC_RELAXED);
}
