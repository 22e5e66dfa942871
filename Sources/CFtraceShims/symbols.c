#define _GNU_SOURCE
#include "ftrace_symbols.h"

#include <dlfcn.h>
#include <stddef.h>

const char *ftrace_host_symbol(uintptr_t address) {
  Dl_info info;
  return dladdr((const void *)address, &info) ? info.dli_sname : NULL;
}
