// The reader's side: one thread at a time, while workers go on appending.
#include "buffer.h"

uint32_t ftrace_buffer_rings(const struct ftrace_buffer *buffer) {
  return atomic_load_explicit(&((struct ftrace_buffer *)buffer)->ring_count, memory_order_acquire);
}

struct ftrace_taken ftrace_ring_take(struct ftrace_buffer *buffer, uint32_t index) {
  struct ftrace_ring *const ring = ring_at(buffer, index);
  struct ftrace_taken taken = {0, FTRACE_BLOCK_HEADER_BYTES, 0};
  // Acquire: sequences of the ring's present life.
  if (!atomic_load_explicit(&ring->full, memory_order_acquire)) return taken;
  uint64_t sequence;
  const uint64_t word = ring_take_oldest(buffer, ring, &sequence);
  if (!word) return taken;
  taken.block = slot_block(word);
  taken.address = (uint64_t)block_at(buffer, taken.block);
  const uint64_t copied = atomic_load(&ring->copied);
  if (copied && copied >> 32 == (uint32_t)sequence) taken.start = (uint32_t)copied;
  atomic_fetch_sub_explicit(&ring->full, 1, memory_order_release);
  return taken;
}

void ftrace_buffer_give(struct ftrace_buffer *buffer, uint32_t block) { pool_give(buffer, block); }

uint32_t ftrace_buffer_spare(struct ftrace_buffer *buffer) {
  uint32_t cause;
  return pool_take(buffer, &cause);
}

// MARK: Copies

// Word by word: the block may change under the copy, which is then discarded.
FTRACE_UNCHECKED static void copy_words(void *to, const void *from, uint64_t bytes) {
  uint64_t *const target = to;
  const uint64_t *const source = from;
  for (uint64_t i = 0; i < bytes / 8; i++) target[i] = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
}

// Where the words of a block that is open or full end now, 0: it is neither any more.
static uint64_t published_end(struct ftrace_ring *ring, uint64_t word, const uint8_t *start, uint32_t bytes) {
  if (slot_state(word) == SLOT_FULL) {
    const uint64_t used = __atomic_load_n(&((const struct ftrace_block_header *)(const void *)start)->used, __ATOMIC_RELAXED);
    return used >= FTRACE_BLOCK_HEADER_BYTES && used <= bytes ? (uint64_t)start + used : 0;
  }
  struct ftrace_channel *const channel = atomic_load(&ring->channel);
  if (!channel) return 0;
  // Pairs with the release of the worker's cursor, which emitted code gets from the order of stores of x86.
  const uint64_t cursor = __atomic_load_n(&channel->cursor, __ATOMIC_ACQUIRE);
  return cursor >= (uint64_t)start + FTRACE_BLOCK_HEADER_BYTES && cursor <= (uint64_t)start + bytes ? cursor : 0;
}

// Whether what was copied of a slot is whole: its block has not been taken since. It may have been closed.
static bool still(uint64_t now, uint64_t word, uint64_t sequence) {
  return slot_block(now) == slot_block(word) && (slot_is(now, sequence, SLOT_OPEN) || slot_is(now, sequence, SLOT_FULL));
}

static uint32_t copy_slot(struct ftrace_buffer *buffer, struct ftrace_ring *ring, uint64_t s, uint64_t word, void *to,
                          uint32_t *used, uint32_t *from, bool deliver) {
  _Atomic(uint64_t) *const slot = &ring->slot[s % buffer->configuration.ring_blocks];
  const uint8_t *const start = block_at(buffer, slot_block(word));
  const uint64_t end = published_end(ring, word, start, buffer->configuration.block_bytes);
  if (!end) return FTRACE_COPY_CHANGED;
  const uint32_t bytes = (uint32_t)(end - (uint64_t)start);
  copy_words(to, start, bytes);
  // Words are read before the slot is looked at again; pairs with the compare-exchange that takes the block, before it is zeroed.
  atomic_thread_fence(memory_order_acquire);
  FTRACE_RACE_WINDOW();
  if (!still(atomic_load(slot), word, s)) return FTRACE_COPY_CHANGED;
  const uint64_t before = atomic_load(&ring->copied);
  *from = before && before >> 32 == (uint32_t)s ? (uint32_t)before : FTRACE_BLOCK_HEADER_BYTES;
  *used = bytes;
  if (!deliver || bytes <= *from) return FTRACE_COPY_DONE;
  uint64_t mine = s << 32 | bytes;
  atomic_store(&ring->copied, mine);
  FTRACE_RACE_WINDOW();
  // See `claim_copied`: if the block has gone and nobody took the claim, all that is in it has been counted as overwritten.
  const uint64_t earlier = *from > FTRACE_BLOCK_HEADER_BYTES ? before : 0;
  if (!still(atomic_load(slot), word, s) && atomic_compare_exchange_strong(&ring->copied, &mine, earlier))
    return FTRACE_COPY_CHANGED;
  return FTRACE_COPY_DONE;
}

uint32_t ftrace_ring_copy(struct ftrace_buffer *buffer, uint32_t index, void *to, uint64_t *sequence, uint32_t *used,
                          uint32_t *start, bool deliver) {
  struct ftrace_ring *const ring = ring_at(buffer, index);
  const uint32_t count = buffer->configuration.ring_blocks;
  const uint64_t last = atomic_load_explicit(&ring->last, memory_order_acquire);
  uint64_t s = *sequence ? *sequence : 1;
  if (last > count && s < last - count + 1) s = last - count + 1;
  if (deliver && last) {
    // The claim on an older block that is still there would be forgotten: it is to be taken first.
    const uint64_t copied = atomic_load(&ring->copied);
    if (copied && copied >> 32 != (uint32_t)last) {
      const uint64_t older = last - (uint32_t)((uint32_t)last - (uint32_t)(copied >> 32));
      if (slot_is(atomic_load(&ring->slot[older % count]), older, SLOT_FULL)) return FTRACE_COPY_CHANGED;
    }
    // The worker has closed one since the full ones were taken, and that comes first: here, or below.
    if (slot_is(atomic_load(&ring->slot[(last - 1) % count]), last - 1, SLOT_FULL)) return FTRACE_COPY_CHANGED;
    s = last;
  }
  for (; s && s <= last; s++) {
    const uint64_t word = atomic_load_explicit(&ring->slot[s % count], memory_order_acquire);
    if (deliver && slot_is(word, s, SLOT_FULL)) return FTRACE_COPY_CHANGED;
    if (!slot_is(word, s, SLOT_OPEN) && (deliver || !slot_is(word, s, SLOT_FULL))) continue;
    *sequence = s;
    return copy_slot(buffer, ring, s, word, to, used, start, deliver);
  }
  return FTRACE_COPY_NONE;
}

void ftrace_buffer_reclaim(struct ftrace_buffer *buffer) {
  const uint32_t count = ftrace_buffer_rings(buffer);
  for (uint32_t i = 0; i < count; i++) ring_reclaim(buffer, ring_at(buffer, i));
}

// MARK: Losses

static void view_worker(const struct ftrace_buffer *buffer, uint32_t index, struct ftrace_worker_view *view) {
  struct ftrace_ring *const ring = ring_at(buffer, index);
  struct ftrace_worker_entry *const entry = ring->entry;
  *view = (struct ftrace_worker_view){0};
  const uint32_t worker = __atomic_load_n(&entry->worker, __ATOMIC_ACQUIRE);
  if (!worker) return;
  view->tid = entry->tid;
  for (size_t i = 0; i < sizeof entry->name; i++) view->name[i] = entry->name[i];
  view->ended = entry->ended;
  struct ftrace_channel *const channel = atomic_load(&ring->channel);
  view->alive = channel != NULL;
  for (uint32_t end = 0; end < 2; end++) {
    for (uint32_t cause = 0; cause < FTRACE_LOST_CAUSES; cause++)
      view->losses.lost[cause][end] = atomic_load(&entry->lost[cause][end]);
    if (!channel) continue;
    const uint64_t nested = __atomic_load_n(&channel->lost_nested[end], __ATOMIC_RELAXED);
    // The channel may have been closed, and belong to another by now.
    if (atomic_load(&ring->channel) == channel && nested > view->losses.lost[FTRACE_LOST_NESTED][end])
      view->losses.lost[FTRACE_LOST_NESTED][end] = nested;
  }
  view->losses.unwound_overwritten = atomic_load(&entry->unwound_overwritten);
  if (__atomic_load_n(&entry->worker, __ATOMIC_ACQUIRE) == worker) view->worker = worker;
}

void ftrace_buffer_books(const struct ftrace_buffer *constant, struct ftrace_losses *losses, struct ftrace_worker_view *views,
                         uint32_t room) {
  struct ftrace_buffer *const buffer = (struct ftrace_buffer *)constant;
  // Again, if a ring's losses moved to the buffer's meanwhile: they would be seen twice, or not at all.
  for (int attempt = 0; attempt < 1000; attempt++) {
    *losses = (struct ftrace_losses){0};
    const uint64_t ended = atomic_load(&buffer->folds_ended);
    if (atomic_load(&buffer->folds_begun) != ended) continue;
    for (uint32_t cause = 0; cause < FTRACE_LOST_CAUSES; cause++)
      for (uint32_t end = 0; end < 2; end++) losses->lost[cause][end] = atomic_load(&buffer->others->lost[cause][end]);
    for (uint32_t end = 0; end < 2; end++)
      losses->lost[FTRACE_LOST_MEMORY][end] += atomic_load(&buffer->sink.lost_without_block[end]);
    losses->unwound_overwritten = atomic_load(&buffer->others->unwound_overwritten);
    const uint32_t count = ftrace_buffer_rings(buffer);
    for (uint32_t i = 0; i < count; i++) {
      struct ftrace_worker_view view;
      view_worker(buffer, i, &view);
      for (uint32_t cause = 0; cause < FTRACE_LOST_CAUSES; cause++)
        for (uint32_t end = 0; end < 2; end++) losses->lost[cause][end] += view.losses.lost[cause][end];
      losses->unwound_overwritten += view.losses.unwound_overwritten;
      if (i < room) views[i] = view;
    }
    for (uint32_t i = count; i < room; i++) views[i] = (struct ftrace_worker_view){0};
    if (atomic_load(&buffer->folds_begun) == ended) return;
  }
}
