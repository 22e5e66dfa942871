import Ftrace

/// A call graph without cycles, made from a seed: each function mixes its argument and calls up to three that were made before it.
public struct Calls: Workload {
  public static let name = "calls"
  public static let help = "a random call graph of N functions, up to a million; prints a checksum of CALLS calls"
  public static let usage = "[N=1000 [SEED=1 [CALLS=1000]]]"

  private let graph: CallGraph
  private let calls: Int
  private let seed: UInt64

  public init(arguments: [String]) throws(WorkloadError) {
    var arguments = Arguments(arguments, usage: Self.usage)
    let count = try arguments.number("N", in: 1...1_000_000, missing: 1000)
    seed = try arguments.number("SEED", in: 0...UInt64.max, missing: 1)
    calls = try arguments.number("CALLS", in: 0...1_000_000_000, missing: 1000)
    try arguments.end()
    graph = CallGraph(functions: count, seed: seed)
  }

  public func run(in runtime: TraceRuntime, with context: WorkloadContext) throws(WorkloadError) {
    let functions = try graph.define(in: runtime)
    let threads = context.threads ?? 1
    let sums = try onThreads(threads, named: Self.name) { [self] thread in
      sum(thread, of: threads) { functions[$0]($1) }
    }
    let expected = sum(0, of: 1) { graph.value(of: $0, at: $1) }
    let found = sums.reduce(0, &+)
    guard found == expected else { throw .mismatch("the checksum is \(expected), not \(found)") }
    context.output.write("\(found)\n")
  }

  /// The share of one thread in the checksum. It does not depend on the order of the calls.
  private func sum(_ thread: Int, of threads: Int, _ call: (Int, UInt64) -> UInt64) -> UInt64 {
    var random = SeededRandom(seed: ~seed)
    var sum: UInt64 = 0
    for number in 0..<calls {
      let (function, argument) = (Int(random.next() % UInt64(graph.nodes.count)), random.next())
      if number % threads == thread { sum &+= call(function, argument) &* UInt64(2 * number + 1) }
    }
    return sum
  }
}

extension Calls: PoolWorkload {
  static func job(in runtime: TraceRuntime) throws(WorkloadError) -> PoolJob {
    let graph = CallGraph(functions: 100, seed: 7)
    let functions = try graph.define(in: runtime)
    return { round in
      let (function, argument) = (round * 31 % graph.nodes.count, UInt64(round))
      return functions[function](argument) == graph.value(of: function, at: argument)
    }
  }
}

/// The graph, and what its functions compute.
struct CallGraph: Sendable {
  struct Node: Sendable {
    var factor: Int32
    var addend: Int32
    /// Numbers of the functions called, -1 where there are fewer than three.
    var callees: (Int32, Int32, Int32) = (-1, -1, -1)
  }

  /// Calls that one call may lead to, itself included: without a bound they would grow exponentially.
  private static let costLimit = 64

  private(set) var nodes: [Node] = []

  init(functions count: Int, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var costs: [Int] = []
    nodes.reserveCapacity(count)
    costs.reserveCapacity(count)
    for number in 0..<count {
      var node = Node(
        factor: Int32(truncatingIfNeeded: random.next()) | 1, addend: Int32(truncatingIfNeeded: random.next()))
      var cost = 1
      func pick() -> Int32 {
        guard number > 0 else { return -1 }
        let callee = Int(random.next() % UInt64(number))
        guard cost + costs[callee] <= Self.costLimit else { return -1 }
        cost += costs[callee]
        return Int32(callee)
      }
      node.callees = (pick(), pick(), pick())
      nodes.append(node)
      costs.append(cost)
    }
  }

  /// What a function returns, in plain Swift.
  func value(of function: Int, at argument: UInt64) -> UInt64 {
    let node = nodes[function]
    var value = argument &* UInt64(bitPattern: Int64(node.factor)) &+ UInt64(bitPattern: Int64(node.addend))
    func mix(_ callee: Int32) {
      guard callee >= 0 else { return }
      value = value << 7 | value >> 57
      value ^= self.value(of: Int(callee), at: value)
    }
    mix(node.callees.0)
    mix(node.callees.1)
    mix(node.callees.2)
    return value
  }

  /// The same as emitted code: functions `f0`, `f1`, …
  func define(in runtime: TraceRuntime) throws(WorkloadError) -> [EmittedFunction<UInt64, UInt64>] {
    var functions: [EmittedFunction<UInt64, UInt64>] = []
    functions.reserveCapacity(nodes.count)
    for (number, node) in nodes.enumerated() {
      let callees = [node.callees.0, node.callees.1, node.callees.2].filter { $0 >= 0 }.map { functions[Int($0)] }
      do throws(FtraceError) {
        functions.append(
          try runtime.define("f\(number)", as: ((UInt64) -> UInt64).self) { f in
            f.entrySite()
            f.prologue(saving: [.rbx], stackCheck: !callees.isEmpty)
            f.imul(.rbx, .rdi, node.factor)
            f.add(.rbx, node.addend)
            for callee in callees {
              f.rol(.rbx, 7)
              f.mov(.rdi, .rbx)
              f.call(callee)
              f.xor(.rbx, .rax)
            }
            f.mov(.rax, .rbx)
            f.functionReturn()
          })
      } catch { throw .runtime(error) }
    }
    return functions
  }
}
