#include "CFtraceShims.h"
#include "ftrace_sanitizers.h"

// Runs where vectors of emitted code are live.
#define WINDOW FTRACE_UNINSTRUMENTED __attribute__((target("general-regs-only")))

static _Atomic(uint64_t) seed_of_all;

static __thread struct ftrace_delay_stream own __attribute__((tls_model("initial-exec")));

void ftrace_delay_seed(uint64_t seed) { atomic_store(&seed_of_all, seed); }

void ftrace_delay_number(uint64_t number) { own = (struct ftrace_delay_stream){.number = number}; }

struct ftrace_delay_stream *ftrace_delay_self(void) { return &own; }

// splitmix64's: neighbours become strangers.
static WINDOW uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
  return value ^ (value >> 31);
}

WINDOW uint64_t ftrace_delay_draw(struct ftrace_delay_stream *stream, uint64_t seed) {
  if (stream->seed != seed) {
    stream->seed = seed;
    // xorshift64* stays at 0.
    stream->state = mix(seed + mix(stream->number + UINT64_C(0x9E3779B97F4A7C15))) | 1;
  }
  stream->state ^= stream->state >> 12;
  stream->state ^= stream->state << 25;
  stream->state ^= stream->state >> 27;
  const uint64_t draw = stream->state * UINT64_C(0x2545F4914F6CDD1D);
  if (draw >> 61) return 0; // seven of eight windows pass at once
  // Mostly short spins; sometimes long enough for another thread to be scheduled.
  return (draw & 0xFF00) ? draw & 0xFF : draw & 0x7FFF;
}

WINDOW void ftrace_delay_here(void) {
  // Relaxed: a thread that does not see the seed yet is one that came to the window before it.
  const uint64_t seed = atomic_load_explicit(&seed_of_all, memory_order_relaxed);
  if (!seed) return;
  for (uint64_t pauses = ftrace_delay_draw(&own, seed); pauses; pauses--) ftrace_pause();
}
