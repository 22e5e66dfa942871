import CFtraceShims
import Ftrace
import FtraceEngine
import Glibc
import Synchronization

/// What the child of a fork does: it has one thread, its own code, and books of its own. It checks them and ends.
///
/// Made in the parent, before the fork: the functions and handles are those of that moment, and stay alive until the fork.
struct TortureChild: Sendable {
  let runtime: TraceRuntime
  let functions: [TortureFunction]
  let handles: [FunctionHandle]
  let seed: UInt64
  /// Decides on the delays of its thread.
  let number: UInt64

  /// Something that is not as it should be.
  private struct Complaint: Error, CustomStringConvertible {
    var description: String
  }

  /// What the child has changed: this function adds a number to its argument, and calls nobody.
  private static let addend: Int32 = 1_000_000

  /// Ends the process: with 0, or with 1 after a complaint on standard error.
  func run() -> Never {
    ftrace_delay_number(number)
    do {
      try check()
      // Safe: it is the thread's own.
      try demand(unsafe ftrace_delay_self().pointee.number == number, "its delays are those of another thread")
      _exit(0)
    } catch {
      var text = "a child of fork(2): \(error)\n"
      // Safe: the bytes are written before the call returns.
      text.withUTF8 { bytes in unsafe _ = write(2, bytes.baseAddress, bytes.count) }
      _exit(1)
    }
  }

  /// Everything that the child tries.
  func check() throws {
    var generator = SeededGenerator(seed: seed)
    try demand(runtime.killedReason == nil, "the runtime was killed: \(runtime.killedReason ?? "")")
    let roots = functions.indices.filter { functions[$0].isRoot }
    for root in roots { try call(root, nil, &generator) }
    try seeNothingOfTheParent()
    if !runtime.isEnabled { try runtime.setEnabled(true) }

    let counted = Count()
    let ops = TraceOps(name: "child") { _ in counted.number.add(1, ordering: .relaxed) }
    try runtime.register(ops)
    func count(_ what: String, _ body: () throws -> Int) throws {
      let before = counted.number.load(ordering: .relaxed)
      let made = try body()
      let seen = counted.number.load(ordering: .relaxed) - before
      try demand(seen == made, "\(what): its tracer saw \(seen) calls of \(made)")
    }
    func callSome(_ replaced: Int?, _ generator: inout SeededGenerator) throws -> Int {
      try roots.shuffled(using: &generator).prefix(16).reduce(0) { $0 + (try call($1, replaced, &generator)) }
    }
    try count("as it was") { try callSome(nil, &generator) }

    if let index = functions.indices.randomElement(using: &generator) {
      try runtime.redefine(handles[index]) { $0.adds(Self.addend) }
      try count("redefined") { try callSome(index, &generator) }
    }
    try count("defined") {
      let own = try runtime.define("child", as: ((Int) -> Int).self) { $0.adds(7) }
      try demand(own(1) == 8, "a function that it has defined returns something else")
      try runtime.free(own.handle)
      try demand(!own.handle.isLive, "a function lives that was freed")
      return 1
    }
    if let root = roots.randomElement(using: &generator) {
      try runtime.free(handles[root])
      try demand(!handles[root].isLive, "a function lives that was freed")
    }
    try runtime.unregister(ops)
    try runtime.reclaim()
    try count("unregistered") {
      _ = try runtime.define("after", as: ((Int) -> Int).self) { $0.adds(9) }(1)
      return 0
    }
    try audit()
  }

  /// The parent patches all the time.
  private func seeNothingOfTheParent() throws {
    let before = runtime.sites
    for _ in 0..<4 {
      ftrace_sleep(1_000_000)
      try demand(runtime.sites == before, "the parent's patches show")
    }
  }

  private func audit() throws {
    // A site that the parent's controller had damaged at that moment, in a function that nobody calls.
    let damaged = runtime.audit().damaged.filter { !$0.function.hasPrefix("t7_") }
    try demand(damaged.isEmpty, "\(damaged)")
  }

  /// Calls a function and checks its value.
  /// - Returns: how many calls that were.
  @discardableResult
  private func call(_ index: Int, _ replaced: Int?, _ generator: inout SeededGenerator) throws -> Int {
    let argument = Int64.random(in: 0...0xFFFF, using: &generator)
    // Safe: the handle lives.
    let result = unsafe TortureWorker.call(gate: try handles[index].gate(), argument)
    let (value, calls) = evaluate(index, argument, replaced)
    try demand(result == value, "\(functions[index].name.text) returned \(result), not \(value)")
    return calls
  }

  /// The value of a function in plain Swift, and the number of calls behind it.
  private func evaluate(_ index: Int, _ x: Int64, _ replaced: Int?) -> (value: Int64, calls: Int) {
    if index == replaced { return (x &+ Int64(Self.addend), 1) }
    let function = functions[index]
    return function.callees.reduce((function.ownValue(x), 1)) {
      let (value, calls) = evaluate($1, x &+ 1, replaced)
      return ($0.0 &+ value, $0.1 + calls)
    }
  }

  private func demand(_ condition: Bool, _ complaint: @autoclosure () -> String) throws {
    if !condition { throw Complaint(description: complaint()) }
  }

  private final class Count: Sendable { let number = Atomic<Int>(0) }
}

extension FunctionBuilder {
  /// A leaf with a site: the argument plus a number.
  fileprivate func adds(_ number: Int32) {
    entrySite()
    prologue()
    lea(.rax, .base(.rdi, number))
    functionReturn()
  }
}
