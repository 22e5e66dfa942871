// The books of a buffer, private to this target.
#pragma once
#include <stdatomic.h>

#include "ftrace_buffer.h"
#include "ftrace_delay.h"
#include "ftrace_sanitizers.h"
#include "ftrace_thread.h"

// A slot of a ring is one word: the lower half of the sequence, the block, the state. EMPTY is 0. Who may change it:
//   EMPTY -> OPEN, OPEN -> FULL: the worker;  FULL -> EMPTY: whoever takes the block (the worker, another, a reader).
enum { SLOT_EMPTY = 0, SLOT_OPEN = 1, SLOT_FULL = 2 };

static inline uint64_t slot_word(uint64_t sequence, uint32_t block, uint32_t state) {
  return sequence << 32 | (uint64_t)block << 2 | state;
}
static inline uint32_t slot_state(uint64_t word) { return word & 3; }
static inline uint32_t slot_block(uint64_t word) { return (uint32_t)word >> 2; }
static inline bool slot_is(uint64_t word, uint64_t sequence, uint32_t state) {
  return slot_state(word) == state && (uint32_t)(word >> 32) == (uint32_t)sequence;
}

enum { RING_FREE = 0, RING_LIVE = 1, RING_DEAD = 2, RING_TAKEN = 3 };

/// A worker's ring. The block of sequence s lies in slot s modulo their number.
struct ftrace_ring {
  _Atomic(uint32_t) state;
  _Atomic(uint32_t) wants; // FTRACE_WANT_…: set by kicks, taken by the worker
  _Atomic(struct ftrace_channel *) channel; // while the worker lives
  struct ftrace_worker_entry *entry;
  _Atomic(uint64_t) first;  // no full block has a lower sequence
  _Atomic(uint64_t) last;   // sequence of the newest block
  _Atomic(uint32_t) full;   // number of full blocks
  _Atomic(uint64_t) copied; // sequence << 32 | bytes: this much of that block has been delivered. See `claim_copied`.
  // The worker's own.
  uint8_t *open; // the open block, NULL: none
  uint32_t open_block;
  uint32_t gap; // events are missing, or frames unknown: a resync is due
  uint32_t paused; // and it is to say that events were not recorded
  uint32_t epoch;  // of the code, where the open block ends now
  uint64_t end; // where the open block's limit lies when nobody kicks
  uint64_t pending[FTRACE_LOST_CAUSES][2]; // lost since the last loss record
  uint64_t nested_written[2];              // of the channel's `lost_nested`
  _Atomic(uint64_t) slot[];
};

struct ftrace_buffer {
  struct ftrace_sink sink;
  struct ftrace_graph *graph; // how calls are chosen, NULL: all are recorded
  struct ftrace_buffer_configuration configuration;
  uint8_t *blocks;
  uint32_t pool_first; // number of the first block of the pool
  uint32_t ring_bytes;
  uint8_t *rings;
  uint8_t *backed; // by block of the pool: whether it has space in the file
  _Atomic(uint32_t) *next; // by block of the pool: the next in the list of free ones
  ftrace_clock_function clock;
  void *clock_context;
  _Atomic(uint64_t) free;  // tag << 32 | number in the pool + 1
  _Atomic(uint32_t) fresh; // blocks of the pool that were ever taken
  _Atomic(uint32_t) in_use;
  _Atomic(uint32_t) epoch;
  _Atomic(uint32_t) workers; // numbers handed out
  _Atomic(uint32_t) ring_count;
  struct ftrace_worker_entry others_without_blocks; // of a child of a fork that has no blocks
  struct ftrace_worker_entry *others; // losses of rings that are gone, and of workers without one
  _Atomic(uint64_t) folds_begun, folds_ended; // around every addition of a ring's losses to those
  _Atomic(int32_t) error;
  _Atomic(uint32_t) refusals;
};

// Functions of the writing side: emitted code has vectors live, and a sanitizer's runtime would overwrite them.
#define WRITER FTRACE_UNINSTRUMENTED __attribute__((target("general-regs-only")))

static inline WRITER struct ftrace_ring *ring_at(const struct ftrace_buffer *buffer, uint32_t index) {
  return (struct ftrace_ring *)(buffer->rings + (uint64_t)index * buffer->ring_bytes);
}
static inline WRITER uint8_t *block_at(const struct ftrace_buffer *buffer, uint32_t block) {
  return buffer->blocks + (uint64_t)block * buffer->configuration.block_bytes;
}
static inline WRITER struct ftrace_block_header *header_of(uint8_t *block) {
  return (struct ftrace_block_header *)(void *)block;
}

#define HIDDEN __attribute__((visibility("hidden")))

/// Takes a block out of the pool: its number, or 0 and the cause in `*cause`.
HIDDEN uint32_t pool_take(struct ftrace_buffer *buffer, uint32_t *cause);
HIDDEN void pool_give(struct ftrace_buffer *buffer, uint32_t block);

/// Takes the oldest full block out of a ring: the word that its slot held, 0: none.
HIDDEN uint64_t ring_take_oldest(struct ftrace_buffer *buffer, struct ftrace_ring *ring, uint64_t *sequence);
/// Counts what is in a block that was taken out of a ring to be overwritten.
HIDDEN void ring_count_overwritten(struct ftrace_buffer *buffer, struct ftrace_ring *ring, uint32_t block, uint64_t sequence);
/// Frees the ring of an ended worker that has no blocks, with its losses added to the buffer's: false if it is not one.
HIDDEN bool ring_reclaim(struct ftrace_buffer *buffer, struct ftrace_ring *ring);
/// A ring for the calling worker, NULL: there are too many.
HIDDEN struct ftrace_ring *ring_adopt(struct ftrace_buffer *buffer, struct ftrace_channel *channel);

HIDDEN void words_count(const uint64_t *word, const uint64_t *end, struct ftrace_word_counts *counts);
/// Writes a resync record at `cursor`, which has room for FTRACE_RESYNC_FRAMES; returns where it ends.
HIDDEN uint64_t *words_resync(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append);
/// Writes a stack record at `cursor`, which has room for FTRACE_STACK_RECORD_FRAMES.
HIDDEN uint64_t *words_stack(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append, uint64_t now);

/// The same of the calls that are recorded, where not all are.
HIDDEN uint64_t *graph_resync(const struct ftrace_buffer *buffer, const struct ftrace_channel *channel, uint64_t *cursor);

HIDDEN uint32_t buffer_refill(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append);
/// Writes the frames that are open now.
HIDDEN void buffer_unwound(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append);
/// The worker ends: no frame of it is open.
HIDDEN void buffer_end_channel(struct ftrace_sink *sink, struct ftrace_channel *channel);
/// The buffer wants no more of the worker, whose frames may be open.
HIDDEN void buffer_close_channel(struct ftrace_sink *sink, struct ftrace_channel *channel);
