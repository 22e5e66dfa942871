// Words that refill writes, and the words that it counts.
#include "buffer.h"
#include "ftrace_territory.h"

WRITER void words_count(const uint64_t *word, const uint64_t *end, struct ftrace_word_counts *counts) {
  uint64_t entries = 0, events = 0;
  while (word < end) {
    const uint32_t upper = (uint32_t)(*word >> 32), kind = upper & 15;
    // Entries are 4 and 5, exits all but those below and 9 to 12.
    if (__builtin_expect(kind >= 5 && kind != FTRACE_WORD_VALUES && kind != FTRACE_WORD_UNWOUND, 1)) {
      entries += kind == FTRACE_WORD_ENTRY;
      events++;
      word++;
      continue;
    }
    const uint64_t follow = (uint32_t)*word;
    if (kind == 0) events += upper != 0;
    if (kind == FTRACE_WORD_ENTRY_WITH_PARENT) {
      entries++;
      events++;
      word++;
    }
    if (kind == FTRACE_WORD_LOSS || kind == FTRACE_WORD_RESYNC || kind == FTRACE_WORD_VALUES) word += follow;
    if (kind == FTRACE_WORD_UNWOUND) counts->unwound += follow;
    word++;
  }
  counts->events[FTRACE_END_ENTRY] += entries;
  counts->events[FTRACE_END_EXIT] += events - entries;
}

// A return address of a traced function: in the arena, and not in a gate, a trampoline or a stub.
static WRITER bool is_frame(const struct ftrace_buffer *buffer, uint64_t address) {
  return address > buffer->configuration.code_start && address < buffer->configuration.code_end
         && !ftrace_territory_refuses(address);
}

WRITER uint64_t *words_resync(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append) {
  // Frames of the host between emitted ones count towards this bound alone.
  enum { STEPS = 4096 };
  const struct ftrace_thread *self = ftrace_thread_self();
  uint64_t *const head = cursor++;
  uint32_t count = 0, more = 0;
  const uint64_t *const stack = (const uint64_t *)append->sp;
  // At an exit the function itself is open still: its word is the address after the site, which lies in it as a return address does.
  if (append->end == FTRACE_END_EXIT && is_frame(buffer, stack[0])) cursor[count++] = stack[0];
  if (is_frame(buffer, stack[1])) cursor[count++] = stack[1];
  // On another stack than the thread's own (a signal handler's) nothing says how far it reaches.
  const uint64_t top = append->sp >= self->stack_low ? self->stack_top : 0;
  uint64_t below = append->sp + 8, frame = append->rbp;
  for (uint32_t step = 0; frame > below && !(frame & 7) && frame < top && top - frame >= 16; step++) {
    const uint64_t *const record = (const uint64_t *)frame;
    if (is_frame(buffer, record[1])) {
      if (count == FTRACE_RESYNC_FRAMES || step == STEPS) {
        more = 1;
        break;
      }
      cursor[count++] = record[1];
    }
    below = frame;
    frame = record[0];
  }
  *head = FTRACE_WORD(more << 4 | FTRACE_WORD_RESYNC, count);
  return cursor + count;
}
