#include "ftrace_counts.h"

enum { HEADER = 4096 };

static uint64_t bytes_of(const struct ftrace_counts *counts) { return HEADER + counts->words * 8; }

static _Atomic(uint64_t) *words_of(struct ftrace_count_area *area) { return (_Atomic(uint64_t) *)((char *)area + HEADER); }

static struct ftrace_count_area *take(struct ftrace_counts *counts) {
  // Pairs with the release stores below and in `close`.
  struct ftrace_count_area *area = atomic_load_explicit(&counts->areas, memory_order_acquire);
  for (; area; area = area->next) {
    uint32_t free = 0;
    if (atomic_compare_exchange_strong_explicit(&area->taken, &free, 1, memory_order_acquire, memory_order_relaxed))
      return area;
  }
  const long start = ftrace_sys_mmap(0, bytes_of(counts), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start < 0 && start > -4096) return NULL;
  area = (struct ftrace_count_area *)start;
  atomic_store_explicit(&area->taken, 1, memory_order_relaxed);
  struct ftrace_count_area *head = atomic_load_explicit(&counts->areas, memory_order_relaxed);
  do area->next = head;
  while (!atomic_compare_exchange_weak_explicit(&counts->areas, &head, area, memory_order_release, memory_order_relaxed));
  return area;
}

static uint32_t refill(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append) {
  (void)append;
  struct ftrace_counts *counts = (struct ftrace_counts *)sink;
  struct ftrace_count_area *area = take(counts);
  if (!area) {
    atomic_fetch_add_explicit(&counts->lost, 1, memory_order_relaxed);
    return 0;
  }
  channel->ring = area;
  channel->scratch = words_of(area);
  return 1;
}

static void close_area(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  (void)sink;
  struct ftrace_count_area *area = (struct ftrace_count_area *)channel->ring;
  if (area) atomic_store_explicit(&area->taken, 0, memory_order_release);
}

void ftrace_counts_init(struct ftrace_counts *counts, uint64_t code_bytes) {
  *counts = (struct ftrace_counts){.sink = {.refill = refill, .close = close_area}, .words = code_bytes / 16};
}

uint64_t ftrace_counts_read(struct ftrace_counts *counts, uint32_t site) {
  uint64_t sum = 0;
  for (struct ftrace_count_area *area = atomic_load_explicit(&counts->areas, memory_order_acquire); area; area = area->next)
    sum += atomic_load_explicit(&words_of(area)[site >> 4], memory_order_relaxed);
  return sum;
}

uint64_t ftrace_counts_lost(struct ftrace_counts *counts) {
  return atomic_load_explicit(&counts->lost, memory_order_relaxed) +
         atomic_load_explicit(&counts->sink.lost_without_block[FTRACE_END_ENTRY], memory_order_relaxed);
}

void ftrace_counts_free(struct ftrace_counts *counts) {
  struct ftrace_count_area *area = atomic_exchange_explicit(&counts->areas, NULL, memory_order_acquire);
  while (area) {
    struct ftrace_count_area *next = area->next;
    (void)ftrace_sys_munmap((uintptr_t)area, bytes_of(counts));
    area = next;
  }
}
