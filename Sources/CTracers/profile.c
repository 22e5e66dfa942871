#include "ftrace_profile.h"

enum { MOST_RECORDS = 1 << 20 };

// What a body may find in registers that no saved set holds.
#define WRITER __attribute__((target("general-regs-only")))

static uint32_t *index_of(const struct ftrace_profile *profile, struct ftrace_shadow *shadow) {
  return (uint32_t *)(void *)((char *)shadow + profile->index);
}

static struct ftrace_profile_record *record_at(const struct ftrace_profile *profile, struct ftrace_shadow *shadow, uint64_t number) {
  return (struct ftrace_profile_record *)(void *)((char *)shadow + profile->records) + number;
}

// The record of a function, 0: there is no room for one more. In bytes from the start of the shadow stack.
static WRITER uint32_t find_or_make(struct ftrace_profile *profile, struct ftrace_shadow *shadow, uint32_t place) {
  uint32_t *const slot = &index_of(profile, shadow)[place >> 4];
  if (*slot) return *slot;
  const uint64_t number = shadow->records;
  if (number == profile->record_count) return 0;
  struct ftrace_profile_record *const record = record_at(profile, shadow, number);
  record->min = UINT64_MAX;
  record->place = place & ~UINT32_C(15);
  // Pairs with the acquire load of a reader: a record that is counted has its place.
  __atomic_store_n(&shadow->records, number + 1, __ATOMIC_RELEASE);
  return *slot = (uint32_t)((char *)record - (char *)shadow);
}

static WRITER uint32_t lose(struct ftrace_profile *profile, const struct ftrace_append *append) {
  if (append->end == FTRACE_END_ENTRY) atomic_fetch_add_explicit(&profile->lost, 1, memory_order_relaxed);
  return 0;
}

static WRITER uint32_t refill(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_profile *const profile = (struct ftrace_profile *)sink;
  struct ftrace_shadow *shadow = channel->scratch;
  if (!shadow) {
    shadow = ftrace_shadow_take(&profile->shadows);
    if (!shadow) return lose(profile, append);
    channel->ring = channel->scratch = shadow;
    return 1;
  }
  const uint32_t unwound = ftrace_shadow_unwind(shadow, append);
  shadow->unwound += unwound;
  if (unwound) return 1;
  if (append->end == FTRACE_END_EXIT) {
    shadow->strays++;
    return 0;
  }
  const uint32_t place = (uint32_t)(*(const uint64_t *)append->sp - profile->base);
  const uint32_t record = find_or_make(profile, shadow, place);
  if (!record) return lose(profile, append);
  if (!ftrace_shadow_is_elsewhere(shadow, append->sp)) return 1;
  // On a stack of its own, above what it has interrupted: the body cannot tell it from a frame that is gone.
  if (shadow->top >= shadow->limit)
    shadow->passed++;
  else
    ftrace_shadow_push(shadow, append->sp, profile->clock(profile->clock_context), (uint64_t)shadow + record);
  return 0;
}

static void keep_nested(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  struct ftrace_profile *const profile = (struct ftrace_profile *)sink;
  atomic_fetch_add_explicit(&profile->nested, channel->lost_nested[FTRACE_END_ENTRY], memory_order_relaxed);
}

static void close_shadow(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  keep_nested(sink, channel);
  if (channel->scratch) ftrace_shadow_give(channel->scratch);
}

void ftrace_profile_init(struct ftrace_profile *profile, uint64_t base, uint64_t bytes, const int32_t *threads, uint32_t thread_count) {
  *profile = (struct ftrace_profile){.sink = {.refill = refill, .close = close_shadow, .forget = keep_nested}, .base = base};
  const uint64_t places = bytes / 16, index = (places * 4 + 4095) & ~UINT64_C(4095);
  profile->record_count = places < MOST_RECORDS ? (uint32_t)places : MOST_RECORDS;
  ftrace_shadows_init(&profile->shadows, FTRACE_SHADOW_DEPTH, index + (uint64_t)profile->record_count * sizeof(struct ftrace_profile_record),
                      threads, thread_count);
  profile->index = ftrace_shadow_behind(&profile->shadows);
  profile->records = profile->index + index;
}

uint64_t ftrace_profile_lost(struct ftrace_profile *profile) {
  return atomic_load_explicit(&profile->lost, memory_order_relaxed) +
         atomic_load_explicit(&profile->sink.lost_without_block[FTRACE_END_ENTRY], memory_order_relaxed);
}

void ftrace_profile_visit(struct ftrace_profile *profile, void (*visit)(const struct ftrace_profile_record *, void *), void *context) {
  struct ftrace_shadow *shadow = atomic_load_explicit(&profile->shadows.first, memory_order_acquire);
  for (; shadow; shadow = shadow->next) {
    const uint64_t count = __atomic_load_n(&shadow->records, __ATOMIC_ACQUIRE);
    for (uint64_t i = 0; i < count; i++) visit(record_at(profile, shadow, i), context);
  }
}

void ftrace_profile_free(struct ftrace_profile *profile) { ftrace_shadows_free(&profile->shadows); }

WRITER uint64_t ftrace_profile_read_tsc(void *context) {
  (void)context;
  return __builtin_ia32_rdtsc();
}
uint64_t ftrace_profile_read_monotonic(void *context) {
  (void)context;
  return ftrace_clock_nanoseconds(CLOCK_MONOTONIC);
}
WRITER uint64_t ftrace_profile_read_word(void *context) {
  return __atomic_load_n((const uint64_t *)context, __ATOMIC_RELAXED);
}
