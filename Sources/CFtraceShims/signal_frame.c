#define _GNU_SOURCE
#include "ftrace_signal_frame.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "ftrace_domain.h"
#include "ftrace_signal_thread.h"

enum { SCANNED_WORDS = 8192, USER_CODE_SEGMENT = 0x33 };

// struct rt_sigframe of the kernel's <asm/sigframe.h> up to the set of signals that were blocked before. What follows, a siginfo, is
// filled in for handlers that ask for it alone.
struct frame {
  uint64_t restorer;
  uint64_t flags, link;
  stack_t stack;
  uint64_t registers[23];
  uint64_t vectors, reserved[8];
  uint64_t blocked;
};
_Static_assert(sizeof(struct frame) == 8 + 304, "the layout is the kernel's ABI");

static uint64_t restorer_of_libc;

static void ignore(int signal) { (void)signal; }

void ftrace_signal_frame_prepare(void) {
  if (restorer_of_libc) return;
  // Each of the C library's actions names the same restorer: the one of SIGURG, which is ignored by default, is asked for.
  const int saved = errno;
  struct sigaction old;
  if (sigaction(SIGURG, NULL, &old)) return;
  struct ftrace_kernel_action action = {0};
  syscall(SYS_rt_sigaction, SIGURG, NULL, &action, 8);
  if (!action.restorer) {
    const struct sigaction own = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    sigaction(SIGURG, &own, NULL);
    syscall(SYS_rt_sigaction, SIGURG, NULL, &action, 8);
    sigaction(SIGURG, &old, NULL);
  }
  restorer_of_libc = (uint64_t)action.restorer;
  errno = saved;
}

// The words above the frames of a thread, its thread-local ones among them, are written by others meanwhile: none of those is a frame.
FTRACE_UNCHECKED static bool looks_like_a_frame(const struct frame *frame, const struct ftrace_thread *self,
                                                uint64_t blocked) {
  if (frame->restorer != restorer_of_libc && frame->restorer != (uint64_t)ftrace_signal_restorer) return false;
  const uint64_t sp = frame->registers[REG_RSP];
  // All of it may still lie in a gap of the stack when the handler has returned, or in a stack that another thread had: a candidate.
  return frame->link == 0 && (frame->registers[REG_CSGSFS] & 0xFFFF) == USER_CODE_SEGMENT && sp > (uint64_t)frame &&
         sp <= self->stack_top &&
         (blocked & ~frame->blocked) != 0 && (frame->blocked & ~blocked) == 0;
}

static _Unwind_Reason_Code at_frame(struct _Unwind_Context *context, void *found) {
  const uint64_t ip = _Unwind_GetIP(context);
  if (ip != restorer_of_libc && ip != (uint64_t)ftrace_signal_restorer) return _URC_NO_REASON;
  *(bool *)found = true;
  return _URC_NORMAL_STOP;
}

// Whether the thread's frames lead to one of a signal. An unwinder cannot pass emitted code: what lies above it is not found.
static bool unwinds_to_a_frame(void) {
  bool found = false;
  _Unwind_Backtrace(at_frame, &found);
  return found;
}

FTRACE_UNCHECKED bool ftrace_inside_signal_handler(void) {
  const int saved = errno;
  stack_t stack;
  bool inside = sigaltstack(NULL, &stack) == 0 && stack.ss_flags & SS_ONSTACK;
  const struct ftrace_thread *self = &ftrace_thread_block;
  const uint64_t sp = (uint64_t)__builtin_frame_address(0);
  if (!inside && ftrace_thread_attached(self) && sp >= self->stack_low && sp < self->stack_top) {
    uint64_t blocked = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, 8);
    const uint64_t *word = (const uint64_t *)sp;
    const uint64_t *end = (const uint64_t *)(self->stack_top - sizeof(struct frame));
    if (end > word + SCANNED_WORDS) end = word + SCANNED_WORDS;
    while (blocked && word < end && !looks_like_a_frame((const struct frame *)word, self, blocked)) word++;
    // Unwinding costs microseconds, so it is done only where there is something to be found.
    inside = blocked && word < end && unwinds_to_a_frame();
  }
  errno = saved;
  return inside;
}
