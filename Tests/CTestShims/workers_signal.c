// The stop signal, and workers that do not answer it.
#define _GNU_SOURCE
#include <sys/auxv.h>
#include <unistd.h>

#include "ftrace_test_process.h"
#include "ftrace_test_thread.h"
#include "workers.h"

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
  while (atomic_load(&worker_allowed) < 2) {
    const uint32_t word = atomic_load(&ftrace_domain.release_word);
    if (!is_armed() || atomic_load(&worker_allowed) == 1) continue;
    ftrace_futex_wait(&ftrace_domain.release_word, word, 0);
    reach(atomic_load(&turn) + 1);
  }
  ftrace_leave();
  return context;
}

// Notes the turns in which the worker was seen to wait before the stop was given up.
static void *watches_worker(void *context) {
  while (atomic_load(&worker_allowed) < 2) {
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

void worker_late_place(void) {
  enum { TURNS = 20, DEADLINE = 20 * 1000 * 1000 };
  const pthread_t worker = start(waits_for_release);
  await(1);
  const pthread_t watcher = start(watches_worker);
  for (int seen = 0, now = 1; seen < TURNS && !worker_failure; now++) {
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
  while (atomic_load(&worker_allowed) < 2) {}
  ftrace_leave();
  return context;
}

void worker_taken_signal(void) {
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
  while (atomic_load(&worker_allowed) < 3) {}
  ftrace_leave();
  return context;
}

// Stops that the worker does not arrive at, until one of them has sent a signal.
static void stop_until_signalled(void) {
  struct seen seen;
  do {
    seen = stop_after(5, 1);
    expect(seen.status == FTRACE_STOP_LATE && seen.signals <= 1, "a worker that blocks the signal has arrived");
  } while (!seen.signals && !worker_failure);
}

void worker_blocked_signal(void) {
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
  while (atomic_load(&worker_allowed) < 1) {}
  ftrace_leave();
  ftrace_thread_detach();
  expect(ftrace_test_current_alternate_stack() == own, "the program's stack was not put back");
  return context;
}

void worker_tiny_stack(void) {
  const pthread_t thread = start(spins_on_tiny_stack);
  await(1);
  for (int i = 0; i < 20; i++) expect(stop(PATIENT).status == FTRACE_STOP_DONE, "the worker was not stopped");
  allow(1);
  pthread_join(thread, NULL);
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

void worker_install(void) {
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
