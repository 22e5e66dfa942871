// The books of a torture: who counted what, for each worker, and what of it is copied while the world is stopped.
// `Documentation/Torture.md` says what they are for.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  TORTURE_TRACERS = 8,
  TORTURE_PASSES = 8,
  TORTURE_HEADER = 4096, // bytes before the first row
  // Rows of a block: bodies' entries, a row for each tracer, bodies' exits.
  TORTURE_EXITS_ROW = 1 + TORTURE_TRACERS,
  TORTURE_ROWS,
  // Layout of a body: the site, `mov r11, fs:[block]`, `inc qword [r11 + cell]`; the same at its end, before the return.
  TORTURE_LOAD_AT = 5,
  TORTURE_INC_AT = 14,
  TORTURE_CELL_AT = 17,
};

/// A worker's pass of a site that it stood at in a stop, when the bytes there were a NOP.
struct torture_pass {
  uint64_t cell; // the body's
  uint64_t stop; // number of the stop in which it was last seen at the site
};

/// Memory of one worker: this header, a row of cells that bodies count in, and a row for each tracer. A cell is named by its distance
/// from the block in the first row; that of tracer N is N + 1 rows further.
struct torture_block {
  // Written by the callback before it counts.
  uint64_t cell;
  uint64_t tracer; // its `struct torture_tracer`
  // Decides when the worker parks; only the worker writes it.
  uint64_t random;
  // Written in stops alone.
  uint64_t watched; // the site that the worker stood at in the last stop, 0: none
  uint64_t watched_stop;
  uint64_t pass_count; // may be more than the array holds
  struct torture_pass passes[TORTURE_PASSES];
  uint64_t pc; // in this stop, of a worker that a signal stopped; 0: none
};

/// Where a worker was in a stop, as far as the books are concerned.
enum torture_place {
  TORTURE_ELSEWHERE = 0,      // no call is between its site and its counter
  TORTURE_UNCOUNTED = 1,      // in the callback of `tracer`, which has not counted the call
  TORTURE_COUNTED = 2,        // in the callback of `tracer`, which has counted it
  TORTURE_BEFORE_COUNTER = 3, // behind the site, at one of the two instructions that count
};

struct torture_state {
  uint64_t place;
  uint64_t cell;        // of the body that was called
  uint64_t tracer;      // in a callback: the tracer's number
  uint64_t interrupted; // whether a signal stopped the worker
  uint64_t exiting;     // the body that it is behind the exit site of, uncounted; 0: none
  uint64_t pass_count;
  struct torture_pass passes[TORTURE_PASSES];
};

struct torture_books {
  uint8_t *blocks;
  uint64_t workers; // blocks
  uint64_t stride;  // bytes from one block to the next
  uint64_t row;     // bytes of a row
  uint64_t used;    // bytes of a row that are in use
  uint64_t slot;    // the runtime's, in the thread block
  uint64_t code_start, code_end;
  // Written in stops.
  uint8_t *copy; // the rows of each block, without the header
  struct torture_state *states;
  uint64_t stops;      // of all kinds
  uint64_t boundaries; // with a copy
};

/// The calling thread's block of a runtime: what it had last, whether or not its books are still there.
struct torture_block *torture_block_self(uint32_t slot);
void torture_block_adopt(uint32_t slot, struct torture_block *block);
/// Displacement from `fs:0` of the pointer to the thread's block, the same in every thread.
ptrdiff_t torture_block_displacement(uint32_t slot);

/// Runs in every stop: sees workers that stand at a site. `books` is a `struct torture_books`.
void torture_observe(void *books);
/// Runs in the stops that change what is traced: the same, and copies everything.
void torture_observe_boundary(void *books);
