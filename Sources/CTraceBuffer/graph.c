// The way out of the fast path of bodies that choose the calls that they record.
//
// A call that has a frame is in the accounts with both ends: each is recorded, or lost and counted, or the frame is unwound, or open at the end.
// One that has none is in them with neither.
#include "ftrace_graph.h"

#include "buffer.h"

static WRITER uint64_t cursor_of(const struct ftrace_channel *channel) {
  return __atomic_load_n(&channel->cursor, __ATOMIC_RELAXED);
}

static WRITER void put(struct ftrace_channel *channel, uint64_t word) {
  uint64_t *const cursor = (uint64_t *)cursor_of(channel);
  *cursor = word;
  // Pairs with the acquire load of a reader that copies the open block: the word is written.
  __atomic_store_n(&channel->cursor, (uint64_t)(cursor + 1), __ATOMIC_RELEASE);
}

static WRITER bool has_room(const struct ftrace_channel *channel) {
  return cursor_of(channel) < atomic_load_explicit(&channel->limit, memory_order_relaxed);
}

// Makes room for an event, with what precedes it: false, and the event is counted as lost.
static WRITER bool make_room(struct ftrace_buffer *buffer, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_shadow *const shadow = channel->scratch;
  do {
    if (!buffer_refill(&buffer->sink, channel, append)) return false;
    // Room for one append is more than this word and an event.
    if (shadow->pending) put(channel, FTRACE_WORD(FTRACE_WORD_UNWOUND, shadow->pending));
    shadow->pending = 0;
  } while (!has_room(channel));
  return true;
}

// Writes an event, or counts it as lost.
static WRITER void emit(struct ftrace_buffer *buffer, struct ftrace_channel *channel, const struct ftrace_append *append,
                        uint32_t end, uint32_t place, uint64_t clock) {
  const struct ftrace_append event = {.sp = append->sp, .rbp = append->rbp, .end = end};
  struct ftrace_shadow *const shadow = channel->scratch;
  if ((shadow->pending || !has_room(channel)) && !make_room(buffer, channel, &event)) return;
  if ((uint32_t)(clock >> 32) != channel->high) {
    // Also back, if a call's entry is written after the upper half has changed.
    put(channel, FTRACE_WORD(FTRACE_WORD_CARRY, clock >> 32));
    channel->high = (uint32_t)(clock >> 32);
  }
  put(channel, FTRACE_WORD(place, clock));
}

static WRITER uint32_t place_of(const struct ftrace_buffer *buffer, const struct ftrace_append *append) {
  return (uint32_t)(*(const uint64_t *)append->sp - buffer->configuration.code_start);
}

static WRITER void pop(struct ftrace_shadow *shadow) {
  shadow->top--;
  if (shadow->fresh > shadow->top + 1) shadow->fresh = shadow->top + 1;
}

// Calls that have ended without an exit, as the event shows: true if there were any.
static WRITER bool unwind(struct ftrace_graph *graph, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_shadow *const shadow = channel->scratch;
  const uint32_t count = ftrace_shadow_unwind(shadow, append);
  if (!count) return false;
  uint64_t recorded = count;
  struct ftrace_frame *const next = shadow->top + 1;
  if (graph->threshold) {
    recorded = shadow->fresh > next ? (uint64_t)(shadow->fresh - next) : 0;
    if (recorded) shadow->fresh = next;
  }
  shadow->unwound += count;
  shadow->pending += recorded;
  // The next event comes out of line, and the record of these before it.
  if (recorded) ftrace_channel_kick(channel);
  return true;
}

static WRITER uint32_t enter(struct ftrace_buffer *buffer, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_shadow *const shadow = channel->scratch;
  const uint32_t place = place_of(buffer, append);
  // On a stack of its own, above what it has interrupted: the body cannot tell that from a frame that is gone.
  const bool elsewhere = ftrace_shadow_is_elsewhere(shadow, append->sp);
  if (elsewhere && shadow->top >= shadow->limit) {
    shadow->passed++;
    return 0;
  }
  if (buffer->graph->threshold) {
    if (!elsewhere) return 1;
    ftrace_shadow_push(shadow, append->sp, buffer->clock(buffer->clock_context), place);
    return 0;
  }
  // The body has found that the call is to be recorded, and no room.
  if (!elsewhere && make_room(buffer, channel, append)) return 1;
  if (elsewhere) emit(buffer, channel, append, FTRACE_END_ENTRY, place, buffer->clock(buffer->clock_context));
  ftrace_shadow_push(shadow, append->sp, 0, place);
  return 0;
}

static WRITER uint32_t leave(struct ftrace_buffer *buffer, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_shadow *const shadow = channel->scratch;
  if (shadow->top->sp != append->sp) {
    shadow->strays++;
    return 0;
  }
  if (!buffer->graph->threshold) {
    if (make_room(buffer, channel, append)) return 1;
    pop(shadow);
    return 0;
  }
  const uint64_t now = buffer->clock(buffer->clock_context);
  for (; shadow->fresh <= shadow->top; shadow->fresh++) {
    struct ftrace_frame *const frame = shadow->fresh;
    emit(buffer, channel, append, FTRACE_END_ENTRY, (uint32_t)frame->what, frame->start);
    // Its exit comes here, whatever the counters of two processors say.
    frame->start = 0;
  }
  emit(buffer, channel, append, FTRACE_END_EXIT, place_of(buffer, append), now);
  pop(shadow);
  return 0;
}

static WRITER uint32_t graph_refill(struct ftrace_sink *sink, struct ftrace_channel *channel, const struct ftrace_append *append) {
  struct ftrace_buffer *const buffer = (struct ftrace_buffer *)sink;
  if (!channel->scratch) {
    channel->scratch = ftrace_shadow_take(&buffer->graph->shadows);
    if (channel->scratch) return 1;
    // Both ends of the call are lost: its exit, if it finds a stack, finds no frame.
    if (append->end == FTRACE_END_ENTRY)
      for (uint32_t end = 0; end < 2; end++)
        atomic_fetch_add_explicit(&buffer->others->lost[FTRACE_LOST_MEMORY][end], 1, memory_order_relaxed);
    return 0;
  }
  if (unwind(buffer->graph, channel, append)) return 1;
  return append->end == FTRACE_END_ENTRY ? enter(buffer, channel, append) : leave(buffer, channel, append);
}

static void graph_close(struct ftrace_sink *sink, struct ftrace_channel *channel) {
  if (channel->scratch) ftrace_shadow_give(channel->scratch);
  buffer_close_channel(sink, channel);
}

WRITER uint64_t *graph_resync(const struct ftrace_buffer *buffer, const struct ftrace_channel *channel, uint64_t *cursor) {
  struct ftrace_shadow *const shadow = channel->scratch;
  uint64_t *const head = cursor++;
  uint32_t count = 0;
  // With a threshold, those below `fresh`: the others' entries come after this.
  const struct ftrace_frame *frame = buffer->graph->threshold ? shadow->fresh - 1 : shadow->top;
  for (; frame != ftrace_shadow_base(shadow) && count < FTRACE_RESYNC_FRAMES; frame--)
    cursor[count++] = buffer->configuration.code_start + frame->what;
  *head = FTRACE_WORD((frame != ftrace_shadow_base(shadow)) << 4 | FTRACE_WORD_RESYNC, count);
  return cursor + count;
}

void ftrace_buffer_set_graph(struct ftrace_buffer *buffer, struct ftrace_graph *graph) {
  buffer->graph = graph;
  buffer->sink.refill = graph_refill;
  buffer->sink.close = graph_close;
}
