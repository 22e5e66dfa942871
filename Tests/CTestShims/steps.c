#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#include "CFtraceShims.h"
#include "ftrace_test_shims.h"

static __thread struct ftrace_test_steps *current __attribute__((tls_model("initial-exec")));
// The stack pointer at the recorder's entry, 0 outside of it.
static __thread uint64_t recorder_sp __attribute__((tls_model("initial-exec")));

enum { TRAP_FLAG = 0x100 };

static void handle_step(int signal, siginfo_t *info, void *raw) {
  (void)signal;
  (void)info;
  ucontext_t *context = raw;
  greg_t *registers = context->uc_mcontext.gregs;
  struct ftrace_test_steps *steps = current;
  if (!steps) {
    registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    return;
  }
  const uint64_t pc = (uint64_t)registers[REG_RIP], sp = (uint64_t)registers[REG_RSP];
  if (steps->to) {
    if (pc < steps->from || pc >= steps->to) return;
  } else if (!recorder_sp && pc == ftrace_address_of_record_ip()) {
    recorder_sp = sp;
  }
  // After its `ret` the recorder's return address is popped.
  if (recorder_sp && sp > recorder_sp) recorder_sp = 0;
  if (!steps->to && !recorder_sp) return;
  if (steps->steps++ != steps->at) return;
  const uint64_t outer = recorder_sp;
  current = NULL;
  steps->busy_before = ftrace_test_busy();
  steps->action(steps->context);
  steps->busy_after = ftrace_test_busy();
  steps->acted = true;
  current = steps;
  recorder_sp = outer;
}

static void install(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER};
  action.sa_sigaction = handle_step;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTRAP, &action, NULL);
}

uint64_t ftrace_test_call_in_steps(uint64_t (*function)(uint64_t), uint64_t argument, struct ftrace_test_steps *steps) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  recorder_sp = 0;
  current = steps;
  // The red zone of this function must not be in use below.
  __asm__ volatile("subq $128, %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\taddq $128, %%rsp" ::: "cc", "memory");
  const uint64_t result = function(argument);
  current = NULL; // the next step clears the flag
  __asm__ volatile("nop" ::: "memory");
  return result;
}
