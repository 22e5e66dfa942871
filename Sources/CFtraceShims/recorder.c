#include "ftrace_recorder.h"

#include "ftrace_delay.h"
#include "ftrace_domain.h"

// General registers only, so nothing of a sanitizer: `mcount` saves no vectors. In a section of their own: no worker is stopped in them (ftrace_territory.h).
#define GENERAL_ONLY \
  FTRACE_UNINSTRUMENTED __attribute__((target("general-regs-only"), section("ftrace_recorder"), noinline))

GENERAL_ONLY uint32_t ftrace_recorder_take(struct ftrace_recorder *recorder) {
  uint64_t head = atomic_load_explicit(&recorder->free, memory_order_acquire);
  while ((uint32_t)head) {
    const uint32_t next = ((volatile struct ftrace_record *)recorder->records)[(uint32_t)head - 1].next;
    // The tag in the upper half changes with every operation, so that a head which came back is not mistaken for the old one.
    const uint64_t desired = ((head >> 32) + 1) << 32 | next;
    if (atomic_compare_exchange_weak_explicit(&recorder->free, &head, desired, memory_order_acquire,
                                              memory_order_acquire)) {
      atomic_fetch_sub_explicit(&recorder->free_count, 1, memory_order_relaxed);
      return (uint32_t)head;
    }
  }
  uint32_t count = atomic_load_explicit(&recorder->count, memory_order_relaxed);
  do {
    if (count >= atomic_load_explicit(&recorder->capacity, memory_order_relaxed)) return 0;
  } while (!atomic_compare_exchange_weak_explicit(&recorder->count, &count, count + 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  return count + 1;
}

void ftrace_recorder_give(struct ftrace_recorder *recorder, uint32_t number_plus_one) {
  struct ftrace_record *record = &recorder->records[number_plus_one - 1];
  record->flags = FTRACE_RECORD_DEAD;
  atomic_fetch_add_explicit(&recorder->free_count, 1, memory_order_relaxed);
  record->target = FTRACE_TARGET_MCOUNT; // what a walk over all records passes over
  uint64_t head = atomic_load_explicit(&recorder->free, memory_order_relaxed);
  uint64_t desired;
  do {
    record->next = (uint32_t)head;
    desired = ((head >> 32) + 1) << 32 | number_plus_one;
    // Pairs with the acquire loads in `ftrace_recorder_take`.
  } while (!atomic_compare_exchange_weak_explicit(&recorder->free, &head, desired, memory_order_release,
                                                  memory_order_relaxed));
}

GENERAL_ONLY void ftrace_recorder_push_pending(struct ftrace_recorder *recorder, uint32_t number_plus_one) {
  struct ftrace_record *record = &recorder->records[number_plus_one - 1];
  uint32_t head = atomic_load_explicit(&recorder->pending, memory_order_relaxed);
  do {
    record->next = head;
    // Pairs with the exchange in `ftrace_recorder_take_pending`: the record is complete when the list shows it. Nothing is
    // popped singly, so the list has no ABA.
  } while (!atomic_compare_exchange_weak_explicit(&recorder->pending, &head, number_plus_one, memory_order_release,
                                                  memory_order_relaxed));
  atomic_fetch_add_explicit(&recorder->pending_count, 1, memory_order_relaxed);
}

GENERAL_ONLY static void record(struct ftrace_recorder *recorder, uint32_t site) {
  _Atomic(uint32_t) *slot = &recorder->index[site >> 3];
  uint32_t none = FTRACE_INDEX_NONE;
  // The claim: of all threads that call a new function together, one wins. Without a lock, so the first look and this are the
  // two phases of the look-up.
  if (!atomic_compare_exchange_strong_explicit(slot, &none, FTRACE_INDEX_BUSY, memory_order_acquire,
                                               memory_order_relaxed))
    return;
  FTRACE_RACE_WINDOW();
  const uint32_t number = ftrace_recorder_take(recorder);
  if (!number) {
    atomic_fetch_add_explicit(&recorder->exhausted, 1, memory_order_relaxed);
    atomic_store_explicit(slot, FTRACE_INDEX_NONE, memory_order_release);
    return;
  }
  struct ftrace_record *entry = &recorder->records[number - 1];
  entry->site = site;
  entry->target = FTRACE_TARGET_MCOUNT;
  entry->flags = 0;
  // Pairs with the acquire load by whoever finds the number.
  atomic_store_explicit(slot, number, memory_order_release);
  FTRACE_RACE_WINDOW();
  ftrace_recorder_push_pending(recorder, number);
}

GENERAL_ONLY uint64_t ftrace_record_ip(struct ftrace_recorder *recorder, uint64_t return_address) {
  const uint32_t site = (uint32_t)(return_address - 5 - recorder->base);
  if (atomic_load_explicit(&recorder->enabled, memory_order_relaxed)) {
    _Atomic(uint32_t) *busy = &ftrace_thread_block.busy;
    const uint32_t depth = atomic_load_explicit(busy, memory_order_relaxed);
    if (depth) {
      // A signal handler or an interposed function calls new traced code: recorded on a later call.
      atomic_fetch_add_explicit(&recorder->recursed, 1, memory_order_relaxed);
    } else {
      // Only this thread writes it; a signal handler that runs in between restores it.
      atomic_store_explicit(busy, 1, memory_order_relaxed);
      atomic_signal_fence(memory_order_seq_cst);
      if (atomic_load_explicit(&recorder->index[site >> 3], memory_order_acquire) == FTRACE_INDEX_NONE)
        record(recorder, site);
      atomic_signal_fence(memory_order_seq_cst);
      atomic_store_explicit(busy, 0, memory_order_relaxed);
    }
  }
  return recorder->class_target[recorder->site_class[site >> 3]];
}

/// Marks the records of a list. Returns how many of them have not the flag.
static uint32_t mark(struct ftrace_recorder *recorder, uint32_t number, uint32_t flag) {
  uint32_t count = 0;
  while (number) {
    struct ftrace_record *record = &recorder->records[number - 1];
    if (!(record->flags & flag)) ++count;
    record->flags |= FTRACE_RECORD_KNOWN;
    number = record->next;
  }
  return count;
}

void ftrace_recorder_release_claims(struct ftrace_recorder *recorder, uint32_t high_water) {
  // The lists are whole, and their counters follow them.
  ftrace_recorder_set_pending_count(recorder, mark(recorder, ftrace_recorder_pending(recorder), FTRACE_RECORD_DROPPED));
  ftrace_recorder_set_free_count(recorder, mark(recorder, (uint32_t)ftrace_recorder_free(recorder), 0));
  // Entry sites: others have no records here.
  for (uint32_t site = 0; site < high_water; site += 16) {
    const uint32_t number = ftrace_recorder_index(recorder, site);
    // Claimed, and not given a record: it is recorded by its next call.
    if (number == FTRACE_INDEX_BUSY) ftrace_recorder_set_index(recorder, site, FTRACE_INDEX_NONE);
    if (number == FTRACE_INDEX_NONE || number >= FTRACE_INDEX_DEAD) continue;
    struct ftrace_record *record = &recorder->records[number - 1];
    // Given one that was not put on the list.
    if (record->target == FTRACE_TARGET_MCOUNT && !record->flags) ftrace_recorder_push_pending(recorder, number);
    record->flags |= FTRACE_RECORD_KNOWN;
  }
  const uint32_t count = ftrace_recorder_count(recorder);
  for (uint32_t number = 1; number <= count; ++number) {
    struct ftrace_record *record = &recorder->records[number - 1];
    // Taken, and not given to a site.
    if (!(record->flags & FTRACE_RECORD_KNOWN)) ftrace_recorder_give(recorder, number);
    record->flags &= ~(uint32_t)FTRACE_RECORD_KNOWN;
  }
}
