#define _GNU_SOURCE
#include "CFtraceShims.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ftrace_channel_thread.h"
#include "ftrace_domain.h"
#include "ftrace_signal_thread.h"

__thread struct ftrace_thread ftrace_thread_block = {.poll = FTRACE_POLL_UNATTACHED, .stack_limit = UINT64_MAX};
#define block ftrace_thread_block

struct ftrace_domain ftrace_domain;

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ftrace_thread *registry;
static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static int exit_error;

struct ftrace_thread *ftrace_thread_self(void) { return &block; }

ptrdiff_t ftrace_thread_displacement(void) { return (char *)&block - (char *)__builtin_thread_pointer(); }

void ftrace_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

uint64_t ftrace_registry_lock(void) {
  const uint64_t signals = ftrace_block_signals();
  pthread_mutex_lock(&registry_lock);
  return signals;
}
void ftrace_registry_unlock(uint64_t signals) {
  pthread_mutex_unlock(&registry_lock);
  ftrace_restore_signals(signals);
}
struct ftrace_thread *ftrace_registry_first(void) { return registry; }

void ftrace_thread_set_name(const char *name) {
  const uint64_t signals = ftrace_registry_lock();
  size_t i = 0;
  for (; i + 1 < sizeof block.name && name[i]; i++) block.name[i] = name[i];
  block.name[i] = 0;
  ftrace_registry_unlock(signals);
}

void ftrace_registry_keep_only_self(void) {
  registry = ftrace_thread_attached(&block) ? &block : NULL;
  block.next = NULL;
  block.tid = (int32_t)syscall(SYS_gettid);
  atomic_store_explicit(&block.signalled, 0, memory_order_relaxed);
  ftrace_channels_keep_only_self();
}

uint32_t ftrace_registry_count(void) {
  uint32_t count = 0;
  const uint64_t signals = ftrace_registry_lock();
  for (struct ftrace_thread *thread = registry; thread; thread = thread->next) count++;
  ftrace_registry_unlock(signals);
  return count;
}

void ftrace_registry_clear_runtime(uint32_t slot) {
  const uint64_t signals = ftrace_registry_lock();
  for (struct ftrace_thread *thread = registry; thread; thread = thread->next) {
    atomic_store_explicit(&thread->runtime[slot], NULL, memory_order_relaxed);
    for (int i = 0; i < FTRACE_OPS_SLOTS; i++) thread->ops_active[slot][i] = 0;
  }
  ftrace_registry_unlock(signals);
}

bool ftrace_registry_ops_active(uint32_t slot, uint32_t ops) {
  bool active = false;
  const uint64_t signals = ftrace_registry_lock();
  for (struct ftrace_thread *thread = registry; thread; thread = thread->next)
    // Pairs with the plain stores around the callback in its thunk. Asked after a stop that made the thunk unreachable, so that
    // no thread sets the flag anew.
    active |= *(volatile uint8_t *)&thread->ops_active[slot][ops] != 0;
  ftrace_registry_unlock(signals);
  return active;
}

// Runs once or more, for other destructors of the thread may run emitted code in between. From the first time on the thread leaves
// the registry whenever it leaves emitted code: there may be no later destructor.
static void at_thread_exit(void *ignored) {
  (void)ignored;
  ftrace_thread_detach();
  atomic_fetch_or_explicit(&block.poll, FTRACE_POLL_EXITING, memory_order_relaxed);
}

static void make_exit_key(void) { exit_error = pthread_key_create(&exit_key, at_thread_exit); }

// Where the stack of the calling thread is. Of the main thread the C library reads it from /proc, for which there may be no descriptor, or
// no /proc: then it ends where the kernel put the program's arguments, and goes as far down as the limit lets it.
static int find_stack(void **low, size_t *size) {
  pthread_attr_t attributes;
  const int error = pthread_getattr_np(pthread_self(), &attributes);
  if (!error) {
    pthread_attr_getstack(&attributes, low, size);
    pthread_attr_destroy(&attributes);
    return 0;
  }
  if (syscall(SYS_gettid) != getpid()) return error;
  extern void *__libc_stack_end; // glibc's, with whatever binary interface
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit)) return errno;
  *size = limit.rlim_cur == RLIM_INFINITY ? 8 << 20 : limit.rlim_cur & ~(rlim_t)4095;
  *low = (char *)(((uintptr_t)__libc_stack_end + 4095) & ~(uintptr_t)4095) - *size;
  return 0;
}

// The part of attaching that must be done once. `signals` is the set that is blocked afterwards.
static int attach(uint64_t *signals) {
  // libc may call traced code of the program (an interposed malloc, say): until the end of the attach that is not recorded.
  void *low = NULL;
  size_t size = 0;
  int error = find_stack(&low, &size);
  if (error) return error;
  const uint32_t exiting = atomic_load_explicit(&block.poll, memory_order_relaxed) & FTRACE_POLL_EXITING;
  if (!exiting) error = pthread_setspecific(exit_key, &block);
  if (error) return error;
  block.stack_low = (uint64_t)low;
  block.stack_top = (uint64_t)low + size;
  (void)ftrace_signal_on_inner_stack(&block); // notes whether there is one
  error = ftrace_signal_attach(&block, signals);
  if (error) return error;

  // Room below the limit for tracers, host calls and the handler of a signal.
  const size_t reserve = size / 4 < 128 * 1024 ? size / 4 : 128 * 1024;
  block.real_limit = block.stack_low + reserve;
  block.tid = (int32_t)syscall(SYS_gettid);
  block.parked = 0;
  atomic_store_explicit(&block.depth, 0, memory_order_relaxed);
  atomic_store_explicit(&block.acknowledged, 0, memory_order_relaxed);
  block.interrupted = NULL;
  if (!block.name[0]) pthread_getname_np(pthread_self(), block.name, sizeof block.name);

  pthread_mutex_lock(&registry_lock); // waits while a stop is under way
  atomic_store_explicit(&block.stack_limit, block.real_limit, memory_order_relaxed);
  // Where membarrier is refused, by now or at all, nobody has serialised this core on behalf of a thread that was not known.
  atomic_store_explicit(&block.poll, exiting | FTRACE_POLL_SERIALISE, memory_order_relaxed);
  block.next = registry;
  registry = &block;
  pthread_mutex_unlock(&registry_lock);
  return 0;
}

int ftrace_thread_attach(void) {
  if (ftrace_thread_attached(&block)) return 0;
  pthread_once(&exit_once, make_exit_key);
  if (exit_error) return exit_error;
  // A signal handler that calls emitted code attaches its thread as well: one of the two does.
  uint64_t signals = ftrace_block_signals();
  const int error = ftrace_thread_attached(&block) ? 0 : attach(&signals);
  ftrace_restore_signals(signals);
  return error;
}

void ftrace_thread_detach(void) {
  if (!ftrace_thread_attached(&block)) return;
  uint64_t signals = ftrace_block_signals();
  // A thread that ends inside (pthread_exit from emitted code) is outside from here on. Pairs with the stopper's load of depth.
  atomic_store_explicit(&block.depth, 0, memory_order_release);
  ftrace_wake_stopper();
  pthread_mutex_lock(&registry_lock);
  for (struct ftrace_thread **link = &registry; *link; link = &(*link)->next)
    if (*link == &block) {
      *link = block.next;
      break;
    }
  block.parked = 0;
  ftrace_channels_close(&block);
  for (size_t i = 0; i < FTRACE_RUNTIME_SLOTS; i++) {
    for (size_t j = 0; j < FTRACE_OPS_SLOTS; j++) block.ops_active[i][j] = 0;
  }
  atomic_store_explicit(&block.stack_limit, UINT64_MAX, memory_order_relaxed);
  const uint32_t exiting = atomic_load_explicit(&block.poll, memory_order_relaxed) & FTRACE_POLL_EXITING;
  atomic_store_explicit(&block.poll, FTRACE_POLL_UNATTACHED | exiting, memory_order_relaxed);
  pthread_mutex_unlock(&registry_lock);
  ftrace_signal_detach(&block, &signals);
  ftrace_restore_signals(signals);
}

// Sets depth from 0 and does not return while a stop is under way. The order of the store and the load of the poll word is paid for
// by the stopper's membarrier: either it sees the depth, or this sees its bit.
static void become_running(uint32_t depth) {
  for (;;) {
    atomic_store_explicit(&block.depth, depth, memory_order_relaxed);
    ftrace_reader_fence();
    FTRACE_RACE_WINDOW();
    if (!(atomic_load_explicit(&block.poll, memory_order_acquire) & FTRACE_POLL_ARMED)) break;
    // Pairs with the acquire load of depth in `quiescent` of the stopper.
    atomic_store_explicit(&block.depth, 0, memory_order_release);
    FTRACE_RACE_WINDOW();
    const uint64_t generation = atomic_load_explicit(&ftrace_domain.generation, memory_order_acquire);
    ftrace_wake_stopper();
    ftrace_wait_for_release(generation);
  }
  ftrace_serialise_if_asked();
}

static void attach_or_end(void) {
  atomic_store_explicit(&block.depth, 0, memory_order_relaxed);
  int error = ftrace_thread_attach();
  if (!error) return;
  char message[] = "ftrace: a thread cannot be attached (errno 000: no memory, or no descriptor); it must not run emitted code\n";
  for (char *digit = strstr(message, "000") + 2; error; error /= 10) *digit-- = (char)('0' + error % 10);
  (void)!write(2, message, sizeof message - 1);
  __builtin_trap();
}

void ftrace_enter_slow(void) {
  // A handler that enters and leaves between the two detaches a thread that is ending: looked at again once the depth is stored.
  do {
    if (!ftrace_thread_attached(&block)) attach_or_end();
    become_running(1);
  } while (!ftrace_thread_attached(&block));
}

void ftrace_leave_slow(void) {
  ftrace_wake_stopper();
  if (atomic_load_explicit(&block.poll, memory_order_relaxed) & FTRACE_POLL_EXITING &&
      atomic_load_explicit(&block.depth, memory_order_relaxed) == 0 && block.parked == 0)
    ftrace_thread_detach();
}

void ftrace_nested_slow(void) {
  if (!ftrace_thread_attached(&block)) {
    // The gate that was interrupted has stored its depth and would attach the thread next.
    const uint32_t depth = atomic_load_explicit(&block.depth, memory_order_relaxed);
    // As in `ftrace_enter_slow`.
    do {
      if (!ftrace_thread_attached(&block)) attach_or_end();
      become_running(depth);
    } while (!ftrace_thread_attached(&block));
    return;
  }
  // A handler that has interrupted the recorder goes on: the stop waits for it.
  if (atomic_load_explicit(&block.busy, memory_order_relaxed)) {
    ftrace_serialise_if_asked();
    return;
  }
  struct ftrace_park park;
  ftrace_park_capture(&park);
  ftrace_park_begin(&park);
  ftrace_park_end(&park);
}

void ftrace_enter(void) {
  const uint32_t depth = atomic_load_explicit(&block.depth, memory_order_relaxed);
  if (depth) {
    atomic_store_explicit(&block.depth, depth + 1, memory_order_relaxed);
    // In a signal handler the gate below may have stored its depth and not yet looked.
    atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&block.poll, memory_order_acquire) & FTRACE_POLL_AT_NESTED) ftrace_nested_slow();
    return;
  }
  atomic_store_explicit(&block.depth, 1, memory_order_relaxed);
  ftrace_reader_fence(); // see become_running
  if (atomic_load_explicit(&block.poll, memory_order_acquire)) ftrace_enter_slow();
}

void ftrace_leave(void) {
  const uint32_t depth = atomic_load_explicit(&block.depth, memory_order_relaxed);
  // Pairs with the acquire load of depth by the stopper: what ran inside comes before.
  atomic_store_explicit(&block.depth, depth - 1, memory_order_release);
  if (depth == 1) ftrace_leave_slow();
}

bool ftrace_poll_slow(uint64_t sp, uint64_t lowest) {
  const uint32_t poll = atomic_load_explicit(&block.poll, memory_order_acquire);
  // In a handler that has interrupted the recorder the worker goes on, as it would if it were asked by signal.
  if (poll & FTRACE_POLL_ARMED && !atomic_load_explicit(&block.busy, memory_order_relaxed)) {
    // A handler of the program that ran now could enter emitted code, nested and therefore unasked.
    const uint64_t signals = ftrace_block_signals();
    const uint64_t generation = atomic_load_explicit(&ftrace_domain.generation, memory_order_acquire);
    const uint64_t previous_sp = block.saved_sp; // of a park, if this is a handler within one
    block.saved_sp = ftrace_signal_on_inner_stack(&block) ? FTRACE_SP_UNKNOWN : sp;
    FTRACE_RACE_WINDOW();
    // Pairs with the acquire load in `quiescent` of the stopper: it sees saved_sp and what it points at.
    atomic_store_explicit(&block.acknowledged, generation, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    ftrace_wake_stopper();
    ftrace_wait_for_release(generation);
    ftrace_serialise_if_asked();
    block.saved_sp = previous_sp;
    ftrace_restore_signals(signals);
  }
  // A stack that ends is the other reason to be here, and there may be both.
  // Another stack than the thread's own (of a signal, of a coroutine) has an end that is not known here.
  return lowest > block.real_limit || sp < block.stack_low || sp >= block.stack_top;
}

__attribute__((naked, noinline)) void ftrace_park_capture(struct ftrace_park *park __attribute__((unused))) {
  __asm__("movq %rbx, (%rdi)\n\t"
          "movq %rbp, 8(%rdi)\n\t"
          "movq %r12, 16(%rdi)\n\t"
          "movq %r13, 24(%rdi)\n\t"
          "movq %r14, 32(%rdi)\n\t"
          "movq %r15, 40(%rdi)\n\t"
          "movq %rsp, 48(%rdi)\n\t"
          "ret");
}

void ftrace_park_begin(struct ftrace_park *park) {
  const uint32_t depth = atomic_load_explicit(&block.depth, memory_order_relaxed);
  // A handler that has interrupted the recorder does not count as stopped: the stop waits for it.
  park->active = depth != 0 && !atomic_load_explicit(&block.busy, memory_order_relaxed);
  if (!park->active) return;
  park->depth = depth;
  park->previous_sp = block.saved_sp;
  for (int i = 0; i < 6; i++) {
    park->previous_registers[i] = block.saved_registers[i];
    block.saved_registers[i] = park->captured[i];
  }
  // A system call only where it can make a difference.
  block.saved_sp = block.has_inner_stack && ftrace_signal_on_inner_stack(&block) ? FTRACE_SP_UNKNOWN : park->captured[6];
  block.parked++;
  FTRACE_RACE_WINDOW();
  // Pairs with the acquire load of depth by the stopper: it sees the saved state.
  atomic_store_explicit(&block.depth, 0, memory_order_release);
  ftrace_wake_stopper();
}

void ftrace_park_end(struct ftrace_park *park) {
  if (!park->active) return;
  become_running(park->depth);
  block.parked--;
  block.saved_sp = park->previous_sp;
  for (int i = 0; i < 6; i++) block.saved_registers[i] = park->previous_registers[i];
}
