// The registers at a site, as a callback that asks for them sees them.
#pragma once
#include <stdint.h>

struct ftrace_vector {
  uint64_t low, high;
};

/// Order of the general registers is that of their encoding.
struct ftrace_registers {
  uint64_t rax, rcx, rdx, rbx;
  uint64_t rsp; // as in the traced function: it points at the return address into the caller
  uint64_t rbp, rsi, rdi;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  struct ftrace_vector xmm[8]; // the argument registers
  uint64_t rip;                // where the function goes on: the address after the site
  uint64_t unused;
};
_Static_assert(sizeof(struct ftrace_registers) == 272, "the save area of the emitted trampolines");

/// A tracer's callback. `registers` is NULL unless the ops asks for them.
typedef void (*ftrace_callback)(uintptr_t ip, uintptr_t parent_ip, void *context,
                                const struct ftrace_registers *registers);
