// A trap ends the innermost activation of its thread: it lands in that activation's gate, whose caller then tells the engine which frames are gone.
// Between the two lies emitted code alone, and C that it calls for one instruction.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "ftrace_territory.h"
#include "ftrace_wasm_activation.h"

// Initial-exec: a handler that made the variable could be in the middle of malloc(3).
__attribute__((tls_model("initial-exec"))) static __thread struct ftrace_wasm_activation *innermost;

// Notes the addresses in emitted code from a place down to the gate. Signal-safe.
static void note_frames(struct ftrace_wasm_activation *activation, uint64_t pc, uint64_t rbp) {
  uint32_t count = 0;
  for (;;) {
    if (count < FTRACE_WASM_TRAP_FRAMES) activation->frames[count] = pc;
    count++;
    // Frames of emitted code lie between here and the gate: each links to the next, further up.
    const uint64_t *const frame = (const uint64_t *)rbp;
    if (rbp & 7 || rbp >= activation->landing_sp + 4096 || frame[0] <= rbp) break;
    pc = frame[1];
    rbp = frame[0];
    if (ftrace_territory_of(pc) < 0 || ftrace_is_gate_return(pc)) break;
  }
  activation->frame_count = count;
}

__attribute__((noreturn)) static void trap(uint32_t kind, uint64_t pc, uint64_t rbp) {
  struct ftrace_wasm_activation *const activation = innermost;
  activation->trap = kind;
  note_frames(activation, pc, rbp);
  __asm__ volatile("movq %0, %%rsp\n\t"
                   "movl $1, %%eax\n\t"
                   "jmpq *%1"
                   :
                   : "r"(activation->landing_sp), "r"(activation->landing_pc)
                   : "rax", "memory");
  __builtin_unreachable();
}

uint64_t ftrace_wasm_address_of_trap(void) { return (uint64_t)trap; }
// How far from a return address exceptions land, 0: they do not. The compiler writes it as the operand of a NOP behind the call, and no other such.
static int64_t landing_of(uint64_t return_address) {
  const uint8_t *const code = (const uint8_t *)return_address;
  if (code[0] != 0x0F || code[1] != 0x1F || code[2] != 0x80) return 0;
  int32_t distance;
  memcpy(&distance, code + 3, sizeof distance);
  return distance;
}

__attribute__((noreturn)) static void unwind(struct ftrace_wasm_exception *exception, uint64_t pc, uint64_t rbp) {
  for (uint64_t at = pc, frame = rbp;;) {
    const int64_t distance = landing_of(at);
    if (distance)
      __asm__ volatile("movq %1, %%rbp\n\t"
                       "jmpq *%2"
                       :
                       : "a"(exception), "c"(frame), "d"(at + (uint64_t)distance)
                       : "memory");
    at = ((const uint64_t *)frame)[1];
    frame = ((const uint64_t *)frame)[0];
    if (ftrace_territory_of(at) < 0 || ftrace_is_gate_return(at)) break;
  }
  innermost->exception = exception;
  trap(FTRACE_WASM_TRAP_EXCEPTION, pc, rbp);
}

__attribute__((noreturn)) static void throw_tag(
    struct ftrace_wasm_context *context, const uint64_t *tag, uint32_t count, uint64_t pc, uint64_t rbp) {
  struct ftrace_wasm_exception *const exception = malloc(sizeof *exception + count * sizeof(uint64_t));
  if (!exception) trap(FTRACE_WASM_TRAP_MEMORY, pc, rbp);
  exception->tag = tag;
  exception->next = context->store->exceptions;
  context->store->exceptions = exception;
  memcpy(exception->values, context->store->results, count * sizeof(uint64_t));
  unwind(exception, pc, rbp);
}

__attribute__((noreturn)) static void throw_reference(
    struct ftrace_wasm_context *context, struct ftrace_wasm_exception *exception, uint32_t none, uint64_t pc, uint64_t rbp) {
  (void)context;
  (void)none;
  if (!exception) trap(FTRACE_WASM_TRAP_NULL_REFERENCE, pc, rbp);
  unwind(exception, pc, rbp);
}

// Gates and callbacks are as they were: only calls were left.
static void landed(void) {
  struct ftrace_landing landing;
  ftrace_landing_note(&landing);
  ftrace_landing_reached(&landing);
}

uint64_t ftrace_wasm_address_of_throw(void) { return (uint64_t)throw_tag; }
uint64_t ftrace_wasm_address_of_throw_reference(void) { return (uint64_t)throw_reference; }
uint64_t ftrace_wasm_address_of_landed(void) { return (uint64_t)landed; }
uint64_t ftrace_wasm_address_of_stack_check(void) { return (uint64_t)ftrace_poll_slow; }

uint32_t ftrace_wasm_call(struct ftrace_wasm_activation *activation, uint64_t gate) {
  activation->frame = __builtin_frame_address(0); // so there is one, for walks
  activation->previous = innermost;
  activation->trap = FTRACE_WASM_TRAP_NONE;
  ftrace_landing_note(&activation->landing);
  innermost = activation;
  const uint32_t landed = ((uint32_t(*)(struct ftrace_wasm_activation *))gate)(activation);
  innermost = activation->previous;
  if (!landed) return FTRACE_WASM_TRAP_NONE;
  ftrace_landing_reached(&activation->landing);
  return activation->trap;
}

static struct sigaction previous;

// What the program had installed, as the kernel would have called it; but on the alternate stack, and with this handler's mask.
static void chain(int signal, siginfo_t *info, void *context) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
    // The access is made again, and the kernel does what it does with it.
    struct sigaction none = {.sa_handler = SIG_DFL};
    sigaction(signal, &none, NULL);
    if (info->si_code <= 0) kill(getpid(), signal); // it was sent: nothing is made again
  } else {
    previous.sa_handler(signal);
  }
}

// Whether an instance's function has accessed what lies behind its memory.
static bool is_out_of_bounds(const struct ftrace_wasm_activation *activation, const ucontext_t *context, uint64_t address) {
  if (!activation || !ftrace_landing_may_leave(context)) return false;
  const uint64_t r15 = (uint64_t)context->uc_mcontext.gregs[REG_R15];
  for (const struct ftrace_wasm_context *one = activation->context->store->contexts; one; one = one->next)
    if ((uint64_t)one == r15) {
      const struct ftrace_wasm_memory *const memory = one->memory;
      if (!memory) return false;
      const uint64_t offset = address - (uint64_t)memory->base;
      return offset >= memory->bytes && offset < memory->reserved;
    }
  return false;
}

static void on_fault(int signal, siginfo_t *info, void *argument) {
  const int saved = errno;
  ucontext_t *const context = argument;
  greg_t *const registers = context->uc_mcontext.gregs;
  struct ftrace_wasm_activation *const activation = innermost;
  if (info->si_code > 0 && is_out_of_bounds(activation, context, (uint64_t)info->si_addr)) {
    activation->trap = FTRACE_WASM_TRAP_MEMORY;
    note_frames(activation, (uint64_t)registers[REG_RIP], (uint64_t)registers[REG_RBP]);
    // The kernel goes on at the landing, with the signals that the interrupted code had blocked.
    registers[REG_RSP] = (greg_t)activation->landing_sp;
    registers[REG_RIP] = (greg_t)activation->landing_pc;
    registers[REG_RAX] = 1;
    errno = saved;
    return;
  }
  errno = saved;
  chain(signal, info, context);
}

static int install_error;

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  install_error = sigaction(SIGSEGV, &action, &previous) ? errno : 0;
}

int ftrace_wasm_traps_install(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  return install_error;
}
