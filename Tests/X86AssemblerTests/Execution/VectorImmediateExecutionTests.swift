import FtraceX86Assembler
import Testing

/// Vector instructions with a number, those whose result is a general register or flags, and moves to and from memory.
@Suite("Execution: vectors, selectors and masks")
struct VectorImmediateExecutionTests {
  private static let a = Vector(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210)
  private static let b = Vector(0xFF00_FF00_0F0F_8F0F, 0x8000_0000_0000_0001)

  private func result(
    _ a: Vector = a, _ b: Vector = b, _ emit: (Assembler) throws -> Void
  ) throws -> (vector: Vector, rax: UInt64, flags: Flags) {
    try Machine.onVectors(emit).run(a, b)
  }

  @Test("shifts by a number")
  func shifts() throws {
    func check<Lane: FixedWidthInteger>(_ form: Form, _: Lane.Type, _ operation: (Lane, Int) -> Lane) throws {
      for count in [0, 1, 7, 15, 16, 31, 32, 63, 200] {
        let found = try result {
          try $0.encode(form, [.vector(.xmm7), .immediate(Int64(count))], width: .dword)
        }
        let expected = Vector(Self.a.lanes(Lane.self).map { operation($0, min(count, Lane.bitWidth)) })
        #expect(found.vector == expected, "\(form) by \(count)")
      }
    }
    try check(.psllwXI8, UInt16.self, <<)
    try check(.pslldXI8, UInt32.self, <<)
    try check(.psllqXI8, UInt64.self, <<)
    try check(.psrlwXI8, UInt16.self, >>)
    try check(.psrldXI8, UInt32.self, >>)
    try check(.psrlqXI8, UInt64.self, >>)
    try check(.psrawXI8, Int16.self, >>)
    try check(.psradXI8, Int32.self, >>)
  }

  @Test("lanes are chosen, inserted and extracted by number")
  func selectors() throws {
    let (left, right) = (Self.a.lanes(UInt32.self), Self.b.lanes(UInt32.self))
    for selector in stride(from: 0, to: 256, by: 37) {
      func pick(_ place: Int) -> Int { selector >> (2 * place) & 3 }
      let shuffled = try result {
        try $0.encode(.shufpsXXm, [.vector(.xmm7), .vector(.xmm15), .immediate(Int64(selector))], width: .dword)
      }
      #expect(shuffled.vector == Vector([left[pick(0)], left[pick(1)], right[pick(2)], right[pick(3)]]))
      let inserted = try result {
        try $0.encode(.insertpsXXm, [.vector(.xmm7), .vector(.xmm15), .immediate(Int64(selector))], width: .dword)
      }
      var lanes = left
      lanes[pick(2)] = right[pick(3)]
      for lane in 0..<4 where selector >> lane & 1 != 0 { lanes[lane] = 0 }
      #expect(inserted.vector == Vector(lanes))
    }
    for lane in 0..<8 {
      let words = Self.a.lanes(UInt16.self)
      let extracted = try result {
        try $0.encode(.pextrwRmX, [.register(0), .vector(.xmm7), .immediate(Int64(lane))], width: .dword)
      }
      #expect(extracted.rax == UInt64(words[lane]))
      let inserted = try result { a in
        a.mov(.eax, 0x12_ABCD)
        try a.encode(.pinsrwXRm, [.vector(.xmm7), .register(0), .immediate(Int64(lane))], width: .dword)
      }
      var changed = words
      changed[lane] = 0xABCD
      #expect(inserted.vector == Vector(changed))
    }
    for lane in 0..<4 {
      let extracted = try result {
        try $0.encode(.extractpsRmX, [.register(0), .vector(.xmm15), .immediate(Int64(lane))], width: .dword)
      }
      #expect(extracted.rax == UInt64(right[lane]))
    }
  }

  @Test("comparisons, signs, rounding")
  func floats() throws {
    let x = Vector(floats: [1.5, -2.5, .nan, 4]), y = Vector(floats: [1.5, 3.5, 1, -0.5])
    let predicates: [(Float, Float) -> Bool] = [
      { $0 == $1 }, { $0 < $1 }, { $0 <= $1 }, { $0.isNaN || $1.isNaN }, { $0 != $1 }, { !($0 < $1) }, { !($0 <= $1) },
      { !$0.isNaN && !$1.isNaN },
    ]
    for (number, holds) in predicates.enumerated() {
      let found = try result(x, y) {
        try $0.encode(.cmppsXXm, [.vector(.xmm7), .vector(.xmm15), .immediate(Int64(number))], width: .dword)
      }
      let expected = Vector(zip(x.floats, y.floats).map { holds($0, $1) ? UInt32.max : 0 })
      #expect(found.vector == expected, "predicate \(number)")
    }
    let rounds: [FloatingPointRoundingRule] = [.toNearestOrEven, .down, .up, .towardZero]
    for (number, rule) in rounds.enumerated() {
      let found = try result(x, y) {
        try $0.encode(.roundpsXXm, [.vector(.xmm7), .vector(.xmm15), .immediate(Int64(number))], width: .dword)
      }
      #expect(found.vector == Vector(floats: y.floats.map { $0.rounded(rule) }))
    }
    #expect(
      try result(x, y) { try $0.encode(.movmskpsRX, [.register(0), .vector(.xmm7)], width: .dword) }.rax == 0b0010)
    let compared: [(Float, Float, Flags)] = [
      (1, 2, .carry), (2, 1, []), (1, 1, .zero), (.nan, 1, [.carry, .zero, .parity]),
    ]
    for (left, right, flags) in compared {
      let found = try result(Vector(floats: [left, 9, 9, 9]), Vector(floats: [right, 8, 8, 8])) {
        try $0.encode(.comissXXm, [.vector(.xmm7), .vector(.xmm15)], width: .dword)
      }
      #expect(found.flags == flags)
    }
    for (value, integer) in [(Float(2.5), Int64(2)), (-3.5, -4), (1e6, 1_000_000)] {
      let wide = try result(Vector(floats: [value, 0, 0, 0])) {
        try $0.encode(.cvtss2siRXm, [.register(0), .vector(.xmm7)], width: .qword)
      }
      #expect(Int64(bitPattern: wide.rax) == integer)
      let narrow = try result(Vector(floats: [value, 0, 0, 0])) {
        try $0.encode(.cvtss2siRXm, [.register(0), .vector(.xmm7)], width: .dword)
      }
      #expect(narrow.rax == UInt64(UInt32(bitPattern: Int32(integer))))
    }
  }

  @Test("ptest says whether bits are common, and whether any are outside")
  func test() throws {
    let cases: [(Vector, Vector)] = [
      (Vector(0b1100, 0), Vector(0b0011, 0)), (Vector(0b1100, 1), Vector(0b0100, 1)),
      (Vector(0b1100, 0), Vector(0b0110, 0)), (Vector(0, 0), Vector(0, 0)),
    ]
    for (left, right) in cases {
      let found = try result(left, right) {
        try $0.encode(.ptestXXm, [.vector(.xmm7), .vector(.xmm15)], width: .dword)
      }
      var flags: Flags = []
      if left.low & right.low == 0 && left.high & right.high == 0 { flags.insert(.zero) }
      if ~left.low & right.low == 0 && ~left.high & right.high == 0 { flags.insert(.carry) }
      #expect(found.flags == flags)
    }
  }

  @Test("halves and wholes to and from memory")
  func memory() throws {
    let whole: [Form] = [.movupsXmX, .movapdXmX, .movdquXmX, .movapsXmX, .movdqaXmX, .movupdXmX, .movntdqMX]
    for form in whole {
      let found = try result { a in
        try a.encode(form, [.memory(.base(.rsp)), .vector(.xmm15)], width: .dword)
        a.movaps(.xmm7, .base(.rsp))
      }
      #expect(found.vector == Self.b, "\(form)")
    }
    // Eight bytes of memory that holds another number, and what is in the whole register afterwards.
    let stores: [(Form, UInt64)] = [
      (.movqXmX, Self.b.low), (.movlpsMX, Self.b.low), (.movlpdMX, Self.b.low), (.movhpsMX, Self.b.high),
      (.movhpdMX, Self.b.high),
    ]
    for (form, expected) in stores {
      let found = try result { a in
        a.movaps(.base(.rsp), .xmm7)
        try a.encode(form, [.memory(.base(.rsp)), .vector(.xmm15)], width: .dword)
        a.movaps(.xmm7, .base(.rsp))
      }
      #expect(found.vector == Vector(expected, Self.a.high), "\(form)")
    }
    let loads: [(Form, Vector)] = [
      (.movlpsXM, Vector(Self.b.low, Self.a.high)), (.movlpdXM, Vector(Self.b.low, Self.a.high)),
      (.movhpsXM, Vector(Self.a.low, Self.b.low)), (.movhpdXM, Vector(Self.a.low, Self.b.low)),
    ]
    for (form, expected) in loads {
      let found = try result { a in
        a.movaps(.base(.rsp), .xmm15)
        try a.encode(form, [.vector(.xmm7), .memory(.base(.rsp))], width: .dword)
      }
      #expect(found.vector == expected, "\(form)")
    }
    for width in [OperandWidth.dword, .qword] {
      let found = try result { a in
        a.mov(.rax, -2)
        a.mov(.qword, .base(.rsp), 0)
        try a.encode(.movntiMR, [.memory(.base(.rsp)), .register(0)], width: width)
        a.mov(.rax, .base(.rsp))
      }
      #expect(found.rax == (width == .qword ? UInt64.max - 1 : 0xFFFF_FFFE))
    }
  }
}
