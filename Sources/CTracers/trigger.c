#include "ftrace_trigger.h"

// What a body may find in registers that no saved set holds.
#define WRITER __attribute__((target("general-regs-only")))

// Takes one of the times that the trigger still acts.
static WRITER bool take(struct ftrace_trigger *trigger) {
  uint64_t left = atomic_load_explicit(&trigger->left, memory_order_relaxed);
  do {
    if (left == 0) return false;
    if (left == UINT64_MAX) return true;
  } while (!atomic_compare_exchange_weak_explicit(&trigger->left, &left, left - 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

void WRITER ftrace_trigger_switch(struct ftrace_buffer *buffer, struct ftrace_trigger_state *state, bool on) {
  if (on) {
    // Before: the first event of each worker that sees the switch on is preceded by the frames that are open then.
    ftrace_buffer_kick(buffer, FTRACE_WANT_RESUME);
    // Pairs with the bodies' plain load, which x86 keeps before that of the limit: who reads 0 here reads the limits that the kick has stored.
    atomic_store_explicit(&state->off, 0, memory_order_release);
  } else {
    atomic_store_explicit(&state->off, 1, memory_order_release);
  }
}

static WRITER uint32_t fire(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_trigger *const trigger = (struct ftrace_trigger *)sink;
  // Switching to what is already so does not count.
  if (trigger->action <= FTRACE_TRIGGER_OFF
      && atomic_load_explicit(&trigger->state->off, memory_order_relaxed) == trigger->action)
    return 0;
  if (!take(trigger)) return 0;
  switch (trigger->action) {
  case FTRACE_TRIGGER_ON:
  case FTRACE_TRIGGER_OFF:
    ftrace_trigger_switch(trigger->buffer, trigger->state, trigger->action == FTRACE_TRIGGER_ON);
    break;
  case FTRACE_TRIGGER_SNAPSHOT:
    atomic_fetch_add_explicit(&trigger->state->snapshots, 1, memory_order_release);
    ftrace_futex_wake(&trigger->state->snapshots, 1);
    break;
  case FTRACE_TRIGGER_STACK:
    // The channels of a worker lie side by side.
    if (!ftrace_buffer_write_stack(trigger->buffer, channel - sink->ops + ftrace_buffer_sink(trigger->buffer)->ops, append))
      atomic_fetch_add_explicit(&trigger->missed, 1, memory_order_relaxed);
    break;
  }
  return 0;
}

static void keep_missed(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  struct ftrace_trigger *const trigger = (struct ftrace_trigger *)sink;
  atomic_fetch_add_explicit(&trigger->missed, channel->lost_nested[FTRACE_END_ENTRY], memory_order_relaxed);
}

void ftrace_trigger_init(struct ftrace_trigger *trigger, uint32_t action, uint64_t left, struct ftrace_buffer *buffer,
                         struct ftrace_trigger_state *state) {
  *trigger = (struct ftrace_trigger){
      .sink = {.refill = fire, .close = keep_missed, .forget = keep_missed}, .buffer = buffer, .state = state, .action = action, .left = left};
}

void ftrace_trigger_state_init(struct ftrace_trigger_state *state, bool on) {
  *state = (struct ftrace_trigger_state){.off = !on};
}

uint64_t ftrace_trigger_missed(const struct ftrace_trigger *trigger) {
  return atomic_load_explicit(&((struct ftrace_trigger *)trigger)->missed, memory_order_relaxed)
         + atomic_load_explicit(&((struct ftrace_trigger *)trigger)->sink.lost_without_block[FTRACE_END_ENTRY], memory_order_relaxed);
}

uint32_t ftrace_trigger_wait(struct ftrace_trigger_state *state, uint32_t seen) {
  // Acquire pairs with the release of who asks.
  uint32_t asked;
  while ((asked = atomic_load_explicit(&state->snapshots, memory_order_acquire)) == seen)
    ftrace_futex_wait(&state->snapshots, seen, 0);
  return asked;
}

void ftrace_trigger_end(struct ftrace_trigger_state *state) {
  atomic_fetch_or_explicit(&state->snapshots, FTRACE_TRIGGER_ENDED, memory_order_release);
  ftrace_futex_wake(&state->snapshots, 1);
}
