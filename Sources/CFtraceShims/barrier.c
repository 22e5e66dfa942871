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

static void until_done(int command) {
  const int saved = errno;
  // It fails for lack of memory alone, once registered; nobody may be released without it.
  while (syscall(SYS_membarrier, command, 0, 0)) ftrace_pause();
  errno = saved;
}

void ftrace_barrier_fence_all(void) {
  if (mode == FTRACE_BARRIER_MEMBARRIER) until_done(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  else atomic_thread_fence(memory_order_seq_cst);
}

bool ftrace_barrier_serialise_all(void) {
  if (mode != FTRACE_BARRIER_MEMBARRIER) return false;
  until_done(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
  return true;
}

void ftrace_barrier_register_again(void) {
  if (mode == FTRACE_BARRIER_MEMBARRIER) register_membarrier();
}
