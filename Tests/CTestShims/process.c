#define _GNU_SOURCE
#include "ftrace_test_process.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int ftrace_test_fork(void) { return fork(); }

int ftrace_test_wait(int child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}

// Of calls of that number those are answered whose two arguments, of which the lower halves are looked at, are `value` where `mask` is
// set.
struct condition {
  unsigned argument;
  uint32_t mask, value;
};

static int deny(long call, struct condition first, struct condition second, int error) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 7),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * first.argument),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, first.mask),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first.value, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * second.argument),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, second.mask),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, second.value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) ? errno : 0;
}

static const struct condition always = {0, 0, 0};

int ftrace_test_deny_membarrier(int error) { return deny(SYS_membarrier, always, always, error); }

int ftrace_test_deny_serialising(int error) {
  return deny(SYS_membarrier, (struct condition){0, ~0u, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE}, always, error);
}

int ftrace_test_deny_executable(uint64_t page, int error) {
  const struct condition executable = {2, PROT_EXEC, PROT_EXEC};
  return deny(SYS_mprotect, executable, page ? (struct condition){0, ~0u, (uint32_t)page} : always, error);
}

static _Atomic(uint64_t) counters[65];
static void count(int signal) { atomic_fetch_add(&counters[signal], 1); }

_Atomic(uint64_t) *ftrace_test_count_signal(int signal) {
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(signal, &action, NULL);
  return &counters[signal];
}
uint64_t ftrace_test_counted(int signal) { return atomic_load(&counters[signal]); }

static _Atomic(uint64_t) mask_in_handler;
static void record_mask(int signal) {
  (void)signal;
  uint64_t mask = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof mask);
  atomic_store(&mask_in_handler, mask);
}

void ftrace_test_record_mask(int signal, int blocked, int flags) {
  struct sigaction action = {.sa_handler = record_mask, .sa_flags = flags};
  sigaddset(&action.sa_mask, blocked);
  sigaction(signal, &action, NULL);
}
uint64_t ftrace_test_recorded_mask(void) { return atomic_load(&mask_in_handler); }

void ftrace_test_raise(int signal) { pthread_kill(pthread_self(), signal); }

static void (*handled)(void *);
static void *handled_context;
static void handle(int signal) {
  (void)signal;
  const int saved = errno;
  handled(handled_context);
  errno = saved;
}

void ftrace_test_handle(int signal, void (*function)(void *), void *context) {
  handled = function;
  handled_context = context;
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  sigaction(signal, &action, NULL);
}

void ftrace_test_timer(int signal, int64_t microseconds) {
  static timer_t timer;
  static int exists;
  if (!exists) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer)) abort();
    exists = 1;
  }
  const struct timespec period = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
  const struct itimerspec setting = {.it_interval = period, .it_value = period};
  timer_settime(timer, 0, &setting, NULL);
}

int ftrace_test_blocks(int signal) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  return sigismember(&set, signal);
}

void ftrace_test_unblock(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void *ftrace_test_alternate_stack(uint64_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const stack_t stack = {.ss_sp = start, .ss_size = bytes};
  return sigaltstack(&stack, NULL) ? NULL : start;
}

void *ftrace_test_current_alternate_stack(void) {
  stack_t stack;
  return sigaltstack(NULL, &stack) || stack.ss_flags & SS_DISABLE ? NULL : stack.ss_sp;
}

void ftrace_test_exit_thread(void) { pthread_exit(NULL); }

void ftrace_test_allocate(void) {
  enum { BLOCKS = 64 };
  void *volatile blocks[BLOCKS];
  for (size_t i = 0; i < BLOCKS; i++) blocks[i] = malloc(2000 + 96 * i);
  for (size_t i = 0; i < BLOCKS; i += 2) free(blocks[i]);
  for (size_t i = 1; i < BLOCKS; i += 2) free(blocks[i]);
}
