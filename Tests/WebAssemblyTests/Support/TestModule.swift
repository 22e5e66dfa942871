import FtraceTestSupport
import FtraceWasm
import Ftrace

/// A module built by hand: types come from its functions, code is bytes.
struct TestModule {
  struct Code {
    var name: String
    var type: FunctionType
    var locals: [ValueType] = []
    var body: [UInt8]
  }

  var imports: [(name: String, type: FunctionType)] = []
  var functions: [Code] = []
  /// Pages at first, and at most.
  var memory: (Int, Int)?
  /// Functions in the table, which has so many elements more.
  var table: (functions: [Int], empty: Int)?
  /// Tags of exceptions, by their values.
  var tags: [[ValueType]] = []
  /// Mutable globals.
  var globals: [(type: ValueType, initial: [UInt8])] = []

  /// The module's bytes. Every function is exported under its name; imports come from `env`.
  var bytes: [UInt8] {
    let tagTypes = tags.map { FunctionType(parameters: $0) }
    let types = (imports.map(\.type) + functions.map(\.type) + tagTypes).map { type in
      [0x60] + number(type.parameters.count) + type.parameters.map(\.rawValue) + number(type.results.count)
        + type.results.map(\.rawValue)
    }
    var bytes: [UInt8] = [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0]
    bytes += section(1, types)
    bytes += section(2, imports.enumerated().map { text("env") + text($1.name) + [0] + number($0) })
    bytes += section(3, functions.indices.map { number($0 + imports.count) })
    if let table { bytes += section(4, [[0x70, 0] + number(table.functions.count + table.empty)]) }
    if let memory { bytes += section(5, [[1] + number(memory.0) + number(memory.1)]) }
    bytes += section(13, tags.indices.map { [0] + number(imports.count + functions.count + $0) })
    if !globals.isEmpty { bytes += section(6, globals.map { [$0.type.rawValue, 1] + $0.initial + [0x0B] }) }
    bytes += section(7, functions.enumerated().map { text($1.name) + [0] + number($0 + imports.count) })
    if let table, !table.functions.isEmpty {
      bytes += section(9, [[0, 0x41, 0, 0x0B] + number(table.functions.count) + table.functions.flatMap(number)])
    }
    bytes += section(
      10,
      functions.map { function in
        let code =
          number(function.locals.count) + function.locals.flatMap { [1, $0.rawValue] } + function.body + [0x0B]
        return number(code.count) + code
      })
    return bytes
  }

  private func section(_ id: UInt8, _ items: [[UInt8]]) -> [UInt8] {
    if items.isEmpty { return [] }
    let contents = number(items.count) + items.joined()
    return [id] + number(contents.count) + contents
  }

  private func text(_ string: String) -> [UInt8] { number(string.utf8.count) + string.utf8 }
}

/// A number as LEB128.
func number(_ value: Int) -> [UInt8] {
  var (rest, bytes): (Int, [UInt8]) = (value, [])
  repeat {
    bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
    rest >>= 7
  } while rest > 0
  return bytes
}

/// A signed number as LEB128.
func signed(_ value: Int64) -> [UInt8] {
  var (rest, bytes): (Int64, [UInt8]) = (value, [])
  while true {
    let byte = UInt8(truncatingIfNeeded: rest & 0x7F)
    rest >>= 7
    if (rest == 0 && byte & 0x40 == 0) || (rest == -1 && byte & 0x40 != 0) { return bytes + [byte] }
    bytes.append(byte | 0x80)
  }
}

/// Instructions.
enum Code {
  static func get(_ local: Int) -> [UInt8] { [0x20] + number(local) }
  static func set(_ local: Int) -> [UInt8] { [0x21] + number(local) }
  static func tee(_ local: Int) -> [UInt8] { [0x22] + number(local) }
  static func i32(_ value: Int32) -> [UInt8] { [0x41] + signed(Int64(value)) }
  static func i64(_ value: Int64) -> [UInt8] { [0x42] + signed(value) }
  static func f64(_ value: Double) -> [UInt8] {
    [0x44] + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
  }
  static func call(_ function: Int) -> [UInt8] { [0x10] + number(function) }
  static func op(_ opcode: Opcode) -> [UInt8] { [opcode.rawValue] }
}

/// An instance of a test's module, and what keeps it.
final class TestInstance {
  let runtime: TraceRuntime
  let store: WasmStore
  let instance: WasmInstance
  let compiled: CompiledModule

  init(
    _ module: TestModule, in runtime: TraceRuntime, engine: WasmEngine? = nil,
    hosts: [String: (borrowing HostCall) throws -> [WasmValue]] = [:]
  ) throws {
    self.runtime = runtime
    let engine = try engine ?? WasmEngine(runtime)
    let store = WasmStore(engine)
    self.store = store
    compiled = try CompiledModule(WasmModule(decoding: module.bytes).validate(), engine: engine)
    let functions = try module.imports.map { item in
      (item.name, try HostFunction("env.\(item.name)", item.type, in: store, hosts[item.name] ?? { _ in [] }))
    }
    instance = try WasmInstance(compiled, in: store) { _, name in
      functions.first { $0.0 == name.string }.map { .function($0.1.function) }
    }
  }

  @discardableResult
  func call(_ name: String, _ arguments: WasmValue...) throws(WasmTrap) -> [WasmValue] {
    guard let function = instance.function(WasmName(name)) else { preconditionFailure("no function \(name)") }
    return try store.call(function, arguments)
  }
}
