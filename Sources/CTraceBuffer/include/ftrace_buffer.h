// A buffer: a sink of channels, with a ring of blocks for each worker, and the reader's side of them.
//
// Its memory is two mappings that the owner makes: the blocks (anonymous, or a shared mapping of a file), and the books about them. The
// writing side takes no lock, allocates nothing, leaves errno alone and uses no vector register.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ftrace_block.h"
#include "ftrace_channel.h"
#include "ftrace_clock.h"

enum {
  FTRACE_MODE_OVERWRITE = 0,
  FTRACE_MODE_DISCARD = 1,
};

struct ftrace_buffer;

/// What a buffer is made of. Blocks of the mapping, in this order: one for the head of a file, `worker_blocks`, `control_blocks`, which the
/// owner fills, and `pool_blocks`, which workers write.
struct ftrace_buffer_configuration {
  uint32_t mode;
  uint32_t clock;
  uint32_t block_bytes;   // a power of two, FTRACE_BLOCK_MINIMUM to FTRACE_BLOCK_MAXIMUM
  uint32_t pool_blocks;   // at least 2
  uint32_t ring_blocks;   // that one worker may hold: 2 to pool_blocks
  uint32_t max_workers;   // at one time
  uint32_t worker_blocks; // enough for max_workers rows, and one
  uint32_t control_blocks;
  int32_t file;           // descriptor behind the blocks: space is taken block by block. -1: memory
  uint64_t code_start;    // the arena: a return address in it is that of a frame of emitted code
  uint64_t code_end;
};

/// Bytes of the books.
uint64_t ftrace_buffer_bytes(const struct ftrace_buffer_configuration *configuration);
/// Makes a buffer in `books`, which is zero; `blocks` is zero as well, the table of workers is backed by memory.
struct ftrace_buffer *ftrace_buffer_init(void *books, void *blocks, const struct ftrace_buffer_configuration *configuration);
struct ftrace_sink *ftrace_buffer_sink(struct ftrace_buffer *buffer);

/// For tests: reads `clock` where the buffer's own clock would be read; before the first event.
void ftrace_buffer_set_clock(struct ftrace_buffer *buffer, ftrace_clock_function clock, void *context);
/// The buffer's clock now.
uint64_t ftrace_buffer_now(const struct ftrace_buffer *buffer);

/// What the next append of each worker is to do out of line.
enum {
  FTRACE_WANT_CLOSE = 1,  // close the open block, unless it is empty
  FTRACE_WANT_RESYNC = 2, // write the open frames
  FTRACE_WANT_RESUME = 4, // the same, and that there was a pause before
};
void ftrace_buffer_kick(struct ftrace_buffer *buffer, uint32_t wants);
/// Writes the frames of the calling worker at an entry, the entered function's first, into its stream: a record of its own, not an event.
/// `channel` is the buffer's own channel of this worker. Called as `refill` of another sink is. Returns false, and has written nothing, if this is a signal
/// handler that has interrupted an append, or there is no room.
bool ftrace_buffer_write_stack(struct ftrace_buffer *buffer, struct ftrace_channel *channel, const struct ftrace_append *append);
/// Events from the next append of each worker on are of this epoch. In a stop, if it is to be exact.
void ftrace_buffer_set_epoch(struct ftrace_buffer *buffer, uint32_t epoch);
uint32_t ftrace_buffer_epoch(const struct ftrace_buffer *buffer);

/// Closes every channel, so that none refers to the buffer any more: before the sink goes, and when nothing that names it can run.
void ftrace_buffer_close(struct ftrace_buffer *buffer);
/// The same in the child of a fork, whose blocks are the parent's: all rings are free again. `blocks` is zero memory in their place; NULL: there is
/// none, and every event is lost, for want of a ring.
void ftrace_buffer_adopt_in_child(struct ftrace_buffer *buffer, void *blocks);

// The reader's side: one thread at a time; workers go on appending.

/// Rings that were ever used: numbers below this one.
uint32_t ftrace_buffer_rings(const struct ftrace_buffer *buffer);

/// A block that the reader has taken out of a ring.
struct ftrace_taken {
  uint32_t block;  // its number, 0: none
  uint32_t start;  // bytes that a copy has delivered before, with the head; at least FTRACE_BLOCK_HEADER_BYTES
  uint64_t address;
};
/// Takes the oldest full block of a ring out of it.
struct ftrace_taken ftrace_ring_take(struct ftrace_buffer *buffer, uint32_t ring);
/// Gives a block that was taken back to the pool.
void ftrace_buffer_give(struct ftrace_buffer *buffer, uint32_t block);
/// Takes a free block, as the reader's spare one: 0: none.
uint32_t ftrace_buffer_spare(struct ftrace_buffer *buffer);

/// How a copy went.
enum {
  FTRACE_COPY_NONE = 0,    // there is no such block
  FTRACE_COPY_DONE = 1,
  FTRACE_COPY_CHANGED = 2, // it has gone meanwhile: nothing was copied
};
/// Copies the block of a ring with the lowest sequence that is at least `*sequence`, open or full, up to the published cursor; on
/// success `*sequence` is its own, `*used` the bytes copied, head included, and `*start` where what was not delivered begins.
/// `deliver`: an open block alone; what is copied counts as read.
uint32_t ftrace_ring_copy(struct ftrace_buffer *buffer, uint32_t ring, void *to, uint64_t *sequence, uint32_t *used, uint32_t *start, bool deliver);

/// Frees the rings of ended workers that hold no block any more.
void ftrace_buffer_reclaim(struct ftrace_buffer *buffer);

/// What was lost: by cause and end, and the frames of unwound records that were overwritten.
struct ftrace_losses {
  uint64_t lost[FTRACE_LOST_CAUSES][2];
  uint64_t unwound_overwritten;
};
/// A copy of a row of the table of workers, its number 0 if it is free; nested losses up to now.
struct ftrace_worker_view {
  uint32_t worker;
  int32_t tid;
  char name[16];
  uint32_t alive;
  uint32_t ended; // by itself, not by the end of the buffer
  struct ftrace_losses losses;
};
/// What is missing, of all workers that ever were, and the rows of the first `room` rings: one reading of both, so that a worker which loses events
/// meanwhile has lost as many in its row as in the sum.
void ftrace_buffer_books(const struct ftrace_buffer *buffer, struct ftrace_losses *losses, struct ftrace_worker_view *views, uint32_t room);

/// Blocks of the pool in use: never more than `pool_blocks`.
uint32_t ftrace_buffer_blocks_in_use(const struct ftrace_buffer *buffer);
/// The errno of the first refusal of space, 0: none.
int32_t ftrace_buffer_error(const struct ftrace_buffer *buffer);
