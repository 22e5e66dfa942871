// Whether workers stand still during a stop.
#pragma once

/// An observer of stops: `context` points at twelve words. Copies the first four to the second four, waits for some microseconds, and
/// copies them to the third four.
void ftrace_test_watch(void *context);

/// Words of `ftrace_test_observe_arrival`, which a test and a thread that arrives share.
enum {
  FTRACE_TEST_ARRIVAL_THREAD,   // the thread's id in the kernel: of the thread
  FTRACE_TEST_ARRIVAL_BLOCK,    // the address of its block: of the thread
  FTRACE_TEST_ARRIVAL_GO,       // 1: a stop is under way, the thread may come
  FTRACE_TEST_ARRIVAL_INSIDE,   // 1: it is inside: of the thread
  FTRACE_TEST_ARRIVAL_WAITED,   // what the observer saw: it waits, and is not registered
  FTRACE_TEST_ARRIVAL_RAN,      // it was inside while the world was stopped
  FTRACE_TEST_ARRIVAL_WORDS
};
/// An observer of stops: lets a thread come, and returns when it sleeps on a futex, or is inside.
void ftrace_test_observe_arrival(void *context);

/// The same as the first for one word, whose address is word 0 of the context: copied to words 4 and 8.
void ftrace_test_watch_pointer(void *context);
