// ftrace_record_ip: what `mcount` calls while recording is on. It runs inside traced calls, so it takes no lock, allocates nothing
// and touches no vector register.
#pragma once
#include "ftrace_thread.h"

enum {
  FTRACE_TARGET_MCOUNT = 0, // the site has not been converted: `call mcount`
  FTRACE_TARGET_NOP = 1,
  // every other value: offset in the arena of the trampoline that the site calls
};

enum {
  FTRACE_RECORD_FAILED = 1, // quarantined: its bytes were not what the record says
  FTRACE_RECORD_DEAD = 2,   // its function is gone; the record waits in the free list
  FTRACE_RECORD_DROPPING = 4, // its function is going; the plan under way holds its site
  FTRACE_RECORD_DROPPED = 8,  // its function went while it was on the pending list
  FTRACE_RECORD_KNOWN = 16,   // set within `ftrace_recorder_release_claims` only
};

/// What is known of a site: 16 bytes.
struct ftrace_record {
  uint32_t site;       // offset in the arena of the first byte
  uint32_t next;       // number + 1 in the pending list or in the free list
  uint32_t target;     // what the bytes of the site are now, as far as the engine knows
  uint32_t flags;
};
_Static_assert(sizeof(struct ftrace_record) == 16, "16 bytes a site");

enum {
  FTRACE_INDEX_NONE = 0,            // no record yet
  FTRACE_INDEX_BUSY = 0xFFFFFFFF,   // being inserted by another thread
  FTRACE_INDEX_DEAD = 0xFFFFFFFE,   // not a site of live code: never recorded
};

/// Shared by the engine (under its lock) and the recorder (without one).
struct ftrace_recorder {
  uint64_t base; // executable address of the arena
  // The number + 1 of the record of a site, by the aligned word of eight bytes that holds it.
  _Atomic(uint32_t) *index;
  // The class of the site, by the same word: which set of ops with routes of their own wants it.
  uint16_t *site_class;
  // Executable address to continue at, by class.
  uint64_t *class_target;
  struct ftrace_record *records;
  _Atomic(uint32_t) enabled;   // the on/off switch
  _Atomic(uint32_t) count;     // records handed out, without those that came back
  _Atomic(uint32_t) capacity;  // records that may be handed out
  _Atomic(uint32_t) pending;   // head of the pending list: number + 1
  _Atomic(uint32_t) pending_count;
  _Atomic(uint64_t) free;      // head of the free list: tag << 32 | number + 1
  _Atomic(uint32_t) free_count;
  _Atomic(uint64_t) exhausted; // calls that found no record to take
  _Atomic(uint64_t) recursed;  // calls from within the recorder, on the same thread
};

/// Records the site whose call returns to `return_address`, once. Returns the address to continue at: the trampoline of the ops
/// that want this site, or `ftrace_stub`.
uint64_t ftrace_record_ip(struct ftrace_recorder *recorder, uint64_t return_address);

/// Takes a record from the free list or the unused ones. Returns its number + 1, or 0.
uint32_t ftrace_recorder_take(struct ftrace_recorder *recorder);

/// Gives a record back. Under the engine's lock.
void ftrace_recorder_give(struct ftrace_recorder *recorder, uint32_t number_plus_one);

/// Brings to an end what threads were recording that are not there any more, wherever in the recorder they were: in the child of a fork, whose
/// one thread calls this. Not in Swift, whose runtime makes types under locks: one of those threads may have held one.
/// - high_water: end of the code that was ever used, as an offset in the arena.
void ftrace_recorder_release_claims(struct ftrace_recorder *recorder, uint32_t high_water);

// Atomics of the recorder for Swift, which cannot import `_Atomic` members.
#define FTRACE_ATOMIC_MEMBER(type, name)                                                                  \
  static inline type ftrace_recorder_##name(const struct ftrace_recorder *r) {                            \
    return atomic_load_explicit(&((struct ftrace_recorder *)r)->name, memory_order_acquire);              \
  }                                                                                                       \
  static inline void ftrace_recorder_set_##name(struct ftrace_recorder *r, type value) {                  \
    atomic_store_explicit(&r->name, value, memory_order_release);                                         \
  }
FTRACE_ATOMIC_MEMBER(uint32_t, enabled)
FTRACE_ATOMIC_MEMBER(uint32_t, count)
FTRACE_ATOMIC_MEMBER(uint32_t, capacity)
FTRACE_ATOMIC_MEMBER(uint32_t, pending)
FTRACE_ATOMIC_MEMBER(uint32_t, pending_count)
FTRACE_ATOMIC_MEMBER(uint64_t, free)
FTRACE_ATOMIC_MEMBER(uint32_t, free_count)
FTRACE_ATOMIC_MEMBER(uint64_t, exhausted)
FTRACE_ATOMIC_MEMBER(uint64_t, recursed)
#undef FTRACE_ATOMIC_MEMBER

static inline void ftrace_recorder_subtract_pending_count(struct ftrace_recorder *r, uint32_t count) {
  atomic_fetch_sub_explicit(&r->pending_count, count, memory_order_relaxed);
}

/// Detaches the pending list; its records are linked by `next`. Pairs with the push in `ftrace_record_ip`.
static inline uint32_t ftrace_recorder_take_pending(struct ftrace_recorder *r) {
  return atomic_exchange_explicit(&r->pending, 0, memory_order_acquire);
}
static inline bool ftrace_recorder_has_pending(const struct ftrace_recorder *r) {
  return atomic_load_explicit(&((struct ftrace_recorder *)r)->pending, memory_order_acquire) != 0;
}
/// Puts a record (back) on the pending list.
void ftrace_recorder_push_pending(struct ftrace_recorder *recorder, uint32_t number_plus_one);

static inline uint32_t ftrace_recorder_index(const struct ftrace_recorder *r, uint32_t site) {
  return atomic_load_explicit(&((struct ftrace_recorder *)r)->index[site >> 3], memory_order_acquire);
}
static inline void ftrace_recorder_set_index(struct ftrace_recorder *r, uint32_t site, uint32_t value) {
  // Pairs with the acquire loads in `ftrace_record_ip` and `ftrace_recorder_index`.
  atomic_store_explicit(&r->index[site >> 3], value, memory_order_release);
}

/// Sets the members whose types Swift does not import.
static inline void ftrace_recorder_set_tables(struct ftrace_recorder *r, void *index, void *site_class,
                                              void *class_target, void *records) {
  r->index = index;
  r->site_class = site_class;
  r->class_target = class_target;
  r->records = records;
}

/// The cell of a site in the index, for a plan.
static inline void *ftrace_recorder_index_cell(const struct ftrace_recorder *r, uint32_t site) {
  return &r->index[site >> 3];
}

static inline void ftrace_recorder_count_exhausted(struct ftrace_recorder *r) {
  atomic_fetch_add_explicit(&r->exhausted, 1, memory_order_relaxed);
}

/// Stores a word that emitted code jumps through. Pairs with its load: whoever sees the word sees what was written before.
static inline void ftrace_store_release(uintptr_t *word, uintptr_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
