#include "ftrace_shadow.h"

#include "ftrace_syscalls.h"

// Emitted code has vectors live.
#define WRITER __attribute__((target("general-regs-only")))

void ftrace_shadows_init(struct ftrace_shadows *shadows, uint32_t depth, uint64_t behind, const int32_t *threads, uint32_t thread_count) {
  *shadows = (struct ftrace_shadows){.depth = depth, .threads = threads, .thread_count = thread_count};
  shadows->bytes = ftrace_shadow_behind(shadows) + behind;
}

WRITER uint64_t ftrace_shadow_behind(const struct ftrace_shadows *shadows) {
  // One frame lies below all others.
  return (FTRACE_SHADOW_HEADER + (shadows->depth + UINT64_C(1)) * FTRACE_FRAME_BYTES + 4095) & ~UINT64_C(4095);
}

static WRITER bool wants(const struct ftrace_shadows *shadows, int32_t tid) {
  for (uint32_t i = 0; i < shadows->thread_count; i++)
    if (shadows->threads[i] == tid) return true;
  return !shadows->thread_count;
}

static WRITER struct ftrace_shadow *find_or_map(struct ftrace_shadows *shadows) {
  // Pairs with the release stores below and in `ftrace_shadow_give`.
  struct ftrace_shadow *shadow = atomic_load_explicit(&shadows->first, memory_order_acquire);
  for (; shadow; shadow = shadow->next) {
    uint32_t nobody = 0;
    if (atomic_compare_exchange_strong_explicit(&shadow->taken, &nobody, 1, memory_order_acquire, memory_order_relaxed))
      return shadow;
  }
  const long start = ftrace_sys_mmap(0, shadows->bytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start < 0 && start > -4096) return NULL;
  shadow = (struct ftrace_shadow *)start;
  atomic_store_explicit(&shadow->taken, 1, memory_order_relaxed);
  ftrace_shadow_base(shadow)->sp = UINT64_MAX;
  shadow->top = ftrace_shadow_base(shadow);
  struct ftrace_shadow *head = atomic_load_explicit(&shadows->first, memory_order_relaxed);
  do shadow->next = head;
  while (!atomic_compare_exchange_weak_explicit(&shadows->first, &head, shadow, memory_order_release, memory_order_relaxed));
  return shadow;
}

WRITER struct ftrace_shadow *ftrace_shadow_take(struct ftrace_shadows *shadows) {
  struct ftrace_shadow *const shadow = find_or_map(shadows);
  if (!shadow) return NULL;
  struct ftrace_frame *const base = ftrace_shadow_base(shadow);
  // What was counted for a worker that is not traced is nobody's.
  if (shadow->excluded) shadow->passed = shadow->strays = 0;
  shadow->excluded = !wants(shadows, ftrace_thread_self()->tid);
  shadow->limit = shadow->excluded ? base : base + shadows->depth;
  shadow->fresh = base + 1;
  shadow->pending = 0;
  return shadow;
}

void ftrace_shadow_give(struct ftrace_shadow *shadow) {
  struct ftrace_frame *const base = ftrace_shadow_base(shadow);
  shadow->open += (uint64_t)(shadow->top - base);
  shadow->top = base;
  atomic_store_explicit(&shadow->taken, 0, memory_order_release);
}

void ftrace_shadows_free(struct ftrace_shadows *shadows) {
  struct ftrace_shadow *shadow = atomic_exchange_explicit(&shadows->first, NULL, memory_order_acquire);
  while (shadow) {
    struct ftrace_shadow *const next = shadow->next;
    (void)ftrace_sys_munmap((uintptr_t)shadow, shadows->bytes);
    shadow = next;
  }
}

WRITER uint32_t ftrace_shadow_unwind(struct ftrace_shadow *shadow, const struct ftrace_append *append) {
  const struct ftrace_thread *const self = ftrace_thread_self();
  const uint64_t low = self->stack_low, size = self->stack_top - low;
  const bool own = append->sp - low < size;
  uint32_t count = 0;
  for (; shadow->top != ftrace_shadow_base(shadow); shadow->top--, count++) {
    const uint64_t sp = shadow->top->sp;
    const bool frame_is_own = sp - low < size;
    // A handler on a stack of its own says nothing of the frames that it has interrupted; but once the thread is back on its own
    // stack, the handler's are gone.
    if (frame_is_own && !own) break;
    if (frame_is_own == own && (append->end == FTRACE_END_ENTRY ? sp > append->sp : sp >= append->sp)) break;
  }
  return count;
}

WRITER void ftrace_shadow_push(struct ftrace_shadow *shadow, uint64_t sp, uint64_t start, uint64_t what) {
  struct ftrace_frame *const frame = shadow->top + 1;
  *frame = (struct ftrace_frame){.sp = sp, .start = start, .what = what, .child = 0};
  shadow->top = frame;
}

struct ftrace_shadow_sums ftrace_shadows_sums(struct ftrace_shadows *shadows) {
  struct ftrace_shadow_sums sums = {0};
  struct ftrace_shadow *shadow = atomic_load_explicit(&shadows->first, memory_order_acquire);
  // Relaxed loads: the workers add meanwhile.
  for (; shadow; shadow = shadow->next) {
    const uint64_t top = __atomic_load_n((uint64_t *)(void *)&shadow->top, __ATOMIC_RELAXED);
    sums.open += __atomic_load_n(&shadow->open, __ATOMIC_RELAXED) + (top - (uint64_t)ftrace_shadow_base(shadow)) / FTRACE_FRAME_BYTES;
    sums.unwound += __atomic_load_n(&shadow->unwound, __ATOMIC_RELAXED);
    if (__atomic_load_n(&shadow->excluded, __ATOMIC_RELAXED)) continue;
    sums.passed += __atomic_load_n(&shadow->passed, __ATOMIC_RELAXED);
    sums.strays += __atomic_load_n(&shadow->strays, __ATOMIC_RELAXED);
  }
  return sums;
}
