// Counts the calling thread's allocations. The functions of malloc(3) are replaced in the test executable, for all of its libraries.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted in this build: not under a sanitizer, which replaces malloc itself.
bool ftrace_test_counts_allocations(void);

/// Allocations of the calling thread since it began.
uint64_t ftrace_test_allocations(void);
