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
#include "ftrace_proc.h"
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

// What the program had installed. Runs as the kernel would have called it, with the same signals blocked; but interrupted system calls
// go on, and it is on the alternate stack, for those are flags of the action that the kernel knows.
FTRACE_UNINSTRUMENTED static void chain(int signal, siginfo_t *info, void *context) {
  const struct ftrace_kernel_action action = previous;
  if (!(action.flags & SA_SIGINFO) && action.handler == SIG_IGN) return;
  if (!(action.flags & SA_SIGINFO) && action.handler == SIG_DFL) {
    // A real-time signal without a handler ends the process: so it does, once this handler has returned.
    struct ftrace_kernel_action none = {.handler = SIG_DFL, .flags = KERNEL_SA_RESTORER, .restorer = ftrace_signal_restorer};
    syscall(SYS_rt_sigaction, signal, &none, NULL, SIGNAL_SET_BYTES);
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
    return;
  }
  if (action.flags & SA_RESETHAND) previous = (struct ftrace_kernel_action){.handler = SIG_DFL};
  uint64_t blocked = 0; // of the interrupted code: the kernel's set is the first word of the C library's
  memcpy(&blocked, &((const ucontext_t *)context)->uc_sigmask, sizeof blocked);
  blocked |= action.mask;
  if (!(action.flags & SA_NODEFER)) blocked |= bit(signal);
  ftrace_restore_signals(blocked); // what this handler's end sets follows from `context` alone
  if (action.flags & SA_SIGINFO) action.action(signal, info, context);
  else action.handler(signal);
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

FTRACE_UNINSTRUMENTED static bool is_inner_stack(const struct ftrace_thread *self, const stack_t *stack) {
  return !(stack->ss_flags & SS_DISABLE) && (uint64_t)stack->ss_sp < self->stack_top &&
         (uint64_t)stack->ss_sp + stack->ss_size > self->stack_low;
}

FTRACE_UNINSTRUMENTED static bool on_inner_stack(struct ftrace_thread *self, const stack_t *stack, uint64_t sp) {
  self->has_inner_stack = is_inner_stack(self, stack);
  const uint64_t start = (uint64_t)stack->ss_sp;
  // As the kernel decides (sas_ss_flags): the lowest address is outside, for it may be where a frame ends whose first array the stack is.
  return self->has_inner_stack && sp > start && sp - start <= stack->ss_size;
}

bool ftrace_signal_on_inner_stack(struct ftrace_thread *self) {
  const int saved = errno;
  stack_t stack;
  const bool is = sigaltstack(NULL, &stack) == 0 && on_inner_stack(self, &stack, (uint64_t)__builtin_frame_address(0));
  errno = saved;
  return is;
}

// What `signalled` is while that signal is on its way.
FTRACE_AS_CALLER uint32_t mark_of(uint64_t number) { return (uint32_t)number + 1; }

// Async-signal-safe: it touches the thread's block and its own frame, and calls nothing but system calls. All signals are blocked while
// it runs, so that no other handler runs emitted code on a thread that counts as stopped. The kernel's frame holds and restores the
// vector state.
FTRACE_UNINSTRUMENTED static void on_stop_signal(int signal, siginfo_t *info, void *context) {
  const int saved_errno = errno;
  const uint64_t number = (uint64_t)info->si_value.sival_ptr - (uint64_t)ftrace_domain.signals;
  if (info->si_code != SI_QUEUE || number >= FTRACE_DOMAIN_SIGNALS) {
    chain(signal, info, context);
    errno = saved_errno;
    return;
  }
  struct ftrace_thread *self = &ftrace_thread_block;
  // Pairs with the load in `ftrace_signal_send`: from here on another may come. If that took this one for lost, another is on its way already.
  uint32_t own = mark_of(number);
  atomic_compare_exchange_strong_explicit(&self->signalled, &own, 0, memory_order_release, memory_order_relaxed);
  const ucontext_t *interrupted = (const ucontext_t *)context;
  const uint64_t *registers = (const uint64_t *)interrupted->uc_mcontext.gregs;
  const uint64_t pc = registers[REG_RIP], sp = registers[REG_RSP];
  // A signal may come late, to a worker that has arrived by itself or when its stop is over: then there is nothing to do.
  if (atomic_load_explicit(&self->poll, memory_order_acquire) & FTRACE_POLL_ARMED &&
      atomic_load_explicit(&self->depth, memory_order_relaxed) != 0) {
    const uint64_t generation = atomic_load_explicit(&ftrace_domain.generation, memory_order_acquire);
    if (atomic_load_explicit(&self->busy, memory_order_relaxed) != 0 || refuses(pc)) {
      // What is found on the stack may be stale: that runtime must not go meanwhile.
      ftrace_territory_begin_reading();
      atomic_store_explicit(&self->last_pc, place_of(self, pc, sp), memory_order_relaxed); // the stopper tries again
      ftrace_territory_end_reading();
    } else {
      const uint64_t previous_sp = self->saved_sp;
      // The red zone belongs to the interrupted function. If that runs on an alternate stack within the worker's own stack, frames lie
      // below as well, and nobody knows how far down.
      self->saved_sp = on_inner_stack(self, &interrupted->uc_stack, sp) ? FTRACE_SP_UNKNOWN : sp - 128;
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
  struct ftrace_kernel_action replaced = {0};
  // Asked for before, since the handler may be called as soon as it is there.
  if (syscall(SYS_rt_sigaction, signal, NULL, &previous, SIGNAL_SET_BYTES) ||
      syscall(SYS_rt_sigaction, signal, &action, &replaced, SIGNAL_SET_BYTES)) {
    const int error = errno;
    errno = saved;
    return error;
  }
  if (memcmp(&previous, &replaced, sizeof previous)) previous = replaced; // changed in between, by another thread
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

int ftrace_signal_send(struct ftrace_thread *thread, uint64_t generation) {
  // Pairs with the exchange at the handler's start.
  if (atomic_load_explicit(&thread->signalled, memory_order_acquire)) {
    if (thread->signal_stop == generation) return FTRACE_SIGNAL_UNDER_WAY;
    thread->signal_stop = generation;
    if (ftrace_proc_is_pending(thread->tid, stop_signal)) return FTRACE_SIGNAL_UNDER_WAY;
    // It was taken, or its handler is about to begin, or the kernel does not tell.
  }
  thread->signal_stop = generation;
  thread->last_signal = (thread->last_signal + 1) % FTRACE_DOMAIN_SIGNALS;
  atomic_store_explicit(&thread->signalled, mark_of(thread->last_signal), memory_order_release);
  const int saved = errno;
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = stop_signal;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &ftrace_domain.signals[thread->last_signal]; // by this the handler knows its own
  int error = 0;
  if (syscall(SYS_rt_tgsigqueueinfo, info.si_pid, thread->tid, stop_signal, &info)) {
    error = errno; // EAGAIN: RLIMIT_SIGPENDING
    atomic_store_explicit(&thread->signalled, 0, memory_order_release);
  }
  errno = saved;
  return error;
}

// What the kernel needs for its frame.
static size_t frame_bytes(void) {
  const unsigned long minimum = getauxval(51); // AT_MINSIGSTKSZ
  return minimum ? minimum : 2048;
}

enum {
  HANDLER_BYTES = 4 * 1024, // for the handler of the stop signal, with room to spare
  OTHER_HANDLERS_BYTES = 64 * 1024,
};

// The alternate stack that a thread is lent. Its lowest bytes hold what there was before.
static size_t alternate_bytes(void) {
  const size_t page = 4096;
  return (frame_bytes() + OTHER_HANDLERS_BYTES + page - 1) & ~(page - 1);
}

int ftrace_signal_attach(struct ftrace_thread *self, uint64_t *signals) {
  self->owns_signal_stack = 0;
  self->unblocked_signal = 0;
  if (!stop_signal) return 0;
  const int saved = errno;
  int error = 0;
  stack_t before;
  // None, or one that was made for a smaller frame than this processor's, and is not in use.
  if (sigaltstack(NULL, &before) == 0 &&
      (before.ss_flags & SS_DISABLE ||
       (!(before.ss_flags & SS_ONSTACK) && before.ss_size < frame_bytes() + HANDLER_BYTES))) {
    stack_t stack = {.ss_size = alternate_bytes()};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack.ss_sp == MAP_FAILED) {
      error = errno;
    } else if (sigaltstack(&stack, NULL)) {
      error = errno;
      munmap(stack.ss_sp, stack.ss_size);
    } else {
      self->owns_signal_stack = 1;
      self->signal_stack = stack.ss_sp;
      *(stack_t *)stack.ss_sp = before;
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
    if (sigaltstack((const stack_t *)self->signal_stack, NULL) == 0) munmap(self->signal_stack, alternate_bytes());
  }
  self->owns_signal_stack = self->unblocked_signal = 0;
  errno = saved;
}
