// The benchmark's stream of instructions by asmjit, where it is installed.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The version of the asmjit that this was compiled with, or NULL if it was not there.
const char *asmjit_stream_version(void);

/// Emits `functions` copies of the function in `AssemblerStream.swift`, resolves labels, and copies the code to `buffer`.
/// Returns the size of the code; 0 if asmjit is not there or refused.
size_t asmjit_stream_emit(size_t functions, uint8_t *buffer, size_t capacity);

#ifdef __cplusplus
}
#endif
