import FtraceX86Assembler
import Glibc
import Testing

/// Control flow, flags, and what concerns the system.
@Suite("Execution: control and the system")
struct SystemExecutionTests {
  @Test("long jumps, a return that takes arguments off, long immediates on the stack")
  func control() throws {
    let machine = try Machine { a in
      let (callee, far, taken) = (a.label("callee"), a.label("far"), a.label("taken"))
      a.push(0x1234_5678)
      a.push(.slot(0))
      a.call(callee)
      a.pop(.slot(1))
      a.cmp(.qword, .slot(0), 5)
      a.j(.e, far)
      a.mov(.qword, .slot(2), 1)
      a.jmp(taken)
      // More than a byte reaches.
      for _ in 0..<40 { a.nop(9) }
      a.bind(far)
      a.mov(.qword, .slot(2), 2)
      a.bind(taken)
      a.mov(.rax, .slot(2))
      let end = a.label("end")
      a.jmp(end)
      a.bind(callee)
      a.push(.rbp)
      a.mov(.rbp, .rsp)
      a.sub(.rsp, 64)
      a.mov(.rcx, .base(.rbp, 16))
      a.mov(.slot(3), .rcx)
      a.leave()
      try a.encode(.retI16, [.immediate(8)], width: .dword)
      a.bind(end)
    }
    #expect(machine.run([5, 0, 0, 0]) == [5, 0x1234_5678, 2, 5])
    #expect(machine.run([6, 0, 0, 0]) == [6, 0x1234_5678, 1, 6])
  }

  @Test("a return from an interrupt, to where it says, with the flags that it says")
  func interruptReturn() throws {
    let machine = try Machine { a in
      let after = a.label("after")
      a.lea(.rcx, .rip(after))
      a.mov(.rdx, .rsp)
      // Stack segment, stack, flags with the carry, code segment (of 64-bit programs on Linux), address.
      a.push(0x2B)
      a.push(.rdx)
      a.push(0x203)
      a.push(0x33)
      a.push(.rcx)
      try a.encode(.iretq, [], width: .qword)
      a.ud2()
      a.bind(after)
      a.set(.c, .slot(0))
      a.cmp(.rsp, .rdx)
      a.set(.e, .slot(1))
    }
    #expect(machine.run([0, 0]) == [1, 1])
  }

  @Test("flags one by one")
  func flags() throws {
    let steps: [(Form, UInt64)] = [(.clc, 0), (.stc, 1), (.cmc, 0), (.cmc, 1), (.stc, 1), (.clc, 0)]
    let machine = try Machine { a in
      for (index, step) in steps.enumerated() {
        try a.encode(step.0, [], width: .dword)
        a.set(.c, .slot(index))
      }
    }
    #expect(machine.run([UInt64](repeating: 0, count: 6)) == steps.map(\.1))
    // `lahf` brings what `sahf` set: sign, zero, parity, carry; bit 1 is always set.
    let through = try Machine { a in
      a.mov(.rax, .slot(0))
      try a.encode(.sahf, [], width: .dword)
      a.storeFlags(1)
      a.mov(.eax, 0)
      a.loadFlags(1)
      try a.encode(.lahf, [], width: .dword)
      a.mov(.slot(2), .rax)
    }
    for bits in [0, 0x01, 0x04, 0x40, 0x80, 0xC5] as [UInt64] {
      let slots = through.run([bits << 8, 0, 0])
      #expect(slots[1] & 0xC5 == bits && slots[2] >> 8 & 0xC5 == bits)
    }
  }

  @Test("strings of bytes and words, both ways")
  func strings() throws {
    let machine = try Machine { a in
      a.mov(.r8, .rdi)
      a.mov(.rax, .slot(0))
      // Backwards from slot 3 to slot 2.
      a.lea(.rdi, .base(.r8, 24))
      a.mov(.ecx, 2)
      try a.encode(.std, [], width: .dword)
      try a.encode(.repStosq, [], width: .qword)
      try a.encode(.cld, [], width: .dword)
      a.lea(.rsi, .base(.r8))
      a.lea(.rdi, .base(.r8, 32))
      a.mov(.ecx, 2)
      try a.encode(.repMovsq, [], width: .qword)
      a.lea(.rdi, .base(.r8, 48))
      a.mov(.ecx, 3)
      try a.encode(.repStosb, [], width: .dword)
      a.mov(.rdi, .r8)
    }
    #expect(
      machine.run([0x1_0000_00AB, 2, 3, 4, 5, 6, 0]) == [
        0x1_0000_00AB, 2, 0x1_0000_00AB, 0x1_0000_00AB, 0x1_0000_00AB, 2, 0xABABAB,
      ])
  }

  @Test("fences, hints and NOPs change nothing; the counter goes on")
  func quiet() throws {
    let quiet: [(Form, [FormOperand])] = [
      (.lfence, []), (.mfence, []), (.sfence, []), (.pause, []), (.nop, []), (.prefetchntaM, [.memory(.slot(0))]),
      (.prefetcht0M, [.memory(.slot(0))]), (.clflushM, [.memory(.slot(0))]),
    ]
    for (form, operands) in quiet {
      let machine = try Machine { a in
        a.mov(.rax, .slot(0))
        a.loadFlags(1)
        try a.encode(form, operands, width: .dword)
        a.mov(.slot(2), .rax)
        a.storeFlags(3)
      }
      let slots = machine.run([77, 0x8C7, 0, 0])
      #expect(slots[0] == 77 && slots[2] == 77 && Flags(rawValue: slots[3]).intersection(.arithmetic) == .arithmetic)
    }
    let clock = try Machine { a in
      for (slot, form) in [Form.rdtsc, .rdtscp, .rdtsc].enumerated() {
        try a.encode(form, [], width: .dword)
        a.shl(.rdx, 32)
        a.or(.rax, .rdx)
        a.mov(.slot(slot), .rax)
        a.lfence()
      }
    }
    let times = clock.run([0, 0, 0])
    #expect(times[0] > 0 && times[0] <= times[1] && times[1] <= times[2])
  }

  @Test("a system call, and what the processor says of itself")
  func system() throws {
    let machine = try Machine { a in
      a.push(.rbx)
      a.mov(.eax, 39)  // getpid
      try a.encode(.syscall, [], width: .dword)
      a.mov(.slot(0), .rax)
      a.mov(.eax, 0)
      a.mov(.ecx, 0)
      try a.encode(.cpuid, [], width: .dword)
      a.mov(.slot(1), .rax)
      a.mov(.slot(2), .rbx)
      a.mov(.ecx, 0)
      try a.encode(.xgetbv, [], width: .dword)
      a.mov(.slot(3), .rax)
      a.pop(.rbx)
    }
    let slots = machine.run([0, 0, 0, 0])
    #expect(slots[0] == UInt64(getpid()))
    // The highest leaf, and four letters of the vendor; x87 and SSE state are always saved.
    #expect(slots[1] >= 7 && slots[2] != 0 && slots[3] & 3 == 3)
  }

  static let states: [(Form, Form)] = [
    (.fxsaveM, .fxrstorM), (.xsave64M, .xrstor64M), (.xsavec64M, .xrstor64M),
  ]

  @Test("state is saved and restored", arguments: states)
  func state(save: Form, restore: Form) throws {
    let width: OperandWidth = save == .fxsaveM ? .dword : .qword
    let machine = try Machine { a in
      a.mov(.r8, .rsp)
      a.sub(.rsp, 1024)
      a.and(.rsp, -64)
      // The head of the area is read back.
      for word in 0..<8 { a.mov(.qword, .base(.rsp, Int32(512 + word * 8)), 0) }
      a.movups(.xmm7, .slot(0))
      // x87 and SSE.
      a.mov(.eax, 3)
      a.mov(.edx, 0)
      try a.encode(save, [.memory(.base(.rsp))], width: width)
      a.pxor(.xmm7, .xmm7)
      a.mov(.eax, 3)
      a.mov(.edx, 0)
      try a.encode(restore, [.memory(.base(.rsp))], width: width)
      a.movups(.slot(2), .xmm7)
      a.mov(.rsp, .r8)
    }
    #expect(machine.run([11, 22, 0, 0]) == [11, 22, 11, 22])
  }

  @Test("what ends a program ends it by its signal")
  func traps() async {
    await #expect(processExitsWith: .signal(SIGTRAP)) { try SystemExecutionTests.die(.int3) }
    await #expect(processExitsWith: .signal(SIGILL)) { try SystemExecutionTests.die(.ud2) }
    // Privileged.
    await #expect(processExitsWith: .signal(SIGSEGV)) { try SystemExecutionTests.die(.hlt) }
  }

  private static func die(_ form: Form) throws {
    // Without the backtrace that the Swift runtime would write.
    for number in [SIGTRAP, SIGILL, SIGSEGV] { signal(number, SIG_DFL) }
    _ = try Machine { try $0.encode(form, [], width: .dword) }.run([0])
  }
}
