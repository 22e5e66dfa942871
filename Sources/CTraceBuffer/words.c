// Words that refill writes, and the words that it counts.
#include <emmintrin.h>

#include "buffer.h"
#include "ftrace_territory.h"

// Words that are looked at together.
enum { GROUP = 16 };

// A run of words of which each is an event by itself, in whole groups: where it ends, and how many of them are entries. A block that is
// overwritten is counted once for all its events, so this is part of what each of them costs. The vector registers are those that
// the stub of the slow path saves, and no wider.
//
// Kinds are turned by eleven, so that an entry is 0, and one bit tells the words of this sort, entries and exits without more, from all others.
FTRACE_UNINSTRUMENTED static const uint64_t *plain_events(const uint64_t *word, const uint64_t *end, uint64_t *entries) {
  enum { TURN = 11, OTHERS = 4 };
  _Static_assert(((FTRACE_WORD_ENTRY + TURN) & 15) == 0, "an entry is 0");
#define OF_OTHERS(kind) ((((kind) + TURN) & OTHERS) != 0)
  _Static_assert(OF_OTHERS(FTRACE_WORD_ENTRY_WITH_PARENT) && OF_OTHERS(FTRACE_WORD_VALUES) && OF_OTHERS(FTRACE_WORD_UNWOUND)
                     && OF_OTHERS(FTRACE_WORD_STACK) && OF_OTHERS(FTRACE_WORD_EPOCH) && OF_OTHERS(FTRACE_WORD_CARRY)
                     && OF_OTHERS(FTRACE_WORD_LOSS) && OF_OTHERS(FTRACE_WORD_RESYNC),
                 "what is no event, or more than a word");
  _Static_assert(!OF_OTHERS(0) && !OF_OTHERS(6) && !OF_OTHERS(7) && !OF_OTHERS(8) && !OF_OTHERS(13) && !OF_OTHERS(14) && !OF_OTHERS(15),
                 "exits");
#undef OF_OTHERS
  const __m128i turn = _mm_set1_epi32(TURN), others = _mm_set1_epi32(OTHERS), all = _mm_set1_epi32(15), zero = _mm_setzero_si128();
  __m128i sum = zero;
  // No block has as many words as a lane counts.
  for (; end - word >= GROUP; word += GROUP) {
    __m128i other = zero, entry = zero;
#pragma GCC unroll 4
    for (int i = 0; i < GROUP; i += 4) {
      const __m128 low = _mm_loadu_ps((const float *)(word + i)), high = _mm_loadu_ps((const float *)(word + i + 2));
      const __m128i upper = _mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
      const __m128i turned = _mm_add_epi32(upper, turn);
      // A half of zeros is no exit.
      other = _mm_or_si128(other, _mm_or_si128(_mm_and_si128(turned, others), _mm_cmpeq_epi32(upper, zero)));
      entry = _mm_add_epi32(entry, _mm_cmpeq_epi32(_mm_and_si128(turned, all), zero));
    }
    if (_mm_movemask_epi8(_mm_cmpeq_epi32(other, zero)) != 0xFFFF) break;
    sum = _mm_sub_epi32(sum, entry);
  }
  uint32_t lanes[4];
  _mm_storeu_si128((__m128i *)lanes, sum);
  *entries += (uint64_t)lanes[0] + lanes[1] + lanes[2] + lanes[3];
  return word;
}

FTRACE_UNINSTRUMENTED void words_count(const uint64_t *word, const uint64_t *end, struct ftrace_word_counts *counts) {
  uint64_t entries = 0, events = 0;
  // Behind a group that is not plain each word is looked at, up to its end.
  const uint64_t *next = word;
  while (word < end) {
    if (word >= next) {
      const uint64_t *const start = word;
      word = plain_events(word, end, &entries);
      events += (uint64_t)(word - start);
      if (word == end) break;
      next = word + GROUP;
    }
    uint32_t upper = (uint32_t)(*word >> 32), kind = upper & 15;
    // Runs of entries with their callers, as the tracer `function` writes them, and of values between them.
    while (kind == FTRACE_WORD_ENTRY_WITH_PARENT || kind == FTRACE_WORD_VALUES) {
      const bool entry = kind == FTRACE_WORD_ENTRY_WITH_PARENT;
      entries += entry;
      events += entry;
      word += entry ? 2 : 1 + (uint32_t)*word;
      if (word >= end) goto done;
      upper = (uint32_t)(*word >> 32);
      kind = upper & 15;
    }
    // Entries are 4 and 5, exits all but those below and 9 to 12. Words of one alone that are neither: carry, epoch.
    if (__builtin_expect(kind >= 5 && kind - FTRACE_WORD_VALUES > 12 - FTRACE_WORD_VALUES, 1)) {
      entries += kind == FTRACE_WORD_ENTRY;
      events++;
      word++;
      continue;
    }
    const uint64_t follow = (uint32_t)*word;
    if (kind == 0) events += upper != 0;
    if (kind == FTRACE_WORD_LOSS || kind == FTRACE_WORD_RESYNC || kind == FTRACE_WORD_STACK) word += follow;
    if (kind == FTRACE_WORD_UNWOUND) counts->unwound += follow;
    word++;
  }
done:
  counts->events[FTRACE_END_ENTRY] += entries;
  counts->events[FTRACE_END_EXIT] += events - entries;
}

// A return address of a traced function: in the arena, and not in a gate, a trampoline or a stub.
static WRITER bool is_frame(const struct ftrace_buffer *buffer, uint64_t address) {
  return address > buffer->configuration.code_start && address < buffer->configuration.code_end
         && !ftrace_territory_refuses(address);
}

// A return address in a gate, by which the host has called traced functions.
static WRITER bool is_gate(const struct ftrace_buffer *buffer, uint64_t address) {
  return address > buffer->configuration.code_start && address < buffer->configuration.code_end
         && ftrace_territory_refuses(address) && ftrace_is_gate_return(address);
}

// Writes the return addresses of frames, innermost first, up to `most` of them: returns where they end, and in `*more` whether there were others.
static WRITER uint64_t *write_frames(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append,
                                     uint32_t most, uint32_t *more) {
  // Frames of the host between emitted ones count towards this bound alone.
  enum { STEPS = 4096 };
  const struct ftrace_thread *self = ftrace_thread_self();
  // So many gates there are on the stack. What called the outermost need not keep frame pointers: its `rbp` can be anything.
  uint32_t gates = atomic_load_explicit(&self->depth, memory_order_relaxed);
  uint32_t count = 0;
  const uint64_t *const stack = (const uint64_t *)append->sp;
  if (is_frame(buffer, stack[1])) cursor[count++] = stack[1];
  // On another stack than the thread's own (a signal handler's) nothing says how far it reaches.
  uint64_t top = append->sp >= self->stack_low ? self->stack_top : 0;
  uint64_t below = append->sp + 8, frame = append->rbp;
  if (is_gate(buffer, stack[1]) && --gates == 0) top = 0;
  for (uint32_t step = 0; frame > below && !(frame & 7) && frame < top && top - frame >= 16; step++) {
    const uint64_t *const record = (const uint64_t *)frame;
    if (is_frame(buffer, record[1])) {
      if (count == most || step == STEPS) {
        *more = FTRACE_FRAMES_CUT;
        break;
      }
      cursor[count++] = record[1];
    } else if (is_gate(buffer, record[1]) && --gates == 0) {
      break;
    }
    below = frame;
    frame = record[0];
  }
  return cursor + count;
}

// The address after the site lies in the function as a return address does.
static WRITER uint64_t *write_own(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append) {
  const uint64_t *const stack = (const uint64_t *)append->sp;
  if (is_frame(buffer, stack[0])) *cursor++ = stack[0];
  return cursor;
}

WRITER uint64_t *words_resync(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append) {
  uint64_t *const head = cursor++;
  uint32_t more = 0;
  // At an exit the function itself is open still.
  if (append->end == FTRACE_END_EXIT) cursor = write_own(buffer, cursor, append);
  cursor = write_frames(buffer, cursor, append, FTRACE_RESYNC_FRAMES - (uint32_t)(cursor - head - 1), &more);
  *head = FTRACE_WORD(more << 4 | FTRACE_WORD_RESYNC, cursor - head - 1);
  return cursor;
}

WRITER uint64_t *words_stack(const struct ftrace_buffer *buffer, uint64_t *cursor, const struct ftrace_append *append, uint64_t now) {
  uint64_t *const head = cursor++;
  uint32_t more = 0;
  *cursor++ = now;
  cursor = write_own(buffer, cursor, append);
  cursor = write_frames(buffer, cursor, append, FTRACE_STACK_RECORD_FRAMES - (uint32_t)(cursor - head - 2), &more);
  *head = FTRACE_WORD(more << 4 | FTRACE_WORD_STACK, cursor - head - 1);
  return cursor;
}
