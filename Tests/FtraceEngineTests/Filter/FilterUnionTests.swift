import Ftrace
import FtraceTestSupport
import Testing

/// The kernel's fgraph-multi-filter, and more: after any sequence of commands, exactly those ops see a call whose filters want it.
@Suite struct FilterUnionTests {
  /// What the engine is told, in the plainest form.
  private struct Model {
    struct Function {
      var call: EmittedFunction<Int, Int>
      var name: String
      var number: Int32
    }
    var functions: [Function] = []
    /// Newest first.
    var registered: [(ops: TraceOps, filter: TraceFilter)] = []
    var enabled = true

    /// The names of the ops that see a call of a function, in order.
    func observers(of function: Function) -> [String] {
      enabled ? registered.filter { wants($0.filter, function.name) }.map(\.ops.name) : []
    }

    private func wants(_ filter: TraceFilter, _ name: String) -> Bool {
      let selected =
        filter.isUnfiltered || filter.functions.contains(name) || filter.trace.contains { $0.matches(name) }
      let onlyNotrace = filter.trace.isEmpty && filter.functions.isEmpty
      return (selected || onlyNotrace) && !filter.notrace.contains { $0.matches(name) }
    }
  }

  private static let letters = ["a", "b", "c"]

  private func randomName(_ generator: inout SeededGenerator, _ serial: Int) -> String {
    (0..<3).map { _ in Self.letters.randomElement(using: &generator)! }.joined() + "\(serial)"
  }

  private func randomFilter(_ generator: inout SeededGenerator, _ model: Model) -> TraceFilter {
    func glob() -> Glob {
      let (x, y) = (Self.letters.randomElement(using: &generator)!, Self.letters.randomElement(using: &generator)!)
      return Glob(
        ["\(x)*", "?\(x)*", "*\(x)\(y)*", "[\(x)\(y)]*", "*\(Int.random(in: 0..<10, using: &generator))"].randomElement(
          using: &generator)!)
    }
    var filter = TraceFilter.all
    if Int.random(in: 0..<4, using: &generator) == 0 { return filter }
    filter.trace = (0..<Int.random(in: 0...2, using: &generator)).map { _ in glob() }
    filter.notrace = (0..<Int.random(in: 0...1, using: &generator)).map { _ in glob() }
    if Bool.random(using: &generator), let function = model.functions.randomElement(using: &generator) {
      filter.functions = [function.name]
    }
    return filter
  }

  private func check(_ runtime: TraceRuntime, _ model: Model, _ log: CallLog, _ place: String) throws {
    for function in model.functions {
      let expected = model.observers(of: function)
      #expect(function.call(1) == 1 + Int(function.number), "\(function.name), \(place)")
      #expect(log.take().map(\.ops) == expected, "\(function.name), \(place)")
    }
    // The set of enabled sites is the union, once everything is converted.
    let sites = Dictionary(uniqueKeysWithValues: runtime.entrySites.map { ($0.function, $0) })
    for function in model.functions {
      let site = try #require(sites[function.name])
      switch try DecodedSite(site.bytes, at: site.ip) {
      case .nop: #expect(model.observers(of: function).isEmpty, "\(function.name), \(place)")
      case .call(runtime.stubAddresses.mcount): #expect(runtime.configuration.recording == .onFirstCall)
      case .call: #expect(!model.observers(of: function).isEmpty, "\(function.name), \(place)")
      case .other(let bytes): Issue.record("\(function.name) is \(bytes), \(place)")
      }
    }
    #expect(runtime.audit().isSound, "\(place)")
    #expect(runtime.statistics.quarantined == 0)
  }

  @Test(
    "the enabled set is the exact union of what the ops want, after any sequence of commands",
    arguments: RecordingMode.allCases, [1, 2, 3, 4] as [UInt64])
  func anySequence(mode: RecordingMode, seed: UInt64) throws {
    try withRuntime(mode) { runtime in
      var generator = SeededGenerator(seed: seed)
      var model = Model()
      let log = CallLog()
      var serial = 0
      func define() throws {
        serial += 1
        let (name, number) = (randomName(&generator, serial), Int32(serial))
        model.functions.append(.init(call: try runtime.adder(name, number), name: name, number: number))
      }
      for _ in 0..<12 { try define() }
      for step in 0..<120 {
        let command = Int.random(in: 0..<12, using: &generator)
        switch command {
        case 0, 1, 2:
          guard model.registered.count < 6 else { continue }
          let filter = randomFilter(&generator, model)
          let ops = log.ops("ops\(step)", filter: filter, registers: Int.random(in: 0..<4, using: &generator) == 0)
          #expect(try runtime.register(ops) == (model.enabled ? .active : .inactive))
          model.registered.insert((ops, filter), at: 0)
        case 3, 4:
          guard let index = model.registered.indices.randomElement(using: &generator) else { continue }
          try runtime.unregister(model.registered.remove(at: index).ops)
        case 5, 6:
          guard let index = model.registered.indices.randomElement(using: &generator) else { continue }
          let filter = randomFilter(&generator, model)
          try runtime.setFilter(filter, of: model.registered[index].ops)
          model.registered[index].filter = filter
        case 7: try define()
        case 8:
          guard let index = model.functions.indices.randomElement(using: &generator) else { continue }
          serial += 1
          model.functions[index].name = randomName(&generator, serial)
          try runtime.rename(model.functions[index].call.handle, to: model.functions[index].name)
        case 9:
          guard model.functions.count > 4, let index = model.functions.indices.randomElement(using: &generator) else {
            continue
          }
          try runtime.free(model.functions.remove(at: index).call.handle)
        case 10:
          guard let index = model.functions.indices.randomElement(using: &generator) else { continue }
          serial += 1
          let number = Int32(serial)
          try runtime.redefine(model.functions[index].call.handle) { $0.addsToArgument(number) }
          model.functions[index].number = number
        default:
          model.enabled.toggle()
          try runtime.setEnabled(model.enabled)
        }
        if Bool.random(using: &generator) { try runtime.advanceDaemonClock(by: .seconds(1)) }
        try check(runtime, model, log, "seed \(seed), step \(step), command \(command)")
      }
      // The start state at the end.
      for (ops, _) in model.registered { try runtime.unregister(ops) }
      try runtime.setEnabled(true)
      for function in model.functions { _ = function.call(1) }
      #expect(log.take().isEmpty)
      try runtime.forceUpdate()
      #expect(Set(runtime.entrySites.map(\.state)) == [.nop])
      #expect(try runtime.callerTarget == .call(runtime.stubAddresses.stub))
    }
  }

  @Test(
    "whatever the order in which ops are switched on and off, the sites are the same", arguments: RecordingMode.allCases
  )
  func orders(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let functions = try ["aa", "ab", "ba", "bb", "ac"].map { try runtime.adder($0, 1) }
      for f in functions { _ = f(1) }
      try runtime.forceUpdate()
      let start = runtime.sites
      let log = CallLog()
      let ops = [
        log.ops("a", filter: TraceFilter(trace: ["a*"], notrace: ["*c"])),
        log.ops("b", filter: TraceFilter(trace: ["*b"])),
        log.ops("c", filter: TraceFilter(functions: ["ac"])),
      ]
      let wanted = [["aa", "ab"], ["ab", "bb"], ["ac"]]
      for on in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for off in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
          var active: Set<Int> = []
          func check() {
            let union = Set(active.flatMap { wanted[$0] })
            let enabled = Set(
              runtime.sites.filter { if case .tracing = $0.state { true } else { false } }.map(\.function))
            #expect(enabled == union, "on \(on), off \(off)")
          }
          for index in on {
            try runtime.register(ops[index])
            active.insert(index)
            check()
          }
          for index in off {
            try runtime.unregister(ops[index])
            active.remove(index)
            check()
          }
          #expect(runtime.sites == start)
        }
      }
    }
  }
}
