// Rings from their workers' first events to the day when their last block has been read.
#include <sys/syscall.h>

#include "buffer.h"

// The upper bits of `first` say which life of the ring it is of: a late compare-exchange must not move the next one's.
enum { LIFE_SHIFT = 48 };
static const uint64_t sequence_mask = (UINT64_C(1) << LIFE_SHIFT) - 1;

WRITER uint64_t ring_take_oldest(struct ftrace_buffer *buffer, struct ftrace_ring *ring, uint64_t *sequence) {
  const uint32_t count = buffer->configuration.ring_blocks;
  uint64_t first = atomic_load_explicit(&ring->first, memory_order_acquire);
  const uint64_t last = atomic_load_explicit(&ring->last, memory_order_acquire);
  uint64_t s = first & sequence_mask;
  if (last > count && s < last - count + 1) s = last - count + 1;
  for (; s <= last; s++) {
    _Atomic(uint64_t) *const slot = &ring->slot[s % count];
    uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
    if (!slot_is(word, s, SLOT_FULL)) continue;
    FTRACE_RACE_WINDOW();
    // Sequentially consistent, as the worker's own taking of its oldest block.
    if (!atomic_compare_exchange_strong(slot, &word, SLOT_EMPTY)) continue;
    atomic_compare_exchange_strong_explicit(&ring->first, &first, (first & ~sequence_mask) | (s + 1),
                                            memory_order_release, memory_order_relaxed);
    *sequence = s;
    return word;
  }
  return 0;
}

// How many bytes of a block that was just taken have been delivered by a copy. A copy and an overwriter decide by this exchange whose the
// words are: the copier stores its claim, and then looks whether the block is still there; the overwriter takes the block, and then the claim.
static WRITER uint32_t claim_copied(struct ftrace_ring *ring, uint64_t sequence) {
  uint64_t copied = atomic_load(&ring->copied);
  while (copied && copied >> 32 == (uint32_t)sequence)
    if (atomic_compare_exchange_strong(&ring->copied, &copied, 0)) return (uint32_t)copied;
  return FTRACE_BLOCK_HEADER_BYTES;
}

WRITER void ring_count_overwritten(struct ftrace_buffer *buffer, struct ftrace_ring *ring, uint32_t block,
                                   uint64_t sequence) {
  FTRACE_RACE_WINDOW();
  uint8_t *const start = block_at(buffer, block);
  const uint32_t from = claim_copied(ring, sequence);
  struct ftrace_word_counts counts = {{0, 0}, 0};
  words_count((const uint64_t *)(start + from), (const uint64_t *)(start + header_of(start)->used), &counts);
  for (uint32_t end = 0; end < 2; end++)
    atomic_fetch_add_explicit(&ring->entry->lost[FTRACE_LOST_OVERWRITTEN][end], counts.events[end], memory_order_relaxed);
  atomic_fetch_add_explicit(&ring->entry->unwound_overwritten, counts.unwound, memory_order_relaxed);
}

static WRITER void fold(struct ftrace_buffer *buffer, struct ftrace_ring *ring) {
  atomic_fetch_add(&buffer->folds_begun, 1);
  for (uint32_t cause = 0; cause < FTRACE_LOST_CAUSES; cause++)
    for (uint32_t end = 0; end < 2; end++)
      atomic_fetch_add(&buffer->others->lost[cause][end], atomic_exchange(&ring->entry->lost[cause][end], 0));
  atomic_fetch_add(&buffer->others->unwound_overwritten, atomic_exchange(&ring->entry->unwound_overwritten, 0));
  atomic_fetch_add(&buffer->folds_ended, 1);
}

// With the ring TAKEN: nothing refers to it.
static WRITER void clear(struct ftrace_buffer *buffer, struct ftrace_ring *ring) {
  fold(buffer, ring);
  __atomic_store_n(&ring->entry->worker, 0, __ATOMIC_RELEASE);
}

WRITER bool ring_reclaim(struct ftrace_buffer *buffer, struct ftrace_ring *ring) {
  uint32_t state = RING_DEAD;
  // Acquire: whoever took a block counted what was in it before it lowered the number of full ones.
  if (atomic_load_explicit(&ring->state, memory_order_acquire) != RING_DEAD
      || atomic_load_explicit(&ring->full, memory_order_acquire)
      || !atomic_compare_exchange_strong(&ring->state, &state, RING_TAKEN))
    return false;
  clear(buffer, ring);
  atomic_store_explicit(&ring->state, RING_FREE, memory_order_release);
  return true;
}

// MARK: Adoption

static WRITER bool take_free(struct ftrace_ring *ring) {
  uint32_t state = RING_FREE;
  return atomic_load_explicit(&ring->state, memory_order_relaxed) == RING_FREE
         && atomic_compare_exchange_strong(&ring->state, &state, RING_TAKEN);
}

// Overwrites what an ended worker left, the one that ended with the least number first.
static WRITER bool empty_one(struct ftrace_buffer *buffer) {
  struct ftrace_ring *oldest = NULL;
  const uint32_t count = atomic_load_explicit(&buffer->ring_count, memory_order_acquire);
  for (uint32_t i = 0; i < count; i++) {
    struct ftrace_ring *const ring = ring_at(buffer, i);
    if (atomic_load_explicit(&ring->state, memory_order_acquire) == RING_DEAD
        && (!oldest || ring->entry->worker < oldest->entry->worker))
      oldest = ring;
  }
  if (!oldest) return false;
  uint64_t sequence, word;
  while ((word = ring_take_oldest(buffer, oldest, &sequence))) {
    ring_count_overwritten(buffer, oldest, slot_block(word), sequence);
    pool_give(buffer, slot_block(word));
    atomic_fetch_sub_explicit(&oldest->full, 1, memory_order_release);
  }
  return true;
}

static WRITER struct ftrace_ring *find_free(struct ftrace_buffer *buffer) {
  const uint32_t most = buffer->configuration.max_workers;
  for (int attempt = 0; attempt < 4; attempt++) {
    uint32_t count = atomic_load_explicit(&buffer->ring_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
      struct ftrace_ring *const ring = ring_at(buffer, i);
      if (take_free(ring) || (ring_reclaim(buffer, ring) && take_free(ring))) return ring;
    }
    while (count < most)
      if (atomic_compare_exchange_weak(&buffer->ring_count, &count, count + 1)) {
        if (take_free(ring_at(buffer, count))) return ring_at(buffer, count);
        break; // another found it first
      }
    if (buffer->configuration.mode != FTRACE_MODE_OVERWRITE || !empty_one(buffer)) return NULL;
  }
  return NULL;
}

static WRITER int32_t thread_id(const struct ftrace_thread *self) {
  if (self->tid) return self->tid;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(SYS_gettid) : "rcx", "r11", "memory");
  return (int32_t)result;
}

WRITER struct ftrace_ring *ring_adopt(struct ftrace_buffer *buffer, struct ftrace_channel *channel) {
  struct ftrace_ring *const ring = find_free(buffer);
  if (!ring) return NULL;
  const uint32_t count = buffer->configuration.ring_blocks;
  for (uint32_t i = 0; i < count; i++) atomic_store_explicit(&ring->slot[i], SLOT_EMPTY, memory_order_relaxed);
  const uint64_t life = (atomic_load_explicit(&ring->first, memory_order_relaxed) >> LIFE_SHIFT) + 1;
  atomic_store_explicit(&ring->last, 0, memory_order_relaxed);
  atomic_store_explicit(&ring->first, life << LIFE_SHIFT | 1, memory_order_relaxed);
  atomic_store_explicit(&ring->copied, 0, memory_order_relaxed);
  atomic_store_explicit(&ring->wants, 0, memory_order_relaxed);
  ring->open = NULL;
  ring->gap = 1;
  ring->paused = 0;
  for (uint32_t end = 0; end < 2; end++) {
    ring->nested_written[end] = 0;
    for (uint32_t cause = 0; cause < FTRACE_LOST_CAUSES; cause++) ring->pending[cause][end] = 0;
  }
  const struct ftrace_thread *const self = ftrace_thread_self();
  ring->entry->tid = thread_id(self);
  for (uint32_t i = 0; i < sizeof ring->entry->name; i++) ring->entry->name[i] = self->name[i];
  ring->entry->ended = 0;
  // Release pairs with the reader's acquire: whoever sees the number sees the name.
  __atomic_store_n(&ring->entry->worker, atomic_fetch_add_explicit(&buffer->workers, 1, memory_order_relaxed) + 1,
                   __ATOMIC_RELEASE);
  channel->sink = &buffer->sink;
  channel->ring = ring;
  atomic_store(&ring->channel, channel);
  atomic_store_explicit(&ring->state, RING_LIVE, memory_order_release);
  return ring;
}
