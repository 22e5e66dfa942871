// A host that leaves emitted code by longjmp(3), out of a park and while the workers are stopped.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// What the thread that lands and the one that stops it know of each other.
struct torture_landing {
  uint32_t state; // by the functions below alone
};

/// Calls a gate with `argument`; returns whether `torture_leave` has ended that.
bool torture_catch(struct torture_landing *landing, uintptr_t gate, int64_t argument);

/// What emitted code calls within `torture_catch`: parks, waits until the workers are being stopped or `torture_landing_give_up`, and goes
/// back to the catch.
int64_t torture_leave(int64_t argument);
static inline uintptr_t torture_address_of_leave(void) { return (uintptr_t)&torture_leave; }

/// For the next catch. Nobody else has the landing.
void torture_landing_begin(struct torture_landing *landing);
/// Waits until somebody has parked in `torture_leave`, who then waits for a stop.
void torture_landing_wait(struct torture_landing *landing);
/// There will be no stop any more.
void torture_landing_give_up(struct torture_landing *landing);
