// System calls in the shape that the Swift layer above wants: the result, or the errno negated. Nothing here keeps state but
// the pointer to this thread's fault script.
#pragma once

#if !(defined(__linux__) && defined(__x86_64__))
#error "swift-ftrace needs Linux on x86-64"
#endif

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Older headers lack these; the values are the kernel's ABI.
enum {
  FTRACE_MFD_CLOEXEC = 0x0001,
  FTRACE_MFD_EXEC = 0x0010,  // Linux 6.3
  FTRACE_FALLOC_FL_KEEP_SIZE = 0x01,
  FTRACE_FALLOC_FL_PUNCH_HOLE = 0x02,
};

/// The faults scripted for this thread, or null, which is every thread outside a test. Owned by Swift's `System.withFaults`.
extern _Thread_local void *ftrace_fault_script_of_thread __attribute__((tls_model("initial-exec")));

static inline void *ftrace_fault_script(void) { return ftrace_fault_script_of_thread; }
static inline void ftrace_set_fault_script(void *script) { ftrace_fault_script_of_thread = script; }

static inline long ftrace_result(long value) { return value == -1 ? -(long)errno : value; }

// Memory. The libc functions where there is one, so that sanitizers see them.

static inline long ftrace_sys_mmap(uintptr_t address, size_t bytes, int protection, int flags, int descriptor, long offset) {
  return ftrace_result((long)mmap((void *)address, bytes, protection, flags, descriptor, offset));
}
static inline long ftrace_sys_munmap(uintptr_t address, size_t bytes) {
  return ftrace_result(munmap((void *)address, bytes));
}
static inline long ftrace_sys_mprotect(uintptr_t address, size_t bytes, int protection) {
  return ftrace_result(mprotect((void *)address, bytes, protection));
}
static inline long ftrace_sys_madvise(uintptr_t address, size_t bytes, int advice) {
  return ftrace_result(syscall(SYS_madvise, address, bytes, advice));
}
/// Never one of the standard descriptors, though they be closed: what a program writes to its standard output must not end up in code.
static inline long ftrace_sys_memfd_create(const char *name, unsigned flags) {
  const long descriptor = ftrace_result(syscall(SYS_memfd_create, name, flags));
  if (descriptor < 0 || descriptor > 2) return descriptor;
  const long above = ftrace_result(fcntl((int)descriptor, F_DUPFD_CLOEXEC, 3));
  close((int)descriptor);
  return above;
}
static inline long ftrace_sys_ftruncate(int descriptor, long bytes) { return ftrace_result(ftruncate(descriptor, bytes)); }
static inline long ftrace_sys_fallocate(int descriptor, int mode, long offset, long bytes) {
  return ftrace_result(syscall(SYS_fallocate, descriptor, mode, offset, bytes));
}

// Files.

static inline long ftrace_sys_open(const char *path, int flags, unsigned mode) {
  return ftrace_result(open(path, flags, mode));
}
static inline long ftrace_sys_close(int descriptor) { return ftrace_result(close(descriptor)); }
static inline long ftrace_sys_read(int descriptor, void *buffer, size_t bytes) {
  return ftrace_result(read(descriptor, buffer, bytes));
}
static inline long ftrace_sys_write(int descriptor, const void *buffer, size_t bytes) {
  return ftrace_result(write(descriptor, buffer, bytes));
}
static inline long ftrace_sys_pread(int descriptor, void *buffer, size_t bytes, long offset) {
  return ftrace_result(pread(descriptor, buffer, bytes, offset));
}
static inline long ftrace_sys_pwrite(int descriptor, const void *buffer, size_t bytes, long offset) {
  return ftrace_result(pwrite(descriptor, buffer, bytes, offset));
}
static inline long ftrace_sys_fsync(int descriptor) { return ftrace_result(fsync(descriptor)); }
static inline long ftrace_sys_unlink(const char *path) { return ftrace_result(unlink(path)); }
static inline long ftrace_sys_rename(const char *from, const char *to) {
  return ftrace_result(syscall(SYS_rename, from, to));
}

// Threads and signals.

static inline long ftrace_sys_membarrier(int command, unsigned flags, int cpu) {
  return ftrace_result(syscall(SYS_membarrier, command, flags, cpu));
}
/// Relative timeout on CLOCK_MONOTONIC; a negative one waits for ever. Private: no word is shared between processes.
static inline long ftrace_sys_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds) {
  struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  return ftrace_result(
      syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nanoseconds < 0 ? (struct timespec *)0 : &timeout, (void *)0, 0));
}
static inline long ftrace_sys_futex_wake(const void *word, int count) {
  return ftrace_result(syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, (void *)0, (void *)0, 0));
}
static inline int ftrace_sys_gettid(void) { return (int)syscall(SYS_gettid); }
static inline long ftrace_sys_tgkill(int process, int thread, int signal) {
  return ftrace_result(syscall(SYS_tgkill, process, thread, signal));
}
static inline long ftrace_sys_sigaction(int signal, const struct sigaction *action, struct sigaction *old) {
  return ftrace_result(sigaction(signal, action, old));
}
static inline long ftrace_sys_sigaltstack(const stack_t *stack, stack_t *old) {
  return ftrace_result(sigaltstack(stack, old));
}
/// The one call here that answers with the errno itself.
static inline long ftrace_sys_sigmask(int how, const sigset_t *set, sigset_t *old) {
  return -(long)pthread_sigmask(how, set, old);
}

// Clocks: through the vDSO, and without failure for the clocks named here.

static inline uint64_t ftrace_clock_nanoseconds(int clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
