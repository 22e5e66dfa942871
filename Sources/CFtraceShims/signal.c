#define _GNU_SOURCE
#include "ftrace_signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "CFtraceShims.h"
#include "ftrace_domain.h"
#include "ftrace_signal_thread.h"

enum { KERNEL_SA_RESTORER = 0x04000000, SIGNAL_SET_BYTES = 8 };

static int stop_signal;
static struct ftrace_kernel_action previous;

static uint64_t bit(int signal) { return UINT64_C(1) << (signal - 1); }

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

static uint64_t all_but_faults(void) {
  uint64_t set = ~UINT64_C(0);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) set &= ~bit(faults[i]);
  return set;
}

uint64_t ftrace_block_signals(void) {
  const int saved = errno;
  const uint64_t set = all_but_faults();
  uint64_t old = 0;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, SIGNAL_SET_BYTES);
  errno = saved;
  return old;
}

void ftrace_restore_signals(uint64_t set) {
  const int saved = errno;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, SIGNAL_SET_BYTES);
  errno = saved;
}

// Unwinders know a signal frame by these two instructions at its return address.
__attribute__((naked, noinline)) void ftrace_signal_restorer(void) {
  __asm__("movq $15, %rax\n\t" // rt_sigreturn
          "syscall");
}

// What the program had installed. Runs as the kernel would have called it, but with all signals blocked.
FTRACE_UNINSTRUMENTED static void chain(int signal, siginfo_t *info, void *context) {
  if (previous.flags & SA_SIGINFO) {
    previous.action(signal, info, context);
  } else if (previous.handler == SIG_DFL) {
    // A real-time signal without a handler ends the process: so it does, once this handler has returned.
    struct ftrace_kernel_action none = {.handler = SIG_DFL, .flags = KERNEL_SA_RESTORER, .restorer = ftrace_signal_restorer};
    syscall(SYS_rt_sigaction, signal, &none, NULL, SIGNAL_SET_BYTES);
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
  } else if (previous.handler != SIG_IGN) {
    previous.handler(signal);
  }
}

FTRACE_UNINSTRUMENTED static bool in_function(uint64_t address) {
  return ftrace_territory_of(address) >= 0 && !ftrace_territory_refuses(address);
}

// Where in emitted code a worker is, for an error: its pc, or the innermost address on its own stack that lies in a function.
FTRACE_UNINSTRUMENTED static uint64_t place_of(const struct ftrace_thread *self, uint64_t pc, uint64_t sp) {
  if (in_function(pc)) return pc;
  if (sp < self->stack_low || sp >= self->stack_top) return 0;
  const uint64_t *word = (const uint64_t *)((sp + 7) & ~UINT64_C(7));
  const uint64_t *end = (const uint64_t *)self->stack_top;
  if (end - word > 8192) end = word + 8192;
  for (; word < end; word++)
    if (in_function(*word)) return *word;
  return 0;
}

#if FTRACE_THREAD_SANITIZER
// Whether a system call stands at that address: it is two bytes long.
FTRACE_UNINSTRUMENTED static bool is_system_call(const uint8_t *code) { return code[0] == 0x0F && code[1] == 0x05; }
#endif

// Whether a worker at `pc` cannot be stopped there.
FTRACE_UNINSTRUMENTED static bool refuses(uint64_t pc) {
#if FTRACE_THREAD_SANITIZER
  // Instrumented code may hold a lock of the sanitizer's runtime, which the stopper would wait for: a worker is stopped in a function,
  // behind a system call, or before one that the kernel is about to restart, and elsewhere asked again.
  if (!in_function(pc) && !is_system_call((const uint8_t *)pc - 2) && !is_system_call((const uint8_t *)pc)) return true;
#endif
  return ftrace_territory_refuses(pc);
}

// Async-signal-safe: it touches the thread's block and its own frame, and calls nothing but system calls. All signals are blocked while
// it runs, so that no other handler runs emitted code on a thread that counts as stopped. The kernel's frame holds and restores the
// vector state.
FTRACE_UNINSTRUMENTED static void on_stop_signal(int signal, siginfo_t *info, void *context) {
  const int saved_errno = errno;
  if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &ftrace_domain) {
    chain(signal, info, context);
    errno = saved_errno;
    return;
  }
  struct ftrace_thread *self = &ftrace_thread_block;
  // Pairs with the exchange in `ftrace_signal_send`: from here on another may come.
  atomic_store_explicit(&self->signalled, 0, memory_order_release);
  const ucontext_t *interrupted = (const ucontext_t *)context;
  const uint64_t *registers = (const uint64_t *)interrupted->uc_mcontext.gregs;
  const uint64_t pc = registers[REG_RIP], sp = registers[REG_RSP];
  // A signal may come late, to a worker that has arrived by itself or when its stop is over: then there is nothing to do.
  if (atomic_load_explicit(&self->poll, memory_order_acquire) & FTRACE_POLL_ARMED &&
      atomic_load_explicit(&self->depth, memory_order_relaxed) != 0) {
    const uint64_t generation = atomic_load_explicit(&ftrace_domain.generation, memory_order_acquire);
    if (atomic_load_explicit(&self->busy, memory_order_relaxed) != 0 || refuses(pc)) {
      atomic_store_explicit(&self->last_pc, place_of(self, pc, sp), memory_order_relaxed); // the stopper tries again
    } else {
      const uint64_t previous_sp = self->saved_sp;
      self->saved_sp = sp - 128; // the red zone belongs to the interrupted function
      self->interrupted = registers;
      FTRACE_RACE_WINDOW();
      // Pairs with the acquire load in `quiescent` of the stopper: it sees the two lines above, and all that this worker has done.
      atomic_store_explicit(&self->acknowledged, generation, memory_order_release);
      atomic_thread_fence(memory_order_seq_cst);
      ftrace_wake_stopper();
      ftrace_wait_for_release(generation);
      // If this interrupted the worker on its way to arrive by itself, that goes on with what it had stored.
      self->interrupted = NULL;
      self->saved_sp = previous_sp;
      ftrace_serialise_if_asked();
    }
  }
  errno = saved_errno;
}

int ftrace_signal_install(int signal) {
  if (stop_signal) return 0;
  if (!signal) signal = SIGRTMAX - 4;
  if (signal < SIGRTMIN || signal > SIGRTMAX) return EINVAL;
  ftrace_signal_frame_prepare();
  const struct ftrace_kernel_action action = {
      .action = on_stop_signal,
      .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | KERNEL_SA_RESTORER,
      .restorer = ftrace_signal_restorer,
      .mask = all_but_faults(),
  };
  const int saved = errno;
  if (syscall(SYS_rt_sigaction, signal, &action, &previous, SIGNAL_SET_BYTES)) {
    const int error = errno;
    errno = saved;
    return error;
  }
  stop_signal = signal;
  return 0;
}

int ftrace_signal_number(void) { return stop_signal; }

bool ftrace_signal_is_installed(void) {
  const int saved = errno;
  struct ftrace_kernel_action now = {0};
  const long result = stop_signal ? syscall(SYS_rt_sigaction, stop_signal, NULL, &now, SIGNAL_SET_BYTES) : -1;
  errno = saved;
  return result == 0 && now.action == on_stop_signal;
}

int ftrace_signal_send(struct ftrace_thread *thread) {
  // Pairs with the store at the handler's start.
  if (atomic_exchange_explicit(&thread->signalled, 1, memory_order_acq_rel)) return 0;
  const int saved = errno;
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = stop_signal;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &ftrace_domain; // by this the handler knows its own
  int error = 0;
  if (syscall(SYS_rt_tgsigqueueinfo, info.si_pid, thread->tid, stop_signal, &info)) {
    error = errno; // EAGAIN: RLIMIT_SIGPENDING
    atomic_store_explicit(&thread->signalled, 0, memory_order_release);
  }
  errno = saved;
  return error;
}

// The alternate stack: what the kernel needs for its frame, and room for the handler.
static size_t alternate_bytes(void) {
  const size_t page = 4096;
  const unsigned long minimum = getauxval(51); // AT_MINSIGSTKSZ
  return ((minimum ? minimum : 2048) + 64 * 1024 + page - 1) & ~(page - 1);
}

int ftrace_signal_attach(struct ftrace_thread *self, uint64_t *signals) {
  self->owns_signal_stack = 0;
  self->unblocked_signal = 0;
  if (!stop_signal) return 0;
  const int saved = errno;
  int error = 0;
  stack_t stack;
  if (sigaltstack(NULL, &stack) == 0 && stack.ss_flags & SS_DISABLE) {
    stack = (stack_t){.ss_size = alternate_bytes()};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack.ss_sp == MAP_FAILED) {
      error = errno;
    } else if (sigaltstack(&stack, NULL)) {
      error = errno;
      munmap(stack.ss_sp, stack.ss_size);
    } else {
      self->owns_signal_stack = 1;
      self->signal_stack = stack.ss_sp;
    }
  }
  if (!error) {
    // libdispatch's threads block every signal.
    self->unblocked_signal = (*signals & bit(stop_signal)) != 0;
    *signals &= ~bit(stop_signal);
  }
  errno = saved;
  return error;
}

void ftrace_signal_detach(struct ftrace_thread *self, uint64_t *signals) {
  const int saved = errno;
  if (self->unblocked_signal) *signals |= bit(stop_signal);
  stack_t stack;
  // Only if it is still the one that attaching provided, and is not in use.
  if (self->owns_signal_stack && sigaltstack(NULL, &stack) == 0 && stack.ss_sp == self->signal_stack &&
      !(stack.ss_flags & SS_ONSTACK)) {
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(&none, NULL) == 0) munmap(self->signal_stack, alternate_bytes());
  }
  self->owns_signal_stack = self->unblocked_signal = 0;
  errno = saved;
}
