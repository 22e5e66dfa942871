import CFtraceShims
import Ftrace
import FtraceEngine

/// Functions: made, replaced, renamed and freed while workers call them.
extension Torture {
  func defineFunctions() throws {
    let count = max(options.functions, TortureFunction.layers)
    functions = (0..<count).map { TortureFunction(index: $0, of: count, generation: 0, using: &generator) }
    // Callees first: the layers from the last to the first.
    var defined: [Int: (FunctionHandle, Int)] = [:]
    for layer in (0..<TortureFunction.layers).reversed() {
      for function in functions where function.index % TortureFunction.layers == layer {
        defined[function.index] = try define(function, callees: function.callees.map { defined[$0]!.0.symbol })
      }
    }
    handles = functions.map { defined[$0.index]!.0 }
    cells = functions.map { defined[$0.index]!.1 }
  }

  func define(_ function: TortureFunction, callees symbols: [Symbol]) throws -> (FunctionHandle, cell: Int) {
    try define(function) { emitter(of: function, cell: $0, callees: symbols, host: host) }
  }

  /// - Parameter emitter: makes what emits the body, for the cell that it is given.
  func define(
    _ function: TortureFunction, _ emitter: (Int) -> (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws -> (FunctionHandle, cell: Int) {
    guard let cell = ledger.newBody(function.name) else { throw TortureError.noCell }
    do {
      let handle = try runtime.define(
        function.name.text, signature: Signature([.int64], returning: .int64), emitter(cell))
      ledger.install(cell, try TortureCode(handle))
      return (handle, cell)
    } catch {
      ledger.discard(cell)
      throw error
    }
  }

  func emitter(
    of function: TortureFunction, cell: Int, callees symbols: [Symbol], host: HostHandle
  ) -> (FunctionBuilder) throws(AssemblerError) -> Void {
    let variant = Int.random(in: 0..<210, using: &generator)
    let (block, displacement) = (ledger.books.blockPointer, ledger.books.displacement(of: cell))
    let exits = ledger.books.exitDisplacement(of: cell)
    return { f in
      function.emit(
        f, block: block, cell: displacement, exits: exits, variant: variant, callees: symbols, host: host)
    }
  }

  /// The value of a function, by the same rule as its bodies, in plain Swift.
  static func value(_ index: Int, _ x: Int64, in functions: [TortureFunction]) -> Int64 {
    let function = functions[index]
    return function.callees.reduce(function.ownValue(x)) { $0 &+ value($1, x &+ 1, in: functions) }
  }

  func entry(of index: Int) throws -> TortureTable.Entry {
    let view = functions
    return TortureTable.Entry(gate: try handles[index].gate()) { Torture.value(index, $0, in: view) }
  }

  func redefine() throws {
    guard let index = functions.indices.randomElement(using: &generator) else { return }
    let function = functions[index]
    guard let cell = ledger.newBody(function.name) else { return }
    let stop = ledger.books.stops
    do {
      let emit = emitter(of: function, cell: cell, callees: function.callees.map { handles[$0].symbol }, host: host)
      try runtime.redefine(handles[index], emit)
    } catch {
      ledger.discard(cell)
      throw error
    }
    ledger.install(cell, try TortureCode(handles[index]))
    ledger.retire(cells[index], since: stop, isQuiet: turnsEnd())
    cells[index] = cell
    report.redefines += 1
  }

  /// Replaces a root function by a new one. The old one is freed when no worker can call it any more.
  func replaceRoot() throws {
    let roots = functions.indices.filter { functions[$0].isRoot }
    guard leaving.count < 64, let place = roots.indices.randomElement(using: &generator) else { return }
    let index = roots[place]
    generation += 1
    let new = TortureFunction(index: index, of: functions.count, generation: generation, using: &generator)
    let (handle, cell) = try define(new, callees: new.callees.map { handles[$0].symbol })
    let (old, oldHandle, oldCell) = (functions[index], handles[index], cells[index])
    (functions[index], handles[index], cells[index]) = (new, handle, cell)
    table.replace(place, with: try entry(of: index))
    leaving.append(LeavingFunction(function: old, handle: oldHandle, cell: oldCell, turnsEnd: turnsEnd()))
  }

  /// Frees the replaced functions that every worker has let go of.
  func freeLeaving() throws {
    // A worker that is about to fork holds handles for the child.
    guard forking.isIdle else { return }
    while let old = leaving.first, old.turnsEnd() {
      leaving.removeFirst()
      let stop = ledger.books.stops
      defer { ledger.retire(old.cell, since: stop, isQuiet: { true }) }
      report.frees += 1
      try runtime.free(old.handle)
    }
  }

  func rename() throws {
    guard let index = functions.indices.randomElement(using: &generator) else { return }
    generation += 1
    let name = functions[index].name.renamed(generation)
    try boundary {
      try runtime.rename(handles[index], to: name.text)
    } _: {
      functions[index].name = name
      ledger.rename(cells[index], name)
    }
  }

  /// Asks to free a function that others call: refused, and all of them are named.
  func freeCalled() throws {
    guard let index = functions.indices.filter({ !functions[$0].isRoot }).randomElement(using: &generator) else {
      return
    }
    let callers = Set((functions + leaving.map(\.function)).filter { $0.callees.contains(index) }.map(\.name.text))
    guard !callers.isEmpty else { return }
    do throws(FtraceError) {
      try runtime.free(handles[index])
      ledger.note("\(functions[index].name.text) was freed, although it is called")
    } catch {
      guard case .stillCalled(_, let named) = error else { throw error }
      // Earlier bodies that may still run count as well.
      let present = Set(named.filter { !$0.hasSuffix(" (an earlier body, still running)") })
      if present != callers {
        ledger.note("\(functions[index].name.text) is called by \(callers.sorted()), not by \(present.sorted())")
      }
    }
  }
}

/// A root function that has been replaced.
struct LeavingFunction {
  var function: TortureFunction
  var handle: FunctionHandle
  var cell: Int
  /// Whether every worker has let go of its gate.
  var turnsEnd: () -> Bool
}

/// What a torture cannot go on without.
enum TortureError: Error, CustomStringConvertible {
  case noCell
  case noExit
  case damagedFile(String)

  var description: String {
    switch self {
    case .noCell: "too many bodies that went are still in use"
    case .noExit: "a body does not end as it was emitted"
    case .damagedFile(let damage): "the file of a trace does not make sense: \(damage)"
    }
  }
}
