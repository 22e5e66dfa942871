#include "ftrace_landing.h"

#include "ftrace_channel_thread.h"

void ftrace_landing_note(struct ftrace_landing *landing) {
  const struct ftrace_thread *const self = ftrace_thread_self();
  landing->depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
  landing->parked = self->parked;
  landing->saved_sp = self->saved_sp;
  for (size_t i = 0; i < FTRACE_RUNTIME_SLOTS; i++)
    for (size_t j = 0; j < FTRACE_OPS_SLOTS; j++) landing->ops_active[i][j] = self->ops_active[i][j];
}

// Not inlined: its frame pointer is where the walk begins.
__attribute__((noinline)) void ftrace_landing_reached(const struct ftrace_landing *landing) {
  struct ftrace_thread *const self = ftrace_thread_self();
  if (!ftrace_thread_attached(self)) return;
  self->parked = landing->parked;
  self->saved_sp = landing->saved_sp;
  for (size_t i = 0; i < FTRACE_RUNTIME_SLOTS; i++)
    for (size_t j = 0; j < FTRACE_OPS_SLOTS; j++) self->ops_active[i][j] = landing->ops_active[i][j];
  // The streams are written inside, as by every append: no sink goes meanwhile.
  if (!atomic_load_explicit(&self->depth, memory_order_relaxed)) ftrace_enter();
  const uint64_t no_return[2] = {0, 0};
  // A walk counts the gates: those that were left are not there, and where none is there are no frames.
  if (landing->depth) atomic_store_explicit(&self->depth, landing->depth, memory_order_relaxed);
  const struct ftrace_append append = {
      .sp = (uint64_t)no_return, .rbp = landing->depth ? (uint64_t)__builtin_frame_address(0) : 0, .end = FTRACE_END_ENTRY};
  ftrace_channels_unwound(&append);
  if (!landing->depth) {
    atomic_store_explicit(&self->depth, 1, memory_order_relaxed);
    ftrace_leave();
  }
}
