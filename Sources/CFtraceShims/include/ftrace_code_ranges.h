// Retired code, in the form that a scan can read while the world is stopped: it calls nothing and allocates nothing.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ftrace_sanitizers.h"

/// Executable addresses of one retired block. A word equal to `end` counts as a reference, since a call that ends the block pushes it.
struct ftrace_code_range {
  uint64_t start;
  uint64_t end;
};

/// Marks each of the `count` ranges, ascending and disjoint, that `word` may refer to. O(log count); a word outside all of them
/// costs two compares.
FTRACE_UNCHECKED static inline void ftrace_code_ranges_mark_word(const struct ftrace_code_range *ranges, uint8_t *marks,
                                                                 size_t count, uint64_t word) {
  if (count == 0 || word < ranges[0].start || word > ranges[count - 1].end) return;
  size_t low = 0, high = count;  // ranges[low].start <= word; high is past the last such range
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (ranges[middle].start <= word) low = middle; else high = middle;
  }
  if (word <= ranges[low].end) marks[low] = 1;
  // A word on the border of two adjacent blocks is the start of one and a return address of the other.
  if (low > 0 && word == ranges[low - 1].end) marks[low - 1] = 1;
}

/// Marks every range that one of the aligned words in [from, to) may refer to: registers that were saved, or a part of a stack.
FTRACE_UNCHECKED static inline void ftrace_code_ranges_mark(const struct ftrace_code_range *ranges, uint8_t *marks, size_t count,
                                                            const uint64_t *from, const uint64_t *to) {
  for (const uint64_t *word = from; word < to; word++) ftrace_code_ranges_mark_word(ranges, marks, count, *word);
}
