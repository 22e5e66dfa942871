import Ftrace
import FtraceEngine

/// Thousands of functions through the same life, with a worker that never leaves emitted code.
struct ManyFunctions {
  private let count: Int
  private let runtime: TraceRuntime
  private let first = CallCounter("A")
  private let second = CallCounter("B")

  private typealias Function = EmittedFunction<Int, Int>

  init(count: Int) throws(FtraceError) {
    self.count = count
    var configuration = Configuration()
    configuration.daemonClock = .manual
    configuration.reservation = 1 << 30
    runtime = try TraceRuntime(configuration)
  }

  func walk() throws(FtraceError) {
    let title = count == 1 ? "ONE FUNCTION" : "\(count) FUNCTIONS"
    Terminal.print("\(title), and a worker that loops in emitted code meanwhile, so that each stop has somebody")
    Terminal.print(
      "to stop. \"each\" is the time divided by the functions; \"to stop\" and \"held\" are the last stop's.\n")
    head()
    let spinner = try Spinner(runtime)
    defer { spinner.stop() }
    var functions: [Function] = []
    try row("defined") { () throws(FtraceError) in functions = try define() }
    try row("called once: recorded") { callAll(functions) }
    LifeCheck.expect(runtime.statistics.pending == count + 1, "every function called is pending, and the worker's")
    try row("the daemon's turn: NOPs") { () throws(FtraceError) in try runtime.advanceDaemonClock(by: .seconds(1)) }
    LifeCheck.expect(runtime.statistics.pending == 0, "nothing is pending after the daemon's turn")
    try row("called: NOPs") { callAll(functions) }
    try row("tracer A registered") { () throws(FtraceError) in try runtime.register(first.ops) }
    try row("called: A") { callAll(functions) }
    LifeCheck.expect(first.take() == count, "A saw every call")
    let cost = try row("tracer B registered") { () throws(FtraceError) in _ = try runtime.register(second.ops) }
    LifeCheck.expect(cost.sitesWritten == 0, "a second tracer writes no site")
    try row("called: A and B") { callAll(functions) }
    LifeCheck.expect(first.take() == count && second.take() == count, "A and B saw every call")
    try row("B wants f*7 only") { () throws(FtraceError) in
      try runtime.setFilter(TraceFilter(trace: ["f*7"]), of: second.ops)
    }
    try row("called: A, and B for its own") { callAll(functions) }
    let wanted = functions.indices.count { $0 % 10 == 7 }
    LifeCheck.expect(first.take() == count && second.take() == wanted, "A saw every call, B those that it wants")
    try row("switched off") { () throws(FtraceError) in try runtime.setEnabled(false) }
    try row("switched on") { () throws(FtraceError) in try runtime.setEnabled(true) }
    try row("both unregistered") { () throws(FtraceError) in
      try runtime.unregister(second.ops)
      try runtime.unregister(first.ops)
    }
    try row("every tenth redefined") { () throws(FtraceError) in
      for index in stride(from: 0, to: count, by: 10) { try redefine(functions[index].handle, adding: index + 1) }
    }
    LifeCheck.expect(functions[0](1) == 2, "the new body runs")
    try row("every tenth freed") { () throws(FtraceError) in
      for index in stride(from: 0, to: count, by: 10) { try runtime.free(functions[index].handle) }
    }
    let report = runtime.audit()
    LifeCheck.expect(report.isSound, "every site is what its record says")
    let statistics = runtime.statistics
    Terminal.print(
      "\n  \(report.checked) places audited, \(report.damaged.count) damaged; \(counted(statistics.stops, "stop")), the longest "
        + "\(statistics.longestTimeStopped.text), after at most \(statistics.longestTimeToStop.text) of waiting")
  }

  // MARK: - Steps

  private func define() throws(FtraceError) -> [Function] {
    var functions: [Function] = []
    functions.reserveCapacity(count)
    for number in 0..<count {
      functions.append(
        try runtime.define("f\(number)", as: ((Int) -> Int).self) { f in
          f.entrySite()
          f.prologue(stackCheck: false)
          f.lea(.rax, .base(.rdi, Int32(number)))
          f.functionReturn()
        })
    }
    return functions
  }

  private func redefine(_ function: FunctionHandle, adding number: Int) throws(FtraceError) {
    try runtime.redefine(function) { f in
      f.entrySite()
      f.prologue(stackCheck: false)
      f.lea(.rax, .base(.rdi, Int32(number)))
      f.functionReturn()
    }
  }

  private func callAll(_ functions: [Function]) {
    var isRight = true
    for (number, function) in functions.enumerated() where function(1) != number + 1 { isRight = false }
    LifeCheck.expect(isRight, "each function returns what it should")
  }

  // MARK: - Rows

  private static let columns: [(title: String, width: Int)] = [
    ("took", 10), ("each", 10), ("stops", 7), ("to stop", 10), ("held", 10), ("sites written", 15),
  ]

  private func head() {
    Terminal.print(Style.bold("  " + "".leading(30) + Self.columns.map { $0.title.trailing($0.width) }.joined()))
  }

  @discardableResult
  private func row(_ title: String, _ body: () throws(FtraceError) -> Void) throws(FtraceError) -> Cost {
    let cost = try Cost.of(in: runtime, body)
    let cells = [
      cost.time.text, (cost.time / count).text, "\(cost.stops)", cost.lastStop?.timeToStop.text ?? "-",
      cost.lastStop?.timeStopped.text ?? "-", "\(cost.sitesWritten)",
    ]
    Terminal.print("  " + title.leading(30) + zip(cells, Self.columns).map { $0.trailing($1.width) }.joined())
    return cost
  }
}
