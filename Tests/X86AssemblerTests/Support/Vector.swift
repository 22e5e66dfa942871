import FtraceX86Assembler

/// The 128 bits of a vector register.
struct Vector: Hashable, CustomStringConvertible {
  var low: UInt64
  var high: UInt64

  init(_ low: UInt64, _ high: UInt64) { (self.low, self.high) = (low, high) }

  /// From lanes, the lowest first.
  init<Lane: FixedWidthInteger>(_ lanes: [Lane]) {
    var words: [UInt64] = [0, 0]
    for (index, lane) in lanes.enumerated() {
      let bit = index * Lane.bitWidth
      let value = UInt64(truncatingIfNeeded: lane) & (.max >> UInt64(64 - Lane.bitWidth))
      words[bit / 64] |= value << UInt64(bit % 64)
    }
    self.init(words[0], words[1])
  }

  func lanes<Lane: FixedWidthInteger>(_: Lane.Type) -> [Lane] {
    (0..<128 / Lane.bitWidth).map { index in
      let bit = index * Lane.bitWidth
      return Lane(truncatingIfNeeded: (bit < 64 ? low : high) >> UInt64(bit % 64))
    }
  }

  var floats: [Float] { lanes(UInt32.self).map { Float(bitPattern: $0) } }
  var doubles: [Double] { [Double(bitPattern: low), Double(bitPattern: high)] }

  init(floats: [Float]) { self.init(floats.map(\.bitPattern)) }
  init(doubles: [Double]) { self.init(doubles[0].bitPattern, doubles[1].bitPattern) }

  var description: String { String(high, radix: 16) + "_" + String(low, radix: 16) }
}

extension Machine {
  /// Emits code between loads of two vectors into `xmm7` and `xmm15` and stores of `xmm7`, `rax` and the flags. `rsp` is aligned by 16 there.
  static func onVectors(_ emit: (Assembler) throws -> Void) throws -> Machine {
    try Machine { a in
      a.movups(.xmm7, .slot(0))
      a.movups(.xmm15, .slot(2))
      a.mov(.eax, 0)
      a.sub(.rsp, 24)
      try emit(a)
      a.movups(.slot(4), .xmm7)
      a.mov(.slot(6), .rax)
      a.storeFlags(7)
      a.add(.rsp, 24)
    }
  }

  func run(_ left: Vector, _ right: Vector) -> (vector: Vector, rax: UInt64, flags: Flags) {
    let slots = run([left.low, left.high, right.low, right.high, 0, 0, 0, 0])
    return (Vector(slots[4], slots[5]), slots[6], Flags(rawValue: slots[7]).intersection(.arithmetic))
  }
}
