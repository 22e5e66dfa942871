// The asymmetric fence: readers run without one, because the stopper makes every core pass one. Where the kernel or a sandbox refuses
// membarrier(2) readers execute fences of their own, and each worker serialises its own core when it is released.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ftrace_sanitizers.h"

enum ftrace_barrier_mode {
  FTRACE_BARRIER_NONE = 0,       // not chosen yet
  FTRACE_BARRIER_MEMBARRIER = 1, // PRIVATE_EXPEDITED and PRIVATE_EXPEDITED_SYNC_CORE
  FTRACE_BARRIER_FENCES = 2,     // readers fence, workers serialise
};

/// Chooses the mode, once: emitted gates depend on it. `fences` asks for the slower one. Not thread-safe; later calls change nothing.
/// Returns 0, or the errno for which membarrier(2) was refused (the mode is `FENCES` then).
int ftrace_barrier_choose(bool fences);
enum ftrace_barrier_mode ftrace_barrier_mode(void);

/// Whether a system call that failed for this reason is worth another try: lack of memory, a signal.
bool ftrace_error_passes(int error);

/// Makes every core that runs a thread of this process pass a fence. Nothing to do where readers fence. Returns 0, or the errno for which
/// the kernel refuses it although it allowed it once: a sandbox was installed.
int ftrace_barrier_fence_all(void);
/// Makes every core that runs a thread of this process discard what it fetched, and returns true; false where only the threads
/// themselves can do so, also because the kernel refuses it although it allowed it once.
bool ftrace_barrier_serialise_all(void);

/// Serialises the calling core: what follows is fetched anew.
///
/// `iretq` to the next instruction, a serialising instruction (Intel SDM volume 3, 9.3) of some 40 ns; `cpuid` is one too, and costs
/// microseconds under a hypervisor, which must intercept it. It is the one for threads with a shadow stack, on which `iretq` would look
/// for a frame (SDM volume 1, 17.2): `rdssp` leaves its register alone where there is none.
FTRACE_AS_CALLER void ftrace_barrier_serialise_self(void) {
  __asm__ volatile("xorl %%eax, %%eax\n\t"
                   ".byte 0xF3, 0x48, 0x0F, 0x1E, 0xC8\n\t" // rdsspq %rax
                   "testq %%rax, %%rax\n\t"
                   "jnz 2f\n\t"
                   "movq %%rsp, %%rcx\n\t"
                   "subq $128, %%rsp\n\t" // the red zone
                   "movl %%ss, %%eax\n\t"
                   "pushq %%rax\n\t"
                   "pushq %%rcx\n\t"
                   "pushfq\n\t"
                   "movl %%cs, %%eax\n\t"
                   "pushq %%rax\n\t"
                   "leaq 1f(%%rip), %%rax\n\t"
                   "pushq %%rax\n\t"
                   "iretq\n"
                   "2:\txorl %%eax, %%eax\n\t"
                   "cpuid\n"
                   "1:" ::: "rax", "rbx", "rcx", "rdx", "memory", "cc");
}
