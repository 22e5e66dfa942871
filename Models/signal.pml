/*
 * Stops by signal: a worker that has not arrived by itself gets one signal, whose handler arrives for it, at any instruction.
 *
 * The order of stores and loads between a worker and the stopper is that of stop.pml, which shows that it is right under x86-TSO; the
 * acknowledgement of the handler is followed by a fence, and what it stores before (the saved stack pointer and registers) becomes
 * visible before it, because buffers are FIFO. So memory is sequentially consistent here, and what varies is where the handler comes in.
 *
 * Step of the model                  C function it models (Sources/CFtraceShims unless said otherwise)
 *   Handler                          on_stop_signal
 *   `queued`                         the kernel: a signal may arrive late, in a later stop or when its worker is outside
 *   Stopper, SIGNALS                 send_signals, ftrace_signal_send for a worker that has not arrived; `asked` stands for signal_stop
 *   Worker, `masked`                 the thread blocks the signal, or takes it: pthread_sigmask(3), sigwaitinfo(2)
 *   Worker, `gate`                   Assembler.enter and leave (FtraceEngine): a range where nobody is stopped
 *   Worker, `become`                 become_running
 *   Worker, `trampoline`             a trampoline or stub (refused by the pc), which calls the recorder (by the busy count)
 *   Worker, `poll`                   ftrace_poll_slow, whose stub saves all registers on the stack
 *   Worker, `park`, `unpark`         ftrace_park_begin, ftrace_park_end; emitted code may be called in between
 *   Stopper                          ftrace_stop_run
 *   `scan`                           ftrace_scan_worker
 *   Program                          a signal handler of the program that calls a function through its gate
 *
 * Stacks are heights: the more frames of emitted code there are, the larger. `height` is what a scan has to reach for the
 * worker to be safe at this moment, `live` whether its registers hold something that is nowhere on the stack. As in stop.pml a generation
 * is represented by whether it is the present one. Futexes are left to
 * stop.pml: who waits here, waits for what the futex stands for.
 *
 * Invariants
 *   I1  No worker executes a site while bytes change.                       assert(!changing)
 *   I2  Nobody in a trampoline, recorder or ring switch is stopped there.   assert(!busy[w]) in the stopper
 *   I3  The stopper sees the right state of each worker that has frames: the stack pointer that was saved reaches its last frame, and
 *       registers that are live are visible.                                assert in `scan`
 *   I4  An acknowledgement is never taken for another stop's (ABA): it would break I1 or I3.
 *   I5  Nobody waits for ever (invalid end state).
 *   I6  Every stop ends although no worker ever polls or leaves, with -DPROGRESS under weak fairness: also where a signal of an earlier stop
 *       is pending still, or was taken by somebody else.                    ltl every_stop_ends
 *   I7  At most one stop signal is pending for a worker, though it blocks them for many stops.    assert in SEND
 *
 * Parameters: W workers; -DNO_PARKS leaves out parks. -DPROGRAM leaves out blocking and taking the signal, and adds the handler of the
 * program; it is safe where a nested gate looks at the poll word too (-DNESTED_CHECK) and where ftrace_poll_slow blocks such signals from before it loads the generation; not otherwise: in a worker that has stored its depth and has not looked yet, depth is not 0, and
 * a nested gate that does not look would run code in the middle of a stop; and in a worker that has acknowledged, one that looks just
 * before the bit is set would too.
 * Broken variants, each found: FORGETS (each stop forgets that a signal of an earlier one is on its way) ANY_LOWERS (the handler of one signal lowers
 * the mark of the next one) PLAIN_ACK NO_REFUSE (the handler does not look where it is) NO_SAVE (the handler saves no stack
 * pointer) NO_REGISTERS (nor registers), PROGRESS with NO_SIGNALS, or with NO_LOOK (the kernel is not
 * asked whether a signal of an earlier stop is still pending), PROGRAM without NESTED_CHECK, or with NO_BLOCKING.
 */
#ifndef W
#define W 2
#endif

#define PAST 0
#define PRESENT 1
#define NONE 2

/* Shared memory. */
bool released = PRESENT;
byte acknowledged[W], saved[W];
bool parked[W];
bool inside[W];       /* depth is not 0 */
bool interrupted[W];  /* registers that the handler shows */
bool armed[W];
byte signalled[W];    /* the number of the signal that is on its way and 1; two numbers are used in turn, where the code has eight */
bool loaded[W];       /* generations in registers of the worker, and of the handlers on top of it */
bool loaded_by_handler[W];


/* Where a worker is. */
bool refusing[W];  /* its pc is in a range where nobody is stopped */
bool busy[W];      /* its busy count is not 0: ring cursors, contexts or modes are being changed */
byte height[W];
bool live[W];
bool queued[W];    /* a stop signal is pending */
bit number[W];     /* its number */
bool masked[W];    /* the thread blocks stop signals */
bool handling[W];  /* its handler runs: the worker does not */
bool over[W];      /* the worker has ended */
#ifdef PROGRAM
bool busy_program[W];
bool loaded_by_program[W];
bool blocked[W]; /* for handlers of the program */
#define ON_TOP(w) (handling[w] || busy_program[w])
#define BLOCK(value) blocked[me] = value
#else
#define ON_TOP(w) handling[w]
#define BLOCK(value) skip
#endif

bool changing;

#define WAIT_FOR_RELEASE(generation) released >= generation

proctype Handler(byte me) {
  byte previous;
  bit own;
end:
  do
  :: atomic {
       queued[me] && !masked[me] && !handling[me] && !over[me] ->
       queued[me] = false;
       own = number[me];
       handling[me] = true
     };
     atomic {
       if
#ifndef ANY_LOWERS
       :: signalled[me] != own + 1
#endif
       :: else -> signalled[me] = 0
       fi;
       own = 0
     };
     if
     :: !armed[me] || !inside[me] -> goto back
     :: else
     fi;
     loaded_by_handler[me] = PRESENT;
     if
#ifndef NO_REFUSE
     :: refusing[me] || busy[me] -> loaded_by_handler[me] = PAST; goto back
#endif
     :: else
     fi;
     previous = saved[me];
#ifndef NO_SAVE
     saved[me] = height[me];
#endif
#ifndef NO_REGISTERS
     interrupted[me] = true;
#endif
     acknowledged[me] = loaded_by_handler[me];
     WAIT_FOR_RELEASE(loaded_by_handler[me]);
#ifdef PLAIN_ACK
     acknowledged[me] = NONE;
#endif
     interrupted[me] = false;
     saved[me] = previous;
     previous = 0;
     loaded_by_handler[me] = PAST;
back:
     handling[me] = false
  :: atomic { queued[me] && over[me] -> queued[me] = false } /* the thread is gone, and its signal with it */
  od
}

/* Once a worker runs again, what it saved is never looked at. It keeps its value, which is deeper than the least that a scan could
   ask for; the model takes that least value, which is the worst. After a handler of the program it is what it was before. */
#define DEAD(w) parked[w]

inline look_and_acknowledge(generation, deepest) {
  generation = PRESENT;
  saved[me] = deepest;
  acknowledged[me] = generation;
  WAIT_FOR_RELEASE(generation);
#ifdef PLAIN_ACK
  acknowledged[me] = NONE;
#endif
  generation = PAST
}

#ifdef PROGRAM
/* At any instruction of the worker that is not the stop signal's handler. Once for each worker: its effects do not add up. */
proctype Program(byte me) provided (!handling[me]) {
  byte below, before;
  bool refused, was_live;
end:
  atomic {
    !handling[me] && !over[me] && !blocked[me] ->
    busy_program[me] = true;
    was_live = live[me];
    below = height[me];
    before = saved[me];
    refused = refusing[me];
    height[me] = below + was_live; /* the kernel's frame holds the registers */
    live[me] = false;
    refusing[me] = true     /* in the gate */
  };
  if
  :: inside[me] -> /* nested */
#ifdef NESTED_CHECK
     if
     :: armed[me] && !busy[me] -> refusing[me] = false; look_and_acknowledge(loaded_by_program[me], height[me])
     :: else
     fi;
#endif
     refusing[me] = false;
     assert(!changing); /* a site */
     live[me] = true;
     assert(!changing);
     live[me] = false;
     refusing[me] = true
  :: else ->
     do
     :: inside[me] = true;
        if
        :: !armed[me] -> break
        :: else
        fi;
        inside[me] = false;
        loaded_by_program[me] = PRESENT;
        refusing[me] = false;
        WAIT_FOR_RELEASE(loaded_by_program[me]);
        loaded_by_program[me] = PAST
     od;
     refusing[me] = false;
     assert(!changing);
     refusing[me] = true;
     inside[me] = false;
  fi;
  atomic { height[me] = below; live[me] = was_live; refusing[me] = refused; saved[me] = before; busy_program[me] = false }
}
#endif

proctype Worker(byte me) provided (!ON_TOP(me)) {
  byte base;      /* 0, or the height of the frames below the nested call in a park */
outside:
  if
  :: base == 0 -> goto ended
  :: base == 0 -> goto gate
  :: base != 0 -> goto unpark
  :: base != 0 -> goto gate
  fi;
gate:
  refusing[me] = true;
  inside[me] = true;
  if
  :: armed[me] -> refusing[me] = false; goto become
  :: else
  fi;
entered:
  atomic { refusing[me] = false; height[me] = base + 1; live[me] = true };
code:
  if
  :: atomic { assert(!changing) }; goto code /* a site */
#if !defined(PROGRESS) && !defined(PROGRAM)
  :: masked[me] = !masked[me]; goto code
  :: atomic { masked[me] && queued[me] -> queued[me] = false }; goto code /* taken */
#endif
#ifndef PROGRESS
  :: goto trampoline
  :: goto poll
#ifndef NO_PARKS
  :: base == 0 -> goto park
#endif
  :: goto leave
#endif
  fi;
trampoline:
  refusing[me] = true;
  busy[me] = true;
  busy[me] = false;
  refusing[me] = false;
  goto code;
poll:
  if
  :: armed[me] ->
#ifndef NO_BLOCKING
     BLOCK(true);
#endif
     atomic { height[me] = base + 2; live[me] = false }; /* the stub saves all registers on the stack */
     look_and_acknowledge(loaded[me], base + 2);
     saved[me] = DEAD(me);
     BLOCK(false);
     atomic { height[me] = base + 1; live[me] = true }
  :: else
  fi;
  goto code;
park:
  live[me] = false; /* ftrace_park_capture: they are in the frame of the scope */
  saved[me] = base + 1;
  parked[me] = true;
  inside[me] = false;
  base = 1;
  goto outside;
unpark:
  base = 0;
become:
  inside[me] = true;
  if
  :: armed[me] ->
     inside[me] = false;
     loaded[me] = PRESENT;
     WAIT_FOR_RELEASE(loaded[me]);
     loaded[me] = PAST;
     goto become
  :: else
  fi;
  if
  :: base == parked[me] -> goto entered /* came from a gate */
  :: else
  fi;
  parked[me] = false;
  atomic { saved[me] = 0; live[me] = true };
  goto code;
leave:
  atomic { refusing[me] = true; live[me] = false; height[me] = base };
  inside[me] = false;
  refusing[me] = false;
  goto outside;
ended:
  over[me] = true
}

#ifdef PLAIN_ACK
#define ARRIVED(w) (acknowledged[w] != NONE)
#else
#define ARRIVED(w) (acknowledged[w] == PRESENT)
#endif

#define SEND(w) \
  turn[w] = 1 - turn[w]; \
  asked[w] = true; \
  signalled[w] = turn[w] + 1; \
  atomic { assert(!queued[w]); queued[w] = !over[w]; number[w] = turn[w] }

#ifdef PROGRESS
/* Signals are so far apart that a refused worker gets on in between: fairness alone does not promise it that. */
#define MAY_SIGNAL(w) !refusing[w]
#else
#define MAY_SIGNAL(w) true
#endif

proctype Stopper() {
  byte i;
  bool all;
  bool asked[W]; /* in this stop a signal was sent, or the kernel asked */
  bit turn[W];   /* the number of the last signal */
again:
  if
  :: goto ended
  :: skip
  fi;
  d_step { /* the next generation */
    i = 0;
    do
    :: i < W ->
       loaded[i] = PAST;
       loaded_by_handler[i] = PAST;
       asked[i] = false;
#ifdef FORGETS
       signalled[i] = 0;
#endif
#ifdef PROGRAM
       loaded_by_program[i] = PAST;
#endif
       if
       :: acknowledged[i] == PRESENT -> acknowledged[i] = PAST
       :: else
       fi;
       i++
    :: else -> break
    od;
    released = PAST;
    i = 0
  };
  do
  :: i < W -> atomic { armed[i] = true; i++ }
  :: else -> break
  od;
look:
  i = 0;
  all = true;
  do
  :: i < W && !inside[i] -> i++
  :: i < W && inside[i] ->
     if
     :: ARRIVED(i)
     :: else ->
        all = false;
        if
#ifndef NO_SIGNALS
        /* SIGNALS: after the grace time or later */
        :: signalled[i] == 0 && MAY_SIGNAL(i) -> SEND(i)
#ifndef NO_LOOK
        :: signalled[i] != 0 && !asked[i] && MAY_SIGNAL(i) ->
           asked[i] = true;
           if
           :: queued[i]
           :: !queued[i] -> SEND(i)
           fi
#endif
#endif
#ifdef PROGRESS
        :: else
#else
        :: skip
#endif
        fi
     fi;
     i++
  :: i == W -> break
  od;
  i = 0;
  if
  :: all -> goto scan
#ifndef PROGRESS
  :: !all -> goto release /* the deadline has passed */
#endif
  :: !all -> goto look
  fi;
scan:
  do
  :: i < W ->
     atomic {
       if
       :: inside[i] || parked[i] -> assert(saved[i] >= height[i]); assert(!live[i] || interrupted[i]); assert(!interrupted[i] || handling[i])
       :: else
       fi;
       assert(!busy[i]);
       i++
     }
  :: else -> break
  od;
  atomic { i = 0; all = false; changing = true };
  changing = false;
release:
  atomic { i = 0; all = false };
  do
  :: i < W -> atomic { armed[i] = false; i++ }
  :: else -> break
  od;
  released = PRESENT;
  goto again;
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
#ifdef PROGRESS
       if /* what an earlier stop has left */
       :: signalled[n] = 1; queued[n] = true
       :: signalled[n] = 1
       :: skip
       fi;
#endif
       run Handler(n);
       run Worker(n);
#ifdef PROGRAM
       run Program(n);
#endif
       n++
    :: else -> break
    od;
    run Stopper();
    n = 0
  }
}

#ifdef PROGRESS
ltl every_stop_ends { [] (armed[0] -> <> !armed[0]) }
#endif
