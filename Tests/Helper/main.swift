import CFtraceTestFreeze
import Glibc

/// What is tried in a process of its own: `ftrace-test-helper NAME`. Prints what is wrong, and exits with 1; silence and 0 are good.
let scenarios: [String: () throws -> Void] = [
  "chain": chainedHandler, "chain-flags": chainedHandlerWithFlags, "default": noHandler, "fork": forksUnderLoad,
  "fork-idle": forkWithoutCalls, "fork-first": forkWithoutRuntime, "fork-graph": forkWhileEventsAreRecorded,
  "fork-denied": forkWithoutMemory, "fork-leaving": forkWhileOthersWait, "fork-recording": forkWhileOthersRecord,
  "fork-tracers": forkWhileTracersChange, "fork-malloc": forkWhileOthersAllocate,
  "frozen": frozenInsideLock, "frozen-own": frozenInsideOwnLocks,
  "membarrier": membarrierRefused, "sandbox": sandboxedLater, "worker": workerAlone,
  "exit-inside": exitWithWorkersInside,
  "thread-exit-inside": threadExitFromEmittedCode, "thread-exit-in-stop": threadExitWhileStopWaits,
  "pools": pooledThreads, "foreign-stack": stopNearTheEndOfTheStack,
  "storm": signalsStorm,
]

guard CommandLine.arguments.count >= 2, let scenario = scenarios[CommandLine.arguments[1]] else {
  fail("usage: ftrace-test-helper \(scenarios.keys.sorted().joined(separator: "|"))", code: 64)
}
// Whoever started this may have been a thread that blocks signals.
var none = sigset_t()
unsafe sigemptyset(&none)
unsafe sigprocmask(SIG_SETMASK, &none, nil)
ftrace_test_watch_fork_handlers()
do { try scenario() } catch { fail("\(error)") }
