#include "torture_landing.h"

#include <setjmp.h>
#include <stddef.h>

#include "CFtraceShims.h"

enum { BEGUN, PARKED, GIVEN_UP };

// The innermost catch of the thread.
static __thread struct {
  jmp_buf *place;
  struct torture_landing *landing;
} innermost;

static _Atomic(uint32_t) *state_of(struct torture_landing *landing) { return (_Atomic(uint32_t) *)&landing->state; }

void torture_landing_begin(struct torture_landing *landing) { atomic_store(state_of(landing), BEGUN); }

void torture_landing_wait(struct torture_landing *landing) {
  while (atomic_load(state_of(landing)) == BEGUN) ftrace_futex_wait(state_of(landing), BEGUN, 0);
}

void torture_landing_give_up(struct torture_landing *landing) { atomic_store(state_of(landing), GIVEN_UP); }

bool torture_catch(struct torture_landing *landing, uintptr_t gate, int64_t argument) {
  jmp_buf place;
  struct ftrace_landing noted;
  ftrace_landing_note(&noted);
  const bool landed = setjmp(place) != 0;
  if (!landed) {
    innermost.place = &place;
    innermost.landing = landing;
    ((int64_t(*)(int64_t))gate)(argument);
  }
  innermost.place = NULL;
  if (landed) ftrace_landing_reached(&noted);
  return landed;
}

int64_t torture_leave(int64_t argument) {
  if (!innermost.place) return argument;
  struct ftrace_park park;
  ftrace_park_capture(&park);
  ftrace_park_begin(&park);
  _Atomic(uint32_t) *const state = state_of(innermost.landing);
  atomic_store(state, PARKED);
  ftrace_futex_wake(state, 1);
  while (!(atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED) && atomic_load(state) == PARKED) ftrace_sleep(1000);
  longjmp(*innermost.place, 1);
}
