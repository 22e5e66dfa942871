// Calls of WebAssembly functions by the host, and the traps that end them.
#pragma once
#include <stdint.h>

#include "ftrace_landing.h"
#include "ftrace_wasm_objects.h"

/// Why a call ended without results.
enum ftrace_wasm_trap {
  FTRACE_WASM_TRAP_NONE,
  FTRACE_WASM_TRAP_UNREACHABLE,
  FTRACE_WASM_TRAP_MEMORY,
  FTRACE_WASM_TRAP_TABLE,
  FTRACE_WASM_TRAP_UNDEFINED_ELEMENT,
  FTRACE_WASM_TRAP_UNINITIALISED_ELEMENT,
  FTRACE_WASM_TRAP_SIGNATURE,
  FTRACE_WASM_TRAP_DIVISION_BY_ZERO,
  FTRACE_WASM_TRAP_OVERFLOW,
  FTRACE_WASM_TRAP_CONVERSION,
  FTRACE_WASM_TRAP_STACK,
  FTRACE_WASM_TRAP_NULL_REFERENCE,
  FTRACE_WASM_TRAP_EXCEPTION, // thrown and not caught
  FTRACE_WASM_TRAP_HOST,      // a host function failed: its error is with the activation's owner
};

enum { FTRACE_WASM_TRAP_FRAMES = 128 };

/// One call from the host. It lives in the frame of the function that calls.
struct ftrace_wasm_activation {
  struct ftrace_wasm_activation *previous;
  struct ftrace_wasm_context *context;
  const uint64_t *word; // holds the address of the code
  uint64_t *cells;      // the arguments, then the first result
  void *frame;          // of `ftrace_wasm_call`
  // Where a trap lands, in the gate.
  uint64_t landing_sp;
  uint64_t landing_pc;
  // What happened. Addresses in the functions that were left, the innermost first; `frame_count` counts those that found no room too.
  uint32_t trap;
  uint32_t frame_count;
  struct ftrace_wasm_exception *exception; // that nobody caught
  uint64_t frames[FTRACE_WASM_TRAP_FRAMES];
  struct ftrace_landing landing;
};

enum {
  FTRACE_WASM_ACTIVATION_CONTEXT = offsetof(struct ftrace_wasm_activation, context),
  FTRACE_WASM_ACTIVATION_WORD = offsetof(struct ftrace_wasm_activation, word),
  FTRACE_WASM_ACTIVATION_CELLS = offsetof(struct ftrace_wasm_activation, cells),
  FTRACE_WASM_ACTIVATION_LANDING_SP = offsetof(struct ftrace_wasm_activation, landing_sp),
  FTRACE_WASM_ACTIVATION_LANDING_PC = offsetof(struct ftrace_wasm_activation, landing_pc),
};

/// Calls through a gate: `gate(activation)` returns 0, or 1 where a trap has landed. Returns the trap.
uint32_t ftrace_wasm_call(struct ftrace_wasm_activation *activation, uint64_t gate);

/// Installs the handler of SIGSEGV, once. Returns an errno.
int ftrace_wasm_traps_install(void);

// Addresses that stubs call.

/// `trap(kind, pc, rbp)`: ends the innermost activation of the calling thread.
uint64_t ftrace_wasm_address_of_trap(void);
/// `throw(context, tag, count, pc, rbp)`: throws what is in the store's results. `throw_reference(context, exception, 0, pc, rbp)`.
/// Both go on at a landing, or end the activation.
uint64_t ftrace_wasm_address_of_throw(void);
uint64_t ftrace_wasm_address_of_throw_reference(void);
/// `landed()`: the function that calls it runs again, those that it had called are gone.
uint64_t ftrace_wasm_address_of_landed(void);
/// `stack_check(sp, lowest)`: waits for a stop that is under way; false where the stack does not reach so far.
uint64_t ftrace_wasm_address_of_stack_check(void);
