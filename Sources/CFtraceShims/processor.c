#include "ftrace_processor.h"

#include <stddef.h>

// Of <sys/rseq.h>, which an older glibc does not have; there the symbols are null.
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

enum { CPU_ID = 4 }; // offset in struct rseq of <linux/rseq.h>

int32_t ftrace_processor_displacement(void) {
  if (!&__rseq_offset || !&__rseq_size || __rseq_size < CPU_ID + 4) return FTRACE_PROCESSOR_NOWHERE;
  return (int32_t)__rseq_offset + CPU_ID;
}
