// The name of a registered thread, as a value of two words: small enough to keep in a table without strings.
#pragma once
#include "ftrace_stop.h"

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

/// The name of the last worker to arrive at a stop, empty if none was waited for.
static inline struct ftrace_worker_name ftrace_stop_last_name(const struct ftrace_stop *stop) {
  return ftrace_worker_name_of(stop->last_tid ? stop->last_name : "");
}
