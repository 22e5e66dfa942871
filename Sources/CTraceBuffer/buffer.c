// What the owner of a buffer does: makes it, kicks workers, ends it.
#include "ftrace_stop.h"
#include "ftrace_syscalls.h"

#include "buffer.h"

static WRITER uint64_t read_tsc(void *context) {
  (void)context;
  return __builtin_ia32_rdtsc();
}
static WRITER uint64_t read_coarse(void *context) {
  (void)context;
  return ftrace_coarse_read();
}
static WRITER uint64_t read_ordinal(void *context) {
  (void)context;
  return 0;
}
static uint64_t read_monotonic(void *context) {
  (void)context;
  return ftrace_clock_nanoseconds(CLOCK_MONOTONIC);
}

static uint64_t rounded(uint64_t bytes) { return (bytes + 63) & ~UINT64_C(63); }

static uint64_t ring_bytes(const struct ftrace_buffer_configuration *configuration) {
  return rounded(sizeof(struct ftrace_ring) + sizeof(uint64_t) * configuration->ring_blocks);
}

uint64_t ftrace_buffer_bytes(const struct ftrace_buffer_configuration *configuration) {
  return rounded(sizeof(struct ftrace_buffer)) + ring_bytes(configuration) * configuration->max_workers
         + rounded(sizeof(uint32_t) * (uint64_t)configuration->pool_blocks) + configuration->pool_blocks;
}

static struct ftrace_worker_entry *entry_at(const struct ftrace_buffer *buffer, uint32_t index) {
  const uint32_t in_block = ftrace_workers_in_block(buffer->configuration.block_bytes);
  uint8_t *const block = block_at(buffer, 1 + index / in_block);
  return (struct ftrace_worker_entry *)(block + FTRACE_BLOCK_HEADER_BYTES) + index % in_block;
}

static void set_blocks(struct ftrace_buffer *buffer, void *blocks) {
  buffer->blocks = blocks;
  for (uint32_t i = 0; i < buffer->configuration.max_workers; i++) ring_at(buffer, i)->entry = entry_at(buffer, i);
  buffer->others = entry_at(buffer, buffer->configuration.max_workers);
  buffer->others->worker = FTRACE_WORKER_OTHERS;
  for (uint32_t i = 0; i < buffer->configuration.worker_blocks; i++) {
    struct ftrace_block_header *const header = header_of(block_at(buffer, 1 + i));
    header->kind = FTRACE_BLOCK_WORKERS;
    header->used = buffer->configuration.block_bytes;
    header->sequence = i;
    header->magic = FTRACE_BLOCK_MAGIC;
  }
}

struct ftrace_buffer *ftrace_buffer_init(void *books, void *blocks,
                                         const struct ftrace_buffer_configuration *configuration) {
  struct ftrace_buffer *const buffer = books;
  buffer->sink.refill = buffer_refill;
  buffer->sink.close = buffer_end_channel;
  buffer->sink.unwound = buffer_unwound;
  buffer->sink.forget = buffer_close_channel;
  buffer->configuration = *configuration;
  buffer->pool_first = 1 + configuration->worker_blocks + configuration->control_blocks;
  buffer->ring_bytes = (uint32_t)ring_bytes(configuration);
  buffer->rings = (uint8_t *)books + rounded(sizeof *buffer);
  buffer->next = (void *)(buffer->rings + ring_bytes(configuration) * configuration->max_workers);
  buffer->backed = (uint8_t *)buffer->next + rounded(sizeof(uint32_t) * (uint64_t)configuration->pool_blocks);
  switch (configuration->clock) {
  case FTRACE_CLOCK_COARSE: buffer->clock = read_coarse; break;
  case FTRACE_CLOCK_ORDINAL: buffer->clock = read_ordinal; break;
  case FTRACE_CLOCK_MONOTONIC: buffer->clock = read_monotonic; break;
  default: buffer->clock = read_tsc; break;
  }
  set_blocks(buffer, blocks);
  return buffer;
}

struct ftrace_sink *ftrace_buffer_sink(struct ftrace_buffer *buffer) { return &buffer->sink; }

void ftrace_buffer_set_clock(struct ftrace_buffer *buffer, ftrace_clock_function clock, void *context) {
  buffer->clock = clock;
  buffer->clock_context = context;
}

uint64_t ftrace_buffer_now(const struct ftrace_buffer *buffer) { return buffer->clock(buffer->clock_context); }

void ftrace_buffer_kick(struct ftrace_buffer *buffer, uint32_t wants) {
  const uint32_t count = atomic_load(&buffer->ring_count);
  for (uint32_t i = 0; i < count; i++) {
    struct ftrace_ring *const ring = ring_at(buffer, i);
    if (atomic_load(&ring->state) != RING_LIVE) continue;
    // In this order: pairs with the end of `buffer_refill`.
    atomic_fetch_or(&ring->wants, wants);
    FTRACE_RACE_WINDOW();
    struct ftrace_channel *const channel = atomic_load(&ring->channel);
    if (channel) ftrace_channel_kick(channel);
  }
}

void ftrace_buffer_set_epoch(struct ftrace_buffer *buffer, uint32_t epoch) {
  atomic_store(&buffer->epoch, epoch);
  ftrace_buffer_kick(buffer, 0);
}
uint32_t ftrace_buffer_epoch(const struct ftrace_buffer *buffer) {
  return atomic_load(&((struct ftrace_buffer *)buffer)->epoch);
}

void ftrace_buffer_close(struct ftrace_buffer *buffer) {
  const uint32_t count = atomic_load(&buffer->ring_count);
  for (uint32_t i = 0; i < count; i++) {
    struct ftrace_channel *const channel = atomic_load(&ring_at(buffer, i)->channel);
    if (channel) buffer_close_channel(&buffer->sink, channel);
  }
}

void ftrace_buffer_adopt_in_child(struct ftrace_buffer *buffer, void *blocks) {
  const uint32_t count = atomic_load(&buffer->ring_count);
  for (uint32_t i = 0; i < count; i++) {
    struct ftrace_ring *const ring = ring_at(buffer, i);
    struct ftrace_channel *const channel = atomic_load(&ring->channel);
    if (channel) {
      channel->ring = NULL;
      channel->scratch = NULL;
      channel->sink = NULL;
      channel->cursor = 0;
      channel->lost_nested[0] = channel->lost_nested[1] = 0;
      atomic_store(&channel->limit, 0);
    }
    atomic_store(&ring->channel, NULL);
    atomic_store(&ring->full, 0);
    atomic_store(&ring->state, RING_FREE);
  }
  buffer->configuration.file = -1;
  atomic_store(&buffer->free, 0);
  atomic_store(&buffer->fresh, 0);
  atomic_store(&buffer->in_use, 0);
  atomic_store(&buffer->error, 0);
  atomic_store(&buffer->refusals, 0);
  if (blocks) {
    set_blocks(buffer, blocks);
    return;
  }
  buffer->configuration.max_workers = 0;
  atomic_store(&buffer->ring_count, 0);
  buffer->others = &buffer->others_without_blocks;
}

uint32_t ftrace_buffer_blocks_in_use(const struct ftrace_buffer *buffer) {
  return atomic_load(&((struct ftrace_buffer *)buffer)->in_use);
}
int32_t ftrace_buffer_error(const struct ftrace_buffer *buffer) {
  return atomic_load(&((struct ftrace_buffer *)buffer)->error);
}
