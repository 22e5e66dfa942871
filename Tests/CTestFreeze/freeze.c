#define _GNU_SOURCE
#include "ftrace_test_freeze.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static __thread const char *library_to_freeze_in __attribute__((tls_model("initial-exec")));
// How many threads have been frozen, and how many of them may go on.
static _Atomic(int) frozen, thawed;
static __thread bool in_fork_handlers __attribute__((tls_model("initial-exec")));

void ftrace_test_freeze(void) {
  const int mine = atomic_fetch_add(&frozen, 1) + 1;
  while (atomic_load(&thawed) < mine) {
#ifdef SANITIZED
    usleep(10); // with the thread sanitizer a worker is stopped in a system call, not in C code
#else
    __builtin_ia32_pause();
#endif
  }
}
bool ftrace_test_is_frozen(void) { return atomic_load(&frozen) != atomic_load(&thawed); }
void ftrace_test_thaw(void) { atomic_store(&thawed, atomic_load(&frozen)); }
void ftrace_test_freeze_in_mutex_of(const char *library) { library_to_freeze_in = library; }

// A thread that is not in the child may hold the mutex, and for ever: that it is free now does not count.
static void refuse(void) {
  in_fork_handlers = false;
  dprintf(2, "the child's fork handlers lock a mutex\n");
  // For a debugger.
  if (getenv("FTRACE_TEST_PAUSE")) pause();
  _exit(70);
}

static void enter_fork_handlers(void) { in_fork_handlers = true; }
void ftrace_test_watch_fork_handlers(void) {
  if (pthread_atfork(NULL, NULL, enter_fork_handlers)) abort();
}
// In place of the C library's, for every library of the process. A sanitizer has a function of its own there, and without it would take
// all that mutexes guard for races.
#ifndef SANITIZED
int pthread_mutex_lock(pthread_mutex_t *mutex) {
  static int (*_Atomic next)(pthread_mutex_t *);
  int (*real)(pthread_mutex_t *) = atomic_load_explicit(&next, memory_order_relaxed);
  if (!real) {
    real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    atomic_store_explicit(&next, real, memory_order_relaxed);
  }
  if (in_fork_handlers) refuse();
  const int result = real(mutex);
  if (library_to_freeze_in && result == 0) {
    Dl_info info;
    if (dladdr(__builtin_return_address(0), &info) && info.dli_fname && strstr(info.dli_fname, library_to_freeze_in)) {
      library_to_freeze_in = NULL;
      ftrace_test_freeze();
    }
  }
  return result;
}
#endif

static _Atomic(int) fork_handlers;
#ifndef SANITIZED
// In place of the C library's: the handlers are behind the child when it has returned.
pid_t fork(void) {
  pid_t (*next)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
  const pid_t child = next();
  in_fork_handlers = false;
  return child;
}

// What pthread_atfork(3) is made of. Those of this program are told from those of its libraries by where they lie.
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso) {
  Dl_info handler, own;
  if (prepare && dladdr((void *)(uintptr_t)prepare, &handler) && dladdr(&fork_handlers, &own) &&
      handler.dli_fbase == own.dli_fbase)
    atomic_fetch_add(&fork_handlers, 1);
  int (*next)(void (*)(void), void (*)(void), void (*)(void), void *) = dlsym(RTLD_NEXT, "__register_atfork");
  return next(prepare, parent, child, dso);
}
#endif
int ftrace_test_fork_handlers(void) { return atomic_load(&fork_handlers); }

static int ends[2], saved = 2;
static _Atomic(int) frozen_tid;

// malloc_stats(3) prints the figures of an arena to standard error, which is not buffered, while it holds the arena's lock; the main
// arena's first. The pipe is full.
void ftrace_test_freeze_in_allocator(void) {
  if (pipe(ends)) abort();
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  static const char zeros[4096];
  while (write(ends[1], zeros, sizeof zeros) > 0) {}
  while (write(ends[1], zeros, 1) > 0) {}
  fcntl(ends[1], F_SETFL, 0);
  signal(SIGPIPE, SIG_IGN);
  fflush(stderr);
  saved = dup(2);
  dup2(ends[1], 2);
  atomic_store(&frozen_tid, (int)syscall(SYS_gettid));
  malloc_stats();
  dup2(saved, 2);
  saved = 2;
}

bool ftrace_test_is_frozen_in_allocator(void) {
  const int tid = atomic_load(&frozen_tid);
  if (!tid) return false;
  char path[64], text[16] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
  const int file = open(path, O_RDONLY);
  if (file < 0 || read(file, text, sizeof text - 1) < 0) text[0] = 0;
  close(file);
  // write(2, ...
  return strncmp(text, "1 0x2 ", 6) == 0;
}

int ftrace_test_error_descriptor(void) { return saved; }

void ftrace_test_thaw_allocator(void) {
  // What is left of the figures goes nowhere.
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, 2);
  close(nowhere);
  close(ends[1]);
  close(ends[0]);
}

void ftrace_test_lock_arenas(void) { (void)mallinfo2(); }

static int freeze_in_loader(struct dl_phdr_info *info, size_t size, void *freezes) {
  (void)info, (void)size;
  if (freezes) ftrace_test_freeze();
  return 1; // the first object is enough
}
static int marker;
void ftrace_test_freeze_in_loader(void) { dl_iterate_phdr(freeze_in_loader, &marker); }
void ftrace_test_lock_loader(void) { dl_iterate_phdr(freeze_in_loader, NULL); }

void ftrace_test_freeze_in_stream(void) {
  flockfile(stdout);
  ftrace_test_freeze();
  funlockfile(stdout);
}
void ftrace_test_lock_stream(void) {
  flockfile(stdout);
  funlockfile(stdout);
}
