// What the benchmarks need and Swift cannot say: affinity, clocks, loops whose code must not depend on Swift's optimiser.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Pins the calling thread to a CPU. Returns 0 or an errno.
int bench_pin(int cpu);
/// Lets the calling thread run on every CPU again.
void bench_unpin(void);

/// The time-stamp counter, after everything before it.
uint64_t bench_ticks(void);
/// CLOCK_MONOTONIC in nanoseconds.
uint64_t bench_nanoseconds(void);

/// How often another thread has taken the CPU from the calling one.
uint64_t bench_preemptions(void);

/// Calls `function(argument)` so many times.
void bench_call_loop(uint64_t count, uintptr_t function, uint64_t argument);

/// Compares and replaces five bytes in each of `count` words that lie `stride` bytes apart: the least that patching sites can cost.
/// Returns the number of words that were replaced.
size_t bench_replace_words(void *base, size_t count, size_t stride, uint64_t from, uint64_t to);

/// A tracer's callback that is a bare `ret`, whatever options this is compiled with.
void bench_empty_callback(uintptr_t ip, uintptr_t parent, void *context, const void *registers);

/// Resident bytes of the process.
size_t bench_resident_bytes(void);
