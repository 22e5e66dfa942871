#include "ftrace_sabotage.h"

#if FTRACE_DELAYS
static _Atomic(unsigned) planted;

void ftrace_sabotage(unsigned faults) { __c11_atomic_store(&planted, faults, __ATOMIC_SEQ_CST); }

bool ftrace_sabotaged(unsigned fault) { return __c11_atomic_load(&planted, __ATOMIC_RELAXED) & fault; }
#endif
