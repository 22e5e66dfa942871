// Read sides of other locks, around a call through a pointer, as a gate calls a function: what entering and leaving is compared with.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether liburcu's memb flavour was there when this was built.
bool readers_have_urcu(void);
/// Registers the calling thread with liburcu. A thread unregisters before it ends.
void readers_register(void);
void readers_unregister(void);

/// Sets what the functions below call, for the thread that measures.
void readers_call(uint64_t (*callee)(uint64_t));

/// Only calls.
uint64_t readers_layer(uint64_t argument);
/// The same between `urcu_memb_read_lock` and `urcu_memb_read_unlock`.
uint64_t readers_urcu(uint64_t argument);
/// The same between `pthread_rwlock_rdlock` and `pthread_rwlock_unlock`.
uint64_t readers_rwlock(uint64_t argument);
