#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CFtraceShims.h"
#include "ftrace_domain.h"
#include "ftrace_fork.h"
#include "ftrace_proc.h"
#include "ftrace_signal_thread.h"

// The handler of the stop signal calls this.
FTRACE_UNINSTRUMENTED void ftrace_futex_wait(_Atomic(uint32_t) *word, uint32_t value, uint64_t nanoseconds) {
  const int saved = errno;
  struct timespec timeout = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nanoseconds ? &timeout : NULL, NULL, 0);
  errno = saved;
}

FTRACE_UNINSTRUMENTED void ftrace_futex_wake(_Atomic(uint32_t) *word, int count) {
  const int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
  errno = saved;
}

void ftrace_bell_ring(uint32_t *bell) {
  _Atomic(uint32_t) *word = (_Atomic(uint32_t) *)bell;
  // Pairs with the exchange in `ftrace_bell_wait`: what was written before is seen by whoever was woken.
  if (atomic_exchange_explicit(word, 1, memory_order_release) == 0) ftrace_futex_wake(word, 1);
}

void ftrace_bell_wait(uint32_t *bell, uint64_t nanoseconds) {
  _Atomic(uint32_t) *word = (_Atomic(uint32_t) *)bell;
  if (atomic_exchange_explicit(word, 0, memory_order_acquire)) return;
  ftrace_futex_wait(word, 0, nanoseconds);
  atomic_exchange_explicit(word, 0, memory_order_acquire);
}

uint64_t ftrace_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void ftrace_sleep(uint64_t nanoseconds) {
  const struct timespec duration = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
  nanosleep(&duration, NULL);
}

// Returns 0, or the errno for which there is no fence: then a worker may not have seen its bit.
static int arm(uint32_t bits) {
  for (struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    atomic_fetch_or_explicit(&thread->poll, bits, memory_order_seq_cst);
    // Above every stack: the next prologue's `cmp rsp, limit; jbe` is taken.
    atomic_store_explicit(&thread->stack_limit, UINT64_MAX, memory_order_relaxed);
  }
  FTRACE_RACE_WINDOW();
  // The fence that gates and back-edges leave out.
  return ftrace_barrier_fence_all();
}

static void disarm(void) {
  for (struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    atomic_store_explicit(&thread->stack_limit, thread->real_limit, memory_order_relaxed);
    atomic_fetch_and_explicit(&thread->poll, ~(uint32_t)(FTRACE_POLL_ARMED | FTRACE_POLL_ASLEEP), memory_order_seq_cst);
  }
}

static bool quiescent(const struct ftrace_thread *thread, uint64_t generation) {
  struct ftrace_thread *worker = (struct ftrace_thread *)thread;
  // Pair with the release stores of a worker that leaves, parks or acknowledges.
  return atomic_load_explicit(&worker->depth, memory_order_acquire) == 0 ||
         atomic_load_explicit(&worker->acknowledged, memory_order_acquire) == generation;
}

// The number of workers still inside; `*one` is one of them.
static uint32_t count_running(uint64_t generation, const struct ftrace_thread **one) {
  uint32_t running = 0;
  for (const struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next)
    if (!quiescent(thread, generation)) {
      running++;
      *one = thread;
    }
  return running;
}

static void send_signals(struct ftrace_stop *stop) {
  for (struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    if (quiescent(thread, stop->generation)) continue;
    const int error = ftrace_signal_send(thread, stop->generation);
    if (error > 0) stop->signal_error = error;
    else if (error == 0) stop->signals++;
  }
}

// How long to wait for the answer to a signal before the workers that refused it are sent another. A refusal is over in nanoseconds;
// a worker that is not running answers when it is scheduled.
enum { SIGNAL_RETRY_NS = 100 * 1000 };

// Returns whether every worker has arrived; if not, `stop->error` says why, or is 0: it is too late.
static bool wait_for_workers(struct ftrace_stop *stop, uint64_t began) {
  const struct ftrace_thread *one = NULL;
  stop->waited_for = count_running(stop->generation, &one);
#if FTRACE_DELAYS
  if (ftrace_sabotaged(FTRACE_SABOTAGE_SKIP_WAIT)) return true;
#endif
  bool asleep = false;
  uint64_t next_signals = stop->grace_ns;
  for (;;) {
    // Read before the workers are looked at: a worker that arrives later changes it, and the wait below returns at once.
    const uint32_t word = atomic_load_explicit(&ftrace_domain.stopper_word, memory_order_acquire);
    const uint32_t running = count_running(stop->generation, &one);
    if (one) {
      stop->last_tid = one->tid;
      memcpy(stop->last_name, one->name, sizeof stop->last_name);
    }
    if (!running) return true;
    const uint64_t elapsed = ftrace_monotonic_ns() - began;
    if (elapsed >= stop->deadline_ns) return false;
    if (elapsed >= next_signals) {
      send_signals(stop);
      next_signals = elapsed + SIGNAL_RETRY_NS;
    }
    if (elapsed < stop->spin_ns) {
      for (int i = 0; i < 16; i++) ftrace_pause();
    } else if (!asleep) {
      stop->error = arm(FTRACE_POLL_ARMED | FTRACE_POLL_ASLEEP);
      if (stop->error) return false;
      asleep = true;
    } else {
      const uint64_t until = next_signals < stop->deadline_ns ? next_signals : stop->deadline_ns;
      ftrace_futex_wait(&ftrace_domain.stopper_word, word, until - elapsed);
    }
  }
}

// Before the release: who arrives until then stays where it was, so that what is said of a worker fits together.
static void name_late_workers(struct ftrace_stop *stop) {
  for (const struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    if (quiescent(thread, stop->generation)) continue;
    if (stop->late_count < FTRACE_STOP_LATE_MAX) {
      struct ftrace_late_worker *late = &stop->late[stop->late_count];
      late->tid = thread->tid;
      late->pc = atomic_load_explicit(&((struct ftrace_thread *)thread)->last_pc, memory_order_relaxed);
      late->depth = atomic_load_explicit(&((struct ftrace_thread *)thread)->depth, memory_order_relaxed);
      for (size_t i = 0; i < sizeof late->name; i++) late->name[i] = thread->name[i];
      ftrace_proc_place(late->tid, &late->system_call, &late->system_pc);
      if (quiescent(thread, stop->generation)) continue; // in the very last moment
    }
    stop->late_count++;
  }
}

// Whether memory that was written may become executable, tried on a page of its own: a policy that came after the start refuses it, and
// code that cannot become executable again is lost. Returns 0 or an errno.
static int try_executable(void) {
  enum { PAGE = 4096 };
  void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno;
  const int error = mprotect(page, PAGE, PROT_READ | PROT_EXEC) ? errno : 0;
  munmap(page, PAGE);
  return error;
}

// Where code has no writable alias its pages change protection, all of them or none. Returns 0 or an errno.
static int make_writable(const struct ftrace_plan *plan) {
  const int refused = plan->page_count ? try_executable() : 0;
  if (refused) return refused;
  for (size_t i = 0; i < plan->page_count; i++) {
    if (!mprotect((void *)plan->pages[i].start, plan->pages[i].bytes, PROT_READ | PROT_WRITE))
      continue;
    const int error = errno;
    while (i-- > 0) // the boundaries exist by now: the way back needs no memory
      mprotect((void *)plan->pages[i].start, plan->pages[i].bytes, PROT_READ | PROT_EXEC);
    return error;
  }
  return 0;
}

// Returns 0, or the errno for which pages stay without execution: whoever calls code there faults.
static int make_executable(const struct ftrace_plan *plan) {
  int lost = 0;
  for (size_t i = 0; i < plan->page_count; i++)
    while (mprotect((void *)plan->pages[i].start, plan->pages[i].bytes, PROT_READ | PROT_EXEC)) {
      if (!ftrace_error_passes(errno)) {
        lost = errno;
        break;
      }
      ftrace_pause();
    }
  return lost;
}

static void release(uint64_t generation) {
  disarm();
  FTRACE_RACE_WINDOW();
  // Pairs with the acquire load in `wait_for_release`.
  atomic_store_explicit(&ftrace_domain.released, generation, memory_order_release);
  atomic_fetch_add_explicit(&ftrace_domain.release_word, 1, memory_order_release);
  ftrace_futex_wake(&ftrace_domain.release_word, INT32_MAX);
}

// No core may run on what it fetched before the bytes were written, which was through another mapping. Where nobody else can do it,
// each worker does it itself: in the slower mode, and when the kernel has come to refuse it.
static void serialise(void) {
  if (ftrace_barrier_serialise_all()) return;
  for (struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next)
    // Seen by the worker after the release, which it acquires, or at its next gate: that saw the world armed, or it sees this bit, which
    // is set in the same word before it is disarmed.
    atomic_fetch_or_explicit(&thread->poll, FTRACE_POLL_SERIALISE, memory_order_seq_cst);
}

// Arms and waits. Returns whether every worker has arrived; if not, the stop has been given up.
static bool gather(struct ftrace_stop *stop) {
  const uint64_t began = ftrace_monotonic_ns();
  stop->workers = stop->waited_for = stop->late_count = stop->signals = 0;
  stop->last_tid = stop->error = stop->signal_error = 0;
  for (struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    atomic_store_explicit(&thread->last_pc, 0, memory_order_relaxed);
    stop->workers++;
  }
  stop->generation = atomic_load_explicit(&ftrace_domain.generation, memory_order_relaxed) + 1;
  // Before arming: a worker that sees its bit reads this generation or a later one.
  atomic_store_explicit(&ftrace_domain.generation, stop->generation, memory_order_seq_cst);
  FTRACE_RACE_WINDOW();
  stop->error = arm(FTRACE_POLL_ARMED);
  bool arrived = !stop->error && wait_for_workers(stop, began);
  if (!arrived && !stop->error) {
    name_late_workers(stop);
    arrived = stop->late_count == 0; // when it was looked again, and whoever has arrived stays
  }
  stop->time_to_stop_ns = ftrace_monotonic_ns() - began;
  stop->time_stopped_ns = 0;
  if (!arrived) {
    stop->status = stop->error ? FTRACE_STOP_UNFENCED : FTRACE_STOP_LATE;
    release(stop->generation);
  }
  return arrived;
}

static void run(struct ftrace_stop *stop) {
  if (!gather(stop)) return;
  const uint64_t stopped = ftrace_monotonic_ns();
  FTRACE_RACE_WINDOW();
  if (stop->observe) stop->observe(stop->observe_context);
#if FTRACE_DELAYS
  if (!ftrace_sabotaged(FTRACE_SABOTAGE_SKIP_SCAN))
#endif
  if (stop->scan)
    for (const struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next)
      ftrace_scan_worker(stop->scan, thread, stop->generation);
  stop->status = FTRACE_STOP_DONE;
  if (stop->plan) {
    stop->error = make_writable(stop->plan);
    if (stop->error) {
      stop->status = FTRACE_STOP_REFUSED;
    } else {
      ftrace_plan_apply(stop->plan);
      stop->error = make_executable(stop->plan);
      if (stop->error) stop->status = FTRACE_STOP_LOST;
    }
  }
  FTRACE_RACE_WINDOW();
  serialise();
  stop->time_stopped_ns = ftrace_monotonic_ns() - stopped;
  release(stop->generation);
}

void ftrace_stop_run(struct ftrace_stop *stop) {
  const int saved_errno = errno;
  const uint64_t signals = ftrace_registry_lock();
  run(stop);
  ftrace_registry_unlock(signals);
  errno = saved_errno;
}

// The stop before a fork. Its state is not on a stack, for the signals are restored by another handler of pthread_atfork(3); the stop
// lock admits one at a time.
static struct ftrace_stop fork_stop;
static uint64_t fork_signals;

bool ftrace_fork_prepare(bool stops, uint64_t deadline_ns, uint64_t spin_ns, uint64_t grace_ns) {
  const int saved_errno = errno;
  fork_signals = ftrace_registry_lock();
  fork_stop = (struct ftrace_stop){.deadline_ns = deadline_ns, .spin_ns = spin_ns, .grace_ns = grace_ns};
  fork_stop.generation = atomic_load_explicit(&ftrace_domain.generation, memory_order_relaxed);
  const bool arrived = !stops || gather(&fork_stop);
  // A worker may have been stopped while it holds a lock that fork(2) itself takes after this, as malloc's.
  if (stops && arrived) release(fork_stop.generation);
  errno = saved_errno;
  return arrived;
}

void ftrace_fork_parent(void) {
  const int saved_errno = errno;
  ftrace_registry_unlock(fork_signals);
  errno = saved_errno;
}

void ftrace_fork_child(void) {
  const int saved_errno = errno;
  ftrace_registry_keep_only_self();
  ftrace_territory_forget_readers();
  // Also after a stop that was given up: a worker's bits could be those of the parent's moment.
  release(fork_stop.generation);
  ftrace_registry_unlock(fork_signals);
  ftrace_barrier_register_again();
  errno = saved_errno;
}
