// Addresses of the C functions that emitted code calls.
#pragma once
#include <stdint.h>

#include "ftrace_recorder.h"
#include "ftrace_thread.h"

/// Prints that a freed or undefined function was called, and traps.
_Noreturn void ftrace_trap_call(const char *name, const char *reason);
/// Prints that the stack is exhausted, and traps. `return_address` lies in the function.
_Noreturn void ftrace_trap_stack(uint64_t return_address);

static inline uintptr_t ftrace_address_of_enter_slow(void) { return (uintptr_t)&ftrace_enter_slow; }
static inline uintptr_t ftrace_address_of_nested_slow(void) { return (uintptr_t)&ftrace_nested_slow; }
static inline uintptr_t ftrace_address_of_leave_slow(void) { return (uintptr_t)&ftrace_leave_slow; }
static inline uintptr_t ftrace_address_of_poll_slow(void) { return (uintptr_t)&ftrace_poll_slow; }
static inline uintptr_t ftrace_address_of_record_ip(void) { return (uintptr_t)&ftrace_record_ip; }
static inline uintptr_t ftrace_address_of_trap_call(void) { return (uintptr_t)&ftrace_trap_call; }
static inline uintptr_t ftrace_address_of_trap_stack(void) { return (uintptr_t)&ftrace_trap_stack; }
