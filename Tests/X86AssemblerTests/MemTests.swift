import FtraceX86Assembler
import Testing

@Suite("Memory operands")
struct MemTests {
  @Test("know the parts they were built from")
  func parts() {
    for base in 0..<16 {
      for displacement in OperandSamples.displacements {
        let register = Reg64(number: UInt8(base))
        let plain = Mem.base(register, displacement)
        #expect(plain.base == register && plain.index == nil && plain.displacement == displacement)
        #expect(plain.segment == nil && plain.reference == nil)
        for index in 0..<16 where index != 4 {
          let other = IndexRegister(Reg64(number: UInt8(index)))
          for scale in Mem.Scale.allCases {
            let both = Mem.base(register, index: other, scale: scale, displacement)
            #expect(both.base == register && both.index == other && both.scale == scale)
            #expect(both.displacement == displacement)
            let alone = Mem.index(other, scale: scale, displacement).inSegment(.gs)
            #expect(alone.base == nil && alone.index == other && alone.scale == scale && alone.segment == .gs)
          }
        }
      }
    }
    let absolute = Mem.fs(-8)
    #expect(absolute.base == nil && absolute.index == nil && absolute.displacement == -8 && absolute.segment == .fs)
    let symbol = Symbol(rawValue: 3)
    #expect(Mem.rip(symbol, 4).reference == .symbol(symbol) && Mem.rip(symbol, 4).displacement == 4)
    let label = Assembler().label()
    #expect(Mem.rip(label).reference == .label(label) && Mem.rip(label).base == nil)
  }

  @Test("print in Intel syntax")
  func text() {
    #expect("\(Mem.base(.rax))" == "[rax]")
    #expect("\(Mem.base(.r13, index: .r12, scale: .x8, 16))" == "[r13 + r12*8 + 16]")
    #expect("\(Mem.fs(-8))" == "fs:[-8]")
    #expect("\(Mem.absolute(0))" == "[0]")
    #expect("\(Mem.rip(Symbol(rawValue: 0x1F), 4))" == "[rip + symbol:1f + 4]")
    let row = Form.addRmR.row
    #expect(row.text([.memory(.base(.rcx, 8)), .register(9)], width: .qword) == "add qword [rcx + 8], r9")
    #expect(Form.setRm8.row.text([.register(6)], condition: .le) == "setle sil")
    #expect(Form.shlRmCL.row.text([.register(0), .implied], width: .dword) == "shl eax, cl")
    #expect("\(row)" == "add rm, reg (byte word dword qword)")
  }

  @Test("take the shortest form")
  func lengths() throws {
    func length(_ memory: Mem) throws -> Int {
      let a = Assembler()
      a.mov(.eax, memory)
      return try a.finish().bytes.count
    }
    #expect(try length(.base(.rax)) == 2)
    #expect(try length(.base(.rbp)) == 3)
    #expect(try length(.base(.r13)) == 4)
    #expect(try length(.base(.rsp)) == 3)
    #expect(try length(.base(.r12)) == 4)
    #expect(try length(.base(.rax, 127)) == 3)
    #expect(try length(.base(.rax, -129)) == 6)
    #expect(try length(.base(.rax, index: .rcx)) == 3)
    #expect(try length(.base(.rbp, index: .rcx)) == 4)
    #expect(try length(.fs(0)) == 8)
  }
}
