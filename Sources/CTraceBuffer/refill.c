// The way out of the fast path: the worker's own side of its ring.
#include "ftrace_sabotage.h"

#include "buffer.h"
#include "ftrace_graph.h"

static WRITER uint64_t channel_cursor(const struct ftrace_channel *channel) {
  return __atomic_load_n(&channel->cursor, __ATOMIC_RELAXED);
}
static WRITER void set_cursor(struct ftrace_channel *channel, uint64_t cursor) {
  // Pairs with the acquire load of a reader that copies the open block: the words below the cursor are written.
  __atomic_store_n(&channel->cursor, cursor, __ATOMIC_RELEASE);
}

static WRITER void count_lost(struct ftrace_ring *ring, uint32_t cause, uint32_t end) {
  if (end == FTRACE_END_NONE) return;
  ring->pending[cause][end]++;
  ring->gap = 1;
  // The worker alone adds to this cause, so a load and a store do.
  _Atomic(uint64_t) *total = &ring->entry->lost[cause][end];
  atomic_store_explicit(total, atomic_load_explicit(total, memory_order_relaxed) + 1, memory_order_relaxed);
}

static WRITER uint64_t nested(const struct ftrace_channel *channel, uint32_t end) {
  return __atomic_load_n(&channel->lost_nested[end], __ATOMIC_RELAXED);
}
static WRITER bool nested_is_due(const struct ftrace_ring *ring, const struct ftrace_channel *channel) {
  return nested(channel, 0) != ring->nested_written[0] || nested(channel, 1) != ring->nested_written[1];
}

// Sequentially consistent, as the store: whoever sees a channel that was kicked for an epoch sees the epoch.
static WRITER uint32_t epoch_of(struct ftrace_buffer *buffer) { return atomic_load(&buffer->epoch); }

// MARK: Blocks

enum {
  // What the end of a worker writes behind the last append: what its signal handlers made, and that no frame is open.
  END_WORDS = 2 * 2 + 1,
};

// Publishes the open block as full, with `cursor` where it ends.
static WRITER void close_open(struct ftrace_buffer *buffer, struct ftrace_ring *ring, struct ftrace_channel *channel) {
  struct ftrace_block_header *header = header_of(ring->open);
  __atomic_store_n(&header->used, (uint32_t)(channel_cursor(channel) - (uint64_t)ring->open), __ATOMIC_RELAXED);
  const uint64_t sequence = header->sequence;
  atomic_fetch_add_explicit(&ring->full, 1, memory_order_relaxed);
  FTRACE_RACE_WINDOW();
  uint64_t word = slot_word(sequence, ring->open_block, SLOT_OPEN);
  // Release pairs with the acquire of whoever takes the block. Nobody else moves an open slot, so this cannot fail.
  atomic_compare_exchange_strong_explicit(&ring->slot[sequence % buffer->configuration.ring_blocks], &word,
                                          slot_word(sequence, ring->open_block, SLOT_FULL), memory_order_acq_rel,
                                          memory_order_relaxed);
  ring->open = NULL;
}

// Takes the oldest block of the ring that has most, an ended worker's first: what keeps workers that begin late from finding nothing.
static WRITER uint32_t steal(struct ftrace_buffer *buffer) {
  for (int attempt = 0; attempt < 8; attempt++) {
    struct ftrace_ring *richest = NULL;
    uint32_t most = 0;
    bool dead = false;
    const uint32_t count = atomic_load_explicit(&buffer->ring_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
      struct ftrace_ring *const ring = ring_at(buffer, i);
      const uint32_t state = atomic_load_explicit(&ring->state, memory_order_relaxed);
      const uint32_t full = atomic_load_explicit(&ring->full, memory_order_relaxed);
      if (full > most || (full && full == most && state == RING_DEAD && !dead)) {
        richest = ring;
        most = full;
        dead = state == RING_DEAD;
      }
    }
    if (!richest) return 0;
    uint64_t sequence;
    const uint64_t word = ring_take_oldest(buffer, richest, &sequence);
    if (!word) continue;
    ring_count_overwritten(buffer, richest, slot_block(word), sequence);
    atomic_fetch_sub_explicit(&richest->full, 1, memory_order_release);
    return slot_block(word);
  }
  return 0;
}

// A block for the sequence that follows, 0: none, and the cause.
static WRITER uint32_t find_block(struct ftrace_buffer *buffer, struct ftrace_ring *ring, uint64_t sequence,
                                  uint32_t *cause) {
  const bool overwrite = buffer->configuration.mode == FTRACE_MODE_OVERWRITE;
  _Atomic(uint64_t) *const slot = &ring->slot[sequence % buffer->configuration.ring_blocks];
  uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
  if (slot_state(word) == SLOT_FULL) {
    if (!overwrite) {
      *cause = FTRACE_LOST_FULL;
      return 0;
    }
    FTRACE_RACE_WINDOW();
    // Sequentially consistent: pairs with the reader's store of `copied` and its second look at this word.
    if (atomic_compare_exchange_strong(slot, &word, SLOT_EMPTY)) {
      ring_count_overwritten(buffer, ring, slot_block(word), sequence - buffer->configuration.ring_blocks);
      atomic_fetch_sub_explicit(&ring->full, 1, memory_order_release);
      return slot_block(word);
    }
    // A reader was quicker: the slot is empty.
  }
  uint32_t block = pool_take(buffer, cause);
  if (!block && overwrite) block = steal(buffer);
  return block;
}

static WRITER void zero(uint8_t *start, uint64_t bytes) {
  uint64_t words = bytes / 8;
  __asm__ volatile("rep stosq" : "+D"(start), "+c"(words) : "a"(0) : "memory");
}

static WRITER bool open_next(struct ftrace_buffer *buffer, struct ftrace_ring *ring, struct ftrace_channel *channel,
                             uint64_t now, uint32_t epoch, uint32_t *cause) {
  const uint64_t sequence = atomic_load_explicit(&ring->last, memory_order_relaxed) + 1;
  const uint32_t block = find_block(buffer, ring, sequence, cause);
  if (!block) return false;
  const uint32_t bytes = buffer->configuration.block_bytes;
  uint8_t *const start = block_at(buffer, block);
  struct ftrace_block_header *const header = header_of(start);
  __atomic_store_n(&header->magic, 0, __ATOMIC_RELAXED);
  __atomic_signal_fence(__ATOMIC_SEQ_CST); // a process that is killed leaves no head of one block above words of another
  // In a file a zero word is where an open block ends. In memory its reader has the cursor, so the head alone is zeroed: it costs every
  // event some tenths of a nanosecond.
  zero(start, buffer->configuration.file >= 0 ? bytes : FTRACE_BLOCK_HEADER_BYTES);
  header->kind = FTRACE_BLOCK_EVENTS;
  header->worker = ring->entry->worker;
  header->sequence = sequence;
  header->clock = now;
  header->epoch = ring->epoch = epoch;
  header->tid = ring->entry->tid;
  for (uint32_t end = 0; end < 2; end++) {
    uint64_t lost = nested(channel, end);
    for (uint32_t i = FTRACE_LOST_NESTED + 1; i < FTRACE_LOST_CAUSES; i++)
      lost += atomic_load_explicit(&ring->entry->lost[i][end], memory_order_relaxed);
    header->lost[end] = lost;
  }
  __atomic_store_n(&header->magic, FTRACE_BLOCK_MAGIC, __ATOMIC_RELEASE);
  ring->open = start;
  ring->open_block = block;
  ring->end = (uint64_t)start + bytes - 8 * (FTRACE_APPEND_WORDS + END_WORDS);
  channel->high = (uint32_t)(now >> 32);
  set_cursor(channel, (uint64_t)start + FTRACE_BLOCK_HEADER_BYTES);
  FTRACE_RACE_WINDOW();
  uint64_t empty = SLOT_EMPTY;
  // Pairs with the reader's acquire: whoever sees the slot open sees the head and the cursor. Only the worker fills an empty slot.
  atomic_compare_exchange_strong_explicit(&ring->slot[sequence % buffer->configuration.ring_blocks], &empty,
                                          slot_word(sequence, block, SLOT_OPEN), memory_order_acq_rel,
                                          memory_order_relaxed);
  atomic_store_explicit(&ring->last, sequence, memory_order_release);
  return true;
}

// MARK: Records

static WRITER uint64_t *write_loss(uint64_t *cursor, uint32_t cause, uint32_t end, uint64_t count) {
  *cursor++ = FTRACE_WORD((cause << 1 | end) << 4 | FTRACE_WORD_LOSS, 1);
  *cursor++ = count;
  return cursor;
}

// What follows is of another epoch of the code.
static WRITER void write_epoch(struct ftrace_ring *ring, struct ftrace_channel *channel, uint32_t epoch) {
  uint64_t *const cursor = (uint64_t *)channel_cursor(channel);
  *cursor = FTRACE_WORD(FTRACE_WORD_EPOCH, epoch);
  ring->epoch = epoch;
  set_cursor(channel, (uint64_t)(cursor + 1));
}

// What was lost since the last such record.
static WRITER uint64_t *write_losses(struct ftrace_ring *ring, struct ftrace_channel *channel, uint64_t *cursor) {
  for (uint32_t end = 0; end < 2; end++) {
    // A handler may come between: what it adds is seen by the next round.
    const uint64_t count = nested(channel, end);
    if (count != ring->nested_written[end])
      cursor = write_loss(cursor, FTRACE_LOST_NESTED, end, count - ring->nested_written[end]);
    ring->nested_written[end] = count;
    atomic_store_explicit(&ring->entry->lost[FTRACE_LOST_NESTED][end], count, memory_order_relaxed);
    for (uint32_t cause = FTRACE_LOST_NESTED + 1; cause < FTRACE_LOST_CAUSES; cause++) {
      if (!ring->pending[cause][end]) continue;
      cursor = write_loss(cursor, cause, end, ring->pending[cause][end]);
      ring->pending[cause][end] = 0;
    }
  }
  return cursor;
}

// That, and the frames that are open now.
static WRITER void write_gap(struct ftrace_buffer *buffer, struct ftrace_ring *ring, struct ftrace_channel *channel,
                             const struct ftrace_append *append) {
  uint64_t *cursor = write_losses(ring, channel, (uint64_t *)channel_cursor(channel));
  if (append->sp) {
    uint64_t *const head = cursor;
    cursor = buffer->graph ? graph_resync(buffer, channel, cursor) : words_resync(buffer, cursor, append);
    if (ring->paused) *head |= FTRACE_WORD(FTRACE_FRAMES_PAUSED << 4, 0);
  }
  ring->gap = ring->paused = 0;
  set_cursor(channel, (uint64_t)cursor);
}

enum {
  // The carry, the epoch, a loss record for each cause and end, a resync.
  GAP_WORDS = 2 + 2 * 2 * FTRACE_LOST_CAUSES + 1 + FTRACE_RESYNC_FRAMES,
};
_Static_assert(8 * (GAP_WORDS + FTRACE_APPEND_WORDS + END_WORDS) + FTRACE_BLOCK_HEADER_BYTES < FTRACE_BLOCK_MINIMUM,
               "a fresh block has room for all that refill writes, and an append");

// MARK: Refill

static WRITER uint32_t lose(struct ftrace_ring *ring, struct ftrace_channel *channel, uint32_t cause, uint32_t end) {
  count_lost(ring, cause, end);
  set_cursor(channel, 0);
  atomic_store_explicit(&channel->limit, 0, memory_order_relaxed);
  return 0;
}

WRITER uint32_t buffer_refill(struct ftrace_sink *sink, struct ftrace_channel *channel,
                              const struct ftrace_append *append) {
  struct ftrace_buffer *const buffer = (struct ftrace_buffer *)sink;
#if FTRACE_DELAYS
  static _Atomic(uint32_t) appends;
  if (ftrace_sabotaged(FTRACE_SABOTAGE_LOSE_EVENT) && !(atomic_fetch_add(&appends, 1) & 15)) return 0;
#endif
  struct ftrace_ring *ring = channel->sink == sink ? channel->ring : NULL;
  if (!ring) ring = ring_adopt(buffer, channel);
  if (!ring) {
    if (append->end != FTRACE_END_NONE)
      atomic_fetch_add_explicit(&buffer->others->lost[FTRACE_LOST_WORKERS][append->end], 1, memory_order_relaxed);
    return 0;
  }
  for (;;) {
    const uint32_t wants = atomic_exchange(&ring->wants, 0);
    const uint32_t epoch = epoch_of(buffer);
    const uint64_t now = buffer->clock(buffer->clock_context);
    if (wants & (FTRACE_WANT_RESYNC | FTRACE_WANT_RESUME)) ring->gap = 1;
    if (wants & FTRACE_WANT_RESUME) ring->paused = 1;
    const bool gap = ring->gap || nested_is_due(ring, channel);
    if (ring->open) {
      struct ftrace_block_header *const header = header_of(ring->open);
      const uint64_t cursor = channel_cursor(channel);
      const bool empty = cursor == (uint64_t)ring->open + FTRACE_BLOCK_HEADER_BYTES;
      if (empty) {
        __atomic_store_n(&header->epoch, ring->epoch = epoch, __ATOMIC_RELAXED);
        if (!gap && cursor < ring->end) __atomic_store_n(&header->clock, now, __ATOMIC_RELAXED), channel->high = (uint32_t)(now >> 32);
      } else if (cursor >= ring->end || wants & FTRACE_WANT_CLOSE
                 || ((gap || ring->epoch != epoch) && cursor + 8 * GAP_WORDS > ring->end)) {
        close_open(buffer, ring, channel);
      }
    }
    if (!ring->open) {
      uint32_t cause;
      if (!open_next(buffer, ring, channel, now, epoch, &cause)) return lose(ring, channel, cause, append->end);
      // What precedes the block may be overwritten by the time that it is read.
      if (buffer->configuration.mode == FTRACE_MODE_OVERWRITE) ring->gap = 1;
    }
    if ((uint32_t)(now >> 32) != channel->high) {
      uint64_t *const cursor = (uint64_t *)channel_cursor(channel);
      *cursor = FTRACE_WORD(FTRACE_WORD_CARRY, (uint32_t)(now >> 32));
      channel->high = (uint32_t)(now >> 32);
      set_cursor(channel, (uint64_t)(cursor + 1));
    }
    if (ring->epoch != epoch) write_epoch(ring, channel, epoch);
    if (ring->gap || nested_is_due(ring, channel)) write_gap(buffer, ring, channel, append);
    FTRACE_RACE_WINDOW();
    // A kick sets `wants`, or counts a nested event, and then stores 0 into the limit. Either that store comes after this one and stays,
    // or what went before it is seen below.
    atomic_store(&channel->limit, ring->end);
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load(&ring->wants) && !nested_is_due(ring, channel)
        && epoch_of(buffer) == ring->epoch && channel_cursor(channel) < ring->end)
      return 1;
  }
}

// MARK: Stacks

WRITER bool ftrace_buffer_write_stack(struct ftrace_buffer *buffer, struct ftrace_channel *channel,
                                      const struct ftrace_append *append) {
  enum { WORDS = 2 + FTRACE_STACK_RECORD_FRAMES };
  _Static_assert(8 * (GAP_WORDS + WORDS + FTRACE_APPEND_WORDS + END_WORDS) + FTRACE_BLOCK_HEADER_BYTES < FTRACE_BLOCK_MINIMUM,
                 "a fresh block has room for all that refill writes, and a stack");
  if (channel->busy) return false;
  channel->busy = 1;
  atomic_signal_fence(memory_order_seq_cst);
  const struct ftrace_append place = {.sp = append->sp, .rbp = append->rbp, .end = FTRACE_END_NONE};
  bool written = false;
  if (!buffer->graph || channel->scratch || (channel->scratch = ftrace_shadow_take(&buffer->graph->shadows))) {
    uint32_t ready = buffer_refill(&buffer->sink, channel, &place);
    if (ready && channel_cursor(channel) + 8 * WORDS > ((struct ftrace_ring *)channel->ring)->end) {
      atomic_fetch_or(&((struct ftrace_ring *)channel->ring)->wants, FTRACE_WANT_CLOSE);
      ready = buffer_refill(&buffer->sink, channel, &place);
    }
    if (ready) {
      uint64_t *const cursor = (uint64_t *)channel_cursor(channel);
      set_cursor(channel, (uint64_t)words_stack(buffer, cursor, append, buffer->clock(buffer->clock_context)));
      written = true;
    }
  }
  atomic_signal_fence(memory_order_seq_cst);
  channel->busy = 0;
  return written;
}

// MARK: Frames that end without an exit

WRITER void buffer_unwound(struct ftrace_sink *sink, struct ftrace_channel *channel,
                           const struct ftrace_append *append) {
  struct ftrace_buffer *const buffer = (struct ftrace_buffer *)sink;
  struct ftrace_ring *const ring = channel->ring;
  if (!ring) return;
  if (ring->open && channel_cursor(channel) + 8 * GAP_WORDS <= ring->end) {
    const uint32_t epoch = epoch_of(buffer);
    if (ring->epoch != epoch) write_epoch(ring, channel, epoch);
    write_gap(buffer, ring, channel, append);
    return;
  }
  // In this order: pairs with the end of `buffer_refill`.
  atomic_fetch_or(&ring->wants, FTRACE_WANT_RESYNC);
  ftrace_channel_kick(channel);
}

WRITER void buffer_end_channel(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  struct ftrace_buffer *const buffer = (struct ftrace_buffer *)sink;
  struct ftrace_ring *const ring = channel->sink == sink ? channel->ring : NULL;
  // A worker that has a stream, and lost its last events, says so if there is room again.
  uint32_t cause;
  if (ring && !ring->open && atomic_load_explicit(&ring->last, memory_order_relaxed))
    open_next(buffer, ring, channel, buffer->clock(buffer->clock_context), epoch_of(buffer), &cause);
  if (ring && ring->open) {
    uint64_t *cursor = write_losses(ring, channel, (uint64_t *)channel_cursor(channel));
    *cursor++ = FTRACE_WORD(FTRACE_WORD_RESYNC, 0);
    set_cursor(channel, (uint64_t)cursor);
  }
  if (ring) ring->entry->ended = 1;
  buffer_close_channel(sink, channel);
}

WRITER void buffer_close_channel(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  struct ftrace_buffer *const buffer = (struct ftrace_buffer *)sink;
  struct ftrace_ring *const ring = channel->sink == sink ? channel->ring : NULL;
  if (ring) {
    if (ring->open) close_open(buffer, ring, channel);
    for (uint32_t end = 0; end < 2; end++)
      atomic_store_explicit(&ring->entry->lost[FTRACE_LOST_NESTED][end], nested(channel, end), memory_order_relaxed);
    atomic_store(&ring->channel, NULL);
    FTRACE_RACE_WINDOW();
    // From here on the ring is whoever's who takes its last block.
    atomic_store_explicit(&ring->state, RING_DEAD, memory_order_release);
  } else {
    for (uint32_t end = 0; end < 2; end++)
      atomic_fetch_add_explicit(&buffer->others->lost[FTRACE_LOST_NESTED][end], nested(channel, end), memory_order_relaxed);
  }
  channel->ring = NULL;
  channel->scratch = NULL;
  channel->sink = NULL;
  channel->lost_nested[0] = channel->lost_nested[1] = 0;
  set_cursor(channel, 0);
  atomic_store_explicit(&channel->limit, 0, memory_order_relaxed);
}
