#include <errno.h>
#include <stddef.h>

#include "ftrace_test_shims.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

// Initial-exec, so that a first access does not allocate.
static __thread uint64_t allocations __attribute__((tls_model("initial-exec")));

uint64_t ftrace_test_allocations(void) { return allocations; }

#ifdef SANITIZED
bool ftrace_test_counts_allocations(void) { return false; }
#else
bool ftrace_test_counts_allocations(void) { return true; }

// The names under which glibc exports its own allocator beside the public ones.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t bytes) {
  allocations++;
  return __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes) {
  allocations++;
  return __libc_calloc(count, bytes);
}
void *realloc(void *old, size_t bytes) {
  allocations++;
  return __libc_realloc(old, bytes);
}
void *memalign(size_t alignment, size_t bytes) {
  allocations++;
  return __libc_memalign(alignment, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  allocations++;
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void **result, size_t alignment, size_t bytes) {
  if (alignment % sizeof(void *) || (alignment & (alignment - 1)) || !alignment) return EINVAL;
  allocations++;
  void *memory = __libc_memalign(alignment, bytes);
  if (!memory) return ENOMEM;
  *result = memory;
  return 0;
}
#endif
