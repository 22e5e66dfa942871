#include "ftrace_test_landing.h"

#include <setjmp.h>
#include <stddef.h>

#include "ftrace_landing.h"

static __thread jmp_buf *innermost;

bool ftrace_test_catch(void (*body)(void *), void *context, bool tells) {
  jmp_buf *const outer = innermost;
  jmp_buf place;
  struct ftrace_landing landing;
  ftrace_landing_note(&landing);
  const bool landed = setjmp(place) != 0;
  if (!landed) {
    innermost = &place;
    body(context);
  }
  innermost = outer;
  if (landed && tells) ftrace_landing_reached(&landing);
  return landed;
}

void ftrace_test_throw(void) {
  if (innermost) longjmp(*innermost, 1);
}
