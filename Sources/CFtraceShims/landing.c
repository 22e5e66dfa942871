#define _GNU_SOURCE
#include "ftrace_landing.h"

#include <ucontext.h>
#include <unistd.h>

#include "ftrace_channel_thread.h"
#include "ftrace_territory.h"

void ftrace_landing_note(struct ftrace_landing *landing) {
  const struct ftrace_thread *const self = ftrace_thread_self();
  landing->depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
  landing->parked = self->parked;
  landing->busy = atomic_load_explicit(&self->busy, memory_order_relaxed);
  landing->saved_sp = self->saved_sp;
  for (size_t i = 0; i < FTRACE_RUNTIME_SLOTS; i++)
    for (size_t j = 0; j < FTRACE_OPS_SLOTS; j++) landing->ops_active[i][j] = self->ops_active[i][j];
}

// A handler has left C code of the package in the middle: no stop would come to an end any more.
static void end_half_done(void) {
  static const char message[] =
      "ftrace: a signal handler has left code that recorded a call, by longjmp or the like: only emitted code may be left "
      "(ftrace_landing_may_leave)\n";
  (void)!write(2, message, sizeof message - 1);
  __builtin_trap();
}

bool ftrace_landing_may_leave(const void *context) {
  const uint64_t pc = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  ftrace_territory_begin_reading();
  const bool emitted = ftrace_territory_of(pc) >= 0;
  ftrace_territory_end_reading();
  return emitted && atomic_load_explicit(&ftrace_thread_self()->busy, memory_order_relaxed) == 0;
}

// Not inlined: its frame pointer is where the walk begins.
__attribute__((noinline)) void ftrace_landing_reached(const struct ftrace_landing *landing) {
  struct ftrace_thread *const self = ftrace_thread_self();
  if (!ftrace_thread_attached(self)) return;
  if (atomic_load_explicit(&self->busy, memory_order_relaxed) != landing->busy) end_half_done();
  for (size_t i = 0; i < FTRACE_RUNTIME_SLOTS; i++)
    for (size_t j = 0; j < FTRACE_OPS_SLOTS; j++) self->ops_active[i][j] = landing->ops_active[i][j];
  // The streams are written inside, as by every append: no sink goes meanwhile. A worker that was parked is so until it runs again: a stop
  // that it waits for here looks through its stack, from the park that it has left, which lies deeper than what is live.
  if (!atomic_load_explicit(&self->depth, memory_order_relaxed)) ftrace_enter();
  self->parked = landing->parked;
  self->saved_sp = landing->saved_sp;
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
