#define _GNU_SOURCE
#include "ftrace_test_workers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CFtraceShims.h"
#include "ftrace_test_process.h"
#include "ftrace_test_thread.h"

// What a thread has come to, and what it may go on to.
static _Atomic(int) reached, allowed;

static void reach(int step) { atomic_store(&reached, step); }
static void wait_for(const _Atomic(int) *word, int step) {
  while (atomic_load(word) < step) sched_yield();
}
static void await(int step) { wait_for(&reached, step); }
static void allow(int step) { atomic_store(&allowed, step); }
static void pass(int step) { wait_for(&allowed, step); }

static const char *failure;
static void expect(bool condition, const char *message) {
  if (!condition && !failure) failure = message;
}

static pthread_t start(void *(*body)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, NULL)) abort();
  return thread;
}

static void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

// A number that no program has by chance: what the scan looks for.
enum { CODE = 0x5EED00 };
static struct ftrace_code_range range = {((uint64_t)CODE << 24), ((uint64_t)CODE << 24) + 0x100};

struct seen {
  uint32_t status, signals;
  bool marked, uncertain;
  size_t words;
};

static struct seen stop_after(uint64_t deadline_ms, uint64_t grace_ns) {
  uint8_t mark = 0;
  struct ftrace_scan scan = {.ranges = &range, .marks = &mark, .count = 1};
  struct ftrace_stop stop = {
      .deadline_ns = deadline_ms * 1000000, .spin_ns = 1000, .grace_ns = grace_ns, .scan = &scan};
  ftrace_stop_run(&stop);
  return (struct seen){stop.status, stop.signals, mark != 0, scan.uncertain, scan.words};
}

static struct seen stop(uint64_t deadline_ms) { return stop_after(deadline_ms, 1000000); }

enum { PATIENT = 30000 };

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
  while (atomic_load(&allowed) < 1)
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

// Whether a thread waits in futex(2).
static bool waits_on_futex(pid_t tid) {
  char path[64], text[8] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
  FILE *const file = fopen(path, "r");
  const bool waits = file && fgets(text, sizeof text, file) && atoi(text) == SYS_futex;
  if (file) fclose(file);
  return waits;
}

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
  expect(atomic_load(&reached) == 3, "the handler did not run while the thread attached");
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

// MARK: A landing while a stop is under way.

static _Atomic(pid_t) landing_tid;

static bool is_armed(void) { return atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED; }

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

static void land(void) {
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

static void landing_may_leave(void) {
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

static void land_half_done(void) {
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

// MARK: Where a late worker is when the stop is given up: after the release it is somewhere else.

// As ftrace_domain.h has it, which is private: the release changes the last word, and wakes who waits for that.
extern struct {
  _Atomic(uint64_t) generation, released;
  _Atomic(uint32_t) release_word;
} ftrace_domain;

static _Atomic(pid_t) late_tid;
static _Atomic(uint64_t) given_up; // nanoseconds
static _Atomic(int) turn, seen_in_turn;

static void *waits_for_release(void *context) {
  ftrace_enter();
  atomic_store(&late_tid, (pid_t)syscall(SYS_gettid));
  reach(1);
  while (atomic_load(&allowed) < 2) {
    const uint32_t word = atomic_load(&ftrace_domain.release_word);
    if (!is_armed() || atomic_load(&allowed) == 1) continue;
    ftrace_futex_wait(&ftrace_domain.release_word, word, 0);
    reach(atomic_load(&turn) + 1);
  }
  ftrace_leave();
  return context;
}

// Notes the turns in which the worker was seen to wait before the stop was given up.
static void *watches_worker(void *context) {
  while (atomic_load(&allowed) < 2) {
    const int now = atomic_load(&turn);
    if (waits_on_futex(atomic_load(&late_tid)) && ftrace_monotonic_ns() < atomic_load(&given_up) &&
        now == atomic_load(&turn))
      atomic_store(&seen_in_turn, now);
    sched_yield();
  }
  return context;
}

static struct ftrace_late_worker late_in_stop(uint64_t deadline_ns) {
  struct ftrace_stop stop = {.deadline_ns = deadline_ns, .spin_ns = 1000, .grace_ns = UINT64_MAX};
  ftrace_stop_run(&stop);
  expect(stop.status == FTRACE_STOP_LATE && stop.late_count == 1, "the worker is not late");
  return stop.late[0];
}

static void late_place(void) {
  enum { TURNS = 20, DEADLINE = 20 * 1000 * 1000 };
  const pthread_t worker = start(waits_for_release);
  await(1);
  const pthread_t watcher = start(watches_worker);
  for (int seen = 0, now = 1; seen < TURNS && !failure; now++) {
    atomic_store(&given_up, ftrace_monotonic_ns() + DEADLINE);
    atomic_store(&turn, now);
    const struct ftrace_late_worker late = late_in_stop(DEADLINE);
    if (atomic_load(&seen_in_turn) != now) { // nobody's turn to run had come
      while (waits_on_futex(atomic_load(&late_tid))) sched_yield();
      continue;
    }
    await(now + 1); // it is out of the system call
    seen++;
    expect(late.tid == late_tid && late.depth == 1, "another worker is late");
    expect(late.system_call == SYS_futex && late.system_pc, "the place is not that of the moment");
  }
  allow(1);
  expect(late_in_stop(DEADLINE).system_call == FTRACE_LATE_RUNNING, "a worker that spins does not run");
  allow(2);
  pthread_join(worker, NULL);
  pthread_join(watcher, NULL);
}

// MARK: A stop signal that somebody else has taken.

static void *takes_signal(void *context) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, ftrace_signal_number());
  ftrace_enter();
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  reach(1);
  sigwaitinfo(&set, NULL);
  reach(2);
  pass(1);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  reach(3);
  while (atomic_load(&allowed) < 2) {}
  ftrace_leave();
  return context;
}

static void taken_signal(void) {
  const pthread_t thread = start(takes_signal);
  await(1);
  expect(stop(100).status == FTRACE_STOP_LATE, "a worker that does not answer has arrived");
  await(2);
  allow(1);
  await(3);
  const struct seen seen = stop(PATIENT);
  expect(seen.status == FTRACE_STOP_DONE && seen.signals > 0, "no other signal was sent");
  allow(2);
  pthread_join(thread, NULL);
}

// MARK: A thread that blocks the stop signal.

static void block_stop_signal(bool blocks) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, ftrace_signal_number());
  pthread_sigmask(blocks ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

// Takes the stop signals that are pending for the calling thread, and says how many there were.
static int take_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, ftrace_signal_number());
  int count = 0;
  while (sigtimedwait(&set, NULL, &(struct timespec){0}) > 0) count++;
  return count;
}

static _Atomic(int) taken;

static void *blocks_signal(void *context) {
  ftrace_enter();
  block_stop_signal(true);
  reach(1);
  pass(1);
  taken = take_signals();
  reach(2);
  pass(2);
  while (!is_armed()) {}
  block_stop_signal(false);
  while (atomic_load(&allowed) < 3) {}
  ftrace_leave();
  return context;
}

// Stops that the worker does not arrive at, until one of them has sent a signal.
static void stop_until_signalled(void) {
  struct seen seen;
  do {
    seen = stop_after(5, 1);
    expect(seen.status == FTRACE_STOP_LATE && seen.signals <= 1, "a worker that blocks the signal has arrived");
  } while (!seen.signals && !failure);
}

static void blocked_signal(void) {
  const pthread_t thread = start(blocks_signal);
  await(1);
  stop_until_signalled();
  for (int i = 0; i < 5; i++) expect(stop_after(5, 1).signals == 0, "another signal was sent, although one is pending");
  allow(1);
  await(2);
  expect(taken == 1, "more than one signal was pending");
  // That one is gone, so there has to be another.
  stop_until_signalled();
  allow(2);
  // No signal is sent here: the worker arrives by that of an earlier stop.
  expect(stop_after(10000, UINT64_MAX).status == FTRACE_STOP_DONE, "a signal that came late did not stop the worker");
  const struct seen seen = stop(10000);
  expect(seen.status == FTRACE_STOP_DONE && seen.signals > 0, "no signal was sent after one that came late");
  allow(3);
  pthread_join(thread, NULL);
}

// MARK: An alternate stack of the program that has no room for the stop signal.

static void *spins_on_tiny_stack(void *context) {
  void *const own = ftrace_test_alternate_stack(getauxval(51)); // AT_MINSIGSTKSZ
  expect(own != NULL, "the kernel refuses a small alternate stack");
  ftrace_enter();
  expect(ftrace_test_current_alternate_stack() != own, "the thread keeps a stack that is too small");
  reach(1);
  while (atomic_load(&allowed) < 1) {}
  ftrace_leave();
  ftrace_thread_detach();
  expect(ftrace_test_current_alternate_stack() == own, "the program's stack was not put back");
  return context;
}

static void tiny_stack(void) {
  const pthread_t thread = start(spins_on_tiny_stack);
  await(1);
  for (int i = 0; i < 20; i++) expect(stop(PATIENT).status == FTRACE_STOP_DONE, "the worker was not stopped");
  allow(1);
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
  expect(atomic_load(&reached) == 1, "the runtime went under a reader");
  ftrace_territory_end_reading();
  await(2);
  pthread_join(thread, NULL);
  expect(ftrace_territory_of(0x1000) == -1, "the territory is still there");
}

// MARK: Signals that come while the handler of the stop signal is installed.

static _Atomic(bool) ended;
static void *sends_signals(void *context) {
  const int signal = ftrace_test_default_stop_signal();
  while (!atomic_load(&ended)) {
    // One at a time: a thread that takes signals faster than it handles them does nothing else.
    const uint64_t before = ftrace_test_counted(signal);
    syscall(SYS_tgkill, getpid(), getpid(), signal);
    while (ftrace_test_counted(signal) == before && !atomic_load(&ended)) sched_yield();
  }
  return context;
}

static void install(void) {
  // A handler that did not know the program's would end the process.
  _Atomic(uint64_t) *const counter = ftrace_test_count_signal(ftrace_test_default_stop_signal());
  const pthread_t thread = start(sends_signals);
  while (atomic_load(counter) < 10) sched_yield();
  expect(ftrace_signal_install(0) == 0, "the handler is refused");
  const uint64_t before = atomic_load(counter);
  while (atomic_load(counter) < before + 10) sched_yield();
  atomic_store(&ended, true);
  pthread_join(thread, NULL);
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
      {"landing", land, 0, true},
      {"landing-may-leave", landing_may_leave, 0, true},
      {"landing-half-done", land_half_done, 0, true},
      {"late-place", late_place, 0, true},
      {"taken-signal", taken_signal, 0, true},
      {"blocked-signal", blocked_signal, 0, true},
      {"tiny-stack", tiny_stack, 0, true},
      {"territory", territory, 0, true},
      {"install", install, 0, false},
  };
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    if (strcmp(scenarios[i].name, name)) continue;
    in_handler = scenarios[i].variant;
    nested = scenarios[i].variant != 0;
    alarm(120); // whoever waits for ever is ended
    ftrace_barrier_choose(false);
    if (scenarios[i].prepares) ftrace_signal_install(0);
    scenarios[i].body();
    return failure;
  }
  return "no such scenario";
}
