// Random delays in race windows, compiled in by the package trait `Delays` and silent otherwise.
//
// A window is a place where another thread's action could matter. `ftrace_delay_seed(0)` switches delays off for a thread.
#pragma once
#include <stdint.h>

#if FTRACE_DELAYS
void ftrace_delay_seed(uint64_t seed);   // for the calling thread
void ftrace_delay_default(uint64_t seed); // for threads that have no seed of their own; 0 is off
void ftrace_delay_here(void);
#define FTRACE_RACE_WINDOW() ftrace_delay_here()
#else
static inline void ftrace_delay_seed(uint64_t seed) { (void)seed; }
static inline void ftrace_delay_default(uint64_t seed) { (void)seed; }
#define FTRACE_RACE_WINDOW() ((void)0)
#endif
