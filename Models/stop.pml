/*
 * The stop: workers that enter, poll, leave and park without fences, and stoppers that arm them, wait, write and release.
 *
 * Memory is that of x86 (total store order). Each worker has a FIFO buffer for its plain stores; it is emptied by the memory at any time,
 * by the worker's own locked instructions and fences, and by membarrier(2), which interrupts one worker after the other. One step of
 * a process is at most one access to shared memory; steps on own variables and ghosts are merged with it.
 *
 * Step of the model                  C function it models (Sources/CFtraceShims unless said otherwise)
 *   Worker, `enter`                  Assembler.enter (FtraceEngine), ftrace_enter: store depth, load the poll word
 *   Worker, `become`                 become_running, of ftrace_enter_slow and ftrace_park_end
 *   Worker, `poll`                   a back-edge or prologue, and ftrace_poll_slow
 *   Worker, `leave`                  Assembler.leave, ftrace_leave, ftrace_park_begin: store depth, look at ASLEEP
 *   wake_stopper                     ftrace_leave_slow: locked increment of stopper_word, then futex wake
 *   wait_for_release                 wait_for_release: load release_word, load released, futex wait
 *   serialise_if_asked               serialise_if_asked
 *   Stopper, `stop`                  ftrace_stop_run; the lock is the ticket lock and the registry's lock, taken before
 *   arm, fence_all                   arm: locked `or`, then membarrier PRIVATE_EXPEDITED
 *   `look`, `sleep`                  wait_for_workers, count_running, quiescent
 *   `write`                          ftrace_plan_apply
 *   `serialise`                      membarrier PRIVATE_EXPEDITED_SYNC_CORE
 *   `release`                        disarm and release
 *
 * A futex word is represented by whether it has changed since its waiter loaded it. That is exact while it does not wrap around:
 * the kernel compares for equality and nothing else. So is a generation, by whether it is the present one: it is compared for equality with the
 * present one, and for order with the one released last, which is the present or the one before. The number of stops has no bound.
 * A deadline may pass whenever the stopper is awake, and a sleep has no timeout: a wake-up that was lost is never hidden. A sleep that ends by
 * its timeout is the same as time that passes before the next look.
 *
 * Invariants
 *   I1  No worker executes a site while bytes change.                               assert(!changing)
 *   I2  No worker executes a site on bytes that its core fetched before the change. assert(!stale[me])
 *   I3  Nobody waits for ever: every state without a successor is one where all stops and all workers have ended (spin: invalid end state).
 *   I4  A stop that passed its deadline has written nothing: its path has no `write`. Its workers go on (I3).
 *   I5  Every stop without a deadline ends, with -DPROGRESS under weak fairness.    ltl every_stop_ends
 *
 * Parameters: W workers, S stoppers; -DWORKER_STOPS lets workers ask for stops themselves, parked.
 *   -DFENCES       the mode without membarrier: readers fence, each worker serialises its own core when it is asked to
 *   -DPROGRESS     loops poll at each back-edge, and there are no deadlines: for I5
 * Broken variants, each found: NO_MEMBARRIER NO_RECHECK NO_ENTRY_CHECK PLAIN_ACK NO_SERIALISE WAKE_LOST, with FENCES NO_READER_FENCE,
 *   with PROGRESS NO_POLL.
 *
 * Why steps are merged: an atomic step holds one access to shared memory, with changes of ghosts, of registers, and of futex state that its
 * process alone reads. An acknowledgement is followed by a fence with nothing in between, so that it reaches memory in the step that finds
 * the buffer empty; so does `released` before the locked increment after it. A gate's look at the whole poll word decides nothing that
 * become_running does not look at again. What is left in a buffer are stores to `depth`, of 0 and 1 in turn: their number says it all. It is bounded
 * by SB; a full buffer delays the next store, which hardware does too, later: SB=3 is run as well.
 */
#ifndef W
#define W 2
#endif
#ifndef S
#define S 2
#endif
#ifndef SB
#define SB 2
#endif

#define PAST 0
#define PRESENT 1
#define NONE 2 /* of PLAIN_ACK alone: a flag that is down */

/* Shared memory. */
bool released = PRESENT; /* the generation that was released last: there was no stop yet */
bool depth[W];
byte acknowledged[W];
bool armed[W], asleep[W], must_serialise[W]; /* the bits of the poll word: written by locked instructions alone */
bool lock;                                   /* stop lock and registry lock */

/* Store buffers: the number of stores to `depth` in them. Each toggles it. */
byte pending[W];

/* The generation that each worker has loaded, in a register of its own. */
bool loaded[W];

/* Futexes: whether the word has changed since its waiter loaded it, and whether the waiter sleeps in the kernel. */
bool release_changed[W], release_sleeps[W];
bool stopper_changed, stopper_sleeps;

/* Ghosts. */
bool changing, stale[W];

#define EMPTY(w) (pending[w] == 0)

inline drain_all(w) {
  if
  :: pending[w] & 1 -> depth[w] = !depth[w]
  :: else
  fi;
  pending[w] = 0
}

/* A plain store to `depth`, of the value that it does not have in the worker's eyes. */
inline store_depth(value) {
  atomic { pending[me] < SB -> assert((depth[me] ^ (pending[me] & 1)) != value); pending[me]++ }
}

#ifdef FENCES
#ifdef NO_READER_FENCE
#define READER_FENCE skip
#else
#define READER_FENCE EMPTY(me)
#endif
#else
#define READER_FENCE skip
#endif

proctype Memory(byte w) {
end:
  do
  :: d_step { !EMPTY(w) -> depth[w] = !depth[w]; pending[w]-- }
  od
}

inline wake_stopper() {
  READER_FENCE;
  if
  :: asleep[me] ->
#ifndef WAKE_LOST
     d_step { EMPTY(me) -> stopper_changed = true };
#endif
     stopper_sleeps = false
  :: else
  fi
}

inline wait_for_release() {
  do
  :: release_changed[me] = false;
     if
     :: released >= loaded[me] -> break
     :: else
     fi;
     d_step {
       if
       :: release_changed[me] -> skip
       :: else -> release_sleeps[me] = true
       fi
     };
     !release_sleeps[me]
  od
}

inline serialise_if_asked() {
#ifdef FENCES
  if
  :: must_serialise[me] ->
     d_step { EMPTY(me) -> must_serialise[me] = false };
     stale[me] = false
  :: else
  fi
#else
  skip
#endif
}

/* Executed by whoever holds the lock: `i` and `sleeps` are its own variables. */
inline fence_all() {
#ifndef NO_MEMBARRIER
#ifndef FENCES
  i = 0;
  do
  :: i < W -> d_step { drain_all(i); i++ }
  :: else -> break
  od
#else
  skip
#endif
#else
  skip
#endif
}

inline arm() {
  i = 0;
  do
  :: i < W -> d_step { armed[i] = true; asleep[i] = sleeps; i++ }
  :: else -> break
  od;
  fence_all()
}

#ifdef PLAIN_ACK
#define ARRIVED(w) (acknowledged[w] != NONE)
#else
#define ARRIVED(w) (acknowledged[w] == PRESENT)
#endif

inline stop() {
  d_step { /* the next generation, by an exchange: what was the present one is past */
    i = 0;
    do
    :: i < W ->
       loaded[i] = PAST;
       if
       :: acknowledged[i] == PRESENT -> acknowledged[i] = PAST
       :: else
       fi;
       i++
    :: else -> break
    od;
    released = PAST
  };
  sleeps = false;
  arm();
look:
  stopper_changed = false;
  i = 0;
  do
  :: i < W && depth[i] == 0 -> i++
  :: i < W && depth[i] != 0 ->
     if
     :: ARRIVED(i) -> i++
     :: else -> goto wait
     fi
  :: i == W -> goto write
  od;
wait:
  if
#ifndef PROGRESS
  :: goto release /* the deadline has passed */
  :: goto look    /* spins, or has slept until a timeout: both are time without a step */
#else
  :: !sleeps -> goto look
#endif
  :: !sleeps ->
     sleeps = true;
     arm();
#ifdef NO_RECHECK
     stopper_changed = false;
     goto sleep
#else
     goto look
#endif
  :: sleeps -> goto sleep
  fi;
sleep:
  atomic {
    if
    :: stopper_changed -> skip
    :: else -> stopper_sleeps = true
    fi
  };
  !stopper_sleeps;
  goto look;
write:
  changing = true;
  d_step {
    changing = false;
    i = 0;
    do
    :: i < W -> stale[i] = true; i++
    :: else -> break
    od
  };
  i = 0;
  do
#ifdef NO_SERIALISE
  :: break
#else
#ifdef FENCES
  :: i < W -> d_step { must_serialise[i] = true; i++ }
#else
  :: i < W -> d_step { drain_all(i); stale[i] = false; i++ }
#endif
  :: else -> break
#endif
  od;
release:
  i = 0;
  do
  :: i < W -> d_step { armed[i] = false; asleep[i] = false; i++ }
  :: else -> break
  od;
  released = PRESENT;
  d_step { /* the locked increment of release_word */
    i = 0;
    do
    :: i < W -> release_changed[i] = true; i++
    :: else -> break
    od
  };
  d_step { /* futex wake */
    i = 0;
    do
    :: i < W -> release_sleeps[i] = false; i++
    :: else -> break
    od;
    i = 0
  }
}

proctype Stopper() {
  byte i;
  bool sleeps;
  do
  :: atomic { !lock -> lock = true };
     stop();
     d_step { sleeps = false; lock = false }
  :: break
  od
}

proctype Worker(byte me) {
#ifdef WORKER_STOPS
  byte i;
  bool sleeps, parked;
#endif
outside:
  if
  :: goto ended
  :: skip
  fi;
become:
#ifdef NO_ENTRY_CHECK
  /* Looks, and then enters. */
  if
  :: armed[me] -> goto become
  :: else
  fi;
  store_depth(1);
  goto inside;
#endif
  store_depth(1);
  READER_FENCE;
  if
  :: armed[me] ->
     store_depth(0);
     loaded[me] = PRESENT;
     wake_stopper();
     wait_for_release();
     loaded[me] = PAST;
     goto become
  :: else
  fi;
  serialise_if_asked();
inside:
  if
  :: d_step { assert(!changing); assert(!stale[me]) }; /* a site */
#ifdef NO_POLL
     goto inside
#else
#ifdef PROGRESS
     goto poll
#else
     goto inside
  :: goto poll
#endif
#endif
  :: goto leave
#ifdef WORKER_STOPS
  :: parked = true; goto leave
#endif
  fi;
poll:
  if
  :: armed[me] ->
     loaded[me] = PRESENT;
     atomic { EMPTY(me) -> acknowledged[me] = loaded[me] }; /* and the fence */
     wake_stopper();
     wait_for_release();
#ifdef PLAIN_ACK
     atomic { EMPTY(me) -> acknowledged[me] = NONE };
#endif
     loaded[me] = PAST;
     serialise_if_asked()
  :: else
  fi;
  goto inside;
leave:
  store_depth(0);
  wake_stopper();
#ifdef WORKER_STOPS
  if
  :: parked ->
     atomic { EMPTY(me) && !lock -> lock = true }; /* a locked instruction takes the ticket */
     stop();
     d_step { sleeps = false; parked = false; lock = false };
     goto become
  :: else
  fi;
#endif
  goto outside;
ended:
  skip
}

init {
  byte n;
  atomic {
    do
    :: n < W ->
#ifdef PLAIN_ACK
       acknowledged[n] = NONE;
#endif
       run Memory(n); run Worker(n); n++
    :: else -> break
    od;
    n = 0;
    do
    :: n < S -> run Stopper(); n++
    :: else -> break
    od;
    n = 0
  }
}

#ifdef PROGRESS
ltl every_stop_ends { [] (lock -> <> !lock) }
#endif
