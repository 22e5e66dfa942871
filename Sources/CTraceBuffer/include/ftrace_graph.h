// Calls that are chosen before they are recorded: by depth, by what called them, by how long they took, by thread. The worker keeps a shadow stack
// of those that it follows; the fast path is emitted, this is the way out of it.
#pragma once
#include "ftrace_buffer.h"
#include "ftrace_shadow.h"

struct ftrace_graph {
  struct ftrace_shadows shadows;
  // In units of the buffer's clock. 0: entries are written when they happen. Else when a call has taken that long, the calls that it is in
  // first: what is shorter is never in the stream, so nothing that a reader may have seen is taken back.
  uint64_t threshold;
};

/// Makes a buffer's events those that a graph chooses. Before the buffer's sink is registered; the graph stays as long as code that
/// appends can run.
void ftrace_buffer_set_graph(struct ftrace_buffer *buffer, struct ftrace_graph *graph);
