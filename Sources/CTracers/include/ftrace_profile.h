// The records of the `profile` tracer: one for each function that a worker has called, behind the worker's shadow stack. An index of one
// word for each 16 bytes of code leads to them. The bodies add in place.
#pragma once
#include <CFtraceShims.h>

enum { FTRACE_PROFILE_BUCKETS = 64 };

/// Of one function on one worker. Times are ticks of the body's clock.
struct ftrace_profile_record {
  uint64_t calls; // that have ended
  uint64_t total;
  uint64_t self; // without the calls that they made
  uint64_t min, max;
  uint64_t place; // of the entry
  uint64_t reserved[2];
  uint32_t bucket[FTRACE_PROFILE_BUCKETS]; // calls by the number of bits that their duration has, less one; 0: less than two ticks
};
_Static_assert(sizeof(struct ftrace_profile_record) == 320, "five lines of the cache");

enum {
  FTRACE_PROFILE_CALLS = offsetof(struct ftrace_profile_record, calls),
  FTRACE_PROFILE_TOTAL = offsetof(struct ftrace_profile_record, total),
  FTRACE_PROFILE_SELF = offsetof(struct ftrace_profile_record, self),
  FTRACE_PROFILE_MIN = offsetof(struct ftrace_profile_record, min),
  FTRACE_PROFILE_MAX = offsetof(struct ftrace_profile_record, max),
  FTRACE_PROFILE_BUCKET = offsetof(struct ftrace_profile_record, bucket),
};

/// The time of now, for entries that are made out of line.
typedef uint64_t (*ftrace_profile_clock)(void *context);

struct ftrace_profile {
  struct ftrace_sink sink;
  struct ftrace_shadows shadows;
  uint64_t index;        // where the index begins, in bytes from the start of a shadow stack: below 4 GiB, as all that follows
  uint64_t records;      // where the records begin
  uint32_t record_count; // that there is room for
  uint64_t base;         // of the code
  ftrace_profile_clock clock;
  void *clock_context;
  _Atomic(uint64_t) lost;   // entries, for want of memory
  _Atomic(uint64_t) nested; // entries of signal handlers during an event of their thread, of workers that have ended
};

/// - Parameters:
///   - base, bytes: the arena.
///   - threads: those that are profiled, kept by the caller; none: all.
void ftrace_profile_init(struct ftrace_profile *profile, uint64_t base, uint64_t bytes, const int32_t *threads, uint32_t thread_count);
/// Calls that are not in the records, because there was no memory for them.
uint64_t ftrace_profile_lost(struct ftrace_profile *profile);
/// Calls of signal handlers during an event of their thread, of workers that have ended: those of others are in their channels.
static inline uint64_t ftrace_profile_nested(struct ftrace_profile *profile) { return atomic_load_explicit(&profile->nested, memory_order_relaxed); }
/// Adds up the records of a worker: calls `visit` for each. Any thread, at any time.
void ftrace_profile_visit(struct ftrace_profile *profile, void (*visit)(const struct ftrace_profile_record *record, void *context), void *context);
void ftrace_profile_free(struct ftrace_profile *profile);

/// The clocks that bodies have as well.
uint64_t ftrace_profile_read_tsc(void *context);
uint64_t ftrace_profile_read_monotonic(void *context);
/// Reads the word that `context` points to.
uint64_t ftrace_profile_read_word(void *context);
