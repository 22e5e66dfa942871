#define _GNU_SOURCE
#include "ftrace_wasm_objects.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

// A 32-bit index reaches 4 GiB, an offset in an instruction 2 GiB more (larger ones are checked), an access 8 bytes: nothing else lies there.
static const uint64_t reservation = (UINT64_C(6) << 30) + 2 * FTRACE_WASM_PAGE;

int ftrace_wasm_memory_make(struct ftrace_wasm_memory *memory, uint64_t pages, uint64_t limit_pages) {
  void *base = mmap(NULL, reservation, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return errno;
  *memory = (struct ftrace_wasm_memory){.base = base, .reserved = reservation, .limit = limit_pages * FTRACE_WASM_PAGE};
  if (ftrace_wasm_memory_grow(memory, (uint32_t)pages) != UINT32_MAX) return 0;
  munmap(base, reservation);
  return ENOMEM;
}

void ftrace_wasm_memory_free(struct ftrace_wasm_memory *memory) {
  if (memory->base) munmap(memory->base, memory->reserved);
  *memory = (struct ftrace_wasm_memory){0};
}

uint32_t ftrace_wasm_memory_grow(struct ftrace_wasm_memory *memory, uint32_t pages) {
  const uint64_t more = (uint64_t)pages * FTRACE_WASM_PAGE;
  if (more > memory->limit || memory->bytes > memory->limit - more) return UINT32_MAX;
  if (more && mprotect(memory->base + memory->bytes, more, PROT_READ | PROT_WRITE)) return UINT32_MAX;
  const uint32_t before = (uint32_t)(memory->bytes / FTRACE_WASM_PAGE);
  memory->bytes += more;
  return before;
}

bool ftrace_wasm_table_make(struct ftrace_wasm_table *table, uint32_t count, uint32_t limit, uint64_t value) {
  *table = (struct ftrace_wasm_table){.limit = limit};
  return ftrace_wasm_table_grow(table, value, count) == 0;
}

void ftrace_wasm_table_free(struct ftrace_wasm_table *table) {
  free(table->elements);
  *table = (struct ftrace_wasm_table){0};
}

uint32_t ftrace_wasm_table_grow(struct ftrace_wasm_table *table, uint64_t value, uint32_t count) {
  if (count > table->limit - table->count) return UINT32_MAX;
  const uint32_t before = table->count, after = before + count;
  if (after > table->capacity) {
    const uint64_t twice = 2 * (uint64_t)table->capacity;
    const uint32_t capacity = twice > after && twice <= table->limit ? (uint32_t)twice : after;
    uint64_t *const larger = realloc(table->elements, (size_t)capacity * sizeof *larger);
    if (!larger) return UINT32_MAX;
    table->elements = larger;
    table->capacity = capacity;
  }
  for (uint32_t i = before; i < after; i++) table->elements[i] = value;
  table->count = after;
  return before;
}

struct ftrace_wasm_context *ftrace_wasm_context_make(struct ftrace_wasm_store *store, size_t words) {
  struct ftrace_wasm_context *const context = calloc(1, sizeof *context + words * sizeof(uint64_t));
  if (!context) return NULL;
  context->store = store;
  context->next = store->contexts;
  store->contexts = context;
  return context;
}

void ftrace_wasm_contexts_free(struct ftrace_wasm_store *store) {
  for (struct ftrace_wasm_context *context = store->contexts, *next; context; context = next) {
    next = context->next;
    free(context);
  }
  store->contexts = NULL;
}

void ftrace_wasm_exceptions_free(struct ftrace_wasm_store *store) {
  for (struct ftrace_wasm_exception *exception = store->exceptions, *next; exception; exception = next) {
    next = exception->next;
    free(exception);
  }
  store->exceptions = NULL;
}
