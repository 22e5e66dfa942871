// What sanitizers must leave alone.
#pragma once

/// A function that reads what belongs to others, on purpose: stacks of stopped workers, red zones and freed frames among it. Its
/// atomics are still seen by the thread sanitizer.
#define FTRACE_UNCHECKED __attribute__((no_sanitize("address", "thread")))

/// A function that no sanitizer may put anything into, not even for its atomics. The handler of the stop signal may have interrupted
/// a sanitizer's runtime, whose locks are not recursive; the recorder is called with the vectors of emitted code live, and a
/// sanitizer's runtime overwrites them.
#define FTRACE_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation))

/// A body of such a function that others share: each gets the copy that it needs.
#define FTRACE_AS_CALLER static inline __attribute__((always_inline))

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FTRACE_THREAD_SANITIZER 1
#endif
#endif
