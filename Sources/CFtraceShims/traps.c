// The ends that emitted code can come to. They run on the worker, inside, so they use write(2) alone.
#include "ftrace_entry_points.h"

#include <string.h>
#include <unistd.h>

static void say(const char *text) { (void)!write(2, text, strlen(text)); }

_Noreturn void ftrace_trap_call(const char *name, const char *reason) {
  say("ftrace: call of '");
  say(name);
  say("', which ");
  say(reason);
  say("\n");
  __builtin_trap();
}

_Noreturn void ftrace_trap_stack(uint64_t return_address) {
  char digits[] = "0x0000000000000000";
  for (int i = 17; i > 1; i--, return_address >>= 4) digits[i] = "0123456789abcdef"[return_address & 15];
  say("ftrace: stack exhausted in emitted code at ");
  say(digits);
  say("\n");
  __builtin_trap();
}
