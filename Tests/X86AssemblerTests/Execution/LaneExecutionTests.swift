import FtraceX86Assembler
import Testing

/// Vector instructions of two operands: what each does with every lane, in plain Swift.
@Suite("Execution: vectors, lane by lane")
struct LaneExecutionTests {
  private typealias Model = (Vector, Vector) -> Vector

  private static func each<Lane: FixedWidthInteger>(
    _: Lane.Type, _ operation: @escaping (Lane, Lane) -> Lane
  ) -> Model {
    { a, b in Vector(zip(a.lanes(Lane.self), b.lanes(Lane.self)).map { operation($0, $1) }) }
  }

  private static func mask<Lane: FixedWidthInteger>(
    _: Lane.Type, _ holds: @escaping (Lane, Lane) -> Bool
  ) -> Model {
    each(Lane.self) { holds($0, $1) ? ~0 : 0 }
  }

  /// The lower halves of both, lane by lane in turn, or the upper ones.
  private static func interleave<Lane: FixedWidthInteger>(_: Lane.Type, high: Bool = false) -> Model {
    { a, b in
      let half = 64 / Lane.bitWidth
      let range = high ? half..<2 * half : 0..<half
      return Vector(range.flatMap { [a.lanes(Lane.self)[$0], b.lanes(Lane.self)[$0]] })
    }
  }

  /// By the lower half of the second: all the way out if it is the lane's width or more.
  private static func shift<Lane: FixedWidthInteger>(
    _: Lane.Type, _ operation: @escaping (Lane, Lane) -> Lane
  ) -> Model {
    { a, b in
      let count = Lane(min(b.low, UInt64(Lane.bitWidth)))
      return Vector(a.lanes(Lane.self).map { operation($0, count) })
    }
  }

  private static func floats(_ operation: @escaping (Float, Float) -> Float) -> Model {
    { a, b in Vector(floats: zip(a.floats, b.floats).map { operation($0, $1) }) }
  }

  private static func doubles(_ operation: @escaping (Double, Double) -> Double) -> Model {
    { a, b in Vector(doubles: zip(a.doubles, b.doubles).map { operation($0, $1) }) }
  }

  private let integers: [Form: Model] = [
    .paddbXXm: each(UInt8.self, &+), .paddwXXm: each(UInt16.self, &+), .padddXXm: each(UInt32.self, &+),
    .psubbXXm: each(UInt8.self, &-), .psubwXXm: each(UInt16.self, &-), .psubdXXm: each(UInt32.self, &-),
    .pcmpeqbXXm: mask(UInt8.self, ==), .pcmpeqwXXm: mask(UInt16.self, ==), .pcmpeqqXXm: mask(UInt64.self, ==),
    .pcmpgtbXXm: mask(Int8.self, >), .pcmpgtwXXm: mask(Int16.self, >), .pcmpgtdXXm: mask(Int32.self, >),
    .pmullwXXm: each(UInt16.self, &*), .pmulldXXm: each(UInt32.self, &*), .pminubXXm: each(UInt8.self, min),
    .pmaxubXXm: each(UInt8.self, max), .pminsdXXm: each(Int32.self, min), .pminudXXm: each(UInt32.self, min),
    .pmaxsdXXm: each(Int32.self, max), .pmaxudXXm: each(UInt32.self, max),
    .punpcklbwXXm: interleave(UInt8.self), .punpcklwdXXm: interleave(UInt16.self),
    .punpckldqXXm: interleave(UInt32.self), .unpcklpsXXm: interleave(UInt32.self),
    .unpckhpsXXm: interleave(UInt32.self, high: true), .unpcklpdXXm: interleave(UInt64.self),
    .pshufbXXm: { a, b in
      let bytes = a.lanes(UInt8.self)
      return Vector(b.lanes(UInt8.self).map { $0 & 0x80 != 0 ? 0 : bytes[Int($0 & 15)] })
    },
  ]

  private let shifts: [Form: Model] = [
    .psllwXXm: shift(UInt16.self, <<), .pslldXXm: shift(UInt32.self, <<), .psllqXXm: shift(UInt64.self, <<),
    .psrlwXXm: shift(UInt16.self, >>), .psrldXXm: shift(UInt32.self, >>), .psrlqXXm: shift(UInt64.self, >>),
    .psrawXXm: shift(Int16.self, >>), .psradXXm: shift(Int32.self, >>),
  ]

  private let singles: [Form: Model] = [
    .addpsXXm: floats(+), .subpsXXm: floats(-), .mulpsXXm: floats(*), .divpsXXm: floats(/),
    .minpsXXm: floats { $0 < $1 ? $0 : $1 }, .maxpsXXm: floats { $0 > $1 ? $0 : $1 },
    .sqrtpsXXm: floats { $1.squareRoot() },
    .cvtps2dqXXm: { _, b in Vector(b.floats.map { Int32($0.rounded(.toNearestOrEven)) }) },
    .cvttps2dqXXm: { _, b in Vector(b.floats.map { Int32($0) }) },
    .cvtdq2psXXm: { _, b in Vector(floats: b.lanes(Int32.self).map { Float($0) }) },
  ]

  private let pairs: [Form: Model] = [
    .subpdXXm: doubles(-), .divpdXXm: doubles(/), .minpdXXm: doubles { $0 < $1 ? $0 : $1 },
    .maxpdXXm: doubles { $0 > $1 ? $0 : $1 },
    .cvtpd2dqXXm: { _, b in Vector(b.doubles.map { Int32($0.rounded(.toNearestOrEven)) } + [0, 0]) },
    .movupdXXm: { _, b in b },
  ]

  /// Runs a form with its second operand in a register and in memory.
  private func check(_ models: [Form: Model], _ inputs: [(Vector, Vector)]) throws {
    for (form, model) in models {
      let machines = [
        try Machine.onVectors { try $0.encode(form, [.vector(.xmm7), .vector(.xmm15)], width: .dword) },
        try Machine.onVectors { a in
          a.movaps(.base(.rsp), .xmm15)
          try a.encode(form, [.vector(.xmm7), .memory(.base(.rsp))], width: .dword)
        },
      ]
      for (a, b) in inputs {
        for machine in machines {
          let found = machine.run(a, b).vector
          #expect(found == model(a, b), "\(form.row.mnemonic) of \(a), \(b)")
        }
      }
    }
  }

  private static func vectors(_ seed: UInt64) -> [(Vector, Vector)] {
    var random = SeededGenerator(seed: seed)
    let some = (0..<12).map { _ in
      (Vector(random.next(), random.next()), Vector(random.next(), random.next()))
    }
    // Lanes that are equal, and the edges of each width.
    let edges = Vector(0x7F80_FF00_0180_7FFF, 0x8000_0000_7FFF_FFFF)
    return some + some.prefix(3).map { ($0.0, $0.0) } + [(edges, some[0].0), (some[1].0, edges), (edges, edges)]
  }

  @Test("integers")
  func integerLanes() throws { try check(integers, Self.vectors(1)) }

  @Test("shifts by a vector")
  func shiftedLanes() throws {
    let counts: [UInt64] = [0, 1, 7, 15, 16, 31, 32, 63, 64, 1 << 40]
    try check(shifts, Self.vectors(2).flatMap { pair in counts.map { (pair.0, Vector($0, pair.1.high)) } })
  }

  @Test("floating point")
  func floatLanes() throws {
    var random = SeededGenerator(seed: 3)
    func number() -> Double { Double(Int64(bitPattern: random.next()) >> 36) / 16 }
    let singles = (0..<16).map { _ in
      (
        Vector(floats: (0..<4).map { _ in Float(number()) }),
        Vector(floats: (0..<4).map { _ in Float(abs(number()) + 0.5) })
      )
    }
    try check(self.singles, singles)
    let pairs = (0..<16).map { _ in
      (Vector(doubles: [number(), number()]), Vector(doubles: [number() + 0.25, abs(number()) + 0.5]))
    }
    try check(self.pairs, pairs)
  }
}
