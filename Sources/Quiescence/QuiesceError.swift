/// What a stop, or a request for one, can fail with. In each case but ``codeLost(errno:)`` no code was changed.
public enum QuiesceError: Error, Equatable, Sendable {
  /// The deadline passed before every worker had arrived: who had not, 64 of them at most, and how many `others` there were.
  case timedOut(late: [LateWorker], others: Int, after: Duration)
  /// The call was made from a tracer's callback, which runs inside of the very code that a stop must find unused.
  case insideCallback
  /// The call was made from a signal handler, which may have interrupted this thread while it holds what a stop needs.
  case insideSignalHandler
  /// A thread could not be registered; `errno` says why.
  case attachRefused(errno: Int32)
  /// The kernel refused to make pages of code writable for the stop; `errno` says why.
  case pagesRefused(errno: Int32)
  /// The kernel refuses membarrier(2), which it allowed when the first runtime was made; `errno` says why. A sandbox was installed since.
  case membarrierRefused(errno: Int32)
  /// The kernel refused to make pages executable again that were writable for the stop; `errno` says why. Calls of code in them fault, and
  /// tracing is killed.
  case codeLost(errno: Int32)
  /// All slots of the thread block are taken.
  case tooManyRuntimes(limit: Int)
  /// A variable of the environment has a value that means nothing.
  case unknownSetting(name: String, value: String, allowed: [String])
}

/// A worker that did not arrive at a stop in time.
public struct LateWorker: Equatable, Sendable {
  /// The name given to `withWorker(named:)`, or the thread's own.
  public var name: String
  /// Kernel thread id, as in `/proc/self/task`.
  public var threadID: Int32
  /// Depth of nested calls into emitted code.
  public var depth: Int
  /// What the kernel said that the thread was doing when the stop was given up, before the workers were released: `in system call 0 at 0x7f…`,
  /// `running`, or `blocked at 0x7f…` (by a page fault, say).
  public var whereabouts: String
  /// The last address in emitted code that a signal of this stop found the thread at, nil if none reached it.
  public var address: UInt?
  /// The function that holds `address`, where the runtime that asked for the stop knows it.
  public var function: String?
}

extension LateWorker: CustomStringConvertible {
  public var description: String {
    let place =
      function.map { ", last seen in '\($0)'" } ?? address.map { ", last seen at 0x" + String($0, radix: 16) } ?? ""
    return "\(name) (thread \(threadID), depth \(depth), \(whereabouts)\(place))"
  }
}

extension QuiesceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .timedOut(let late, let others, let after):
      "the stop was given up after \(after): no answer from \(late.map(\.description).joined(separator: ", "))"
        + (others > 0 ? " and \(others) more. " : ". ")
        + "Nothing was changed. Wrap calls that block in `parked { }`, and do not block the stop signal on workers."
    case .insideCallback:
      "not possible inside a tracer's callback: it would wait for itself. Use `retire()`, or ask from another thread."
    case .insideSignalHandler:
      "not possible inside a signal handler: set a flag there, and ask from a thread."
    case .attachRefused(let errno):
      "the thread cannot be registered as a worker (errno \(errno)): free memory or thread-specific keys."
    case .pagesRefused(let errno):
      "mprotect(2) refused to make code writable during a stop (errno \(errno)); nothing was changed. "
        + "Raise vm.max_map_count, or allow executable memfds so that code can be mapped twice."
    case .membarrierRefused(let errno):
      "membarrier(2) is refused by now (errno \(errno)), so workers can no longer be stopped; nothing was changed. Allow it in the "
        + "sandbox, install the sandbox before the first runtime is made, or set FTRACE_MEMBARRIER=off."
    case .codeLost(let errno):
      "mprotect(2) refused to make code executable again after a stop (errno \(errno)): calls of functions there fault. "
        + "Do not forbid executable memory while runtimes exist, or allow executable memfds so that code can be mapped twice."
    case .tooManyRuntimes(let limit):
      "\(limit) runtimes exist in this process, and no more fit: release one, or share it."
    case .unknownSetting(let name, let value, let allowed):
      "the environment has \(name)=\(value): set it to \(allowed.joined(separator: " or ")), or not at all."
    }
  }
}
