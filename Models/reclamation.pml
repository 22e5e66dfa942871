/*
 * Reclamation: a function gets new bodies while workers call it; what the old body was is used again only after a stop in which
 * no stack and no register referred to it. With parks, thread exit, and fork's prepare.
 *
 * Memory is sequentially consistent here: stop.pml shows how a stop and its workers see each other. A stop is a set of
 * steps by whoever holds the locks; waiting for a worker is waiting until it is quiescent, and a worker that is armed does not run on.
 *
 * Step of the model                  function it models
 *   Worker, `attach`, `detach`       ftrace_thread_attach, ftrace_thread_detach: the registry's lock
 *   Worker, `gate`                   the gate of a function: outside before and after, it holds references that no scan sees
 *   Worker, `call`                   `call [slot]`: loads the slot and jumps, in one instruction
 *   Worker, `poll`, `park`           ftrace_poll_slow, ftrace_park_begin, ftrace_park_end: the body's frame stays on the stack
 *   Worker, `land`                   ftrace_landing_reached after a longjmp(3) out of a park: the worker counts as parked until it runs again
 *   Engine, `publish`                EngineState.setBody: the slot leads to the new body, and the old one is unlinked
 *   Engine, `retire`                 finishDrops, CodeArena.retire, after a stop that drops the old body's sites
 *   Engine, `prepare`                CodeArena.prepareReclamation, before the stop
 *   stop_world                       Quiescence.stop, ftrace_stop_run from arming to the last arrival
 *   scan                             ftrace_scan_worker: workers with frames (depth not 0, or parked), from their stack pointers
 *   Engine, `reclaim`                CodeArena.reclaim
 *   Engine, `free`                   EngineState.release: the gate is retired when no handle is left
 *   Worker, `record`                 ftrace_record_ip: looks at the switch, then writes tables without a lock; nobody is stopped there
 *   Forker                           AtFork.prepare: the engine's lock, the recorder is switched off, one stop, from which the workers
 *                                    are released before the process is copied, for one may hold a lock that fork(2) wants; the
 *                                    registry's lock is held until the copy is made. In the child only the thread that forked exists, with
 *                                    fresh locks and a registry of its own
 *
 * Invariants
 *   I1  A worker executes no block that was reclaimed, and no frame returns into one.    assert(!free_block[...])
 *   I2  A scan sees no worker that runs on meanwhile.                                       assert(!running[i])
 *   I3  The copy of a fork is made while nobody writes code or tables: neither the engine, nor a worker that records, nor one that
 *       enters the registry or leaves it; though workers run.                               assert in Forker
 *   I4  In the child nobody is waited for who does not exist.                            assert in Forker
 *   I5  Nobody waits for ever (invalid end state): thread start and exit wait for a stop, and a stop never for them.
 *
 * Parameters: W workers with CALLS calls each; BODIES redefinitions.
 * Broken variants, each found: NO_SCAN (reclaims without looking), NO_PARKED_SCAN (looks at workers that are inside alone),
 * LAND_UNPARKED (who has left a park by longjmp counts as parked no more, and may wait for a stop like that), LATE_PREPARE
 * (judges a block that became unreachable after the scan), NO_HANDLE (the gate is retired while a handle to the function is held),
 * NO_CHILD_RESET (the child keeps its parent's registry), NO_FORK_LOCK (the engine's lock is not taken around the copy), NO_REST (the
 * recorder stays on), REST_WITHOUT_STOP (it is switched off, and no stop waits for those who had looked before), NO_REGISTRY_LOCK (the
 * registry's lock is given back with the stop).
 */
#ifndef W
#define W 2
#endif
#ifndef BODIES
#define BODIES 1
#endif
#ifndef CALLS
#define CALLS 1
#endif

/* Blocks: 0 ... BODIES are bodies, GATE is the function's gate, NOTHING is no reference. */
#define GATE (BODIES + 1)
#define NOTHING (BODIES + 2)
#define BLOCKS (BODIES + 2)

byte slot;                       /* the body that calls go to */
bool unlinked[BLOCKS], retired[BLOCKS], prepared[BLOCKS], marked[BLOCKS], free_block[BLOCKS];
byte handles = W;                /* to the function: each worker holds one while it calls */

bool engine_lock, registry_lock; /* the stop lock lies between them, and is always taken with the second here */
bool stopping;                   /* armed */
bool writing;                    /* tables of the engine, or code */
bool recorder_on = true;
bool registering;                /* somebody writes the registry, and holds its lock */

bool registered[W], inside[W], acknowledged[W], parked[W];
bool recording[W];               /* has seen the recorder on, and writes its tables */
bool running[W];                 /* ghost: may go on in emitted code without being asked */
byte frame[W] = NOTHING;         /* the body whose frame is on the stack */
byte pc[W] = NOTHING;            /* the body that is being executed, or that the next return leads to */
byte outer[W] = NOTHING;         /* the gate whose frame is on the stack, whether seen by a scan or not */

#define QUIESCENT(w) (!registered[w] || !inside[w] || acknowledged[w])
#define RUN(block) atomic { assert(!free_block[block]) }

inline wait_while_stopped() { !stopping }

inline become_running() {
  do
  :: inside[me] = true;
     if
     :: stopping -> inside[me] = false; wait_while_stopped()
     :: atomic { !stopping -> running[me] = true }; break
     fi
  od
}

proctype Worker(byte me) {
  byte calls;
again:
  if
  :: calls == CALLS -> goto ended
  :: calls < CALLS -> calls++
  fi;
gate:
  outer[me] = GATE;
  RUN(GATE);
  if
  :: !registered[me] ->
     atomic { !registry_lock -> registry_lock = true; registering = true };
     atomic { registered[me] = true; registering = false; registry_lock = false }
  :: else
  fi;
  become_running();
  RUN(GATE);
  atomic { assert(!free_block[slot]); pc[me] = slot; frame[me] = slot }; /* call [slot] */
body:
  atomic { assert(!free_block[pc[me]]) };
  if
  :: goto body
  :: atomic { recorder_on -> recording[me] = true }; /* record */
     recording[me] = false;
     goto body
  :: stopping -> /* poll */
     atomic { acknowledged[me] = true; running[me] = false };
     atomic { !stopping -> acknowledged[me] = false; running[me] = true }; /* a generation cannot be mistaken: stop.pml */
     goto body
  :: atomic { parked[me] = true; pc[me] = NOTHING };
     atomic { inside[me] = false; running[me] = false };
     if
     :: skip
     :: skip; /* land: longjmp to a host that the body had called */
#ifdef LAND_UNPARKED
        parked[me] = false
#endif
     :: atomic { frame[me] = NOTHING; outer[me] = NOTHING }; /* land: longjmp to where there are no frames */
        become_running();
        parked[me] = false;
        atomic { inside[me] = false; running[me] = false };
        goto left
     fi;
     become_running();
     atomic { parked[me] = false; assert(!free_block[frame[me]]); pc[me] = frame[me] }; /* returns into the body */
     goto body
  :: atomic { pc[me] = NOTHING; frame[me] = NOTHING } /* returns to the gate */
  :: atomic { pc[me] = NOTHING; frame[me] = NOTHING }; /* pthread_exit */
     atomic { inside[me] = false; running[me] = false };
     outer[me] = NOTHING;
     goto detach
  fi;
  RUN(GATE);
  atomic { inside[me] = false; running[me] = false };
  RUN(GATE); /* the rest of the gate, outside */
  outer[me] = NOTHING;
left:
  if
  :: goto again
  :: goto detach
  fi;
detach:
  atomic { !registry_lock -> registry_lock = true };
  atomic { registered[me] = false; registry_lock = false };
  goto again;
ended:
  atomic { handles--; !registry_lock -> registry_lock = true };
  atomic { registered[me] = false; registry_lock = false }
}

/* From arming until every worker has arrived: looks at one worker after the other. */
inline stop_world() {
  atomic { !registry_lock -> registry_lock = true };
  stopping = true;
  i = 0;
  do
  :: i < W -> QUIESCENT(i); i++
  :: else -> break
  od;
  i = 0
}

inline release_world() {
  stopping = false;
  registry_lock = false
}

#define MARK(block) \
  if \
  :: block != NOTHING -> marked[block] = true \
  :: else \
  fi

inline scan() {
#ifndef NO_SCAN
  do
  :: i < W ->
     atomic {
       assert(!running[i]);
       if
#ifdef NO_PARKED_SCAN
       :: registered[i] && inside[i] ->
#else
       :: registered[i] && (inside[i] || parked[i]) ->
#endif
          MARK(pc[i]);
          MARK(frame[i]);
          MARK(outer[i])
       :: else
       fi;
       i++
     }
  :: else -> break
  od;
  i = 0
#else
  skip
#endif
}

inline prepare() {
  atomic {
    i = 0;
    do
    :: i < BLOCKS -> prepared[i] = retired[i]; marked[i] = false; i++
    :: else -> break
    od;
    i = 0
  }
}

/* A commit: a stop that also judges what was retired before it. Then what it unlinked is retired. */
inline commit() {
#ifndef LATE_PREPARE
  prepare();
#endif
  stop_world();
  scan();
  writing = true; /* the plan: sites of unlinked bodies; and reclaiming, after the release */
  release_world();
#ifdef LATE_PREPARE
  atomic { /* what becomes unreachable after the scan is judged by it */
    if
    :: slot < BODIES -> unlinked[slot] = true; slot++
    :: else
    fi;
    i = 0;
    do
    :: i < BLOCKS -> prepared[i] = retired[i] || unlinked[i]; i++
    :: else -> break
    od;
    i = 0
  };
#endif
  atomic { /* reclaim */
    i = 0;
    do
    :: i < BLOCKS ->
       if
       :: prepared[i] && !marked[i] -> free_block[i] = true; retired[i] = false
       :: else
       fi;
       prepared[i] = false;
       marked[i] = false;
       if
       :: unlinked[i] && !free_block[i] -> unlinked[i] = false; retired[i] = true
       :: else -> unlinked[i] = false
       fi;
       i++
    :: else -> break
    od;
    i = 0
  };
  writing = false
}

proctype Engine() {
  byte i, turns;
  do
  :: turns < BODIES + 2 ->
     atomic { !engine_lock -> engine_lock = true; turns++ };
     if
     :: slot < BODIES -> atomic { unlinked[slot] = true; slot++ } /* publish */
     :: skip
     fi;
     if
#ifdef NO_HANDLE
     :: !unlinked[GATE] && !retired[GATE] && !free_block[GATE] -> unlinked[GATE] = true
#else
     :: handles == 0 && !unlinked[GATE] && !retired[GATE] && !free_block[GATE] -> unlinked[GATE] = true
#endif
     :: skip
     fi;
     commit();
     engine_lock = false
  :: break
  od
}

proctype Forker() {
  byte i;
  bool child_registered[W];
  /* prepare */
#ifndef NO_FORK_LOCK
  atomic { !engine_lock -> engine_lock = true };
#endif
#ifndef NO_REST
  recorder_on = false;
#endif
#ifndef REST_WITHOUT_STOP
  stop_world();
  stopping = false; /* the workers run again */
#else
  atomic { !registry_lock -> registry_lock = true };
#endif
#ifdef NO_REGISTRY_LOCK
  registry_lock = false;
#endif
  /* fork(2): the copy */
  d_step {
    assert(!writing && !registering);
    i = 0;
    do
    :: i < W -> assert(!recording[i]); child_registered[i] = registered[i]; i++
    :: else -> break
    od;
    i = 0
  };
  /* the child's first act: a registry without the threads that it does not have */
#ifndef NO_CHILD_RESET
  d_step {
    i = 0;
    do
    :: i < W -> child_registered[i] = false; i++
    :: else -> break
    od;
    i = 0
  };
#endif
  /* the child's next stop: whoever is registered there would have to arrive */
  do
  :: i < W -> assert(!child_registered[i]); i++
  :: else -> break
  od;
  i = 0;
  /* the parent */
  recorder_on = true;
#ifndef NO_REGISTRY_LOCK
  registry_lock = false;
#endif
#ifndef NO_FORK_LOCK
  engine_lock = false
#endif
}

init {
  byte n;
  atomic {
    do
    :: n < W -> run Worker(n); n++
    :: else -> break
    od;
    run Engine();
    run Forker();
    n = 0
  }
}
