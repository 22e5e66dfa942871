// The tracer's callback. It counts by one instruction, so that whoever stops a worker at any instruction knows whether it has counted.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct torture_tracer {
  uint64_t row;       // distance from the body's cell to the tracer's
  int64_t block;      // displacement from `fs:0` of the pointer to the worker's block
  uint64_t limit;     // cells are below this
  uint64_t number;
  uint64_t drop_every; // the planted fault: counts to leave out one of; 0: none
  uint64_t park_mask;  // parks when a random number has none of these bits; 0: never
  uint64_t strays;     // calls that it cannot account for: not by a worker, or not of a body of the torture
};

/// A `ftrace_callback` whose context is a `struct torture_tracer`.
void torture_callback(uintptr_t ip, uintptr_t parent_ip, void *context, const void *registers);

static inline uintptr_t torture_address_of_callback(void) { return (uintptr_t)&torture_callback; }

struct torture_block;
/// Whether the worker that owns `block` is to park now, by its own random numbers; `nanoseconds` is set to how long.
uint64_t torture_time_to_park(struct torture_block *block, uint64_t mask);
