// Shadow stacks of compiled bodies: the calls of one worker that an ops has seen begin, and not end. A frame is found by the stack pointer,
// which at an exit is what it was at that call's entry, so nothing is counted for functions that the ops does not see, and a
// call that ends without an exit (longjmp) leaves a frame that is known to be stale by its stack pointer.
#pragma once
#include "ftrace_channel.h"

/// A call that has begun.
struct ftrace_frame {
  uint64_t sp;    // at both ends, in the trampoline; UINT64_MAX in the frame below all others
  uint64_t start; // the time of its entry
  uint64_t what;  // the body's own: the place of the entry, or where it is accounted for
  uint64_t child; // the body's own: time of the calls that it made
};

/// The stack of one worker, and of another after it has ended. Written by the worker alone.
struct ftrace_shadow {
  struct ftrace_frame *top;
  struct ftrace_frame *limit; // an entry that finds top >= limit has no frame
  uint64_t passed;            // such entries
  uint64_t strays;            // exits without a frame: of calls that began before the ops, or had none
  uint64_t unwound;           // frames of calls that ended without an exit
  uint64_t open;              // frames that were left when a worker ended
  struct ftrace_frame *fresh; // of `function_graph` with a threshold: the first frame that is not in the stream
  uint64_t pending;           // of `function_graph`: unwound calls that the stream is still to be told of
  uint64_t records;           // of `profile`: functions that have a record
  struct ftrace_shadow *next; // all of the ops, newest first
  _Atomic(uint32_t) taken;    // whether a worker has it
  uint32_t excluded;          // whether that worker is not traced
};

enum {
  FTRACE_SHADOW_HEADER = 4096, // where the lowest frame lies
  FTRACE_SHADOW_DEPTH = 1 << 16,
  FTRACE_SHADOW_TOP = offsetof(struct ftrace_shadow, top),
  FTRACE_SHADOW_LIMIT = offsetof(struct ftrace_shadow, limit),
  FTRACE_SHADOW_PASSED = offsetof(struct ftrace_shadow, passed),
  FTRACE_SHADOW_STRAYS = offsetof(struct ftrace_shadow, strays),
  FTRACE_FRAME_BYTES = sizeof(struct ftrace_frame),
  FTRACE_FRAME_SP = offsetof(struct ftrace_frame, sp),
  FTRACE_FRAME_START = offsetof(struct ftrace_frame, start),
  FTRACE_FRAME_WHAT = offsetof(struct ftrace_frame, what),
  FTRACE_FRAME_CHILD = offsetof(struct ftrace_frame, child),
};

/// The shadow stacks of an ops.
struct ftrace_shadows {
  struct ftrace_shadow *_Atomic first;
  uint64_t bytes;         // of one, with what the body keeps behind the frames
  uint32_t depth;         // frames in one, at most FTRACE_SHADOW_DEPTH
  uint32_t thread_count;  // 0: every worker is traced
  const int32_t *threads; // else those that are
};

/// - Parameters:
///   - behind: bytes that the body keeps behind the frames, at `ftrace_shadow_behind`.
///   - threads: kept by the caller.
void ftrace_shadows_init(struct ftrace_shadows *shadows, uint32_t depth, uint64_t behind, const int32_t *threads, uint32_t thread_count);
/// Where what the body keeps begins, in bytes from the start of a shadow stack.
uint64_t ftrace_shadow_behind(const struct ftrace_shadows *shadows);
/// A stack for the calling worker, empty, NULL if there is no memory. One for a worker that is not traced holds no frame.
struct ftrace_shadow *ftrace_shadow_take(struct ftrace_shadows *shadows);
/// The worker ends.
void ftrace_shadow_give(struct ftrace_shadow *shadow);
/// Unmaps them. No body can run any more.
void ftrace_shadows_free(struct ftrace_shadows *shadows);

/// Takes off the frames of calls that have ended, as an event at that stack pointer shows. Returns how many.
uint32_t ftrace_shadow_unwind(struct ftrace_shadow *shadow, const struct ftrace_append *append);
/// Puts a frame on.
void ftrace_shadow_push(struct ftrace_shadow *shadow, uint64_t sp, uint64_t start, uint64_t what);
/// Whether a call at that stack pointer begins below the top in the order of addresses all the same: it is on another stack.
static inline bool ftrace_shadow_is_elsewhere(const struct ftrace_shadow *shadow, uint64_t sp) { return shadow->top->sp <= sp; }

static inline struct ftrace_frame *ftrace_shadow_base(struct ftrace_shadow *shadow) {
  return (struct ftrace_frame *)(void *)((char *)shadow + FTRACE_SHADOW_HEADER);
}

/// What became of calls, over all workers that are traced. Any thread, at any time.
struct ftrace_shadow_sums {
  uint64_t passed, strays, unwound, open;
};
struct ftrace_shadow_sums ftrace_shadows_sums(struct ftrace_shadows *shadows);
