import FtraceX86Assembler
import Testing

@Suite("Calling conventions")
struct CallingConventionTests {
  @Test("integers and floating point take registers of their own, then the stack")
  func locations() {
    let kinds: [ValueClass] = [.int64, .double, .int32, .float, .pointer]
    #expect(
      CallingConvention.sysV.locations(of: kinds) == [
        .integerRegister(.rdi), .vectorRegister(.xmm0), .integerRegister(.rsi), .vectorRegister(.xmm1),
        .integerRegister(.rdx),
      ])
    let many = [ValueClass](repeating: .int64, count: 8) + [ValueClass](repeating: .double, count: 10) + [.int32]
    let locations = CallingConvention.sysV.locations(of: many)
    #expect(locations[5] == .integerRegister(.r9))
    #expect(locations[6...7] == [.stack(offset: 0), .stack(offset: 8)])
    #expect(locations[15] == .vectorRegister(.xmm7))
    #expect(locations[16...] == [.stack(offset: 16), .stack(offset: 24), .stack(offset: 32)])
    #expect(CallingConvention.sysV.stackBytes(of: many) == 40)
    #expect(CallingConvention.sysV.stackBytes(of: kinds) == 0)
  }

  @Test("results")
  func results() {
    let sysV = CallingConvention.sysV
    #expect(sysV.resultLocations(of: []) == [])
    #expect(sysV.resultLocations(of: [.double, .int64]) == [.vectorRegister(.xmm0), .integerRegister(.rax)])
    #expect(sysV.resultLocations(of: [.int64, .int64, .int64]) == nil)
    #expect(
      CallingConvention.swift.resultLocations(of: [.int64, .int64, .int64])
        == [.integerRegister(.rax), .integerRegister(.rdx), .integerRegister(.rcx)])
  }

  @Test("a compiled caller agrees: ten integers and ten doubles")
  func execution() throws {
    // Emitted code calls emitted code, which finds every argument where the helper says.
    let kinds = (0..<20).map { $0 % 2 == 0 ? ValueClass.int64 : .double }
    let locations = CallingConvention.sysV.locations(of: kinds)
    let bytes = Int32(CallingConvention.sysV.stackBytes(of: kinds) + 15 & ~15)
    let machine = try Machine { a in
      let (callee, done) = (a.label("callee"), a.label("done"))
      a.push(.rbp)
      a.mov(.rbp, .rsp)
      a.push(.rdi)
      a.sub(.rsp, bytes + 8)
      a.mov(.r11, .rdi)
      for (index, location) in locations.enumerated() {
        let slot = Mem.base(.r11, Int32(index * 8))
        switch location {
        case .integerRegister(let register): a.mov(register, slot)
        case .vectorRegister(let register): a.movsd(register, slot)
        case .stack(let offset):
          a.mov(.rax, slot)
          a.mov(.base(.rsp, Int32(offset)), .rax)
        }
      }
      a.call(callee)
      a.mov(.rdi, .base(.rbp, -8))
      a.cvttsd2si(.rcx, .xmm0)
      a.add(.rax, .rcx)
      a.mov(.slot(20), .rax)
      a.jmp(done)
      a.bind(callee)
      // rax = integers, each by its position; xmm0 likewise.
      a.xor(.eax, .eax)
      a.xorps(.xmm15, .xmm15)
      for (index, location) in locations.enumerated() {
        let weight = Int32(index + 1)
        if index % 2 == 0 {
          switch location {
          case .integerRegister(let register): a.imul(.r10, register, weight)
          case .stack(let offset): a.imul(.r10, .base(.rsp, Int32(offset + 8)), weight)
          case .vectorRegister: Issue.record("an integer in a vector register")
          }
          a.add(.rax, .r10)
        } else {
          a.mov(.r10d, weight)
          a.cvtsi2sd(.xmm14, .r10)
          switch location {
          case .vectorRegister(let register): a.mulsd(.xmm14, register)
          case .stack(let offset): a.mulsd(.xmm14, .base(.rsp, Int32(offset + 8)))
          case .integerRegister: Issue.record("a double in an integer register")
          }
          a.addsd(.xmm15, .xmm14)
        }
      }
      a.movaps(.xmm0, .xmm15)
      a.ret()
      a.bind(done)
      a.leave()
    }
    let values = (0..<20).map { UInt64($0 * 7 + 3) }
    let slots = values.enumerated().map { $0 % 2 == 0 ? $1 : Double($1).bitPattern } + [0]
    let expected = values.enumerated().reduce(0) { $0 + $1.element * UInt64($1.offset + 1) }
    #expect(machine.run(slots)[20] == expected)
  }
}
