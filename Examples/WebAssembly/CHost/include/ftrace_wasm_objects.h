// The objects of an instance as emitted code sees them. All belong to one store, which one thread uses at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  FTRACE_WASM_PAGE = 65536,
  FTRACE_WASM_RESULTS = 1000, // of one function, at most
};

/// A linear memory: a reservation that never moves, of which the first `bytes` can be accessed. What lies behind is a guard.
struct ftrace_wasm_memory {
  uint8_t *base;
  uint64_t bytes;
  uint64_t reserved;
  uint64_t limit; // bytes that it may grow to
};

/// What a reference to a function points to: what to call, with which context.
struct ftrace_wasm_function {
  const uint64_t *word; // holds the address of the code
  struct ftrace_wasm_context *context;
  uint32_t signature; // equal for equal types, in the whole process
  uint32_t index;     // in its instance
};

/// References: pointers to functions, or a host's own words; 0 is null.
struct ftrace_wasm_table {
  uint64_t *elements;
  uint32_t count;
  uint32_t limit;
  uint32_t capacity;
};

/// Bytes or references that initialise memories and tables, until they are dropped.
struct ftrace_wasm_segment {
  const void *start;
  uint32_t count;
};

/// What was thrown. It is kept as long as its store.
struct ftrace_wasm_exception {
  const uint64_t *tag;
  struct ftrace_wasm_exception *next;
  uint64_t values[];
};

/// What is common to instances that can call each other.
struct ftrace_wasm_store {
  uint64_t results[FTRACE_WASM_RESULTS]; // a function's results behind the first, from its return to the next call
  struct ftrace_wasm_context *contexts;
  struct ftrace_wasm_exception *exceptions;
};

/// What r15 points to in the functions of an instance.
struct ftrace_wasm_context {
  struct ftrace_wasm_store *store;
  uint8_t *memory_base;
  struct ftrace_wasm_memory *memory; // NULL: it has none
  struct ftrace_wasm_function *functions; // those defined in the module
  struct ftrace_wasm_segment *data;
  struct ftrace_wasm_segment *elements;
  void *owner; // the host's object
  struct ftrace_wasm_context *next;
  // Globals: a word each, its value or, of one that is imported, its address. Then tables, a pointer each. Then imported functions, a pointer each.
  uint64_t words[];
};

enum {
  FTRACE_WASM_EXCEPTION_VALUES = offsetof(struct ftrace_wasm_exception, values),
  FTRACE_WASM_CONTEXT_STORE = offsetof(struct ftrace_wasm_context, store),
  FTRACE_WASM_CONTEXT_MEMORY_BASE = offsetof(struct ftrace_wasm_context, memory_base),
  FTRACE_WASM_CONTEXT_MEMORY = offsetof(struct ftrace_wasm_context, memory),
  FTRACE_WASM_CONTEXT_FUNCTIONS = offsetof(struct ftrace_wasm_context, functions),
  FTRACE_WASM_CONTEXT_WORDS = offsetof(struct ftrace_wasm_context, words),
  FTRACE_WASM_MEMORY_BYTES = offsetof(struct ftrace_wasm_memory, bytes),
  FTRACE_WASM_FUNCTION_WORD = offsetof(struct ftrace_wasm_function, word),
  FTRACE_WASM_FUNCTION_CONTEXT = offsetof(struct ftrace_wasm_function, context),
  FTRACE_WASM_FUNCTION_SIGNATURE = offsetof(struct ftrace_wasm_function, signature),
  FTRACE_WASM_FUNCTION_BYTES = sizeof(struct ftrace_wasm_function),
  FTRACE_WASM_TABLE_ELEMENTS = offsetof(struct ftrace_wasm_table, elements),
  FTRACE_WASM_TABLE_COUNT = offsetof(struct ftrace_wasm_table, count),
};

/// The words of results.
static inline uint64_t *ftrace_wasm_store_results(struct ftrace_wasm_store *store) { return store->results; }

/// Makes a context with so many words behind it, zero; NULL without memory.
struct ftrace_wasm_context *ftrace_wasm_context_make(struct ftrace_wasm_store *store, size_t words);
/// The words behind a context.
static inline uint64_t *ftrace_wasm_context_words(struct ftrace_wasm_context *context) { return context->words; }
/// Frees all contexts of a store.
void ftrace_wasm_contexts_free(struct ftrace_wasm_store *store);

/// Frees all exceptions of a store.
void ftrace_wasm_exceptions_free(struct ftrace_wasm_store *store);

/// Reserves a memory and makes its first pages accessible. Returns an errno, and nothing was reserved then.
int ftrace_wasm_memory_make(struct ftrace_wasm_memory *memory, uint64_t pages, uint64_t limit_pages);
void ftrace_wasm_memory_free(struct ftrace_wasm_memory *memory);
/// The number of pages before, or UINT32_MAX and nothing has changed.
uint32_t ftrace_wasm_memory_grow(struct ftrace_wasm_memory *memory, uint32_t pages);

/// Makes a table; false without memory.
bool ftrace_wasm_table_make(struct ftrace_wasm_table *table, uint32_t count, uint32_t limit, uint64_t value);
void ftrace_wasm_table_free(struct ftrace_wasm_table *table);
/// The number of elements before, or UINT32_MAX and nothing has changed.
uint32_t ftrace_wasm_table_grow(struct ftrace_wasm_table *table, uint64_t value, uint32_t count);
