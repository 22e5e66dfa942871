// The process-wide state of quiescence, private to this target.
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct ftrace_domain {
  // Number of the stop under way or of the last one; `released` follows it. Written by the stopper alone.
  _Atomic(uint64_t) generation;
  _Atomic(uint64_t) released;
  // Futexes: workers wait on the first for the release, the stopper on the second for arrivals.
  _Atomic(uint32_t) release_word;
  _Atomic(uint32_t) stopper_word;
};

extern struct ftrace_domain ftrace_domain;
