// Triggers: what happens when a function is entered. Their bodies look whether there is anything to do; this does it.
#pragma once
#include <CFtraceShims.h>
#include <CFtraceTraceBuffer.h>

enum {
  FTRACE_TRIGGER_ON = 0,       // events are recorded from here on
  FTRACE_TRIGGER_OFF = 1,      // no more, until somebody switches it on
  FTRACE_TRIGGER_SNAPSHOT = 2, // whoever waits for it takes what is in the buffer
  FTRACE_TRIGGER_STACK = 3,    // the worker's frames are written
};

/// What the triggers of one tracer share.
struct ftrace_trigger_state {
  _Atomic(uint32_t) off;       // 1: bodies of the tracer record nothing
  _Atomic(uint32_t) snapshots; // that were asked for, and FTRACE_TRIGGER_ENDED: whoever takes them waits on this word
};

enum { FTRACE_TRIGGER_ENDED = 1u << 31 };
void ftrace_trigger_state_init(struct ftrace_trigger_state *state, bool on);

struct ftrace_trigger {
  struct ftrace_sink sink;
  struct ftrace_buffer *buffer; // of the tracer
  struct ftrace_trigger_state *state;
  uint32_t action;
  _Atomic(uint64_t) left;   // how often it still acts: its body does nothing when it is 0
  _Atomic(uint64_t) missed; // stacks that found no room, and what came from a signal handler in the middle of an append
};

enum {
  FTRACE_TRIGGER_LEFT = offsetof(struct ftrace_trigger, left),
};

/// - Parameter left: UINT64_MAX: for ever.
void ftrace_trigger_init(struct ftrace_trigger *trigger, uint32_t action, uint64_t left, struct ftrace_buffer *buffer,
                         struct ftrace_trigger_state *state);
/// How often it should have acted and could not.
uint64_t ftrace_trigger_missed(const struct ftrace_trigger *trigger);

/// Switches the recording of a tracer, as triggers do. Any thread.
void ftrace_trigger_switch(struct ftrace_buffer *buffer, struct ftrace_trigger_state *state, bool on);

/// Waits until the word of snapshots is another than `seen`, and returns it.
uint32_t ftrace_trigger_wait(struct ftrace_trigger_state *state, uint32_t seen);
/// Nobody asks any more.
void ftrace_trigger_end(struct ftrace_trigger_state *state);
