// What the scenarios of workers share, private to this target.
#pragma once
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "CFtraceShims.h"

// What a thread has come to, and what it may go on to.
extern _Atomic(int) worker_reached, worker_allowed __attribute__((visibility("hidden")));

static inline void reach(int step) { atomic_store(&worker_reached, step); }
static inline void wait_for(const _Atomic(int) *word, int step) {
  while (atomic_load(word) < step) sched_yield();
}
static inline void await(int step) { wait_for(&worker_reached, step); }
static inline void allow(int step) { atomic_store(&worker_allowed, step); }
static inline void pass(int step) { wait_for(&worker_allowed, step); }

// What is wrong, NULL if nothing is.
extern const char *worker_failure __attribute__((visibility("hidden")));
static inline void expect(bool condition, const char *message) {
  if (!condition && !worker_failure) worker_failure = message;
}

static inline pthread_t start(void *(*body)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, NULL)) abort();
  return thread;
}

static inline void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

// A number that no program has by chance: what the scan looks for.
enum { CODE = 0x5EED00 };
static const struct ftrace_code_range range = {((uint64_t)CODE << 24), ((uint64_t)CODE << 24) + 0x100};

struct seen {
  uint32_t status, signals;
  bool marked, uncertain;
  size_t words;
};

static inline struct seen stop_after(uint64_t deadline_ms, uint64_t grace_ns) {
  uint8_t mark = 0;
  struct ftrace_scan scan = {.ranges = &range, .marks = &mark, .count = 1};
  struct ftrace_stop stop = {
      .deadline_ns = deadline_ms * 1000000, .spin_ns = 1000, .grace_ns = grace_ns, .scan = &scan};
  ftrace_stop_run(&stop);
  return (struct seen){stop.status, stop.signals, mark != 0, scan.uncertain, scan.words};
}

static inline struct seen stop(uint64_t deadline_ms) { return stop_after(deadline_ms, 1000000); }

enum { PATIENT = 30000 };

// Whether a thread waits in futex(2).
static inline bool waits_on_futex(pid_t tid) {
  char path[64], text[8] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
  FILE *const file = fopen(path, "r");
  const bool waits = file && fgets(text, sizeof text, file) && atoi(text) == SYS_futex;
  if (file) fclose(file);
  return waits;
}

static inline bool is_armed(void) { return atomic_load(&ftrace_thread_self()->poll) & FTRACE_POLL_ARMED; }

// The scenarios that are not in workers.c.
void worker_lands(void) __attribute__((visibility("hidden")));
void worker_may_leave(void) __attribute__((visibility("hidden")));
void worker_lands_half_done(void) __attribute__((visibility("hidden")));
void worker_late_place(void) __attribute__((visibility("hidden")));
void worker_taken_signal(void) __attribute__((visibility("hidden")));
void worker_blocked_signal(void) __attribute__((visibility("hidden")));
void worker_tiny_stack(void) __attribute__((visibility("hidden")));
void worker_install(void) __attribute__((visibility("hidden")));
