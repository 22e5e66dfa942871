// Names of the process's own code.
#pragma once
#include <stdint.h>

/// The exported symbol that an address belongs to (dladdr(3)), or null. The name lives as long as the library that it comes from.
const char *ftrace_host_symbol(uintptr_t address);
