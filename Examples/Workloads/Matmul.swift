import Ftrace

/// A product of matrices in three functions: `matmul` calls `dot` for each element, which calls the leaf `madd` for each term.
public struct Matmul: Workload {
  public static let name = "matmul"
  public static let help =
    "floating point: a product of two N by N matrices by a kernel that calls a leaf; prints its sum"
  public static let usage = "[N=24 [SEED=1]]"

  /// `matmul(a, b, c, n, first, last)`: rows `first` to `last` of the product of `a` and `b`, to `c`.
  private typealias Product = EmittedFunction<
    Void, UnsafePointer<Double>, UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int, Int, Int
  >

  private let n: Int
  private let left: [Double]
  private let right: [Double]

  public init(arguments: [String]) throws(WorkloadError) {
    var arguments = Arguments(arguments, usage: Self.usage)
    let n = try arguments.number("N", in: 1...2048, missing: 24)
    let seed = try arguments.number("SEED", in: 0...UInt64.max, missing: 1)
    try arguments.end()
    self.init(n: n, seed: seed)
  }

  private init(n: Int, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    self.n = n
    left = (0..<n * n).map { _ in Double.random(in: -1...1, using: &random) }
    right = (0..<n * n).map { _ in Double.random(in: -1...1, using: &random) }
  }

  public func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError) {
    let multiply = try unsafe Self.define(in: runtime)
    let threads = context.threads ?? 1
    let parts = try onThreads(threads, named: Self.name) { [self] thread in
      unsafe rows(n * thread / threads..<n * (thread + 1) / threads, by: multiply)
    }
    let product = parts.flatMap { $0 }
    guard product == expected else { throw .mismatch("a product of \(n) by \(n) matrices differs") }
    context.output.write("\(product.reduce(0, +))\n")
  }

  /// Some rows of the product, by emitted code.
  private func rows(_ rows: Range<Int>, by multiply: Product) -> [Double] {
    // Safe: the function reads n times n elements of each matrix and writes as many as the rows have.
    unsafe [Double](unsafeUninitializedCapacity: rows.count * n) { result, count in
      unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
          guard let a = left.baseAddress, let b = right.baseAddress, let c = result.baseAddress else { return }
          unsafe multiply(a, b, c, n, rows.lowerBound, rows.upperBound)
        }
      }
      count = rows.count * n
    }
  }

  /// The product in plain Swift, with the same order of operations, so that the bits are the same.
  private var expected: [Double] {
    var product = [Double](repeating: 0, count: n * n)
    for row in 0..<n {
      for column in 0..<n {
        var sum = 0.0
        for k in 0..<n { sum += left[row * n + k] * right[k * n + column] }
        product[row * n + column] = sum
      }
    }
    return product
  }

  private static func define(in runtime: TraceRuntime) throws(WorkloadError) -> Product {
    do throws(FtraceError) {
      let madd = try runtime.define("madd", as: ((Double, Double, Double) -> Double).self) { f in
        f.entrySite()
        f.prologue(stackCheck: false)
        f.mulsd(.xmm0, .xmm1)
        f.addsd(.xmm0, .xmm2)
        f.functionReturn()
      }
      // rbx: in the row; r12: in the column; r13: terms left; r14: from one element of the column to the next.
      let dot = try runtime.define(
        "dot", signature: Signature([.pointer, .pointer, .int64, .int64], returning: .double)
      ) {
        f in
        let (loop, done) = (f.label("loop"), f.label("done"))
        f.entrySite()
        f.prologue(locals: 8, saving: [.rbx, .r12, .r13, .r14])
        f.mov(.rbx, .rdi)
        f.mov(.r12, .rsi)
        f.mov(.r13, .rdx)
        f.mov(.r14, .rcx)
        f.xorpd(.xmm0, .xmm0)
        f.movsd(f.local(), .xmm0)
        f.bind(loop)
        f.test(.r13, .r13)
        f.j(.e, done)
        f.movsd(.xmm0, .base(.rbx))
        f.movsd(.xmm1, .base(.r12))
        f.movsd(.xmm2, f.local())
        f.call(madd)
        f.movsd(f.local(), .xmm0)
        f.add(.rbx, 8)
        f.add(.r12, .r14)
        f.sub(.r13, 1)
        f.poll()
        f.jmp(loop)
        f.bind(done)
        f.movsd(.xmm0, f.local())
        f.functionReturn()
      }
      // rbx: the row of a; r12: b; r13: in c; r14: n; r15: the column; locals: the row's number, the last row, all of a's row.
      return try unsafe runtime.define(
        "matmul",
        as: ((UnsafePointer<Double>, UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int, Int, Int) -> Void).self
      ) { f in
        let (rows, columns, next, done) = (f.label("rows"), f.label("columns"), f.label("next"), f.label("done"))
        f.entrySite()
        f.prologue(locals: 16, saving: [.rbx, .r12, .r13, .r14, .r15])
        f.mov(.r12, .rsi)
        f.mov(.r13, .rdx)
        f.mov(.r14, .rcx)
        f.mov(f.local(0), .r8)
        f.mov(f.local(8), .r9)
        f.imul(.r8, .r14)
        f.lea(.rbx, .base(.rdi, index: .r8, scale: .x8))
        f.bind(rows)
        f.mov(.rax, f.local(0))
        f.cmp(.rax, f.local(8))
        f.j(.ge, done)
        f.xor(.r15d, .r15d)
        f.bind(columns)
        f.cmp(.r15, .r14)
        f.j(.e, next)
        f.mov(.rdi, .rbx)
        f.lea(.rsi, .base(.r12, index: .r15, scale: .x8))
        f.mov(.rdx, .r14)
        f.lea(.rcx, .index(.r14, scale: .x8))
        f.call(dot)
        f.movsd(.base(.r13), .xmm0)
        f.add(.r13, 8)
        f.add(.r15, 1)
        f.poll()
        f.jmp(columns)
        f.bind(next)
        f.lea(.rbx, .base(.rbx, index: .r14, scale: .x8))
        f.add(.qword, f.local(0), 1)
        f.poll()
        f.jmp(rows)
        f.bind(done)
        f.functionReturn()
      }
    } catch { throw .runtime(error) }
  }
}

extension Matmul: PoolWorkload {
  static func job(in runtime: TraceRuntime) throws(WorkloadError) -> PoolJob {
    let small = Matmul(n: 6, seed: 3)
    let expected = small.expected
    let multiply = try unsafe define(in: runtime)
    return { _ in unsafe small.rows(0..<small.n, by: multiply) == expected }
  }
}
