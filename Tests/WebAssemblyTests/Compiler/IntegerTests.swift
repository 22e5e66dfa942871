import FtraceTestSupport
import FtraceWasm
import Testing

/// Integer instructions against Swift's own arithmetic, with operands wherever the compiler may have them.
@Suite("integer instructions") struct IntegerTests {
  /// How operands come to the instruction.
  enum Shape: CaseIterable {
    case parameters, constantRight, constantLeft, intoLocal, ontoItself, fromOperations

    func body(_ opcode: Opcode, left: [UInt8], right: [UInt8], zero: [UInt8], or: Opcode) -> [UInt8] {
      switch self {
      case .parameters: Code.get(0) + Code.get(1) + Code.op(opcode)
      case .constantRight: Code.get(0) + right + Code.op(opcode)
      case .constantLeft: left + Code.get(1) + Code.op(opcode)
      case .intoLocal: Code.get(0) + Code.get(1) + Code.op(opcode) + Code.set(1) + Code.get(1)
      case .ontoItself: Code.get(0) + Code.get(1) + Code.op(opcode) + Code.tee(0)
      case .fromOperations:
        Code.get(0) + zero + Code.op(or) + Code.get(1) + zero + Code.op(or) + Code.op(opcode)
      }
    }
  }

  static let operations32: [(Opcode, @Sendable (UInt32, UInt32) -> UInt32)] = [
    (.i32Add, { $0 &+ $1 }), (.i32Sub, { $0 &- $1 }), (.i32Mul, { $0 &* $1 }), (.i32And, { $0 & $1 }),
    (.i32Or, { $0 | $1 }), (.i32Xor, { $0 ^ $1 }), (.i32Shl, { $0 &<< $1 }), (.i32ShrU, { $0 &>> $1 }),
    (.i32ShrS, { UInt32(bitPattern: Int32(bitPattern: $0) &>> Int32(bitPattern: $1)) }),
    (.i32Rotl, { $0 &<< $1 | $0 &>> (0 &- $1) }), (.i32Rotr, { $0 &>> $1 | $0 &<< (0 &- $1) }),
    (.i32DivU, { $0 / $1 }), (.i32RemU, { $0 % $1 }),
    (.i32DivS, { UInt32(bitPattern: Int32(bitPattern: $0).dividedReportingOverflow(by: Int32(bitPattern: $1)).0) }),
    (
      .i32RemS,
      { UInt32(bitPattern: Int32(bitPattern: $0).remainderReportingOverflow(dividingBy: Int32(bitPattern: $1)).0) }
    ),
    (.i32LtS, { Int32(bitPattern: $0) < Int32(bitPattern: $1) ? 1 : 0 }), (.i32LtU, { $0 < $1 ? 1 : 0 }),
    (.i32GeS, { Int32(bitPattern: $0) >= Int32(bitPattern: $1) ? 1 : 0 }), (.i32GtU, { $0 > $1 ? 1 : 0 }),
    (.i32Eq, { $0 == $1 ? 1 : 0 }), (.i32Ne, { $0 != $1 ? 1 : 0 }),
  ]

  static let operations64: [(Opcode, @Sendable (UInt64, UInt64) -> UInt64)] = [
    (.i64Add, { $0 &+ $1 }), (.i64Sub, { $0 &- $1 }), (.i64Mul, { $0 &* $1 }), (.i64And, { $0 & $1 }),
    (.i64Or, { $0 | $1 }), (.i64Xor, { $0 ^ $1 }), (.i64Shl, { $0 &<< $1 }), (.i64ShrU, { $0 &>> $1 }),
    (.i64ShrS, { UInt64(bitPattern: Int64(bitPattern: $0) &>> Int64(bitPattern: $1)) }),
    (.i64Rotl, { $0 &<< $1 | $0 &>> (0 &- $1) }), (.i64Rotr, { $0 &>> $1 | $0 &<< (0 &- $1) }),
    (.i64DivU, { $0 / $1 }), (.i64RemU, { $0 % $1 }),
    (.i64DivS, { UInt64(bitPattern: Int64(bitPattern: $0).dividedReportingOverflow(by: Int64(bitPattern: $1)).0) }),
    (
      .i64RemS,
      { UInt64(bitPattern: Int64(bitPattern: $0).remainderReportingOverflow(dividingBy: Int64(bitPattern: $1)).0) }
    ),
  ]

  static let values: [Int64] = [1, -1, 2, 7, 8, 31, -128, 0x7FFF_FFFF, -0x8000_0000, 0x1234_5678_9ABC, .max, .min + 1]

  @Test("32-bit operations with two operands, in every shape", arguments: Shape.allCases)
  func words(shape: Shape) throws {
    try withRuntime(.atEmission) { runtime in
      let engine = try WasmEngine(runtime)
      for (left, right) in Self.pairs {
        let (a, b) = (UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right))
        var module = TestModule()
        for (opcode, _) in Self.operations32 {
          let body = shape.body(
            opcode, left: Code.i32(Int32(bitPattern: a)), right: Code.i32(Int32(bitPattern: b)), zero: Code.i32(0),
            or: .i32Or)
          module.functions.append(
            .init(name: "\(opcode)", type: .init(parameters: [.i32, .i32], results: [.i32]), body: body))
        }
        let instance = try TestInstance(module, in: runtime, engine: engine)
        for (opcode, reference) in Self.operations32 {
          let found = try instance.call("\(opcode)", .i32(a), .i32(b))
          #expect(found == [.i32(reference(a, b))], "\(opcode) of \(a) and \(b), \(shape)")
        }
      }
    }
  }

  @Test("64-bit operations with two operands, in every shape", arguments: Shape.allCases)
  func longWords(shape: Shape) throws {
    try withRuntime(.atEmission) { runtime in
      let engine = try WasmEngine(runtime)
      for (left, right) in Self.pairs {
        let (a, b) = (UInt64(bitPattern: left), UInt64(bitPattern: right))
        var module = TestModule()
        for (opcode, _) in Self.operations64 {
          let body = shape.body(
            opcode, left: Code.i64(left), right: Code.i64(right), zero: Code.i64(0), or: .i64Or)
          module.functions.append(
            .init(name: "\(opcode)", type: .init(parameters: [.i64, .i64], results: [.i64]), body: body))
        }
        let instance = try TestInstance(module, in: runtime, engine: engine)
        for (opcode, reference) in Self.operations64 {
          let found = try instance.call("\(opcode)", .i64(a), .i64(b))
          #expect(found == [.i64(reference(a, b))], "\(opcode) of \(a) and \(b), \(shape)")
        }
      }
    }
  }

  /// Neighbours in the list, both ways.
  private static var pairs: [(Int64, Int64)] {
    values.indices.flatMap { index in
      let next = values[(index + 1) % values.count]
      return [(values[index], next), (next, values[index])]
    }
  }
}
