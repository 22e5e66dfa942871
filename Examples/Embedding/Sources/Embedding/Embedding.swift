import Ftrace
import Synchronization

/// A compiler of polynomials: each becomes a function of machine code, by Horner's rule. Its calls are then watched while it runs,
/// and it is replaced while others call it.
@main
enum Embedding {
  static func main() throws {
    let runtime = try TraceRuntime()

    // A Swift closure that emitted code calls. It may capture.
    let asked = Atomic<Int>(0)
    let coefficient = try runtime.hostFunction("coefficient") { (power: Int) -> Double in
      asked.add(1, ordering: .relaxed)
      return 1 / Double(power + 1)
    }

    // A function that calls it, and one that calls that one: typed, callable values.
    let polynomial = try runtime.define("polynomial", as: ((Double, Int) -> Double).self) { f in
      horner(f) { $0.call(coefficient) }
    }
    let twice = try runtime.define("twice", as: ((Double, Int) -> Double).self) { f in
      f.entrySite()
      f.prologue()
      f.call(polynomial)
      f.addsd(.xmm0, .xmm0)
      f.functionReturn()
    }
    // The sum of x^n / (n + 1) is -ln(1 - x) / x.
    print("ln 2 =", twice(0.5, 40) / 4, "from", asked.load(ordering: .relaxed), "coefficients")

    // Watch every call of one function. Nothing was prepared for it, and the code is the same.
    let calls = Mutex<[String: Int]>([:])
    let tracer = TraceOps(name: "callers", filter: TraceFilter(trace: ["poly*"])) { call in
      let caller = runtime.name(of: call.parentIP) ?? "Swift"
      calls.withLock { $0[caller, default: 0] += 1 }
    }
    try runtime.register(tracer)
    for _ in 0..<3 { _ = polynomial(0.5, 4) }
    for _ in 0..<2 { _ = twice(0.5, 4) }
    for (caller, count) in calls.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      print("polynomial was called \(count) times by \(caller)")
    }

    // Another body: `twice`, which was compiled before, calls it from here on.
    try runtime.redefine(polynomial.handle) { f in
      horner(f) { f in
        f.mov(.rax, 1)
        f.cvtsi2sd(.xmm0, .rax)
      }
    }
    print("twice(0.5, 20) =", twice(0.5, 20), "with all coefficients 1")

    // And off again: the sites are NOPs.
    try runtime.unregister(tracer)
    _ = twice(0.5, 20)
    print("calls seen:", calls.withLock { $0.values.reduce(0, +) })
    for site in runtime.sites { print(site.function, site.state) }
  }

  /// Emits `(x, degree)`, the sum of the coefficients times the powers of x. `coefficient` emits the code that takes a power in `rdi`
  /// and leaves its coefficient in `xmm0`.
  private static func horner(_ f: FunctionBuilder, coefficient: (FunctionBuilder) -> Void) {
    let next = f.label("next")
    f.entrySite()
    f.prologue(locals: 16, saving: [.rbx])
    f.movsd(f.local(0), .xmm0)  // x
    f.mov(.rbx, .rdi)
    f.xorps(.xmm1, .xmm1)
    f.movsd(f.local(8), .xmm1)  // the sum
    f.bind(next)
    f.mov(.rdi, .rbx)
    coefficient(f)
    f.movsd(.xmm1, f.local(8))
    f.mulsd(.xmm1, f.local(0))
    f.addsd(.xmm1, .xmm0)
    f.movsd(f.local(8), .xmm1)
    f.poll()  // a loop lets the runtime stop it
    f.dec(.rbx)
    f.j(.ns, next)
    f.movsd(.xmm0, f.local(8))
    f.functionReturn()
  }
}
