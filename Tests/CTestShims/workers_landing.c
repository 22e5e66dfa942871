// Landings: emitted code that is left by longjmp(3).
#define _GNU_SOURCE
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workers.h"

// MARK: A landing while a stop is under way.

static _Atomic(pid_t) landing_tid;

// Refers to the code in a frame that stays, and leaves a park by longjmp.
static void *lands(void *context) {
  volatile uint64_t frame[8];
  for (int i = 0; i < 8; i++) frame[i] = range.start + 16;
  jmp_buf place;
  struct ftrace_landing landing;
  ftrace_enter();
  ftrace_landing_note(&landing);
  if (!setjmp(place)) {
    struct ftrace_park park;
    ftrace_park_capture(&park);
    ftrace_park_begin(&park);
    atomic_store(&landing_tid, (pid_t)syscall(SYS_gettid));
    reach(1);
    while (!is_armed()) sched_yield();
    longjmp(place, 1);
  }
  ftrace_landing_reached(&landing);
  expect(ftrace_thread_depth() == 1 && !ftrace_thread_self()->parked, "the worker is not inside as before");
  for (int i = 0; i < 8; i++) frame[i] = 0;
  ftrace_leave();
  return context;
}

// Holds the stop up until the other one waits for its end.
static void *holds_up(void *context) {
  ftrace_enter();
  reach(2);
  while (!is_armed()) sched_yield();
  while (!waits_on_futex(atomic_load(&landing_tid))) sched_yield();
  ftrace_poll_slow((uint64_t)__builtin_frame_address(0), 0);
  ftrace_leave();
  return context;
}

void worker_lands(void) {
  const pthread_t lander = start(lands);
  await(1);
  const pthread_t other = start(holds_up);
  await(2);
  const struct seen seen = stop_after(PATIENT, UINT64_MAX);
  expect(seen.status == FTRACE_STOP_DONE && seen.marked, "the frames of a worker that has landed are not seen");
  pthread_join(other, NULL);
  pthread_join(lander, NULL);
}

// MARK: What a handler that has interrupted a worker may leave.

// `mov byte [rdi], 1; 1: cmp byte [rsi], 0; je 1b; ret`
static const unsigned char emitted[] = {0xC6, 0x07, 0x01, 0x80, 0x3E, 0x00, 0x74, 0xFB, 0xC3};
static volatile char spins, stops_spinning;
static _Atomic(int) may_leave;

static void asks_whether_it_may_leave(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  atomic_store(&may_leave, ftrace_landing_may_leave(context));
  stops_spinning = 1;
}

// Sends the signal to a worker that spins in emitted code, or sends it to itself in C.
static bool may_be_left(pthread_t thread) {
  atomic_store(&may_leave, -1);
  pthread_kill(thread, SIGUSR1);
  while (atomic_load(&may_leave) < 0) sched_yield();
  return atomic_load(&may_leave);
}

static void *runs_emitted_code(void *code) {
  ftrace_enter();
  for (uint32_t busy = 0; busy < 2; busy++) { // 1: as if the recorder had called it
    atomic_store(&ftrace_thread_self()->busy, busy);
    spins = stops_spinning = 0;
    ((void (*)(volatile char *, volatile char *))code)(&spins, &stops_spinning);
    pass((int)busy + 1);
  }
  atomic_store(&ftrace_thread_self()->busy, 0);
  reach(1);
  pass(3);
  ftrace_leave();
  return NULL;
}

void worker_may_leave(void) {
  static uint64_t bits[4096 / FTRACE_TERRITORY_GRANULE / 64];
  void *const code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(code, emitted, sizeof emitted);
  if (mprotect(code, 4096, PROT_READ | PROT_EXEC)) abort();
  ftrace_territory_set(0, (uint64_t)code, (uint64_t)code + 4096, bits);
  const struct sigaction action = {.sa_sigaction = asks_whether_it_may_leave, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, runs_emitted_code, code)) abort();
  while (!spins) sched_yield();
  expect(may_be_left(thread), "emitted code may not be left");
  spins = 0;
  allow(1);
  while (!spins) sched_yield();
  expect(!may_be_left(thread), "a recorder that has called emitted code may be left");
  allow(2);
  await(1);
  expect(!may_be_left(thread), "C code may be left");
  allow(3);
  pthread_join(thread, NULL);
  ftrace_territory_clear(0);
}

// MARK: A landing out of the recorder, which ends the process.

static sigjmp_buf recording_place;

static void leaves_recorder(int signal) {
  (void)signal;
  siglongjmp(recording_place, 1);
}

void worker_lands_half_done(void) {
  handle(SIGUSR1, leaves_recorder, 0);
  struct ftrace_landing landing;
  ftrace_enter();
  ftrace_landing_note(&landing);
  if (!sigsetjmp(recording_place, 1)) {
    atomic_store(&ftrace_thread_self()->busy, 1);
    raise(SIGUSR1);
  }
  ftrace_landing_reached(&landing);
  expect(false, "the process goes on");
}
