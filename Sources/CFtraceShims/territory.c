#include "ftrace_territory.h"

#include <sched.h>

static struct ftrace_territory territories[FTRACE_RUNTIME_SLOTS];

// The recorder, which is C: its functions are in a section of their own, whose ends the linker names.
extern const char __start_ftrace_recorder[] __attribute__((visibility("hidden")));
extern const char __stop_ftrace_recorder[] __attribute__((visibility("hidden")));

void ftrace_territory_set(uint32_t slot, uint64_t start, uint64_t end, void *engine_code) {
  struct ftrace_territory *territory = &territories[slot];
  atomic_store_explicit(&territory->start, start, memory_order_relaxed);
  atomic_store_explicit(&territory->engine_code, (_Atomic(uint64_t) *)engine_code, memory_order_relaxed);
  // Pairs with the acquire load in `ftrace_territory_of`.
  atomic_store_explicit(&territory->end, end, memory_order_release);
}

static _Atomic(uint32_t) readers;

void ftrace_territory_clear(uint32_t slot) {
  // Sequentially consistent, as a reader's count is: either it is seen here, or it sees that there is nothing.
  atomic_store_explicit(&territories[slot].end, 0, memory_order_seq_cst);
  while (atomic_load_explicit(&readers, memory_order_seq_cst)) sched_yield();
}

FTRACE_UNINSTRUMENTED void ftrace_territory_begin_reading(void) {
  atomic_fetch_add_explicit(&readers, 1, memory_order_seq_cst);
}
FTRACE_UNINSTRUMENTED void ftrace_territory_end_reading(void) {
  atomic_fetch_sub_explicit(&readers, 1, memory_order_seq_cst);
}
void ftrace_territory_forget_readers(void) { atomic_store_explicit(&readers, 0, memory_order_relaxed); }

void ftrace_territory_mark(uint32_t slot, uint64_t start, uint64_t bytes, bool engine_code) {
  const uint64_t base = atomic_load_explicit(&territories[slot].start, memory_order_relaxed);
  _Atomic(uint64_t) *bits = atomic_load_explicit(&territories[slot].engine_code, memory_order_relaxed);
  const uint64_t last = (start + bytes - 1 - base) / FTRACE_TERRITORY_GRANULE;
  for (uint64_t granule = (start - base) / FTRACE_TERRITORY_GRANULE; granule <= last;) {
    // A whole word at a time where the block covers it.
    const uint64_t from = granule % 64, left = last - granule + 1;
    const uint64_t count = left < 64 - from ? left : 64 - from;
    const uint64_t mask = (count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1) << from;
    // Pair with the load in `ftrace_territory_refuses`: nobody runs the block yet; neighbours in the word keep their bits.
    if (engine_code) atomic_fetch_or_explicit(&bits[granule / 64], mask, memory_order_release);
    else if (atomic_load_explicit(&bits[granule / 64], memory_order_relaxed) & mask)
      atomic_fetch_and_explicit(&bits[granule / 64], ~mask, memory_order_release);
    granule += count;
  }
}

FTRACE_UNINSTRUMENTED int ftrace_territory_of(uint64_t address) {
  for (int slot = 0; slot < FTRACE_RUNTIME_SLOTS; slot++) {
    const uint64_t end = atomic_load_explicit(&territories[slot].end, memory_order_acquire);
    if (address < end && address >= atomic_load_explicit(&territories[slot].start, memory_order_relaxed)) return slot;
  }
  return -1;
}

FTRACE_UNINSTRUMENTED bool ftrace_is_gate_return(uint64_t address) {
  // `cmp dword fs:[depth], 1`, of which four bytes are opcode and operand's form, and four its displacement.
  uint64_t found;
  __builtin_memcpy(&found, (const void *)address, sizeof found);
  return found == (UINT64_C(0x253C8364) | (uint64_t)(uint32_t)(ftrace_thread_displacement() + FTRACE_THREAD_DEPTH) << 32);
}

FTRACE_UNINSTRUMENTED bool ftrace_territory_refuses(uint64_t pc) {
  if (pc >= (uint64_t)__start_ftrace_recorder && pc < (uint64_t)__stop_ftrace_recorder) return true;
  const int slot = ftrace_territory_of(pc);
  if (slot < 0) return false;
  const uint64_t start = atomic_load_explicit(&territories[slot].start, memory_order_relaxed);
  const uint64_t granule = (pc - start) / FTRACE_TERRITORY_GRANULE;
  _Atomic(uint64_t) *bits = atomic_load_explicit(&territories[slot].engine_code, memory_order_relaxed);
  return atomic_load_explicit(&bits[granule / 64], memory_order_acquire) >> granule % 64 & 1;
}
