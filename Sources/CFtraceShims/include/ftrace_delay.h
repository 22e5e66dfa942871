// Random delays in race windows, compiled in by the package trait `Delays` and silent otherwise.
//
// A window is a place where another thread's action could matter. How long a thread waits in its windows follows from the seed and the thread's
// number alone: not from who came to a window first.
#pragma once
#include <stdint.h>

/// Switches delays on for all threads, whose streams begin anew; 0 is off, which they are at first.
void ftrace_delay_seed(uint64_t seed);
/// Gives the calling thread a number, and begins its stream. Threads that have none have 0, and all of those the same stream.
void ftrace_delay_number(uint64_t number);
/// Waits as long as the next draw of the calling thread's stream says.
void ftrace_delay_here(void);

struct ftrace_delay_stream {
  uint64_t number; // of the thread
  uint64_t seed;   // that `state` comes from
  uint64_t state;
};
struct ftrace_delay_stream *ftrace_delay_self(void);
/// The next delay of a stream, in pauses. It begins anew if the seed is another one than the last time.
uint64_t ftrace_delay_draw(struct ftrace_delay_stream *stream, uint64_t seed);

#if FTRACE_DELAYS
#define FTRACE_RACE_WINDOW() ftrace_delay_here()
#else
#define FTRACE_RACE_WINDOW() ((void)0)
#endif
