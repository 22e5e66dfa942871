#include "ftrace_sabotage.h"

#include <stdatomic.h>

#if FTRACE_DELAYS
static _Atomic(unsigned) planted;

void ftrace_sabotage(unsigned faults) { atomic_store(&planted, faults); }

// Read in stops, which the thread asks for that has planted it, and by appends of tracers that are registered later.
bool ftrace_sabotaged(unsigned fault) { return atomic_load_explicit(&planted, memory_order_relaxed) & fault; }
#else
void ftrace_sabotage(unsigned faults) { (void)faults; }

bool ftrace_sabotaged(unsigned fault) {
  (void)fault;
  return false;
}
#endif
