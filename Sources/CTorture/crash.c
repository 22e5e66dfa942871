#define _GNU_SOURCE
#include "torture_crash.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static struct torture_figures published;

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

static void at_crash(int signal, siginfo_t *info, void *context) {
  static volatile int once;
  (void)info;
  if (__atomic_exchange_n(&once, 1, __ATOMIC_SEQ_CST)) for (;;) pause(); // another worker was faster
  const uint64_t pc = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  struct text text = {.count = 0};
  if (signal == SIGALRM) {
    add(&text, "mismatch: the torture did not end\n");
  } else {
    add(&text, "mismatch: a thread crashed with signal ");
    add_number(&text, (uint64_t)signal, 10);
    add(&text, " at 0x");
    add_number(&text, pc, 16);
    add(&text, signal == SIGTRAP ? ": it ran into reclaimed memory\n" : "\n");
  }
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
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = at_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  if (seconds) alarm((unsigned)seconds);
}
