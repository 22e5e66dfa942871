// The pool of blocks: a list of free ones behind a counter of those that were never used.
#include <fcntl.h>
#include <sys/syscall.h>

#include "buffer.h"

// System calls without libc, which would write errno: the traced code may be between a call and its look at errno.
static WRITER long system_call4(long number, long a, long b, long c, long d) {
  register long fourth __asm__("r10") = d;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
  return result;
}

// Gives a block space in the file, so that no store into it meets a full file system (SIGBUS).
static WRITER bool back(struct ftrace_buffer *buffer, uint32_t index) {
  if (buffer->configuration.file < 0 || buffer->backed[index]) return true;
  // While space is short most attempts are spared: an append that is going to be lost should not cost a system call.
  enum { SPARED = 1024 };
  if (atomic_load_explicit(&buffer->refusals, memory_order_relaxed)
      && atomic_fetch_add_explicit(&buffer->refusals, 1, memory_order_relaxed) % SPARED)
    return false;
  const uint64_t bytes = buffer->configuration.block_bytes;
  // Not KEEP_SIZE: the file grows as its blocks are used, and limits of file sizes are seen here.
  const long result = system_call4(SYS_fallocate, buffer->configuration.file, 0,
                                   (long)((buffer->pool_first + (uint64_t)index) * bytes), (long)bytes);
  if (result == 0) {
    buffer->backed[index] = 1; // the block's owner alone looks: it is handed on through the list's release and acquire
    atomic_store_explicit(&buffer->refusals, 0, memory_order_relaxed);
    return true;
  }
  int32_t none = 0;
  atomic_compare_exchange_strong(&buffer->error, &none, (int32_t)-result);
  uint32_t first = 0;
  atomic_compare_exchange_strong(&buffer->refusals, &first, 1);
  return false;
}

static WRITER uint32_t pop(struct ftrace_buffer *buffer) {
  uint64_t head = atomic_load_explicit(&buffer->free, memory_order_acquire);
  while ((uint32_t)head) {
    // The block may be taken and given back meanwhile: the tag changes with every operation.
    const uint32_t next = atomic_load_explicit(&buffer->next[(uint32_t)head - 1], memory_order_relaxed);
    FTRACE_RACE_WINDOW();
    const uint64_t desired = ((head >> 32) + 1) << 32 | next;
    // Acquire pairs with the release in `pool_give`.
    if (atomic_compare_exchange_weak_explicit(&buffer->free, &head, desired, memory_order_acquire, memory_order_acquire))
      return (uint32_t)head;
  }
  uint32_t fresh = atomic_load_explicit(&buffer->fresh, memory_order_relaxed);
  do {
    if (fresh >= buffer->configuration.pool_blocks) return 0;
  } while (!atomic_compare_exchange_weak_explicit(&buffer->fresh, &fresh, fresh + 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  return fresh + 1;
}

static WRITER void push(struct ftrace_buffer *buffer, uint32_t index) {
  uint64_t head = atomic_load_explicit(&buffer->free, memory_order_relaxed);
  uint64_t desired;
  do {
    atomic_store_explicit(&buffer->next[index], (uint32_t)head, memory_order_relaxed);
    desired = ((head >> 32) + 1) << 32 | (index + 1);
    // Release pairs with the acquire in `pop`.
  } while (!atomic_compare_exchange_weak_explicit(&buffer->free, &head, desired, memory_order_release,
                                                  memory_order_relaxed));
}

WRITER uint32_t pool_take(struct ftrace_buffer *buffer, uint32_t *cause) {
  const uint32_t taken = pop(buffer);
  if (!taken) {
    *cause = FTRACE_LOST_BUDGET;
    return 0;
  }
  if (!back(buffer, taken - 1)) {
    push(buffer, taken - 1);
    *cause = FTRACE_LOST_MEMORY;
    return 0;
  }
  atomic_fetch_add_explicit(&buffer->in_use, 1, memory_order_relaxed);
  return buffer->pool_first + taken - 1;
}

WRITER void pool_give(struct ftrace_buffer *buffer, uint32_t block) {
  // What is found in a file is what no reader has taken.
  __atomic_store_n(&header_of(block_at(buffer, block))->magic, 0, __ATOMIC_RELAXED);
  atomic_fetch_sub_explicit(&buffer->in_use, 1, memory_order_relaxed);
  push(buffer, block - buffer->pool_first);
}
