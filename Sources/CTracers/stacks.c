#include "ftrace_stacks.h"

enum { AREA_BYTES = 4096 };

// What runs within an append: emitted code has vectors live, and a sanitizer's runtime would overwrite them.
#define WRITER FTRACE_UNINSTRUMENTED __attribute__((target("general-regs-only")))

static WRITER struct ftrace_stack_area *make(struct ftrace_stacks *stacks) {
  const long start = ftrace_sys_mmap(0, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start < 0 && start > -4096) return NULL;
  struct ftrace_stack_area *const area = (struct ftrace_stack_area *)start;
  const struct ftrace_thread *const self = ftrace_thread_self();
  area->lowest = UINT64_MAX;
  area->top = self->stack_top;
  area->tid = self->tid;
  for (size_t i = 0; i < sizeof area->name; i++) area->name[i] = self->name[i];
  // Pairs with the acquire of whoever reads.
  struct ftrace_stack_area *head = atomic_load_explicit(&stacks->areas, memory_order_relaxed);
  do area->next = head;
  while (!atomic_compare_exchange_weak_explicit(&stacks->areas, &head, area, memory_order_release, memory_order_relaxed));
  return area;
}

// The frames by their links, as far as those lead up the thread's own stack.
static WRITER void walk(struct ftrace_stack_area *area, const struct ftrace_append *append) {
  const uint64_t *const stack = (const uint64_t *)append->sp;
  area->frame[0] = (struct ftrace_stack_frame){stack[0], append->sp};
  area->frame[1] = (struct ftrace_stack_frame){stack[1], append->sp + 8};
  uint32_t count = 2;
  uint64_t below = append->sp + 8, frame = append->rbp;
  while (count < FTRACE_STACK_FRAMES && frame > below && !(frame & 7) && frame < area->top && area->top - frame >= 16) {
    const uint64_t *const record = (const uint64_t *)frame;
    if (!record[1]) break;
    area->frame[count++] = (struct ftrace_stack_frame){record[1], frame + 8};
    below = frame;
    frame = record[0];
  }
  area->more = count == FTRACE_STACK_FRAMES;
  area->count = count;
}

static WRITER uint32_t refill(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_stacks *const stacks = (struct ftrace_stacks *)sink;
  struct ftrace_stack_area *area = channel->scratch;
  if (!area) {
    area = make(stacks);
    if (!area) {
      atomic_fetch_add_explicit(&stacks->lost, 1, memory_order_relaxed);
      return 0;
    }
    channel->scratch = area;
  }
  const struct ftrace_thread *const self = ftrace_thread_self();
  if (append->sp < self->stack_low || append->sp >= self->stack_top) {
    atomic_fetch_add_explicit(&stacks->elsewhere, 1, memory_order_relaxed);
  } else if (append->sp < area->lowest) {
    area->lowest = append->sp;
    walk(area, append);
  }
  // There is nothing left to do for the body.
  return 0;
}

void ftrace_stacks_init(struct ftrace_stacks *stacks) { *stacks = (struct ftrace_stacks){.sink = {.refill = refill}}; }

const struct ftrace_stack_area *ftrace_stacks_first(struct ftrace_stacks *stacks) {
  return atomic_load_explicit(&stacks->areas, memory_order_acquire);
}

uint64_t ftrace_stacks_lost(struct ftrace_stacks *stacks) {
  return atomic_load_explicit(&stacks->lost, memory_order_relaxed) +
         atomic_load_explicit(&stacks->sink.lost_without_block[FTRACE_END_ENTRY], memory_order_relaxed);
}

uint64_t ftrace_stacks_elsewhere(struct ftrace_stacks *stacks) {
  return atomic_load_explicit(&stacks->elsewhere, memory_order_relaxed);
}

void ftrace_stacks_free(struct ftrace_stacks *stacks) {
  struct ftrace_stack_area *area = atomic_exchange_explicit(&stacks->areas, NULL, memory_order_acquire);
  while (area) {
    struct ftrace_stack_area *const next = area->next;
    (void)ftrace_sys_munmap((uintptr_t)area, AREA_BYTES);
    area = next;
  }
}
