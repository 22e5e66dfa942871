import CFtraceShims
import Ftrace
import FtraceTestSupport
import FtraceX86Assembler

/// A clock of nanoseconds that emitted code moves, so that durations are what a test says.
final class TestClock: Sendable {
  private let words = SharedWords(1)
  var address: UInt { words.address }
  var now: Int { words[0] }
  func advance(by nanoseconds: Int) { words[0] += nanoseconds }
}

/// The kernel's id of this thread.
func currentThreadID() -> Int32 { Int32(ftrace_sys_gettid()) }

extension FunctionBuilder {
  /// Moves the clock; `r11` is changed.
  func advance(_ clock: TestClock, by nanoseconds: Int32) {
    mov(.r11, Int64(clock.address))
    add(.qword, .base(.r11, 0), nanoseconds)
  }
}

extension TraceRuntime {
  /// `fib` of which each call takes one nanosecond of its own.
  func timedFib(_ clock: TestClock, named name: String = "fib") throws(FtraceError) -> EmittedFunction<Int, Int> {
    try define(name, as: ((Int) -> Int).self) { f in
      let done = f.label("done")
      f.entrySite()
      f.prologue(saving: [.rbx, .r12])
      f.advance(clock, by: 1)
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

  /// Takes some nanoseconds, and calls another function with its argument.
  func timedCaller(
    _ name: String, _ clock: TestClock, _ nanoseconds: Int32, of callee: EmittedFunction<Int, Int>
  ) throws(FtraceError) -> EmittedFunction<Int, Int> {
    try define(name, as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.prologue()
      f.advance(clock, by: nanoseconds)
      f.call(callee)
      f.functionReturn()
    }
  }

  /// `catcher` calls `middle`, that calls `thrower`, which goes back to `catcher` past both, as longjmp(3) does.
  func throwing(_ clock: TestClock) throws(FtraceError) -> EmittedFunction<Int, Int> {
    let thrower = try define("thrower", as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.advance(clock, by: 1)
      f.mov(.rsp, .rdx)
      f.mov(.rbp, .rcx)
      f.mov(.rax, .rdi)
      f.jmp(.rsi)
    }
    let middle = try define("middle", as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.prologue()
      f.advance(clock, by: 10)
      f.call(thrower)
      f.functionReturn()
    }
    return try define("catcher", as: ((Int) -> Int).self) { f in
      f.entrySite()
      f.prologue()
      f.advance(clock, by: 100)
      let caught = f.label("caught")
      f.lea(.rsi, .rip(caught))
      f.mov(.rdx, .rsp)
      f.mov(.rcx, .rbp)
      f.call(middle)
      f.bind(caught)
      f.functionReturn()
    }
  }
}

/// The calls that `fib` makes, by plain Swift.
struct FibCalls {
  /// How many calls there are at each depth, the outermost first.
  private(set) var byDepth: [Int] = []
  /// The number of calls within each call, with itself: its duration if each call takes one nanosecond.
  private(set) var sizes: [Int] = []

  init(_ n: Int) { _ = visit(n, 0) }

  private mutating func visit(_ n: Int, _ depth: Int) -> Int {
    if byDepth.count == depth { byDepth.append(0) }
    byDepth[depth] += 1
    let size = n < 2 ? 1 : 1 + visit(n - 1, depth + 1) + visit(n - 2, depth + 1)
    sizes.append(size)
    return size
  }
}
