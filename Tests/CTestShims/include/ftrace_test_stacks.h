// What the stacks of stopped workers hold, seen from within a stop.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ftrace_test_sites {
  const uint64_t *sites; // ascending addresses of sites
  size_t count;
  // Results, over all stops.
  uint64_t stops;
  uint64_t workers; // that had frames
  uint64_t inside;  // words that lie behind the first byte of a site and before its end
  uint64_t behind;  // words that are the address after a site: calls that a site made
};

/// An observer of stops: `context` is a `struct ftrace_test_sites`.
void ftrace_test_observe_stacks(void *context);
