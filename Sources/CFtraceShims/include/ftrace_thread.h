// The thread block: the only thread-local state, at most 512 bytes, reached by emitted code with `fs:` operands whose displacements
// are compiled in. It is initial-exec, so that the displacement is the same in every thread.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  FTRACE_RUNTIME_SLOTS = 8, // runtimes in one process
  FTRACE_OPS_SLOTS = 32,    // ops of one runtime
};

/// Bits of the poll word. A gate tests the whole word against zero; a leaving gate tests `AT_LEAVE` alone.
enum {
  FTRACE_POLL_ARMED = 1,      // a stop wants this worker
  FTRACE_POLL_ASLEEP = 2,     // and the stopper sleeps on a futex: whoever becomes quiescent wakes it
  FTRACE_POLL_SERIALISE = 4,  // execute a serialising instruction before emitted code; only the worker clears it
  FTRACE_POLL_UNATTACHED = 8, // the thread is not in the registry (the initial state of every thread)
  FTRACE_POLL_EXITING = 16,   // the thread's end has begun: it leaves the registry whenever it leaves emitted code
  /// What a leaving gate tests.
  FTRACE_POLL_AT_LEAVE = FTRACE_POLL_ASLEEP | FTRACE_POLL_EXITING,
  /// What a nested gate tests: it can be in a signal handler, before the gate below has looked.
  FTRACE_POLL_AT_NESTED = FTRACE_POLL_ARMED | FTRACE_POLL_SERIALISE | FTRACE_POLL_UNATTACHED,
};

enum {
  /// A `saved_sp` that lies in no stack: where frames end is not known, and a scan takes everything as referred to.
  FTRACE_SP_UNKNOWN = 0,
};

struct ftrace_thread {
  // Written by the worker itself, read by a stopper. 0: outside of emitted code, or parked.
  _Atomic(uint32_t) depth;
  // Set by stoppers, tested by gates and back-edges.
  _Atomic(uint32_t) poll;
  // Compared with rsp by prologues. A stopper raises it to the top of the address space; at rest it is `real_limit`.
  _Atomic(uint64_t) stack_limit;
  // The generation of the stop that this worker has acknowledged with frames on its stack.
  _Atomic(uint64_t) acknowledged;
  // Greater than 0 inside the recorder: the guard against recursion, also from signal handlers. A worker is not stopped there.
  _Atomic(uint32_t) busy;
  // Number of `parked` scopes that hold frames of emitted code.
  uint32_t parked;
  uint64_t real_limit;
  uint64_t stack_low;
  uint64_t stack_top;
  // Valid while quiescent with frames: the lowest address in use and the callee-saved registers of that moment.
  uint64_t saved_sp;
  uint64_t saved_registers[6];
  // While the handler of the stop signal holds this worker: the general registers of the interrupted code in the order of
  // <sys/ucontext.h>, followed by a pointer to its vector state. NULL otherwise.
  const uint64_t *interrupted;
  // The last place in emitted code that a signal found this worker at, 0 if none did: for errors.
  _Atomic(uint64_t) last_pc;
  struct ftrace_thread *next; // registry
  int32_t tid;
  // Which stop signal is on its way, from its sending until its handler has begun, whatever stops end meanwhile; 0: none.
  _Atomic(uint32_t) signalled;
  // What attaching has changed, and detaching puts back.
  void *signal_stack;
  uint8_t owns_signal_stack;
  uint8_t unblocked_signal;
  // Whether the alternate stack lay within the thread's own when it was last looked at.
  uint8_t has_inner_stack;
  // The stopper's: the last signal that it sent, and the last stop in which it sent one or asked the kernel about it.
  uint8_t last_signal;
  char name[16];
  uint64_t signal_stop;
  struct ftrace_worker_block *_Atomic runtime[FTRACE_RUNTIME_SLOTS]; // the worker's channels in each runtime, NULL before the first append
  // 1 while the callback of that ops runs on this thread.
  uint8_t ops_active[FTRACE_RUNTIME_SLOTS][FTRACE_OPS_SLOTS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct ftrace_thread) <= 512, "a larger block fails to load in a dlopened library");

/// The calling thread's block.
struct ftrace_thread *ftrace_thread_self(void);

/// Displacement of a thread's block from `fs:0`, the same in every thread.
ptrdiff_t ftrace_thread_displacement(void);

enum {
  FTRACE_THREAD_DEPTH = offsetof(struct ftrace_thread, depth),
  FTRACE_THREAD_POLL = offsetof(struct ftrace_thread, poll),
  FTRACE_THREAD_STACK_LIMIT = offsetof(struct ftrace_thread, stack_limit),
  FTRACE_THREAD_RUNTIME = offsetof(struct ftrace_thread, runtime),
  FTRACE_THREAD_OPS_ACTIVE = offsetof(struct ftrace_thread, ops_active),
};

/// Registers the calling thread, unblocks the stop signal on it and gives it an alternate signal stack if it has none. Waits while a
/// stop is under way. Returns 0, or an errno and nothing has changed.
int ftrace_thread_attach(void);

/// Removes the calling thread from the registry; it counts as outside afterwards. Waits while a stop is under way.
void ftrace_thread_detach(void);

/// The registry of attached threads. Held by a stopper from arming to release: thread start and exit wait here. Signals are blocked
/// while it is held, for their handlers may attach the thread.
uint64_t ftrace_registry_lock(void);
/// - Parameter signals: what `ftrace_registry_lock` returned.
void ftrace_registry_unlock(uint64_t signals);
/// Head of the list, under the registry's lock.
struct ftrace_thread *ftrace_registry_first(void);

/// Number of registered threads. Takes the registry's lock.
uint32_t ftrace_registry_count(void);

/// Clears the block pointer of one runtime in every attached thread (the runtime goes away, or its slot is handed on).
void ftrace_registry_clear_runtime(uint32_t slot);

/// Whether the callback of an ops runs on any attached thread.
bool ftrace_registry_ops_active(uint32_t slot, uint32_t ops);

static inline bool ftrace_thread_attached(const struct ftrace_thread *self) {
  return !(atomic_load_explicit(&((struct ftrace_thread *)self)->poll, memory_order_relaxed) & FTRACE_POLL_UNATTACHED);
}

/// Whether the calling thread runs a tracer's callback, of any runtime.
static inline bool ftrace_thread_inside_callback(void) {
  const struct ftrace_thread *self = ftrace_thread_self();
  const uint64_t *flags = (const uint64_t *)self->ops_active;
  uint64_t any = 0;
  for (size_t i = 0; i < sizeof self->ops_active / sizeof *flags; i++) any |= flags[i];
  return any != 0;
}

static inline uint32_t ftrace_thread_depth(void) {
  return atomic_load_explicit(&ftrace_thread_self()->depth, memory_order_relaxed);
}

/// Names the calling thread, which is attached: at most 15 bytes are kept. Takes the registry's lock, under which stoppers read names.
void ftrace_thread_set_name(const char *name);

/// Gives the calling thread a name that the system shows, of at most 15 bytes.
void ftrace_name_thread(const char *name);

static inline const char *ftrace_thread_name(const struct ftrace_thread *thread) { return thread->name; }
/// Kernel thread id, 0 for a thread that was never attached.
static inline int32_t ftrace_thread_id(const struct ftrace_thread *thread) { return thread->tid; }

// Entering and leaving. The fast paths are emitted into gates; these are the slow paths, and the same for Swift callers.

/// A gate found its poll word set after it stored depth 1: attaches the thread, waits for a stop to end. Returns with depth 1.
void ftrace_enter_slow(void);
/// A nested gate found one of `AT_NESTED`: attaches the thread, waits for a stop that is under way, except within the recorder, and
/// serialises.
void ftrace_nested_slow(void);
/// A gate left and found one of `AT_LEAVE`: wakes the stopper, ends an exiting thread's registration.
void ftrace_leave_slow(void);
/// A back-edge or a prologue found its worker armed, or its stack short: waits for a stop that is under way. `sp` is the lowest address
/// of the saved registers, `lowest` the lowest that the function wants to use. Returns whether the stack reaches that far.
bool ftrace_poll_slow(uint64_t sp, uint64_t lowest);

/// Enters from Swift or C: what a gate does. Nests.
void ftrace_enter(void);
void ftrace_leave(void);

/// State of a `parked` scope. It lives in the frame of the function that parks, so that a scan sees what it holds.
struct ftrace_park {
  uint64_t captured[7]; // rbx rbp r12 r13 r14 r15 rsp of the caller
  uint64_t previous_registers[6];
  uint64_t previous_sp;
  uint32_t depth;
  uint32_t active;
};

/// Stores the caller's callee-saved registers and stack pointer: the first step of parking.
void ftrace_park_capture(struct ftrace_park *park);
/// From here on the worker counts as stopped with frames. Does nothing for a thread that is outside.
void ftrace_park_begin(struct ftrace_park *park);
/// Waits while a stop is under way, then the worker runs again.
void ftrace_park_end(struct ftrace_park *park);
