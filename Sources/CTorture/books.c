#include "torture_books.h"

#include <stdbool.h>
#include <string.h>

#include "CFtraceShims.h"
#include "torture_callback.h"

extern const char torture_counted[];

enum { RDI = 8, RDX = 12, RIP = 16 }; // <sys/ucontext.h>

// The general registers of a worker that was stopped by signal, NULL of one that stopped otherwise.
static const uint64_t *interrupted(const struct ftrace_thread *thread) {
#if __has_include("ftrace_signal.h")
  return thread->interrupted;
#else
  (void)thread;
  return NULL;
#endif
}

// Initial-exec as the thread block is, so that the way from one to the other is the same in every thread.
static __thread struct torture_block *blocks_of_thread[FTRACE_RUNTIME_SLOTS] __attribute__((tls_model("initial-exec")));

struct torture_block *torture_block_self(uint32_t slot) { return blocks_of_thread[slot]; }
void torture_block_adopt(uint32_t slot, struct torture_block *block) { blocks_of_thread[slot] = block; }
ptrdiff_t torture_block_displacement(uint32_t slot) {
  return (char *)&blocks_of_thread[slot] - (char *)__builtin_thread_pointer();
}

static struct torture_block *block_of(const struct ftrace_thread *thread, uint64_t slot) {
  const ptrdiff_t distance = torture_block_displacement((uint32_t)slot) - ftrace_thread_displacement();
  return *(struct torture_block *const *)((const char *)thread + distance);
}

static bool in_callback(const struct ftrace_thread *thread, uint64_t slot) {
  uint64_t flags[FTRACE_OPS_SLOTS / 8], any = 0;
  memcpy(flags, thread->ops_active[slot], sizeof flags);
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) any |= flags[i];
  return any != 0;
}

// Whether an address is the first byte of one of the torture's bodies, by the bytes there. Blocks start at multiples of 16; the third
// byte of the `inc` may be on the next page, which is there if the first two are those of an instruction.
static bool is_site(const struct torture_books *books, uint64_t pc) {
  if (pc < books->code_start || pc + 32 > books->code_end || pc & 15) return false;
  const uint8_t *inc = (const uint8_t *)(pc + TORTURE_INC_AT);
  return inc[0] == 0x49 && inc[1] == 0xFF && inc[2] == 0x83;
}

// The body's cell, from its code: no table of addresses can be out of date.
static uint64_t cell_of(uint64_t site) {
  uint32_t cell;
  memcpy(&cell, (const void *)(site + TORTURE_CELL_AT), sizeof cell);
  return cell;
}

static bool is_nop(uint64_t site) {
  static const uint8_t nop[5] = {0x0F, 0x1F, 0x44, 0x00, 0x00};
  return memcmp((const void *)site, nop, sizeof nop) == 0;
}

// A worker that stands at a site will pass what the stop leaves there. The bytes are those of now until the next stop, where they are
// looked at before anything is written or reclaimed.
static void watch(struct torture_books *books, struct torture_block *block, uint64_t pc) {
  if (block->watched && block->watched != pc) {
    if (is_nop(block->watched)) {
      if (block->pass_count < TORTURE_PASSES)
        block->passes[block->pass_count] =
            (struct torture_pass){.cell = cell_of(block->watched), .stop = block->watched_stop};
      block->pass_count++;
    }
    block->watched = 0;
  }
  if (is_site(books, pc)) {
    block->watched = pc;
    block->watched_stop = books->stops;
  }
}

static struct torture_state look(const struct torture_books *books, const struct ftrace_thread *thread,
                                 const struct torture_block *block) {
  const uint64_t *registers = interrupted(thread);
  const uint64_t pc = registers ? registers[RIP] : 0;
  struct torture_state state = {.interrupted = registers != NULL};
  if (in_callback(thread, books->slot)) {
    if (pc >= (uint64_t)&torture_callback && pc < (uint64_t)torture_counted) {
      state.place = TORTURE_UNCOUNTED;
      state.cell = cell_of(registers[RDI]);
      state.tracer = ((const struct torture_tracer *)registers[RDX])->number;
    } else if (block->tracer) {
      state.place = TORTURE_COUNTED;
      state.cell = block->cell;
      state.tracer = ((const struct torture_tracer *)block->tracer)->number;
    }
  } else {
    const uint64_t offset = is_site(books, pc - TORTURE_LOAD_AT) ? TORTURE_LOAD_AT : TORTURE_INC_AT;
    if (is_site(books, pc - offset)) {
      state.place = TORTURE_BEFORE_COUNTER;
      state.cell = cell_of(pc - offset);
    }
  }
  return state;
}

// The cell of the body whose exit site the worker is behind, and that has not counted it: pc at one of the two instructions there.
// Bytes are read as far as those before them say that there are more.
static uint64_t exiting(const struct torture_books *books, uint64_t pc) {
  static const uint8_t load[] = {0x64, 0x4C, 0x8B, 0x1C, 0x25}, inc[] = {0x49, 0xFF, 0x83};
  if (pc < books->code_start || pc >= books->code_end) return 0;
  const uint8_t *code = (const uint8_t *)pc;
  if (*code == *load) {
    for (size_t i = 0; i < sizeof load; i++)
      if (code[i] != load[i]) return 0;
    int32_t displacement;
    memcpy(&displacement, code + sizeof load, sizeof displacement);
    if (displacement != torture_block_displacement((uint32_t)books->slot)) return 0;
    code += TORTURE_INC_AT - TORTURE_LOAD_AT;
  }
  for (size_t i = 0; i < sizeof inc; i++)
    if (code[i] != inc[i]) return 0;
  uint32_t cell;
  memcpy(&cell, code + sizeof inc, sizeof cell);
  const uint64_t before = TORTURE_EXITS_ROW * books->row;
  return cell >= TORTURE_HEADER + before && cell < TORTURE_HEADER + before + books->row ? cell - before : 0;
}

static struct torture_block *block_at(const struct torture_books *books, uint64_t worker) {
  return (struct torture_block *)(books->blocks + worker * books->stride);
}

// Looks at each worker; `keep`: and stores what it sees.
static void look_at_workers(struct torture_books *books, bool keep) {
  books->stops++;
  if (keep) memset(books->states, 0, books->workers * sizeof *books->states);
  // A worker that has ended has passed what it stood at, as any other.
  for (uint64_t worker = 0; worker < books->workers; worker++) block_at(books, worker)->pc = 0;
  for (const struct ftrace_thread *thread = ftrace_registry_first(); thread; thread = thread->next) {
    struct torture_block *block = block_of(thread, books->slot);
    const uint64_t place = (uint64_t)((uint8_t *)block - books->blocks);
    if (!block || place >= books->workers * books->stride) continue;
    const uint64_t *registers = interrupted(thread);
    block->pc = registers ? registers[RIP] : 0;
    if (keep) books->states[place / books->stride] = look(books, thread, block);
  }
  for (uint64_t worker = 0; worker < books->workers; worker++) {
    struct torture_block *block = block_at(books, worker);
    watch(books, block, block->pc);
    if (!keep) continue;
    struct torture_state *state = &books->states[worker];
    state->exiting = exiting(books, block->pc);
    state->pass_count = block->pass_count;
    memcpy(state->passes, block->passes, sizeof state->passes);
    block->pass_count = 0;
  }
}

void torture_observe(void *context) { look_at_workers((struct torture_books *)context, false); }

void torture_observe_boundary(void *context) {
  struct torture_books *books = (struct torture_books *)context;
  look_at_workers(books, true);
  const uint64_t rows = TORTURE_ROWS;
  for (uint64_t worker = 0; worker < books->workers; worker++)
    for (uint64_t row = 0; row < rows; row++) {
      const _Atomic(uint64_t) *from =
          (const _Atomic(uint64_t) *)(books->blocks + worker * books->stride + TORTURE_HEADER + row * books->row);
      uint64_t *to = (uint64_t *)(books->copy + (worker * rows + row) * books->row);
      for (uint64_t cell = 0; cell < books->used / 8; cell++)
        to[cell] = atomic_load_explicit(&from[cell], memory_order_relaxed);
    }
  books->boundaries++;
}
