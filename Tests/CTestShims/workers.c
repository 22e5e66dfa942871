#define _GNU_SOURCE
#include "ftrace_test_workers.h"

#include <string.h>
#include <unistd.h>

#include "ftrace_test_process.h"
#include "ftrace_test_thread.h"
#include "workers.h"

_Atomic(int) worker_reached, worker_allowed;
const char *worker_failure;

// What a prologue does if it finds the limit raised, or is near the end of the stack. Returns whether there is room.
static bool prologue(void) {
  const uint64_t sp = (uint64_t)__builtin_frame_address(0);
  return sp > atomic_load(&ftrace_thread_self()->stack_limit) || ftrace_poll_slow(sp, sp);
}

// MARK: The check of the stack, on a thread's own stack and on others.

static _Atomic(bool) has_room;
static void check_stack_in_handler(int signal) {
  (void)signal;
  ftrace_enter();
  has_room = prologue();
  ftrace_leave();
}

static void *check_stacks(void *context) {
  ftrace_enter();
  expect(prologue(), "no room on the thread's own stack");
  // `poll_slow` is what tells stacks apart: whatever the addresses are.
  expect(!ftrace_poll_slow((uint64_t)__builtin_frame_address(0), ftrace_thread_self()->stack_low),
         "the end of the thread's own stack is not seen");
  ftrace_test_alternate_stack(64 * 1024);
  handle(SIGUSR1, check_stack_in_handler, SA_ONSTACK);
  raise(SIGUSR1);
  expect(has_room, "no room on an alternate stack");
  ftrace_leave();
  return context;
}

static void stack_check(void) {
  check_stacks(NULL);
  ftrace_thread_detach();
  pthread_join(start(check_stacks), NULL);
}

// MARK: A poll in a handler that has interrupted a parked worker.

static void poll_in_handler(int signal) {
  (void)signal;
  ftrace_enter();
  reach(2);
  while (!(atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED)) {}
  ftrace_poll_slow((uint64_t)__builtin_frame_address(0), 0);
  ftrace_leave();
  reach(3);
}

static void *parked_worker(void *context) {
  ftrace_enter();
  struct ftrace_park park;
  ftrace_park_capture(&park);
  ftrace_park_begin(&park);
  ftrace_test_alternate_stack(64 * 1024);
  handle(SIGUSR1, poll_in_handler, SA_ONSTACK);
  reach(1);
  pass(1);
  ftrace_park_end(&park);
  ftrace_leave();
  return context;
}

static void poll_in_park(void) {
  const pthread_t thread = start(parked_worker);
  await(1);
  const struct seen before = stop(PATIENT);
  expect(before.status == FTRACE_STOP_DONE && !before.uncertain && before.words > 0, "the parked worker is not scanned");
  pthread_kill(thread, SIGUSR1);
  await(2);
  // Without a signal, which could come first.
  const struct seen polling = stop_after(PATIENT, UINT64_MAX);
  expect(polling.status == FTRACE_STOP_DONE && polling.uncertain, "a poll on another stack is not uncertain");
  await(3);
  const struct seen after = stop(PATIENT);
  expect(!after.uncertain && after.words == before.words, "the parked worker is scanned from elsewhere than before");
  allow(1);
  pthread_join(thread, NULL);
}

// MARK: A park within the recorder.

static void *parked_in_recorder(void *context) {
  ftrace_enter();
  atomic_store(&ftrace_thread_self()->busy, 1);
  struct ftrace_park park;
  ftrace_park_capture(&park);
  ftrace_park_begin(&park);
  reach(1);
  pass(1);
  ftrace_park_end(&park);
  atomic_store(&ftrace_thread_self()->busy, 0);
  ftrace_leave();
  return context;
}

static void park_in_recorder(void) {
  const pthread_t thread = start(parked_in_recorder);
  await(1);
  expect(stop(50).status == FTRACE_STOP_LATE, "a stop did not wait for the recorder");
  allow(1);
  pthread_join(thread, NULL);
  expect(stop(PATIENT).status == FTRACE_STOP_DONE, "the worker is not released");
}

// MARK: An alternate stack within the thread's own: frames lie on both of its sides.

static enum { SPINS, POLLS, PARKS } in_handler;

static void on_inner_stack(int signal) {
  (void)signal;
  struct ftrace_park park;
  if (in_handler == PARKS) {
    ftrace_park_capture(&park);
    ftrace_park_begin(&park);
  }
  reach(1);
  while (atomic_load(&worker_allowed) < 1)
    if (in_handler == POLLS && atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED)
      ftrace_poll_slow((uint64_t)__builtin_frame_address(0), 0);
  if (in_handler == PARKS) ftrace_park_end(&park);
}

// Holds references to the code below the alternate stack.
static __attribute__((noinline)) void refer_below(void) {
  volatile uint64_t frame[64];
  for (int i = 0; i < 64; i++) frame[i] = range.start + 16;
  raise(SIGUSR1);
  for (int i = 0; i < 64; i++) frame[i] = 0;
}

static void *with_inner_stack(void *context) {
  char memory[64 * 1024];
  const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory}, none = {.ss_flags = SS_DISABLE};
  sigaltstack(&stack, NULL);
  handle(SIGUSR1, on_inner_stack, SA_ONSTACK);
  ftrace_enter();
  refer_below();
  reach(2);
  pass(2);
  ftrace_leave();
  sigaltstack(&none, NULL);
  return context;
}

static void inner_stack(void) {
  const pthread_t thread = start(with_inner_stack);
  await(1);
  const struct seen seen = stop(PATIENT);
  expect(seen.status == FTRACE_STOP_DONE && (seen.marked || seen.uncertain), "frames below the alternate stack are not seen");
  allow(1);
  await(2);
  const struct seen after = stop(PATIENT);
  expect(after.status == FTRACE_STOP_DONE && !after.uncertain, "the stack is still uncertain");
  allow(2);
  pthread_join(thread, NULL);
}

// MARK: A thread that is ending attaches at a gate, and a handler's gate detaches it again.

static pthread_key_t late_key;
static bool nested;
static _Atomic(pid_t) ending_tid;

static void enter_and_leave(int signal) {
  (void)signal;
  ftrace_enter();
  ftrace_leave();
  reach(3);
}

// Runs emitted code after the destructor that ends a thread's registration.
static void late_destructor(void *value) {
  struct ftrace_thread *self = ftrace_thread_self();
  if (!(atomic_load(&self->poll) & FTRACE_POLL_EXITING)) {
    pthread_setspecific(late_key, value);
    return;
  }
  // As a handler that has interrupted a gate, which had stored its depth and not looked.
  if (nested) atomic_store(&self->depth, 1);
  atomic_store(&ending_tid, (pid_t)syscall(SYS_gettid));
  reach(1);
  pass(1); // the registry is locked now
  ftrace_enter();
  expect(atomic_load(&worker_reached) == 3, "the handler did not run while the thread attached");
  expect(ftrace_thread_depth() == (nested ? 2 : 1), "the depth is wrong");
  expect(ftrace_thread_attached(self), "a worker is inside and not registered");
  if (nested) ftrace_leave();
  ftrace_leave();
  expect(!ftrace_thread_attached(self) && ftrace_thread_depth() == 0, "the thread did not leave the registry");
}

static void *ending(void *context) {
  pthread_setspecific(late_key, &late_key);
  ftrace_enter();
  ftrace_leave();
  return context;
}

static void end_at_gate(void) {
  pthread_key_create(&late_key, late_destructor);
  handle(SIGUSR1, enter_and_leave, 0);
  const pthread_t thread = start(ending);
  await(1);
  const uint64_t signals = ftrace_registry_lock();
  allow(1);
  // It waits for the registry, with its signals blocked; this one comes when it has attached.
  while (!waits_on_futex(atomic_load(&ending_tid))) sched_yield();
  pthread_kill(thread, SIGUSR1);
  ftrace_registry_unlock(signals);
  pthread_join(thread, NULL);
}

// MARK: The code of a runtime that goes while a handler looks whether an address lies in it.

static void *clears_territory(void *context) {
  reach(1);
  ftrace_territory_clear(0);
  reach(2);
  return context;
}

static void territory(void) {
  static uint64_t bits[1];
  ftrace_territory_set(0, 0x1000, 0x1400, bits);
  ftrace_territory_begin_reading();
  const pthread_t thread = start(clears_territory);
  await(1);
  for (int i = 0; i < 1000; i++) sched_yield();
  expect(atomic_load(&worker_reached) == 1, "the runtime went under a reader");
  ftrace_territory_end_reading();
  await(2);
  pthread_join(thread, NULL);
  expect(ftrace_territory_of(0x1000) == -1, "the territory is still there");
}

const char *ftrace_test_worker(const char *name) {
  static const struct {
    const char *name;
    void (*body)(void);
    int variant;
    bool prepares;
  } scenarios[] = {
      {"stack-check", stack_check, 0, true},
      {"poll-in-park", poll_in_park, 0, true},
      {"park-in-recorder", park_in_recorder, 0, true},
      {"inner-stack", inner_stack, SPINS, true},
      {"inner-stack-poll", inner_stack, POLLS, true},
      {"inner-stack-park", inner_stack, PARKS, true},
      {"end-at-gate", end_at_gate, 0, true},
      {"end-at-nested-gate", end_at_gate, 1, true},
      {"landing", worker_lands, 0, true},
      {"landing-may-leave", worker_may_leave, 0, true},
      {"landing-half-done", worker_lands_half_done, 0, true},
      {"late-place", worker_late_place, 0, true},
      {"taken-signal", worker_taken_signal, 0, true},
      {"blocked-signal", worker_blocked_signal, 0, true},
      {"tiny-stack", worker_tiny_stack, 0, true},
      {"territory", territory, 0, true},
      {"install", worker_install, 0, false},
  };
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    if (strcmp(scenarios[i].name, name)) continue;
    in_handler = scenarios[i].variant;
    nested = scenarios[i].variant != 0;
    alarm(120); // whoever waits for ever is ended
    ftrace_barrier_choose(false);
    if (scenarios[i].prepares) ftrace_signal_install(0);
    scenarios[i].body();
    return worker_failure;
  }
  return "no such scenario";
}
