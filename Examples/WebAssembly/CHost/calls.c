#include "ftrace_wasm_calls.h"

#include <string.h>

#include "ftrace_wasm_activation.h"

// Whether a range lies in so many bytes or elements.
static bool within(uint64_t start, uint64_t count, uint64_t end) { return start + count <= end; }

static uint64_t bytes_of(const struct ftrace_wasm_context *context) { return context->memory ? context->memory->bytes : 0; }

uint32_t ftrace_wasm_op_memory_grow(struct ftrace_wasm_context *context, uint32_t pages) {
  return ftrace_wasm_memory_grow(context->memory, pages);
}

uint32_t ftrace_wasm_op_memory_copy(struct ftrace_wasm_context *context, uint32_t to, uint32_t from, uint32_t count) {
  const uint64_t end = bytes_of(context);
  if (!within(to, count, end) || !within(from, count, end)) return FTRACE_WASM_TRAP_MEMORY;
  memmove(context->memory_base + to, context->memory_base + from, count);
  return 0;
}

uint32_t ftrace_wasm_op_memory_fill(struct ftrace_wasm_context *context, uint32_t to, uint32_t value, uint32_t count) {
  if (!within(to, count, bytes_of(context))) return FTRACE_WASM_TRAP_MEMORY;
  memset(context->memory_base + to, (int)(value & 0xFF), count);
  return 0;
}

uint32_t ftrace_wasm_op_memory_init(
    struct ftrace_wasm_context *context, uint32_t to, uint32_t from, uint32_t count, uint32_t segment) {
  const struct ftrace_wasm_segment *const data = &context->data[segment];
  if (!within(from, count, data->count) || !within(to, count, bytes_of(context))) return FTRACE_WASM_TRAP_MEMORY;
  if (count) memcpy(context->memory_base + to, (const uint8_t *)data->start + from, count);
  return 0;
}

void ftrace_wasm_op_data_drop(struct ftrace_wasm_context *context, uint32_t segment) { context->data[segment].count = 0; }

uint32_t ftrace_wasm_op_table_grow(struct ftrace_wasm_table *table, uint64_t value, uint32_t count) {
  return ftrace_wasm_table_grow(table, value, count);
}

uint32_t ftrace_wasm_op_table_fill(struct ftrace_wasm_table *table, uint32_t to, uint64_t value, uint32_t count) {
  if (!within(to, count, table->count)) return FTRACE_WASM_TRAP_TABLE;
  for (uint32_t i = 0; i < count; i++) table->elements[to + i] = value;
  return 0;
}

uint32_t ftrace_wasm_op_table_copy(
    struct ftrace_wasm_table *target, uint32_t to, uint32_t from, uint32_t count, const struct ftrace_wasm_table *source) {
  if (!within(from, count, source->count) || !within(to, count, target->count)) return FTRACE_WASM_TRAP_TABLE;
  if (count) memmove(target->elements + to, source->elements + from, (size_t)count * sizeof *target->elements);
  return 0;
}

uint32_t ftrace_wasm_op_table_init(
    struct ftrace_wasm_context *context, uint32_t to, uint32_t from, uint32_t count, uint32_t segment,
    struct ftrace_wasm_table *table) {
  const struct ftrace_wasm_segment *const elements = &context->elements[segment];
  if (!within(from, count, elements->count) || !within(to, count, table->count)) return FTRACE_WASM_TRAP_TABLE;
  if (count) memcpy(table->elements + to, (const uint64_t *)elements->start + from, (size_t)count * sizeof *table->elements);
  return 0;
}

void ftrace_wasm_op_element_drop(struct ftrace_wasm_context *context, uint32_t segment) { context->elements[segment].count = 0; }

uint64_t ftrace_wasm_address_of_op(uint32_t op) {
  static void *const ops[FTRACE_WASM_OPS] = {
      [FTRACE_WASM_OP_MEMORY_GROW] = ftrace_wasm_op_memory_grow,   [FTRACE_WASM_OP_MEMORY_COPY] = ftrace_wasm_op_memory_copy,
      [FTRACE_WASM_OP_MEMORY_FILL] = ftrace_wasm_op_memory_fill,   [FTRACE_WASM_OP_MEMORY_INIT] = ftrace_wasm_op_memory_init,
      [FTRACE_WASM_OP_DATA_DROP] = ftrace_wasm_op_data_drop,       [FTRACE_WASM_OP_TABLE_GROW] = ftrace_wasm_op_table_grow,
      [FTRACE_WASM_OP_TABLE_FILL] = ftrace_wasm_op_table_fill,     [FTRACE_WASM_OP_TABLE_COPY] = ftrace_wasm_op_table_copy,
      [FTRACE_WASM_OP_TABLE_INIT] = ftrace_wasm_op_table_init,     [FTRACE_WASM_OP_ELEMENT_DROP] = ftrace_wasm_op_element_drop,
  };
  return (uint64_t)ops[op];
}
