// The deepest stacks of the `stack` tracer: an area for each worker, which its body compares `rsp` with. Only a new low goes out of line.
#pragma once
#include <CFtraceShims.h>

enum {
  /// Frames that are kept of a stack; of deeper ones the innermost.
  FTRACE_STACK_FRAMES = 240,
};

/// A frame: an address within a function, and where on the stack it was found. The bytes from there to the next frame's place are the function's.
struct ftrace_stack_frame {
  uint64_t address;
  uint64_t place;
};

/// What is known of one worker. Written by it alone; read when no body can run any more.
struct ftrace_stack_area {
  uint64_t lowest; // the body's: the lowest `rsp` so far
  uint64_t top;    // where the worker's stack begins
  struct ftrace_stack_area *next; // all areas, newest first
  int32_t tid;
  uint32_t count; // of frames, innermost first
  uint32_t more;  // 1: there were more
  char name[16];
  struct ftrace_stack_frame frame[FTRACE_STACK_FRAMES];
};
_Static_assert(sizeof(struct ftrace_stack_area) <= 4096, "a page");

struct ftrace_stacks {
  struct ftrace_sink sink;
  struct ftrace_stack_area *_Atomic areas;
  _Atomic(uint64_t) lost;      // calls that were not looked at, for want of memory
  _Atomic(uint64_t) elsewhere; // calls on other stacks than their thread's own, as those of signal handlers, that were as low
};

void ftrace_stacks_init(struct ftrace_stacks *stacks);

/// The newest area; the others follow by `next`.
const struct ftrace_stack_area *ftrace_stacks_first(struct ftrace_stacks *stacks);

/// Calls that were not looked at.
uint64_t ftrace_stacks_lost(struct ftrace_stacks *stacks);
uint64_t ftrace_stacks_elsewhere(struct ftrace_stacks *stacks);

/// Unmaps the areas. No body can run any more.
void ftrace_stacks_free(struct ftrace_stacks *stacks);
