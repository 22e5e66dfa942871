import Ftrace

/// One function, which calls itself: `n < 2 ? n : fib(n-1) + fib(n-2)`.
public struct Fib: Workload {
  public static let name = "fib"
  public static let help = "Fibonacci's number N by the naive recursion, in one function; prints the result"
  public static let usage = "[N=20]"

  private let n: Int

  public init(arguments: [String]) throws(WorkloadError) {
    var arguments = Arguments(arguments, usage: Self.usage)
    n = try arguments.number("N", in: 0...92, missing: 20)
    try arguments.end()
  }

  public func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError) {
    let fib = try Self.define(in: runtime)
    let results = try onThreads(context.threads ?? 1, named: Self.name) { [n] _ in fib(n) }
    let expected = Self.expected(n)
    for result in results where result != expected { throw .mismatch("fib(\(n)) is \(expected), not \(result)") }
    context.output.write("\(expected)\n")
  }

  static func define(in runtime: TraceRuntime) throws(WorkloadError) -> EmittedFunction<Int, Int> {
    do throws(FtraceError) {
      return try runtime.define("fib", as: ((Int) -> Int).self) { f in
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
    } catch { throw .runtime(error) }
  }

  static func expected(_ n: Int) -> Int {
    var (current, next) = (0, 1)
    for _ in 0..<n { (current, next) = (next, current &+ next) }
    return current
  }
}

extension Fib: PoolWorkload {
  static func job(in runtime: TraceRuntime) throws(WorkloadError) -> PoolJob {
    let fib = try define(in: runtime)
    return { round in fib(8 + round % 8) == expected(8 + round % 8) }
  }
}
