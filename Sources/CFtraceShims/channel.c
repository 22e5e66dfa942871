#include "ftrace_channel.h"

#include "ftrace_channel_thread.h"
#include "ftrace_delay.h"
#include "ftrace_domain.h"
#include "ftrace_syscalls.h"

// All blocks of each runtime, newest first. A block stays in its list until the runtime goes; `tid` says whether a worker has it.
static struct ftrace_worker_block *_Atomic blocks[FTRACE_RUNTIME_SLOTS];

enum { BLOCK_BYTES = (sizeof(struct ftrace_worker_block) + 4095) & ~4095 };

static struct ftrace_worker_block *claim(uint32_t slot, int32_t tid) {
  // Pairs with the release stores in `ftrace_channels_close` and below: what is claimed is empty.
  struct ftrace_worker_block *block = atomic_load_explicit(&blocks[slot], memory_order_acquire);
  for (; block; block = block->next) {
    int32_t nobody = 0;
    if (atomic_compare_exchange_strong_explicit(&block->tid, &nobody, tid, memory_order_acquire, memory_order_relaxed))
      return block;
  }
  const long start = ftrace_sys_mmap(0, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start < 0 && start > -4096) return NULL;
  block = (struct ftrace_worker_block *)start;
  atomic_store_explicit(&block->tid, tid, memory_order_relaxed);
  struct ftrace_worker_block *head = atomic_load_explicit(&blocks[slot], memory_order_relaxed);
  do block->next = head;
  while (!atomic_compare_exchange_weak_explicit(&blocks[slot], &head, block, memory_order_release, memory_order_relaxed));
  return block;
}

// The worker's block of a runtime, made if need be. A signal handler may be here as well: the first to store its block wins.
static struct ftrace_worker_block *block_of_self(struct ftrace_thread *self, uint32_t slot) {
  struct ftrace_worker_block *block = atomic_load_explicit(&self->runtime[slot], memory_order_relaxed);
  if (block) return block;
  block = claim(slot, self->tid);
  if (!block) return NULL;
  for (size_t i = 0; i < sizeof block->name; i++) block->name[i] = self->name[i];
  FTRACE_RACE_WINDOW();
  struct ftrace_worker_block *present = NULL;
  if (atomic_compare_exchange_strong_explicit(&self->runtime[slot], &present, block, memory_order_relaxed,
                                              memory_order_relaxed))
    return block;
  atomic_store_explicit(&block->tid, 0, memory_order_release);
  return present;
}

// What compiled bodies call is a part of them: no worker is stopped in it, or it would be held between its site and its tracer. Before
// it is busy, and after, the functions lie where no worker is stopped (ftrace_territory.h), and call nothing.
#define PART_OF_A_BODY __attribute__((section("ftrace_recorder"), noinline))

// A part of its caller in every build. A handler that runs in between restores the word.
FTRACE_AS_CALLER uint32_t begin_busy(struct ftrace_thread *self) {
  const uint32_t busy = atomic_load_explicit(&self->busy, memory_order_relaxed);
  atomic_store_explicit(&self->busy, busy + 1, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  return busy;
}

FTRACE_AS_CALLER void end_busy(struct ftrace_thread *self, uint32_t busy) {
  atomic_signal_fence(memory_order_seq_cst);
  atomic_store_explicit(&self->busy, busy, memory_order_relaxed);
}

PART_OF_A_BODY uint32_t ftrace_append_slow(struct ftrace_sink *sink, const struct ftrace_append *append) {
  struct ftrace_thread *self = &ftrace_thread_block;
  // No stop falls into what follows: it changes what belongs to the worker.
  const uint32_t busy = begin_busy(self);
  const int error = errno;
  uint32_t again = 0;
  struct ftrace_worker_block *block = block_of_self(self, sink->slot);
  if (block) {
    struct ftrace_channel *channel = &block->channel[sink->ops];
    // From here on what a signal handler calls is counted. It was given back empty, so what is counted by now is the new sink's.
    channel->busy = 1;
    atomic_signal_fence(memory_order_seq_cst);
    if (channel->sink != sink) channel->sink = sink;
    again = sink->refill(sink, channel, append);
    atomic_signal_fence(memory_order_seq_cst);
    channel->busy = 0;
  } else {
    atomic_fetch_add_explicit(&sink->lost_without_block[append->end], 1, memory_order_relaxed);
  }
  errno = error;
  end_busy(self, busy);
  return again;
}

PART_OF_A_BODY uint64_t ftrace_monotonic(void) {
  struct ftrace_thread *self = &ftrace_thread_block;
  const uint32_t busy = begin_busy(self);
  const uint64_t now = ftrace_clock_nanoseconds(CLOCK_MONOTONIC);
  end_busy(self, busy);
  return now;
}

void ftrace_channels_close(struct ftrace_thread *thread) {
  for (uint32_t slot = 0; slot < FTRACE_RUNTIME_SLOTS; slot++) {
    struct ftrace_worker_block *block = atomic_load_explicit(&thread->runtime[slot], memory_order_relaxed);
    if (!block) continue;
    for (uint32_t ops = 0; ops < FTRACE_OPS_SLOTS; ops++) {
      struct ftrace_channel *channel = &block->channel[ops];
      if (channel->sink && channel->sink->close) channel->sink->close(channel->sink, channel);
      *channel = (struct ftrace_channel){0};
    }
    atomic_store_explicit(&thread->runtime[slot], NULL, memory_order_relaxed);
    // Pairs with the claim: whoever takes the block finds it empty.
    atomic_store_explicit(&block->tid, 0, memory_order_release);
  }
}

void ftrace_channels_unwound(const struct ftrace_append *append) {
  struct ftrace_thread *const self = &ftrace_thread_block;
  const uint32_t busy = atomic_load_explicit(&self->busy, memory_order_relaxed);
  atomic_store_explicit(&self->busy, busy + 1, memory_order_relaxed);
  for (uint32_t slot = 0; slot < FTRACE_RUNTIME_SLOTS; slot++) {
    struct ftrace_worker_block *block = atomic_load_explicit(&self->runtime[slot], memory_order_relaxed);
    if (!block) continue;
    for (uint32_t ops = 0; ops < FTRACE_OPS_SLOTS; ops++) {
      struct ftrace_channel *const channel = &block->channel[ops];
      // A handler was left that had interrupted an append, which will not be completed: of which end it was is not known.
      if (channel->busy) channel->lost_nested[FTRACE_END_ENTRY]++;
      channel->busy = 1;
      atomic_signal_fence(memory_order_seq_cst);
      if (channel->sink && channel->sink->unwound) channel->sink->unwound(channel->sink, channel, append);
      atomic_signal_fence(memory_order_seq_cst);
      channel->busy = 0;
    }
  }
  atomic_signal_fence(memory_order_seq_cst);
  atomic_store_explicit(&self->busy, busy, memory_order_relaxed);
}

void ftrace_channels_keep_only_self(void) {
  for (uint32_t slot = 0; slot < FTRACE_RUNTIME_SLOTS; slot++) {
    struct ftrace_worker_block *const own =
        atomic_load_explicit(&ftrace_thread_block.runtime[slot], memory_order_relaxed);
    struct ftrace_worker_block *block = atomic_load_explicit(&blocks[slot], memory_order_acquire);
    for (; block; block = block->next) {
      if (block == own) continue;
      // What the sinks have of those workers is the parent's to read.
      for (uint32_t ops = 0; ops < FTRACE_OPS_SLOTS; ops++) block->channel[ops] = (struct ftrace_channel){0};
      atomic_store_explicit(&block->tid, 0, memory_order_release);
    }
    if (own) atomic_store_explicit(&own->tid, ftrace_thread_block.tid, memory_order_relaxed);
  }
}

void ftrace_channels_visit(uint32_t slot, uint32_t ops,
                           void (*visit)(struct ftrace_channel *channel, struct ftrace_worker_block *block, void *context),
                           void *context) {
  const uint64_t signals = ftrace_registry_lock();
  struct ftrace_worker_block *block = atomic_load_explicit(&blocks[slot], memory_order_acquire);
  for (; block; block = block->next) visit(&block->channel[ops], block, context);
  ftrace_registry_unlock(signals);
}

static void forget(struct ftrace_channel *channel, struct ftrace_worker_block *block, void *sink) {
  (void)block;
  if (channel->sink != sink) return;
  if (channel->sink->forget) channel->sink->forget(channel->sink, channel);
  *channel = (struct ftrace_channel){0};
}

void ftrace_channels_forget(struct ftrace_sink *sink) { ftrace_channels_visit(sink->slot, sink->ops, forget, sink); }

void ftrace_worker_blocks_free(uint32_t slot) {
  struct ftrace_worker_block *block = atomic_exchange_explicit(&blocks[slot], NULL, memory_order_acquire);
  while (block) {
    struct ftrace_worker_block *next = block->next;
    (void)ftrace_sys_munmap((uintptr_t)block, BLOCK_BYTES);
    block = next;
  }
}
