#define _GNU_SOURCE
#include "readers.h"

#include <pthread.h>

static uint64_t (*volatile readers_callee)(uint64_t);

void readers_call(uint64_t (*callee)(uint64_t)) { readers_callee = callee; }

// A cache line of their own each, and no inlining: their only difference is what stands around the call. The addition keeps the call from
// becoming a jump.
#define READER __attribute__((noinline, aligned(64)))

READER uint64_t readers_layer(uint64_t argument) { return readers_callee(argument) + 1; }

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

READER uint64_t readers_rwlock(uint64_t argument) {
  pthread_rwlock_rdlock(&lock);
  const uint64_t result = readers_callee(argument);
  pthread_rwlock_unlock(&lock);
  return result + 1;
}

#if __has_include(<urcu/urcu-memb.h>)
// The licence of liburcu lets this be inlined into any program that keeps these small functions.
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

bool readers_have_urcu(void) { return true; }
void readers_register(void) { urcu_memb_register_thread(); }
void readers_unregister(void) { urcu_memb_unregister_thread(); }

READER uint64_t readers_urcu(uint64_t argument) {
  urcu_memb_read_lock();
  const uint64_t result = readers_callee(argument);
  urcu_memb_read_unlock();
  return result + 1;
}
#else
bool readers_have_urcu(void) { return false; }
void readers_register(void) {}
void readers_unregister(void) {}
uint64_t readers_urcu(uint64_t argument) { return readers_layer(argument); }
#endif
