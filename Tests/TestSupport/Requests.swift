import Ftrace
import FtraceEngine
import Glibc

extension TraceRuntime {
  /// Has commands wait together: each on a thread of its own, queued in this order, and served when all of them wait.
  ///
  /// Commands report their errors themselves.
  package func queued(_ commands: [@Sendable () -> Void], beforeServing: () -> Void = {}) {
    var threads: [pthread_t] = []
    // Joined without the lock, which they wait for.
    defer { for thread in threads { join(thread) } }
    whileLocked {
      for (number, command) in commands.enumerated() {
        guard let thread = startThread(named: "request-\(number)", command) else {
          preconditionFailure("the system has no thread to spare")
        }
        threads.append(thread)
        while waitingRequests <= number { sched_yield() }
      }
      beforeServing()
    }
  }
}

/// What went wrong, in the order in which it did.
package final class Errors: Sendable {
  private let list = Log<String>()

  package init() {}

  package var all: [String] { list.entries }

  /// A command that notes its error under a name.
  package func noting(_ name: String, _ body: @escaping @Sendable () throws -> Void) -> @Sendable () -> Void {
    { [list] in do { try body() } catch { list.append("\(name): \(error)") } }
  }
}
