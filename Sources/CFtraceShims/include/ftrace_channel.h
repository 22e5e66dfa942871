// Channels: where compiled bodies of tracers write, one for each ops on each worker. The fast path is emitted; this is its layout, and
// the way out of it. The contract is the article "The stream of events" of TraceBuffer.
#pragma once
#include "ftrace_thread.h"

/// Which end of a function an event is of; NONE: a record at an entry that is no event, and is not counted if it finds no room.
enum { FTRACE_END_ENTRY = 0, FTRACE_END_EXIT = 1, FTRACE_END_NONE = 2 };

struct ftrace_sink;

/// A channel: written by its worker alone, but for `limit`, into which others may store 0 to make its next append come out of line.
struct ftrace_channel {
  uint64_t cursor;               // where the next word goes: published by the store that follows the event's own
  _Atomic(uint64_t) limit;       // an append that finds cursor >= limit calls `refill`; 0: closed, or kicked
  uint32_t busy;                 // 1 while an append is under way: what a signal handler calls meanwhile is counted, not recorded
  uint32_t high;                 // upper half of the clock of the last event
  uint64_t lost_nested[2];       // events of signal handlers that found `busy` set, by end
  void *scratch;                 // what the body keeps for itself: the counters of `count`
  struct ftrace_sink *sink;      // whose channel this is; NULL while it has never been filled
  void *ring;                    // the sink's own
};
_Static_assert(sizeof(struct ftrace_channel) == 64, "one line of the cache");

/// The channels of a worker in one runtime: what its thread block points to, NULL until the first append.
struct ftrace_worker_block {
  struct ftrace_channel channel[FTRACE_OPS_SLOTS];
  struct ftrace_worker_block *next; // all blocks of the runtime, newest first
  _Atomic(int32_t) tid;             // of the worker, 0 while nobody has the block
  char name[16];
};

/// Where and how an append left the fast path.
struct ftrace_append {
  uint64_t sp;  // its first word is the address after the site, the second the return address in the caller
  uint64_t rbp; // the frame pointer of the traced function's caller
  uint32_t end; // FTRACE_END_…
};

/// What stands behind the channels of an ops. It is kept until no trampoline that names it can run.
struct ftrace_sink {
  /// Makes room in a channel of the calling thread, opens it, or writes the carry of the clock: 1, and the append is tried again. 0: the
  /// event is lost, and counted. Called with `busy` set in the channel and in the thread block: no stop, no other append on this
  /// thread, and no lock, allocation or Swift.
  uint32_t (*refill)(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append);
  /// The worker ends, or detaches: what it wrote is the sink's from here on. Called on the worker, outside of emitted code, with
  /// signals blocked. May be NULL.
  void (*close)(struct ftrace_sink *sink, struct ftrace_channel *channel);
  /// Functions of the calling worker ended without their exits: a longjmp(3) has landed. `append` says where the frames that are left begin,
  /// as at an entry. Called as `refill` is, outside of every append of the channel. May be NULL.
  void (*unwound)(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append);
  /// The ops has gone, and nothing that names the sink can run any more: what was written is the sink's from here on. Called by any thread, with no
  /// worker starting or ending. May be NULL.
  void (*forget)(struct ftrace_sink *sink, struct ftrace_channel *channel);
  uint32_t slot; // of the runtime
  uint32_t ops;  // the channel's index
  // Events that found no worker block, for want of memory, by end.
  _Atomic(uint64_t) lost_without_block[2];
};

/// The slow path of an append: finds or makes the worker's block, and calls the sink. Returns whether to try again.
uint32_t ftrace_append_slow(struct ftrace_sink *sink, const struct ftrace_append *append);

/// Calls `visit` for the channel of each block of a runtime, those of free blocks included, with the registry's lock held: no thread starts or ends
/// meanwhile, and workers go on appending.
void ftrace_channels_visit(uint32_t slot, uint32_t ops, void (*visit)(struct ftrace_channel *channel, struct ftrace_worker_block *block, void *context),
                           void *context);

/// Empties the channels of a sink that goes. Nothing that names it can run any more.
void ftrace_channels_forget(struct ftrace_sink *sink);

/// Unmaps the blocks of a runtime whose code is gone.
void ftrace_worker_blocks_free(uint32_t slot);

/// CLOCK_MONOTONIC in nanoseconds, for emitted code.
uint64_t ftrace_monotonic(void);

/// What emitted code calls.
static inline uintptr_t ftrace_address_of_monotonic(void) { return (uintptr_t)&ftrace_monotonic; }
static inline uintptr_t ftrace_address_of_append_slow(void) { return (uintptr_t)&ftrace_append_slow; }

enum {
  FTRACE_CHANNEL_BYTES = sizeof(struct ftrace_channel),
  FTRACE_CHANNEL_CURSOR = offsetof(struct ftrace_channel, cursor),
  FTRACE_CHANNEL_LIMIT = offsetof(struct ftrace_channel, limit),
  FTRACE_CHANNEL_BUSY = offsetof(struct ftrace_channel, busy),
  FTRACE_CHANNEL_HIGH = offsetof(struct ftrace_channel, high),
  FTRACE_CHANNEL_LOST_NESTED = offsetof(struct ftrace_channel, lost_nested),
  FTRACE_CHANNEL_SCRATCH = offsetof(struct ftrace_channel, scratch),
};

static inline void ftrace_channel_kick(struct ftrace_channel *channel) {
  atomic_store_explicit(&channel->limit, 0, memory_order_seq_cst);
}
