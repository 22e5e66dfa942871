// Interrupts the recorder, or other code, at one of its instructions: a signal handler runs there, as for any signal that comes at that
// moment.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ftrace_test_steps {
  /// The code whose instructions count; 0 and 0: the recorder, with what it calls.
  uint64_t from, to;
  /// Which of its instructions is interrupted, from 0; UINT64_MAX: none.
  uint64_t at;
  /// Called in the handler of the signal, on the interrupted thread.
  void (*action)(void *context);
  void *context;
  // Results.
  uint64_t steps;       // instructions
  bool acted;
  uint32_t busy_before; // the recorder's depth at the interrupted instruction
  uint32_t busy_after;  // and when the action had returned
};

/// Calls `function(argument)` instruction by instruction (the processor's trap flag), and counts those of the code asked for.
uint64_t ftrace_test_call_in_steps(uint64_t (*function)(uint64_t), uint64_t argument, struct ftrace_test_steps *steps);
