#define _GNU_SOURCE
#include "benchmark_shims.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

int bench_pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) ? errno : 0;
}

void bench_unpin(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const long count = sysconf(_SC_NPROCESSORS_CONF);
  for (int cpu = 0; cpu < count && cpu < CPU_SETSIZE; cpu++) CPU_SET(cpu, &set);
  // A refusal leaves the thread where it is: slower at worst.
  (void)sched_setaffinity(0, sizeof set, &set);
}

uint64_t bench_ticks(void) {
  _mm_lfence();
  const uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
}

uint64_t bench_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t bench_preemptions(void) {
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) ? 0 : (uint64_t)usage.ru_nivcsw;
}

__attribute__((noinline, aligned(64))) void bench_call_loop(uint64_t count, uintptr_t function, uint64_t argument) {
  void (*call)(uint64_t) = (void (*)(uint64_t))function;
  for (; count; count--) call(argument);
}

__attribute__((noinline)) size_t bench_replace_words(void *base, size_t count, size_t stride, uint64_t from,
                                                     uint64_t to) {
  const uint64_t mask = UINT64_C(0xFFFFFFFFFF);
  size_t replaced = 0;
  for (size_t i = 0; i < count; i++) {
    volatile uint64_t *word = (volatile uint64_t *)((char *)base + i * stride);
    const uint64_t old = *word;
    if ((old & mask) != from) continue;
    *word = (old & ~mask) | to;
    replaced++;
  }
  return replaced;
}

__attribute__((naked, aligned(64))) void bench_empty_callback(uintptr_t ip, uintptr_t parent, void *context,
                                                              const void *registers) {
  __asm__("ret");
}

size_t bench_resident_bytes(void) {
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  size_t total = 0, resident = 0;
  if (fscanf(file, "%zu %zu", &total, &resident) != 2) resident = 0;
  fclose(file);
  return resident * (size_t)sysconf(_SC_PAGESIZE);
}
