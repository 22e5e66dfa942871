#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CFtraceTraceBuffer.h"
#include "CFtraceTraceBufferTests.h"
#include "ftrace_delay.h"
#include "ftrace_syscalls.h"
#include "ftrace_thread.h"

struct ftrace_test_writer {
  struct ftrace_channel channel;
  struct ftrace_sink *sink;
  uint64_t (*clock)(void *);
  void *context;
  bool carries;
  uint32_t nested; // one in so many
  uint64_t random;
  struct ftrace_test_tally tally;
  uint32_t function[FTRACE_TEST_FRAMES + 1]; // by depth, from 1
} __attribute__((aligned(64)));

static _Atomic(uint64_t) test_now;
void ftrace_test_clock_set(uint64_t now) { atomic_store(&test_now, now); }
uint64_t ftrace_test_clock(void *context) {
  (void)context;
  return atomic_load(&test_now);
}
static uint64_t tsc(void *context) {
  (void)context;
  return __builtin_ia32_rdtsc();
}
static uint64_t coarse(void *context) {
  (void)context;
  return ftrace_coarse_read();
}
static uint64_t ordinal(void *context) {
  (void)context;
  return 0;
}
static uint64_t monotonic(void *context) {
  (void)context;
  return ftrace_clock_nanoseconds(CLOCK_MONOTONIC);
}

static uint64_t draw(struct ftrace_test_writer *writer) {
  writer->random ^= writer->random << 13;
  writer->random ^= writer->random >> 7;
  writer->random ^= writer->random << 17;
  return writer->random;
}

struct ftrace_test_writer *ftrace_test_writer_new(uint64_t sink, uint32_t kind, uint64_t (*clock)(void *),
                                                  void *context) {
  // Shared: what a child of a fork counts in it is seen here.
  struct ftrace_test_writer *const writer =
      mmap(NULL, sizeof *writer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  writer->sink = (struct ftrace_sink *)sink;
  static uint64_t (*const clocks[])(void *) = {tsc, coarse, ordinal, monotonic};
  writer->clock = clock ? clock : clocks[kind];
  writer->context = context;
  writer->carries = kind == FTRACE_CLOCK_TSC || kind == FTRACE_CLOCK_MONOTONIC;
  writer->random = 0x9E3779B97F4A7C15;
  return writer;
}
void ftrace_test_writer_free(struct ftrace_test_writer *writer) { munmap(writer, sizeof *writer); }
void ftrace_test_writer_close(struct ftrace_test_writer *writer) { writer->sink->close(writer->sink, &writer->channel); }
struct ftrace_test_tally ftrace_test_writer_tally(const struct ftrace_test_writer *writer) { return writer->tally; }

static uint64_t return_address(const struct ftrace_test_writer *writer, uint64_t depth) {
  // Below the outermost function is the host.
  return depth ? FTRACE_TEST_CODE + FTRACE_TEST_FUNCTION_BYTES * (uint64_t)writer->function[depth] + 24 : 0x1234;
}

// The frames that emitted functions would have: that of depth d begins at 2 + 2 (FRAMES - d).
static __attribute__((noinline)) uint32_t refill(struct ftrace_test_writer *writer, uint32_t end, uint64_t after) {
  struct ftrace_thread *const self = ftrace_thread_self();
  if (!self->stack_top) {
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    self->stack_low = (uint64_t)low;
    self->stack_top = (uint64_t)low + size;
  }
  uint64_t stack[2 + 2 * (FTRACE_TEST_FRAMES + 2)];
  uint64_t *const bottom = stack + 2 + 2 * FTRACE_TEST_FRAMES;
  // The host's frame, whose caller has none.
  bottom[0] = 0;
  bottom[1] = 0x1234;
  const uint64_t depth = writer->tally.depth;
  for (uint64_t d = 1; d <= depth; d++) {
    bottom[-2 * (int64_t)d] = (uint64_t)(bottom - 2 * (d - 1));
    bottom[-2 * (int64_t)d + 1] = return_address(writer, d - 1);
  }
  // At an entry the caller is the innermost open function; at an exit it is the one below.
  const uint64_t caller = end == FTRACE_END_ENTRY ? depth : depth - 1;
  stack[0] = after;
  stack[1] = return_address(writer, caller);
  const struct ftrace_append append = {.sp = (uint64_t)stack, .rbp = (uint64_t)(bottom - 2 * caller), .end = end};
  return writer->sink->refill(writer->sink, &writer->channel, &append);
}

void ftrace_test_handler(void *context) {
  struct ftrace_test_writer *const writer = context;
  for (uint32_t end = 0; end < 2; end++) {
    if (!writer->channel.busy) continue; // between two appends: what it would record is another test's
    writer->channel.lost_nested[end]++;
    ftrace_channel_kick(&writer->channel);
    if (end) writer->tally.exits++; else writer->tally.entries++;
    writer->tally.nested++;
  }
}

// The append of a compiled body: `words` with the clock in the lower half of the first.
static inline __attribute__((always_inline)) bool append(struct ftrace_test_writer *writer, uint32_t end, uint64_t after,
                                                         const uint64_t *words, uint32_t count, bool timed) {
  struct ftrace_channel *const channel = &writer->channel;
  channel->busy = 1;
  atomic_signal_fence(memory_order_seq_cst);
  for (;;) {
    if (__builtin_expect(writer->nested && draw(writer) % writer->nested == 0, 0)) ftrace_test_handler(writer);
    const uint64_t now = writer->clock(writer->context);
    FTRACE_RACE_WINDOW();
    if (__builtin_expect(channel->cursor >= atomic_load_explicit(&channel->limit, memory_order_relaxed)
                           || (writer->carries && now >> 32 != channel->high), 0)) {
      if (refill(writer, end, after)) continue;
      channel->busy = 0;
      return false;
    }
    uint64_t *const cursor = (uint64_t *)channel->cursor;
    for (uint32_t i = 1; i < count; i++) cursor[i] = words[i];
    __atomic_store_n(cursor, timed ? words[0] | (uint32_t)now : words[0], __ATOMIC_RELAXED);
    FTRACE_RACE_WINDOW();
    __atomic_store_n(&channel->cursor, (uint64_t)(cursor + count), __ATOMIC_RELEASE);
    atomic_signal_fence(memory_order_seq_cst);
    channel->busy = 0;
    return true;
  }
}

static uint64_t after_entry(uint32_t function) { return FTRACE_TEST_CODE + FTRACE_TEST_FUNCTION_BYTES * function + 5; }
static uint64_t after_exit(uint32_t function) { return FTRACE_TEST_CODE + FTRACE_TEST_FUNCTION_BYTES * function + 38; }

static bool enter(struct ftrace_test_writer *writer, uint32_t function, const uint64_t *words, uint32_t count) {
  writer->tally.entries++;
  const bool done = append(writer, FTRACE_END_ENTRY, after_entry(function), words, count, true);
  writer->function[++writer->tally.depth] = function;
  return done;
}

bool ftrace_test_enter(struct ftrace_test_writer *writer, uint32_t function) {
  const uint64_t word = after_entry(function) << 32;
  return enter(writer, function, &word, 1);
}
bool ftrace_test_enter_with_parent(struct ftrace_test_writer *writer, uint32_t function) {
  const uint64_t words[2] = {(after_entry(function) - 1) << 32,
                             return_address(writer, writer->tally.depth) | UINT64_C(7) << 48};
  return enter(writer, function, words, 2);
}
bool ftrace_test_enter_with_values(struct ftrace_test_writer *writer, uint32_t function, uint32_t count) {
  uint64_t words[FTRACE_APPEND_WORDS] = {after_entry(function) << 32, FTRACE_WORD(FTRACE_WORD_VALUES, count)};
  for (uint32_t i = 0; i < count; i++) words[2 + i] = function + i;
  return enter(writer, function, words, 2 + count);
}
bool ftrace_test_exit(struct ftrace_test_writer *writer) {
  const uint32_t function = writer->function[writer->tally.depth];
  const uint64_t word = after_exit(function) << 32;
  writer->tally.exits++;
  const bool done = append(writer, FTRACE_END_EXIT, after_exit(function), &word, 1, true);
  writer->tally.depth--;
  return done;
}
bool ftrace_test_unwind(struct ftrace_test_writer *writer, uint32_t count) {
  const uint64_t word = FTRACE_WORD(FTRACE_WORD_UNWOUND, count);
  const uint32_t function = writer->function[writer->tally.depth];
  const bool done = append(writer, FTRACE_END_EXIT, after_exit(function), &word, 1, false);
  writer->tally.depth -= count;
  if (done) writer->tally.unwound += count; else writer->tally.unwound_lost_records++;
  return done;
}

void ftrace_test_run(struct ftrace_test_writer *writer, uint64_t seed, uint64_t operations, uint32_t nested) {
  writer->random = seed * 2 + 1;
  for (uint64_t i = 0; i < operations; i++) {
    const uint64_t r = draw(writer);
    const uint32_t function = (uint32_t)(r >> 32) % FTRACE_TEST_FUNCTIONS;
    const uint64_t depth = writer->tally.depth;
    writer->nested = nested;
    if (depth > 3 && r % 97 == 0) ftrace_test_unwind(writer, 1 + (uint32_t)(r >> 20) % 3);
    else if (depth && (depth > 30 || r & 8)) ftrace_test_exit(writer);
    else if (r % 13 == 0) ftrace_test_enter_with_values(writer, function, 1 + (uint32_t)(r >> 20) % 24);
    else if (r % 7 == 0) ftrace_test_enter_with_parent(writer, function);
    else ftrace_test_enter(writer, function);
  }
  writer->nested = 0;
}

void ftrace_test_spin(struct ftrace_test_writer *writer, uint64_t pairs) {
  for (uint64_t i = 0; i < pairs; i++) {
    ftrace_test_enter(writer, (uint32_t)i % FTRACE_TEST_FUNCTIONS);
    ftrace_test_exit(writer);
  }
}

int ftrace_test_fork_spinning(struct ftrace_test_writer *writer, uint64_t seed) {
  const int child = _Fork();
  if (child) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that ends early leaves nobody behind
  for (;;) ftrace_test_run(writer, ++seed, 1000, 50);
}

int ftrace_test_kill(int child) {
  int status = 0;
  kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

int ftrace_test_run_limited(struct ftrace_test_writer *writer, uint64_t seed, uint64_t operations, uint64_t bytes) {
  const int child = _Fork();
  if (!child) {
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    ftrace_test_run(writer, seed, operations, 0);
    ftrace_test_writer_close(writer);
    _exit(ftrace_buffer_error((struct ftrace_buffer *)writer->sink));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static __thread struct ftrace_test_writer *signalled __attribute__((tls_model("initial-exec")));
static void on_signal(int signal) {
  (void)signal;
  if (signalled) ftrace_test_handler(signalled);
}
struct sender {
  pthread_t target;
  _Atomic(int) done;
};
static void *send_signals(void *context) {
  struct sender *const sender = context;
  while (!atomic_load(&sender->done)) pthread_kill(sender->target, SIGUSR2);
  return NULL;
}

void ftrace_test_run_signalled(struct ftrace_test_writer *writer, uint64_t seed, uint64_t operations) {
  const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR2, &action, NULL);
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_UNBLOCK, &set, &before);
  signalled = writer;
  struct sender sender = {.target = pthread_self()};
  pthread_t thread;
  if (pthread_create(&thread, NULL, send_signals, &sender) == 0) {
    ftrace_test_run(writer, seed, operations, 0);
    atomic_store(&sender.done, 1);
    pthread_join(thread, NULL);
  }
  signalled = NULL;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
