// Where a worker must not be stopped: trampolines, stubs, thunks and gates of each runtime. There the accounts of a call are between two
// pages: it has passed its site, and its tracer has not seen it.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftrace_sanitizers.h"
#include "ftrace_thread.h"

enum { FTRACE_TERRITORY_GRANULE = 16 }; // blocks of code begin at multiples of this

/// The code of one runtime. Readers are signal handlers: they look at `end` first.
struct ftrace_territory {
  _Atomic(uint64_t) start;
  _Atomic(uint64_t) end; // 0: none
  // A bit for each granule: set where the engine's own code lies. Read only by a thread whose pc lies in the territory, under which
  // nothing is unmapped, or between `ftrace_territory_begin_reading` and its end.
  _Atomic(_Atomic(uint64_t) *) engine_code;
};

/// Declares the code of a runtime.
/// - Parameter engine_code: (end - start) / 16 bits, zero.
void ftrace_territory_set(uint32_t slot, uint64_t start, uint64_t end, void *engine_code);
/// Withdraws it, before its memory goes. Waits for whoever reads: a few microseconds in a signal handler.
void ftrace_territory_clear(uint32_t slot);

/// Keeps the bits of every runtime in memory, for who asks about an address that may be stale. Signal-safe.
void ftrace_territory_begin_reading(void);
void ftrace_territory_end_reading(void);
/// In the child of a fork: those who read are not there.
void ftrace_territory_forget_readers(void);

/// Says what a block holds: code of the engine's own, where nobody is stopped, or a function's body. Before anything can call it.
void ftrace_territory_mark(uint32_t slot, uint64_t start, uint64_t bytes, bool engine_code);

/// The slot of the runtime whose code an address lies in, -1 if in none.
int ftrace_territory_of(uint64_t address);
/// Whether a worker that is at `pc` must not be stopped there. Signal-safe.
bool ftrace_territory_refuses(uint64_t pc);
/// Whether a return address in engine code lies in a gate or an adaptor: leaving begins there. Signal-safe.
bool ftrace_is_gate_return(uint64_t address);
