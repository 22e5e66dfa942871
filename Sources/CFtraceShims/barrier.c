#define _GNU_SOURCE
#include "ftrace_barrier.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ftrace_domain.h"
#include "ftrace_stop.h"

enum ftrace_barrier_mode ftrace_barrier_chosen;
#define mode ftrace_barrier_chosen
static int refused;

static int register_membarrier(void) {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0)) return errno;
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)) return errno;
  return 0;
}

int ftrace_barrier_choose(bool fences) {
  if (mode != FTRACE_BARRIER_NONE) return refused;
  const int saved = errno;
  refused = fences ? 0 : register_membarrier();
  mode = fences || refused ? FTRACE_BARRIER_FENCES : FTRACE_BARRIER_MEMBARRIER;
  errno = saved;
  return refused;
}

enum ftrace_barrier_mode ftrace_barrier_mode(void) { return mode; }

bool ftrace_error_passes(int error) { return error == ENOMEM || error == EAGAIN || error == EINTR; }

// Once registered it fails for lack of memory, which passes, or because a sandbox was installed since, which does not. Returns 0 or an
// errno.
static int all_cores(int command) {
  const int saved = errno;
  int error;
  for (;;) {
    error = syscall(SYS_membarrier, command, 0, 0) ? errno : 0;
    if (!ftrace_error_passes(error)) break;
    ftrace_pause();
  }
  errno = saved;
  return error;
}

int ftrace_barrier_fence_all(void) {
  if (mode == FTRACE_BARRIER_MEMBARRIER) return all_cores(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  atomic_thread_fence(memory_order_seq_cst);
  return 0;
}

bool ftrace_barrier_serialise_all(void) {
  return mode == FTRACE_BARRIER_MEMBARRIER && all_cores(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) == 0;
}

void ftrace_barrier_register_again(void) {
  if (mode == FTRACE_BARRIER_MEMBARRIER) register_membarrier();
}
