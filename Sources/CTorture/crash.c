#define _GNU_SOURCE
#include "torture_crash.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static struct torture_figures published;
// The process that the figures are of; any other is a child of a fork.
static pid_t owner;

void torture_publish(struct torture_figures figures) { published = figures; }

struct text {
  char bytes[1024];
  size_t count;
};

static void add(struct text *text, const char *string) {
  while (*string && text->count < sizeof text->bytes) text->bytes[text->count++] = *string++;
}

static void add_number(struct text *text, uint64_t number, unsigned base) {
  char digits[24];
  size_t count = 0;
  do digits[count++] = "0123456789abcdef"[number % base]; while (number /= base);
  while (count && text->count < sizeof text->bytes) text->bytes[text->count++] = digits[--count];
}

static void describe(struct text *text, int signal, uint64_t pc, bool in_child) {
  if (signal == SIGALRM) {
    add(text, in_child ? "a child of fork(2) did not end" : "mismatch: the torture did not end");
  } else {
    add(text, in_child ? "a child of fork(2) crashed with signal " : "mismatch: a thread crashed with signal ");
    add_number(text, (uint64_t)signal, 10);
  }
  if (in_child || signal != SIGALRM) {
    add(text, " at 0x");
    add_number(text, pc, 16);
  }
  add(text, signal == SIGTRAP ? ": it ran into reclaimed memory\n" : "\n");
}

static void at_crash(int signal, siginfo_t *info, void *context) {
  static volatile int once;
  (void)info;
  const uint64_t pc = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  struct text text = {.count = 0};
  if (getpid() != owner) {
    // Its parent has the books, and counts the exit code as a mismatch.
    describe(&text, signal, pc, true);
    (void)!write(2, text.bytes, text.count);
    _exit(1);
  }
  if (__atomic_exchange_n(&once, 1, __ATOMIC_SEQ_CST)) for (;;) pause(); // another worker was faster
  describe(&text, signal, pc, false);
  const struct torture_figures *f = &published;
  const struct {
    const char *name;
    uint64_t value;
  } figures[] = {{"calls=", f->calls},         {" traced=", f->traced},         {" expected=", f->expected},
                 {" stops=", f->stops},        {" registers=", f->registers},   {" retargets=", f->retargets},
                 {" frees=", f->frees},        {" redefines=", f->redefines},   {" timeouts=", f->timeouts},
                 {" threads=", f->threads},    {" forks=", f->forks},           {" mismatches=", 1}};
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    add(&text, figures[i].name);
    add_number(&text, figures[i].value, 10);
  }
  add(&text, "\n");
  (void)!write(1, text.bytes, text.count);
  _exit(1);
}

void torture_catch_crashes(uint64_t seconds) {
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
  owner = getpid();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = at_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  if (seconds) alarm((unsigned)seconds);
}
