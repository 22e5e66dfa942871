import FtraceX86Assembler
import Testing

/// Scalar floating point, compared bit for bit with Swift's; a NaN is compared as a NaN.
@Suite("Execution: floating point")
struct FloatExecutionTests {
  static let doubles: [Double] = {
    var generator = SeededGenerator(seed: 30)
    let edges: [Double] = [
      0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, .infinity, -.infinity, .nan, .greatestFiniteMagnitude,
      .leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p31, -0x1p31, 0x1p63, -0x1p63, 0x1p52 + 0.5, 1e300,
    ]
    return edges + (0..<12).map { _ in Double(bitPattern: generator.next()) }
      + (0..<12).map { _ in Double.random(in: -1000...1000, using: &generator) }
  }()

  static let floats: [Float] = {
    var generator = SeededGenerator(seed: 31)
    let edges: [Float] = [
      0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, .infinity, -.infinity, .nan, .greatestFiniteMagnitude,
      .leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p31, -0x1p31, 0x1p63, -0x1p63,
    ]
    return edges + (0..<12).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
      + (0..<12).map { _ in Float.random(in: -1000...1000, using: &generator) }
  }()

  private static func same(_ left: Double, _ right: Double) -> Bool {
    left.isNaN ? right.isNaN : left.bitPattern == right.bitPattern
  }

  private static func same(_ left: Float, _ right: Float) -> Bool {
    left.isNaN ? right.isNaN : left.bitPattern == right.bitPattern
  }

  @Test("double arithmetic, from registers and memory")
  func doubleArithmetic() throws {
    let (x, y) = (XMM.xmm1, XMM.xmm10)
    func check(
      _ name: String, _ registers: @escaping (Assembler) -> Void, _ memory: @escaping (Assembler) -> Void,
      expected: (Double, Double) -> Double
    ) throws {
      for emit in [registers, memory] {
        let machine = try Machine { a in
          a.movsd(x, .slot(0))
          a.movsd(y, .slot(1))
          emit(a)
          a.movsd(.slot(2), x)
        }
        for left in Self.doubles {
          for right in Self.doubles {
            let result = Double(bitPattern: machine.run([left.bitPattern, right.bitPattern, 0])[2])
            let wanted = expected(left, right)
            if !Self.same(result, wanted) { Issue.record("\(name) of \(left), \(right) is \(result), not \(wanted)") }
          }
        }
      }
    }
    try check("add", { $0.addsd(x, y) }, { $0.addsd(x, .slot(1)) }, expected: { $0 + $1 })
    try check("sub", { $0.subsd(x, y) }, { $0.subsd(x, .slot(1)) }, expected: { $0 - $1 })
    try check("mul", { $0.mulsd(x, y) }, { $0.mulsd(x, .slot(1)) }, expected: { $0 * $1 })
    try check("div", { $0.divsd(x, y) }, { $0.divsd(x, .slot(1)) }, expected: { $0 / $1 })
    try check("min", { $0.minsd(x, y) }, { $0.minsd(x, .slot(1)) }, expected: { $0 < $1 ? $0 : $1 })
    try check("max", { $0.maxsd(x, y) }, { $0.maxsd(x, .slot(1)) }, expected: { $0 > $1 ? $0 : $1 })
    try check("sqrt", { $0.sqrtsd(x, y) }, { $0.sqrtsd(x, .slot(1)) }, expected: { $1.squareRoot() })
    try check(
      "round", { $0.roundsd(x, y, .toNearestOrEven) }, { $0.roundsd(x, .slot(1), .toNearestOrEven) },
      expected: {
        $1.rounded(.toNearestOrEven)
      })
    try check("floor", { $0.roundsd(x, y, .down) }, { $0.roundsd(x, .slot(1), .down) }, expected: { $1.rounded(.down) })
    try check("ceil", { $0.roundsd(x, y, .up) }, { $0.roundsd(x, .slot(1), .up) }, expected: { $1.rounded(.up) })
    try check(
      "trunc", { $0.roundsd(x, y, .towardZero) }, { $0.roundsd(x, .slot(1), .towardZero) },
      expected: {
        $1.rounded(.towardZero)
      })
  }

  @Test("float arithmetic, from registers and memory")
  func floatArithmetic() throws {
    let (x, y) = (XMM.xmm9, XMM.xmm2)
    func check(
      _ name: String, _ registers: @escaping (Assembler) -> Void, _ memory: @escaping (Assembler) -> Void,
      expected: (Float, Float) -> Float
    ) throws {
      for emit in [registers, memory] {
        let machine = try Machine { a in
          a.movss(x, .slot(0))
          a.movss(y, .slot(1))
          emit(a)
          a.movss(.slot(2), x)
        }
        for left in Self.floats {
          for right in Self.floats {
            let slots = machine.run([UInt64(left.bitPattern), UInt64(right.bitPattern), 0])
            let result = Float(bitPattern: UInt32(slots[2]))
            let wanted = expected(left, right)
            if !Self.same(result, wanted) { Issue.record("\(name) of \(left), \(right) is \(result), not \(wanted)") }
          }
        }
      }
    }
    try check("add", { $0.addss(x, y) }, { $0.addss(x, .slot(1)) }, expected: { $0 + $1 })
    try check("sub", { $0.subss(x, y) }, { $0.subss(x, .slot(1)) }, expected: { $0 - $1 })
    try check("mul", { $0.mulss(x, y) }, { $0.mulss(x, .slot(1)) }, expected: { $0 * $1 })
    try check("div", { $0.divss(x, y) }, { $0.divss(x, .slot(1)) }, expected: { $0 / $1 })
    try check("min", { $0.minss(x, y) }, { $0.minss(x, .slot(1)) }, expected: { $0 < $1 ? $0 : $1 })
    try check("max", { $0.maxss(x, y) }, { $0.maxss(x, .slot(1)) }, expected: { $0 > $1 ? $0 : $1 })
    try check("sqrt", { $0.sqrtss(x, y) }, { $0.sqrtss(x, .slot(1)) }, expected: { $1.squareRoot() })
    try check(
      "round", { $0.roundss(x, y, .toNearestOrEven) }, { $0.roundss(x, .slot(1), .toNearestOrEven) },
      expected: {
        $1.rounded(.toNearestOrEven)
      })
    try check("floor", { $0.roundss(x, y, .down) }, { $0.roundss(x, .slot(1), .down) }, expected: { $1.rounded(.down) })
  }

  @Test("comparisons: flags and masks")
  func comparisons() throws {
    let machine = try Machine { a in
      a.movsd(.xmm0, .slot(0))
      a.ucomisd(.xmm0, .slot(1))
      a.storeFlags(2)
      a.movsd(.xmm8, .slot(1))
      a.comisd(.xmm0, .xmm8)
      a.storeFlags(3)
      a.cvtsd2ss(.xmm1, .xmm0)
      a.cvtsd2ss(.xmm9, .xmm8)
      a.ucomiss(.xmm1, .xmm9)
      a.storeFlags(4)
      for predicate in FloatPredicate.allCases {
        a.movsd(.xmm0, .slot(0))
        a.cmpsd(.xmm0, .xmm8, predicate)
        a.movsd(.slot(5 + Int(predicate.rawValue)), .xmm0)
        a.movss(.xmm2, .xmm1)
        a.cmpss(.xmm2, .xmm9, predicate)
        a.movd(.slot(13 + Int(predicate.rawValue)), .xmm2)
      }
    }
    func flags(_ x: Double, _ y: Double) -> Flags {
      if x.isNaN || y.isNaN { return [.zero, .parity, .carry] }
      return x < y ? .carry : x == y ? .zero : []
    }
    func holds(_ x: Double, _ y: Double) -> [Bool] {
      let unordered = x.isNaN || y.isNaN
      return [x == y, x < y, x <= y, unordered, x != y, !(x < y), !(x <= y), !unordered]
    }
    for x in Self.doubles {
      for y in Self.doubles {
        let slots = machine.run([x.bitPattern, y.bitPattern] + [UInt64](repeating: 0, count: 19))
        let (narrowX, narrowY) = (Double(Float(x)), Double(Float(y)))
        #expect(Flags(rawValue: slots[2]).intersection(.arithmetic) == flags(x, y))
        #expect(Flags(rawValue: slots[3]).intersection(.arithmetic) == flags(x, y))
        #expect(Flags(rawValue: slots[4]).intersection(.arithmetic) == flags(narrowX, narrowY))
        #expect(slots[5..<13].elementsEqual(holds(x, y).map { $0 ? UInt64.max : 0 }))
        #expect(slots[13...].elementsEqual(holds(narrowX, narrowY).map { $0 ? 0xFFFF_FFFF : 0 }))
      }
    }
  }

  @Test("conversions")
  func conversions() throws {
    let machine = try Machine { a in
      a.movsd(.xmm3, .slot(0))
      a.cvtsd2ss(.xmm11, .xmm3)
      a.movss(.slot(1), .xmm11)
      a.cvtss2sd(.xmm11, .xmm11)
      a.movsd(.slot(2), .xmm11)
      a.cvttsd2si(.rax, .xmm3)
      a.mov(.slot(3), .rax)
      a.cvttsd2si(.r9d, .slot(0))
      a.mov(.slot(4), .r9)
      a.cvtsd2si(.rax, .xmm3)
      a.mov(.slot(5), .rax)
      a.cvttss2si(.rax, .slot(1))
      a.mov(.slot(6), .rax)
    }
    func truncated<T: FixedWidthInteger>(_ x: Double, _: T.Type) -> T { T(exactly: x.rounded(.towardZero)) ?? .min }
    for x in Self.doubles {
      let slots = machine.run([x.bitPattern] + [UInt64](repeating: 0, count: 6))
      let narrow = Float(x)
      #expect(Self.same(Float(bitPattern: UInt32(slots[1])), narrow))
      #expect(Self.same(Double(bitPattern: slots[2]), Double(narrow)))
      #expect(Int64(bitPattern: slots[3]) == truncated(x, Int64.self))
      #expect(slots[4] == UInt64(UInt32(bitPattern: truncated(x, Int32.self))))
      #expect(Int64(bitPattern: slots[5]) == (Int64(exactly: x.rounded(.toNearestOrEven)) ?? .min))
      #expect(Int64(bitPattern: slots[6]) == truncated(Double(narrow), Int64.self))
    }
    let integers = try Machine { a in
      a.mov(.rax, .slot(0))
      a.cvtsi2sd(.xmm0, .rax)
      a.movsd(.slot(1), .xmm0)
      a.cvtsi2sd(.xmm12, .eax)
      a.movsd(.slot(2), .xmm12)
      a.cvtsi2ss(.xmm0, .qword, .slot(0))
      a.movd(.slot(3), .xmm0)
      a.cvtsi2ss(.xmm0, .dword, .slot(0))
      a.movd(.slot(4), .xmm0)
    }
    for x in operands(UInt64.self, seed: 32) {
      let slots = integers.run([x, 0, 0, 0, 0])
      let (wide, narrow) = (Int64(bitPattern: x), Int32(truncatingIfNeeded: x))
      #expect(slots[1] == Double(wide).bitPattern)
      #expect(slots[2] == Double(narrow).bitPattern)
      #expect(slots[3] == UInt64(Float(wide).bitPattern))
      #expect(slots[4] == UInt64(Float(narrow).bitPattern))
    }
  }
}
