// C functions that stand for instructions. Those that can trap return the trap; 0: none.
#pragma once
#include <stdint.h>

#include "ftrace_wasm_objects.h"

uint32_t ftrace_wasm_op_memory_grow(struct ftrace_wasm_context *context, uint32_t pages);
uint32_t ftrace_wasm_op_memory_copy(struct ftrace_wasm_context *context, uint32_t to, uint32_t from, uint32_t count);
uint32_t ftrace_wasm_op_memory_fill(struct ftrace_wasm_context *context, uint32_t to, uint32_t value, uint32_t count);
uint32_t ftrace_wasm_op_memory_init(struct ftrace_wasm_context *context, uint32_t to, uint32_t from, uint32_t count, uint32_t segment);
void ftrace_wasm_op_data_drop(struct ftrace_wasm_context *context, uint32_t segment);
uint32_t ftrace_wasm_op_table_grow(struct ftrace_wasm_table *table, uint64_t value, uint32_t count);
uint32_t ftrace_wasm_op_table_fill(struct ftrace_wasm_table *table, uint32_t to, uint64_t value, uint32_t count);
uint32_t ftrace_wasm_op_table_copy(
    struct ftrace_wasm_table *target, uint32_t to, uint32_t from, uint32_t count, const struct ftrace_wasm_table *source);
uint32_t ftrace_wasm_op_table_init(
    struct ftrace_wasm_context *context, uint32_t to, uint32_t from, uint32_t count, uint32_t segment,
    struct ftrace_wasm_table *table);
void ftrace_wasm_op_element_drop(struct ftrace_wasm_context *context, uint32_t segment);

/// Their addresses, in the order of `enum ftrace_wasm_op`.
enum ftrace_wasm_op {
  FTRACE_WASM_OP_MEMORY_GROW,
  FTRACE_WASM_OP_MEMORY_COPY,
  FTRACE_WASM_OP_MEMORY_FILL,
  FTRACE_WASM_OP_MEMORY_INIT,
  FTRACE_WASM_OP_DATA_DROP,
  FTRACE_WASM_OP_TABLE_GROW,
  FTRACE_WASM_OP_TABLE_FILL,
  FTRACE_WASM_OP_TABLE_COPY,
  FTRACE_WASM_OP_TABLE_INIT,
  FTRACE_WASM_OP_ELEMENT_DROP,
  FTRACE_WASM_OPS,
};
uint64_t ftrace_wasm_address_of_op(uint32_t op);
