#include "CFtraceShims.h"

#if FTRACE_DELAYS
// xorshift64*: a thread's delays follow from its seed alone.
static __thread uint64_t state __attribute__((tls_model("initial-exec")));
static _Atomic(uint64_t) initial;
static _Atomic(uint64_t) threads;

void ftrace_delay_seed(uint64_t seed) { state = seed; }
void ftrace_delay_default(uint64_t seed) { atomic_store(&initial, seed); }

void ftrace_delay_here(void) {
  if (!state) {
    const uint64_t seed = atomic_load_explicit(&initial, memory_order_relaxed);
    if (!seed) return;
    state = seed + (atomic_fetch_add(&threads, 1) + 1) * UINT64_C(0x9E3779B97F4A7C15);
  }
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  const uint64_t draw = state * UINT64_C(0x2545F4914F6CDD1D);
  if (draw >> 61) return; // seven of eight windows pass at once
  // Mostly short spins; sometimes long enough for another thread to be scheduled.
  const uint64_t turns = (draw & 0xFF00) ? draw & 0xFF : draw & 0x7FFF;
  for (uint64_t i = 0; i < turns; i++) ftrace_pause();
}
#endif
