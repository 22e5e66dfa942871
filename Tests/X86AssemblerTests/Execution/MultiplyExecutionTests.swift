import FtraceX86Assembler
import Testing

/// Multiplication and division, compared with Swift's.
@Suite("Execution: multiplication and division")
struct MultiplyExecutionTests {
  @Test("mul, imul, div, idiv")
  func wide() throws {
    try wide(Reg16.self, UInt16.self)
    try wide(Reg32.self, UInt32.self)
    try wide(Reg64.self, UInt64.self)
  }

  private func wide<R: WideRegister, T: FixedWidthInteger & UnsignedInteger>(_: R.Type, _: T.Type) throws
  where T.Magnitude == T {
    let (low, high, operand) = (R(number: 0), R(number: 2), R(number: 11))
    func machine(_ emit: (Assembler) -> Void) throws -> Machine {
      try Machine { a in
        a.mov(.rax, .slot(0))
        a.mov(.rdx, .slot(1))
        a.mov(.r11, .slot(2))
        emit(a)
        a.mov(.slot(3), low)
        a.mov(.slot(4), high)
      }
    }
    let mul = try machine { $0.mul(operand) }
    let imul = try machine { $0.imul(operand) }
    let div = try machine { $0.div(operand) }
    let idiv = try machine { $0.idiv(operand) }
    let truncated = try machine { a in
      a.imul(low, operand)
      a.imul(high, operand, 100)
    }
    for x in operands(T.self, seed: 5) {
      for y in operands(T.self, seed: 6) {
        let product = x.multipliedFullWidth(by: y)
        #expect(mul.run([UInt64(x), 0, UInt64(y), 0, 0])[3...] == [UInt64(product.low), UInt64(product.high)])
        // The high half of a signed product follows from the unsigned one.
        let top = T.bitWidth - 1
        let signed = product.high &- (x >> top != 0 ? y : 0) &- (y >> top != 0 ? x : 0)
        #expect(imul.run([UInt64(x), 0, UInt64(y), 0, 0])[3...] == [UInt64(product.low), UInt64(signed)])
        #expect(truncated.run([UInt64(x), 0, UInt64(y), 0, 0])[3...] == [UInt64(product.low), UInt64(y &* 100)])
        if y == 0 { continue }
        // A high half below the divisor gives a quotient that fits.
        let upper = y / 2
        let (quotient, remainder) = y.dividingFullWidth((upper, x))
        #expect(div.run([UInt64(x), UInt64(upper), UInt64(y), 0, 0])[3...] == [UInt64(quotient), UInt64(remainder)])
        let negative = x >> top != 0
        if x == T(1) << top, y == .max { continue }
        let magnitudes = (negative ? 0 &- x : x).quotientAndRemainder(dividingBy: y >> top != 0 ? 0 &- y : y)
        let signedQuotient = negative != (y >> top != 0) ? 0 &- magnitudes.quotient : magnitudes.quotient
        let signedRemainder = negative ? 0 &- magnitudes.remainder : magnitudes.remainder
        #expect(
          idiv.run([UInt64(x), negative ? UInt64(T.max) : 0, UInt64(y), 0, 0])[3...]
            == [UInt64(signedQuotient), UInt64(signedRemainder)])
      }
    }
  }

  @Test("bytes: mul, imul, div, idiv work in ax")
  func bytes() throws {
    func machine(_ emit: (Assembler) -> Void) throws -> Machine {
      try Machine { a in
        a.mov(.rax, .slot(0))
        a.mov(.rsi, .slot(1))
        emit(a)
        a.mov(.slot(2), .ax)
      }
    }
    let mul = try machine { $0.mul(.sil) }
    let imul = try machine { $0.imul(.sil) }
    let div = try machine { $0.div(.byte, .slot(1)) }
    let idiv = try machine { a in
      a.cbw()
      a.idiv(.sil)
    }
    for x in operands(UInt8.self, seed: 7) {
      for y in operands(UInt8.self, seed: 8) {
        let (left, right) = (Int8(bitPattern: x), Int8(bitPattern: y))
        #expect(mul.run([UInt64(x), UInt64(y), 0])[2] == UInt64(x) * UInt64(y))
        #expect(imul.run([UInt64(x), UInt64(y), 0])[2] == UInt64(UInt16(bitPattern: Int16(left) * Int16(right))))
        if y == 0 { continue }
        #expect(div.run([UInt64(x), UInt64(y), 0])[2] == UInt64(x / y) | UInt64(x % y) << 8)
        if left == .min && right == -1 { continue }
        let expected = UInt64(UInt8(bitPattern: left / right)) | UInt64(UInt8(bitPattern: left % right)) << 8
        #expect(idiv.run([UInt64(x), UInt64(y), 0])[2] == expected)
      }
    }
  }

  @Test("sign extension of the accumulator")
  func extend() throws {
    let machine = try Machine { a in
      a.mov(.rax, .slot(0))
      a.cqo()
      a.mov(.slot(1), .rdx)
      a.cdq()
      a.mov(.slot(2), .rdx)
      a.cwd()
      a.mov(.slot(3), .dx)
      a.cbw()
      a.mov(.slot(4), .ax)
      a.mov(.rax, .slot(0))
      a.cwde()
      a.mov(.slot(5), .rax)
      a.mov(.rax, .slot(0))
      a.cdqe()
      a.mov(.slot(6), .rax)
    }
    for x in operands(UInt64.self, seed: 9) {
      let slots = machine.run([x, 0, 0, 0, 0, 0, 0])
      #expect(slots[1] == UInt64(bitPattern: Int64(bitPattern: x) >> 63))
      #expect(slots[2] == UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: x) >> 31)))
      #expect(slots[3] == UInt64(UInt16(bitPattern: Int16(truncatingIfNeeded: x) >> 15)))
      #expect(slots[4] == UInt64(UInt16(bitPattern: Int16(Int8(truncatingIfNeeded: x)))))
      #expect(slots[5] == UInt64(UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: x)))))
      #expect(slots[6] == UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x))))
    }
  }
}
