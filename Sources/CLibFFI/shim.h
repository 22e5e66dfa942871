#pragma once
#include <ffi.h>
#include <stdint.h>

// libffi describes types by global variables, which Swift does not know to be constant: here they are by number.
enum ftrace_ffi_kind {
  FTRACE_FFI_VOID,
  FTRACE_FFI_SINT8,
  FTRACE_FFI_SINT16,
  FTRACE_FFI_SINT32,
  FTRACE_FFI_SINT64,
  FTRACE_FFI_UINT8,
  FTRACE_FFI_UINT16,
  FTRACE_FFI_UINT32,
  FTRACE_FFI_UINT64,
  FTRACE_FFI_FLOAT,
  FTRACE_FFI_DOUBLE,
  FTRACE_FFI_POINTER,
};

static inline ffi_type *ftrace_ffi_type(enum ftrace_ffi_kind kind) {
  switch (kind) {
  case FTRACE_FFI_SINT8: return &ffi_type_sint8;
  case FTRACE_FFI_SINT16: return &ffi_type_sint16;
  case FTRACE_FFI_SINT32: return &ffi_type_sint32;
  case FTRACE_FFI_SINT64: return &ffi_type_sint64;
  case FTRACE_FFI_UINT8: return &ffi_type_uint8;
  case FTRACE_FFI_UINT16: return &ffi_type_uint16;
  case FTRACE_FFI_UINT32: return &ffi_type_uint32;
  case FTRACE_FFI_UINT64: return &ffi_type_uint64;
  case FTRACE_FFI_FLOAT: return &ffi_type_float;
  case FTRACE_FFI_DOUBLE: return &ffi_type_double;
  case FTRACE_FFI_POINTER: return &ffi_type_pointer;
  case FTRACE_FFI_VOID: break;
  }
  return &ffi_type_void;
}

/// `ffi_prep_cif` for the C convention: 0, or an `ffi_status`. The types must live as long as the interface.
static inline int ftrace_ffi_prepare(ffi_cif *interface, uint32_t count, ffi_type *result, ffi_type **arguments) {
  return (int)ffi_prep_cif(interface, FFI_DEFAULT_ABI, count, result, arguments);
}

/// `ffi_call` of an address. `result` has room for an `ffi_arg`, to which a narrower integer is extended.
static inline void ftrace_ffi_call(ffi_cif *interface, uintptr_t function, void *result, void **arguments) {
  ffi_call(interface, (void (*)(void))function, result, arguments);
}
