import CFtraceTestShims
import Ftrace
import Glibc

extension TraceRuntime {
  /// A traced function that returns its argument plus a number: enough of a body to see that it ran.
  package func adder(_ name: String, _ number: Int32) throws(FtraceError) -> EmittedFunction<Int, Int> {
    try define(name, as: ((Int) -> Int).self) { f in f.addsToArgument(number) }
  }

  /// Traced functions `prefix0`, `prefix1`, …; number i adds i.
  package func adders(_ count: Int, prefix: String = "f") throws -> [EmittedFunction<Int, Int>] {
    try (0..<count).map { try adder("\(prefix)\($0)", Int32($0)) }
  }

  /// A function that never polls: it sets word 1 of what its argument points at, counts in word 2 if there is one, and returns when
  /// word 0 is not 0.
  package func spinner(_ name: String, counts: Bool = false) throws(FtraceError) -> EmittedFunction<Int, Int> {
    try define(name, as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.mov(.qword, .base(.rdi, 8), 1)
      let loop = f.here("loop")
      if counts { f.add(.qword, .base(.rdi, 16), 1) } else { f.pause() }
      f.cmp(.qword, .base(.rdi), 0)
      f.j(.e, loop)
      f.mov(.rax, .rdi)
      f.functionReturn()
    }
  }

  /// A traced function that calls another one with its own argument, and returns what that does.
  package func forwarder<Result: EmittedValue>(
    _ name: String, to callee: EmittedFunction<Result, Int>
  ) throws(FtraceError) -> EmittedFunction<Int, Int> {
    try define(name, as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.prologue()
      f.call(callee)
      f.functionReturn()
    }
  }

  /// `n < 2 ? n : fib(n - 1) + fib(n - 2)`, which calls itself by its slot.
  package func fib(_ name: String = "fib") throws(FtraceError) -> EmittedFunction<Int, Int> {
    try define(name, as: ((Int) -> Int).self) { f in
      let done = f.label("done")
      f.entrySite()
      f.prologue(saving: [.rbx, .r12])
      f.mov(.rax, .rdi)
      f.cmp(.rdi, 2)
      f.j(.l, done)
      f.mov(.rbx, .rdi)
      f.lea(.rdi, .base(.rbx, -1))
      f.callSelf()
      f.mov(.r12, .rax)
      f.lea(.rdi, .base(.rbx, -2))
      f.callSelf()
      f.add(.rax, .r12)
      f.bind(done)
      f.functionReturn()
    }
  }

  /// A traced function that polls until it is stopped; see `PollingLoop`. Returns how often it looped.
  package func poller(_ name: String) throws(FtraceError) -> EmittedFunction<Int, UInt> {
    try define(name, as: ((UInt) -> Int).self) { f in
      f.entrySite()
      f.prologue()
      f.xor(.eax, .eax)
      let loop = f.here("loop")
      f.inc(.rax)
      f.mov(.base(.rdi, 8), .rax)
      f.poll()
      f.cmp(.qword, .base(.rdi), 0)
      f.j(.e, loop)
      f.functionReturn()
    }
  }
}

extension FunctionBuilder {
  /// The body of a leaf with a site: `rax = rdi + number`.
  package func addsToArgument(_ number: Int32) {
    entrySite()
    prologue()
    lea(.rax, .base(.rdi, number))
    functionReturn()
  }
}

/// What a `poller` looks at: the test lets it go on and stops it.
package final class PollingLoop: Sendable {
  private let words = SharedWords(2)

  package init() {}

  /// Runs a poller until it is stopped.
  package func run(_ poller: EmittedFunction<Int, UInt>) -> Int { poller(words.address) }

  /// The same by the raw entry of a poller, for a worker that is inside.
  package func run(rawEntry: UInt) -> Int {
    typealias Function = @convention(c) (UInt) -> Int
    // Safe: the caller is inside, and answers for the entry and its type.
    return unsafe unsafeBitCast(rawEntry, to: Function.self)(words.address)
  }

  /// Waits until the poller has looped at least once.
  package func waitUntilRunning() { while words[1] == 0 { sched_yield() } }

  package func stop() { words[0] = 1 }

  package var isStopped: Bool { words[0] != 0 }
}

/// Words in memory that emitted code, callbacks and the test share.
@safe package final class SharedWords: Sendable {
  // Safe: allocated for the life of the object, zeroed, and indices are checked. Loads acquire and stores release.
  package nonisolated(unsafe) let base: UnsafeMutablePointer<Int>
  private let count: Int

  package var address: UInt { unsafe UInt(bitPattern: base) }

  package init(_ count: Int) {
    self.count = count
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(repeating: 0, count: count)
  }

  deinit { unsafe base.deallocate() }

  package subscript(index: Int) -> Int {
    get {
      precondition(index >= 0 && index < count, "no such word")
      return unsafe Int(ftrace_test_load(base + index))
    }
    set {
      precondition(index >= 0 && index < count, "no such word")
      unsafe ftrace_test_store(base + index, Int64(newValue))
    }
  }
}
