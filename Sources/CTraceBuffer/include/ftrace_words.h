// The words of a stream: the contract is the article "The stream of events" of TraceBuffer.
#pragma once
#include <stdint.h>

#include "ftrace_channel.h"
#include "ftrace_sanitizers.h"

/// The lowest four bits of a word's upper half. Every other value is an exit.
enum {
  FTRACE_WORD_CARRY = 1,
  FTRACE_WORD_LOSS = 2,
  FTRACE_WORD_RESYNC = 3,
  FTRACE_WORD_ENTRY_WITH_PARENT = 4,
  FTRACE_WORD_ENTRY = 5,
  FTRACE_WORD_VALUES = 9,
  FTRACE_WORD_UNWOUND = 10,
  FTRACE_WORD_STACK = 11,
  FTRACE_WORD_EPOCH = 12,
};

/// What the upper 28 bits of a resync say, and of a stack the first of them.
enum {
  FTRACE_FRAMES_CUT = 1,    // there were more frames
  FTRACE_FRAMES_PAUSED = 2, // the worker's events before it were not recorded: tracing was off
};

/// Why an event is not in the stream: rows of every table of losses.
enum {
  FTRACE_LOST_NESTED = 0,      // came from a signal handler that interrupted an append of the same channel
  FTRACE_LOST_FULL = 1,        // the worker's ring held only blocks that nobody had read
  FTRACE_LOST_OVERWRITTEN = 2, // was recorded, and overwritten before it was read
  FTRACE_LOST_MEMORY = 3,      // the system refused memory, or space for the file
  FTRACE_LOST_BUDGET = 4,      // the buffer's blocks were all in use
  FTRACE_LOST_WORKERS = 5,     // more workers at one time than the buffer tells apart
  FTRACE_LOST_CAUSES = 6,
};

enum {
  /// Open frames that a resync record can hold.
  FTRACE_RESYNC_FRAMES = 256,
  /// Frames that a stack record can hold.
  FTRACE_STACK_RECORD_FRAMES = 64,
  /// Words that one append may write: a block with less room is full.
  FTRACE_APPEND_WORDS = 32,
  /// Values that an append may hold beside an event, its parent, and their own head.
  FTRACE_APPEND_VALUES = FTRACE_APPEND_WORDS - 3,
};

#define FTRACE_WORD(upper, lower) ((uint64_t)(upper) << 32 | (uint32_t)(lower))

/// What a run of words holds.
struct ftrace_word_counts {
  uint64_t events[2]; // by end
  uint64_t unwound;   // frames that ended without an exit
};
