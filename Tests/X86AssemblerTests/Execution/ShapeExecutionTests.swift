import FtraceX86Assembler
import Testing

/// Shapes of integer instructions that the typed methods choose rarely: long immediates, the accumulator's own, counts in `cl`.
@Suite("Execution: shapes of integer instructions")
struct ShapeExecutionTests {
  /// What a form makes of slot 0 in `rax`, with the carry of slot 1.
  private struct Shape {
    let machine: Machine

    init(_ form: Form, _ operands: [FormOperand], _ width: OperandWidth) throws {
      machine = try Machine { a in
        a.mov(.rax, .slot(0))
        a.mov(.rcx, .slot(4))
        a.mov(.r9, .slot(5))
        a.loadFlags(1)
        try a.encode(form, operands, width: width)
        a.mov(.slot(2), .rax)
        a.storeFlags(3)
      }
    }

    func run(_ value: UInt64, carry: Bool = false, count: UInt64 = 0, other: UInt64 = 0) -> (
      value: UInt64, flags: Flags
    ) {
      let slots = machine.run([value, carry ? 0x203 : 0x202, 0, 0, count, other])
      return (slots[2], Flags(rawValue: slots[3]).intersection(.arithmetic))
    }
  }

  private func run(
    _ form: Form, _ operands: [FormOperand], _ width: OperandWidth, _ value: UInt64, carry: Bool = false,
    count: UInt64 = 0, other: UInt64 = 0
  ) throws -> (value: UInt64, flags: Flags) {
    try Shape(form, operands, width).run(value, carry: carry, count: count, other: other)
  }

  private static func bits(_ width: OperandWidth) -> UInt64 {
    switch width {
    case .byte: 8
    case .word: 16
    case .dword: 32
    case .qword: 64
    }
  }

  /// What `rax` is when its lower bits become a value: 32 bits clear the rest.
  private static func written(_ value: UInt64, over old: UInt64, _ width: OperandWidth) -> UInt64 {
    let mask = UInt64.max >> (64 - bits(width))
    return width == .dword ? value & mask : old & ~mask | value & mask
  }

  @Test("immediates with the carry, and of the accumulator")
  func immediates() throws {
    let adds: [Form] = [.adcRmI8, .adcAccI, .adcRmI], subtracts: [Form] = [.sbbRmI8, .sbbAccI, .sbbRmI]
    for form in adds + subtracts + [.andAccI, .cmpAccI] {
      for width in form.row.operandWidths {
        for immediate in [0, 1, -1, 100, -128] as [Int64] {
          let operand: FormOperand = form.row.operands[0] == .accumulator ? .implied : .register(0)
          let shape = try Shape(form, [operand, .immediate(immediate)], width)
          for value in [0, 1, 0x80, 0xFFFF, 0x1_2345_6789_ABCD, .max, 1 << 63] as [UInt64] {
            for carry in [false, true] {
              let found = shape.run(value, carry: carry)
              let mask = UInt64.max >> (64 - Self.bits(width))
              let (x, y) = (value & mask, UInt64(bitPattern: immediate) & mask)
              let more: UInt64 = carry ? 1 : 0
              let (result, carries): (UInt64, Bool)
              if adds.contains(form) {
                result = (x &+ y &+ more) & mask
                carries = x > mask - y || x &+ y > mask - more
              } else if subtracts.contains(form) {
                result = (x &- y &- more) & mask
                carries = x < y || x - y < more
              } else if form == .andAccI {
                (result, carries) = (x & y, false)
              } else {
                (result, carries) = (x, x < y)
              }
              #expect(found.value == (form == .cmpAccI ? value : Self.written(result, over: value, width)))
              #expect(found.flags.contains(.carry) == carries, "\(form) \(width) of \(value), \(immediate)")
            }
          }
        }
      }
    }
    for width in Form.imulRRmI.row.operandWidths {
      let found = try run(.imulRRmI, [.register(0), .register(9), .immediate(-300)], width, 7, other: 1001)
      #expect(found.value == Self.written(UInt64(bitPattern: -300_300), over: 7, width))
    }
  }

  @Test("rotates through the carry, double shifts, bit tests")
  func shifts() throws {
    for value in [0x8000_0000_0000_0001, 0x0123_4567_89AB_CDEF] as [UInt64] {
      for carry in [false, true] {
        for count in [1, 5, 33] as [Int] {
          var (left, right) = ((value, carry), (value, carry))
          for _ in 0..<count {
            left = (left.0 << 1 | (left.1 ? 1 : 0), left.0 >> 63 != 0)
            right = (right.0 >> 1 | (right.1 ? 1 << 63 : 0), right.0 & 1 != 0)
          }
          if count == 1 {
            let found = try run(.rclRm1, [.register(0), .implied], .qword, value, carry: carry)
            #expect(found.value == left.0 && found.flags.contains(.carry) == left.1)
          }
          let rcl = try run(.rclRmCL, [.register(0), .implied], .qword, value, carry: carry, count: UInt64(count))
          #expect(rcl.value == left.0 && rcl.flags.contains(.carry) == left.1)
          let rcr = try run(.rcrRmCL, [.register(0), .implied], .qword, value, carry: carry, count: UInt64(count))
          #expect(rcr.value == right.0 && rcr.flags.contains(.carry) == right.1)
          let byNumber = try run(.rcrRmI8, [.register(0), .immediate(Int64(count))], .qword, value, carry: carry)
          #expect(byNumber.value == right.0 && byNumber.flags.contains(.carry) == right.1)
          let other: UInt64 = 0xFEDC_BA98_7654_3210
          let shld = try run(
            .shldRmRCL, [.register(0), .register(9), .implied], .qword, value, count: UInt64(count), other: other)
          #expect(shld.value == value << UInt64(count) | other >> UInt64(64 - count))
          let shrd = try run(
            .shrdRmRI8, [.register(0), .register(9), .immediate(Int64(count))], .qword, value, other: other)
          #expect(shrd.value == value >> UInt64(count) | other << UInt64(64 - count))
        }
      }
      for bit in [0, 1, 31, 63] as [UInt64] {
        let isSet = value >> bit & 1 != 0
        let bt = try run(.btRmI8, [.register(0), .immediate(Int64(bit))], .qword, value)
        #expect(bt.value == value && bt.flags.contains(.carry) == isSet)
        let btr = try run(.btrRmR, [.register(0), .register(9)], .qword, value, other: bit)
        #expect(btr.value == value & ~(1 << bit) && btr.flags.contains(.carry) == isSet)
      }
    }
  }

  @Test("eight bytes are exchanged at once")
  func exchange() throws {
    let machine = try Machine { a in
      a.push(.rbx)
      a.mov(.eax, .slot(1))
      a.mov(.edx, .slot(2))
      a.mov(.ebx, 7)
      a.mov(.ecx, 9)
      try a.encode(.cmpxchg8bM, [.memory(.slot(0))], width: .dword)
      a.set(.e, .slot(3))
      a.mov(.slot(1), .eax)
      a.mov(.slot(2), .edx)
      a.pop(.rbx)
    }
    #expect(machine.run([0x5_0000_0004, 4, 5, 0]) == [0x9_0000_0007, 4, 5, 1])
    #expect(machine.run([0x5_0000_0004, 4, 6, 0]) == [0x5_0000_0004, 4, 5, 0])
  }
}
