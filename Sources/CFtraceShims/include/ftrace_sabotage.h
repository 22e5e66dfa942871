// Faults of the stop and of appends, planted to see that the torture finds them. Only in builds with the package trait `Delays`.
#pragma once
#include <stdbool.h>

enum ftrace_sabotage {
  FTRACE_SABOTAGE_SKIP_WAIT = 1, // the stop does not wait for the workers
  FTRACE_SABOTAGE_SKIP_SCAN = 2, // what is retired is reclaimed without a look at the stacks
  FTRACE_SABOTAGE_LOSE_EVENT = 4, // an append drops its event, and does not count it, now and then
};

/// Plants the faults whose bits are set, in every stop and append from now on; nothing without the trait.
void ftrace_sabotage(unsigned faults);
bool ftrace_sabotaged(unsigned fault);
