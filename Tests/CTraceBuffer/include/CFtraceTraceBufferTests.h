// Writers that do by hand what the compiled body of a tracer does, with functions, frames and a clock that the test makes up.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
  FTRACE_TEST_FUNCTIONS = 4096,
  FTRACE_TEST_FUNCTION_BYTES = 64,
  FTRACE_TEST_FRAMES = 400, // that a writer's made-up stack has room for
};
/// The made-up arena: function f begins at FTRACE_TEST_CODE + 64 f, its entry is its first byte, its exit is at 33, calls return to 24.
#define FTRACE_TEST_CODE UINT64_C(0x700000000000)
static inline uint64_t ftrace_test_code_start(void) { return FTRACE_TEST_CODE; }
static inline uint64_t ftrace_test_code_end(void) {
  return FTRACE_TEST_CODE + FTRACE_TEST_FUNCTIONS * FTRACE_TEST_FUNCTION_BYTES;
}

struct ftrace_test_writer;

/// What a writer tried, whatever became of it.
struct ftrace_test_tally {
  uint64_t entries, exits;
  uint64_t unwound;              // frames, in records that were written
  uint64_t unwound_lost_records; // each counted as one lost exit
  uint64_t depth;                // functions open at the end
  uint64_t nested;               // events from within appends
};

/// A writer for a sink, with the clock of a kind (`ftrace_clock.h`), or with `clock` if it is not NULL.
struct ftrace_test_writer *ftrace_test_writer_new(uint64_t sink, uint32_t kind, uint64_t (*clock)(void *), void *context);
void ftrace_test_writer_free(struct ftrace_test_writer *writer);
/// The thread of the writer ends, as far as the sink knows.
void ftrace_test_writer_close(struct ftrace_test_writer *writer);
struct ftrace_test_tally ftrace_test_writer_tally(const struct ftrace_test_writer *writer);

/// One event. Returns whether it was recorded.
bool ftrace_test_enter(struct ftrace_test_writer *writer, uint32_t function);
bool ftrace_test_exit(struct ftrace_test_writer *writer);
/// An entry with its parent, and one with values.
bool ftrace_test_enter_with_parent(struct ftrace_test_writer *writer, uint32_t function);
bool ftrace_test_enter_with_values(struct ftrace_test_writer *writer, uint32_t function, uint32_t count);
/// The innermost functions end without exits.
bool ftrace_test_unwind(struct ftrace_test_writer *writer, uint32_t count);

/// Seeded entries, exits, values, unwindings. `nested`: one in so many appends is interrupted by a handler that appends to the same
/// channel; 0: none.
void ftrace_test_run(struct ftrace_test_writer *writer, uint64_t seed, uint64_t operations, uint32_t nested);
/// Entries and exits of one function in turn, as quickly as possible.
void ftrace_test_spin(struct ftrace_test_writer *writer, uint64_t pairs);
/// What a signal handler that calls traced code adds: an entry and an exit.
void ftrace_test_handler(void *writer);

/// A clock that a test sets.
void ftrace_test_clock_set(uint64_t now);
uint64_t ftrace_test_clock(void *context);

/// A child that appends to a writer until it is killed: without Swift in the child, and without the handlers of fork(2), so that its file is
/// the one that the parent reads. Returns its process id.
int ftrace_test_fork_spinning(struct ftrace_test_writer *writer, uint64_t seed);
/// Kills a child with SIGKILL and waits for it. Returns the signal that ended it.
int ftrace_test_kill(int child);
/// A child that runs a writer with files limited to so many bytes (setrlimit(2)), and closes it. Returns the errno of its buffer.
int ftrace_test_run_limited(struct ftrace_test_writer *writer, uint64_t seed, uint64_t operations, uint64_t bytes);
/// A run during which another thread sends this one signals, whose handler appends.
void ftrace_test_run_signalled(struct ftrace_test_writer *writer, uint64_t seed, uint64_t operations);
