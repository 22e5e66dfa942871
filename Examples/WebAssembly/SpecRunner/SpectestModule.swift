/// The module `spectest` that scripts import from: functions that take values and do nothing with them, globals of value
/// 666, a table of 10 to 20 functions, a memory of one to two pages.
///
/// It is a module like others, so that engines need to know nothing of it.
enum SpectestModule {
  static let bytes: [UInt8] = header + types + functions + table + memory + globals + exports + code

  private static let header: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 1, 0, 0, 0]

  private static let parameters: [(name: String, types: [UInt8])] = [
    ("print", []), ("print_i32", [0x7F]), ("print_i64", [0x7E]), ("print_f32", [0x7D]), ("print_f64", [0x7C]),
    ("print_i32_f32", [0x7F, 0x7D]), ("print_f64_f64", [0x7C, 0x7C]),
  ]

  private static var types: [UInt8] {
    section(1, parameters.map { [0x60, UInt8($0.types.count)] + $0.types + [0] })
  }

  private static var functions: [UInt8] {
    section(3, parameters.indices.map { [UInt8($0)] })
  }

  private static let table = section(4, [[0x70, 1, 10, 20]])
  private static let memory = section(5, [[1, 1, 2]])

  /// Immutable each: type, constant, `end`.
  private static let globals = section(
    6,
    [
      // 666 as signed LEB128.
      [0x7F, 0, 0x41, 0x9A, 0x05, 0x0B], [0x7E, 0, 0x42, 0x9A, 0x05, 0x0B],
      [0x7D, 0, 0x43] + bytes(of: Float(666.6).bitPattern) + [0x0B],
      [0x7C, 0, 0x44] + bytes(of: 666.6.bitPattern) + [0x0B],
    ])

  private static var exports: [UInt8] {
    let functions = parameters.enumerated().map { export($1.name, kind: 0, index: $0) }
    let globals = ["global_i32", "global_i64", "global_f32", "global_f64"].enumerated()
      .map { export($1, kind: 3, index: $0) }
    return section(
      7, functions + globals + [export("table", kind: 1, index: 0), export("memory", kind: 2, index: 0)])
  }

  /// No locals, and `end`.
  private static var code: [UInt8] {
    section(10, parameters.map { _ in [2, 0, 0x0B] })
  }

  private static func export(_ name: String, kind: UInt8, index: Int) -> [UInt8] {
    [UInt8(name.utf8.count)] + name.utf8 + [kind, UInt8(index)]
  }

  private static func section(_ id: UInt8, _ items: [[UInt8]]) -> [UInt8] {
    let contents = [UInt8(items.count)] + items.joined()
    // Two bytes of LEB128 are enough for all of them.
    return [id, UInt8(contents.count & 0x7F) | 0x80, UInt8(contents.count >> 7)] + contents
  }

  private static func bytes<Bits: FixedWidthInteger>(of bits: Bits) -> [UInt8] {
    (0..<Bits.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
  }
}
