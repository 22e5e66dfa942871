// A plan: what is written while the world is stopped. It is built before the stop and read after it.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ftrace_patch_status {
  // Expected bytes found, replaced. It is what entries are made with, and says so only of a plan that was applied: a million entries that
  // need not be written are a third of what the stop would write.
  FTRACE_PATCH_WRITTEN = 0,
  FTRACE_PATCH_ALREADY = 2,    // held the replacement already: nothing written
  FTRACE_PATCH_UNEXPECTED = 3,   // other bytes found: nothing written, `replacement_*` holds them
  FTRACE_PATCH_INACCESSIBLE = 4, // the page cannot be written (set by the planner, which leaves the entry out)
};

/// One instruction of five bytes. All five lie in one aligned word of eight, so that one store replaces them.
struct ftrace_patch {
  uint8_t *write;          // first byte, in the writable alias
  uint32_t expected_low;   // bytes 0...3
  uint32_t replacement_low; // after UNEXPECTED: the bytes found
  uint8_t expected_high;   // byte 4
  uint8_t replacement_high;
  uint8_t status;
  uint8_t critical; // nothing of the plan is written if this entry is unexpected
  uint32_t tag;     // the planner's
};
_Static_assert(sizeof(struct ftrace_patch) == 24, "a million sites make 24 MB of plan");

/// A word of data that emitted code reads (a slot, a table): written in the same stop, before the code.
struct ftrace_word_store {
  uint64_t *address;
  uint64_t value;
};

/// What a slot holds: the address of a function's present body, or of a trap. Any thread, at any time.
static inline uint64_t ftrace_load_word(uintptr_t address) {
  // Pairs with the stores of `ftrace_plan_apply`, and with those that publish a first body, after which it is complete.
  return atomic_load_explicit((_Atomic(uint64_t) *)address, memory_order_acquire);
}

/// A cell of one of the recorder's tables. `old` is what it held.
struct ftrace_cell_store {
  void *address;
  uint32_t value;
  uint32_t old;
  uint32_t width; // 2 or 4 bytes
  uint32_t tag;   // the planner's
};

/// Pages of code that are made writable for the time of the plan, where code has no writable alias.
struct ftrace_page_run {
  uint64_t start;
  uint64_t bytes;
};

struct ftrace_plan {
  struct ftrace_patch *patches;
  size_t patch_count;
  struct ftrace_word_store *words;
  size_t word_count;
  struct ftrace_cell_store *cells;
  size_t cell_count;
  const struct ftrace_page_run *pages;
  size_t page_count;
  // Results.
  size_t written;
  size_t unexpected;
  bool aborted; // a critical entry was unexpected
};

/// The aligned word of a patch, what its five bytes are to be, and which bits they are.
struct ftrace_patch_word {
  _Atomic(uint64_t) *word;
  uint64_t expected, replacement, mask;
  unsigned shift;
};

static inline struct ftrace_patch_word ftrace_patch_word(const struct ftrace_patch *patch) {
  const unsigned shift = ((uintptr_t)patch->write & 7) * 8;
  return (struct ftrace_patch_word){
      .word = (_Atomic(uint64_t) *)((uintptr_t)patch->write & ~(uintptr_t)7),
      .expected = (patch->expected_low | (uint64_t)patch->expected_high << 32) << shift,
      .replacement = (patch->replacement_low | (uint64_t)patch->replacement_high << 32) << shift,
      .mask = UINT64_C(0xFFFFFFFFFF) << shift,
      .shift = shift,
  };
}

static inline void ftrace_patch_unexpected(struct ftrace_plan *plan, struct ftrace_patch *patch, uint64_t found) {
  patch->replacement_low = (uint32_t)found;
  patch->replacement_high = (uint8_t)(found >> 32);
  patch->status = FTRACE_PATCH_UNEXPECTED;
  plan->unexpected++;
}

/// Applies a plan. No worker may execute the code that it names; calls nothing.
///
/// Critical entries come first in the array, and are looked at before anything is written: one that is unexpected ends the plan with nothing changed.
static inline void ftrace_plan_apply(struct ftrace_plan *plan) {
  plan->written = plan->unexpected = 0;
  plan->aborted = false;
  for (size_t i = 0; i < plan->patch_count; i++) {
    struct ftrace_patch *patch = &plan->patches[i];
    if (!patch->critical) break; // they come first
    const struct ftrace_patch_word at = ftrace_patch_word(patch);
    const uint64_t old = atomic_load_explicit(at.word, memory_order_relaxed) & at.mask;
    if (old == at.expected || old == at.replacement) continue;
    ftrace_patch_unexpected(plan, patch, old >> at.shift);
    plan->aborted = true;
  }
  if (plan->aborted) return;
  for (size_t i = 0; i < plan->patch_count; i++) {
    struct ftrace_patch *patch = &plan->patches[i];
    const struct ftrace_patch_word at = ftrace_patch_word(patch);
    // Only a stopper writes code, one at a time: the load pairs with nothing.
    const uint64_t old = atomic_load_explicit(at.word, memory_order_relaxed);
    if ((old & at.mask) == at.replacement) {
      patch->status = FTRACE_PATCH_ALREADY;
    } else if ((old & at.mask) == at.expected) {
      // Pairs with the instruction fetch of workers, ordered by the core serialisation before release.
      atomic_store_explicit(at.word, (old & ~at.mask) | at.replacement, memory_order_relaxed);
      plan->written++; // the status says so already
    } else {
      ftrace_patch_unexpected(plan, patch, (old & at.mask) >> at.shift);
    }
  }
  for (size_t i = 0; i < plan->word_count; i++)
    // Pairs with plain loads in emitted code, which runs again only after the release of the stop.
    atomic_store_explicit((_Atomic(uint64_t) *)plan->words[i].address, plan->words[i].value, memory_order_relaxed);
  for (size_t i = 0; i < plan->cell_count; i++) {
    struct ftrace_cell_store *cell = &plan->cells[i];
    // Pair with the recorder's loads; no worker is inside the recorder now.
    if (cell->width == 4)
      cell->old = atomic_exchange_explicit((_Atomic(uint32_t) *)cell->address, cell->value, memory_order_relaxed);
    else
      cell->old = atomic_exchange_explicit((_Atomic(uint16_t) *)cell->address, (uint16_t)cell->value,
                                           memory_order_relaxed);
  }
}
