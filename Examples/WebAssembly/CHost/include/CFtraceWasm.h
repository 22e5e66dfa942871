// What compiled WebAssembly functions reach in memory, and the C functions that they and the host call.
#pragma once
#include "ftrace_wasm_activation.h"
#include "ftrace_wasm_calls.h"
#include "ftrace_wasm_objects.h"
