import Ftrace
import FtraceTestSupport
import Testing

/// Row 27: all registers are loaded with random values, a traced function is called, and looks at them.
@Suite struct RegisterTests {
  /// Offsets in 64-bit words: 16 general registers in the order of their encoding, 16 vectors, 6 words of stack.
  private static let vectors = 16, stack = 48, words = 64
  private static let results: [Reg64] = [.rax, .rdx, .rcx, .r8]
  private static let preserved: [Reg64] = [.rbx, .rbp, .r12, .r13, .r14, .r15]

  @safe private final class Buffer {
    // Safe: allocated for the life of the object; indices are those of the layout above.
    let pointer = UnsafeMutablePointer<UInt64>.allocate(capacity: words)
    init() { unsafe pointer.initialize(repeating: 0, count: words) }
    deinit { unsafe pointer.deallocate() }
    var address: UInt64 { UInt64(UInt(bitPattern: unsafe pointer)) }
    var values: [UInt64] {
      get { unsafe Array(UnsafeBufferPointer(start: pointer, count: RegisterTests.words)) }
      set { for (index, value) in newValue.enumerated() { unsafe pointer[index] = value } }
    }
  }

  /// Loads every register from `input`, pushes six words, calls `probe`, and stores results and preserved registers in `output`.
  private func driver(
    _ runtime: TraceRuntime, _ probe: FunctionHandle, _ input: Buffer, _ output: Buffer
  ) throws -> EmittedFunction<Void> {
    try runtime.define("driver", as: (() -> Void).self) { f in
      f.prologue(locals: 16, saving: [.rbx, .r12, .r13, .r14, .r15])
      f.sub(.rsp, 48)
      f.mov(f.local(0), .rbp)
      f.mov(.rax, address: output.address)
      f.mov(.base(.rax, 8 * 63), .rsp)
      f.mov(.r11, address: input.address)
      for word in 0..<6 {
        f.mov(.rax, .base(.r11, Int32(8 * (Self.stack + word))))
        f.mov(.base(.rsp, Int32(8 * word)), .rax)
      }
      for number in 0..<UInt8(16) {
        f.movups(XMM(number: number), .base(.r11, Int32(8 * Self.vectors + 16 * Int(number))))
      }
      for number in 0..<UInt8(16) where number != 4 && number != 11 {
        f.mov(Reg64(number: number), .base(.r11, Int32(8 * Int(number))))
      }
      f.call(probe)
      f.mov(.r11, address: output.address)
      for register in Self.results + Self.preserved { f.mov(.base(.r11, Int32(8 * Int(register.number))), register) }
      for number in 0..<UInt8(4) {
        f.movups(.base(.r11, Int32(8 * Self.vectors + 16 * Int(number))), XMM(number: number))
      }
      f.mov(.rsp, .base(.r11, 8 * 63))
      // rbp was changed: the frame is found again by rsp.
      f.lea(.rbp, .base(.rsp, 48 + 16 + 40 + 8))
      f.functionReturn()
    }
  }

  /// A traced function that stores every register as it found it in `seen`, and returns `results` in all result registers.
  private func probe(
    _ runtime: TraceRuntime, _ seen: Buffer, _ results: Buffer, traced: Bool
  ) throws -> FunctionHandle {
    try runtime.define("probe") { f in
      if traced { f.entrySite() }
      f.mov(.r11, address: seen.address)
      for number in 0..<UInt8(16) where number != 11 {
        f.mov(.base(.r11, Int32(8 * Int(number))), Reg64(number: number))
      }
      for number in 0..<UInt8(16) {
        f.movups(.base(.r11, Int32(8 * Self.vectors + 16 * Int(number))), XMM(number: number))
      }
      for word in 0..<6 {
        f.mov(.rax, .base(.rsp, Int32(8 + 8 * word)))
        f.mov(.base(.r11, Int32(8 * (Self.stack + word))), .rax)
      }
      f.mov(.r11, address: results.address)
      for register in Self.results { f.mov(register, .base(.r11, Int32(8 * Int(register.number)))) }
      for number in 0..<UInt8(4) {
        f.movups(XMM(number: number), .base(.r11, Int32(8 * Self.vectors + 16 * Int(number))))
      }
      f.ret()
    }
  }

  /// A callback in emitted code that changes whatever the convention lets it change. Counts its calls at the context; the word after
  /// that counts calls with a stack that was not aligned.
  private func scrambler(_ runtime: TraceRuntime) throws -> FunctionHandle {
    try runtime.define("scrambler") { f in
      let aligned = f.label("aligned")
      f.inc(.qword, .base(.rdx))
      f.lea(.rax, .base(.rsp, 8))
      f.test(.al, 15)
      f.j(.e, aligned)
      f.inc(.qword, .base(.rdx, 8))
      f.bind(aligned)
      // What lies below the stack pointer belongs to the callback.
      for word in 1...64 { f.mov(.qword, .base(.rsp, Int32(-8 * word)), -0x2152_4111) }
      for register in [Reg64.rax, .rcx, .rdx, .rsi, .rdi, .r8, .r9, .r10, .r11] {
        f.mov(register, Int64(bitPattern: 0xDEAD_BEEF_0000_0000 | UInt64(register.number)))
      }
      for number in 0..<UInt8(16) { f.pcmpeqd(XMM(number: number), XMM(number: number)) }
      f.cmp(.rax, .rcx)
      f.stc()
      f.ret()
    }
  }

  private func random(_ generator: inout SeededGenerator) -> [UInt64] {
    (0..<Self.words).map { _ in generator.next() }
  }

  @Test(
    "row 27: a callback that changes every volatile register disturbs no argument and no result",
    arguments: RecordingMode.allCases)
  func everyRegister(mode: RecordingMode) throws {
    let seed: UInt64 = 0x27
    for route in ParentTests.routes {
      var generator = SeededGenerator(seed: seed)
      try withRuntime(mode) { runtime in
        let (input, seen, results, output) = (Buffer(), Buffer(), Buffer(), Buffer())
        let calls = Buffer()
        let scramble = try self.scrambler(runtime)
        // Safe: a function of the callback's type without a site; it runs inside a traced call, and is not redefined.
        let callback = unsafe unsafeBitCast(try scramble.rawEntry(), to: TraceOps.Callback.self)
        let filter = route.filter == .all ? TraceFilter.all : TraceFilter(trace: ["probe"])
        let ops = unsafe TraceOps(
          name: "scramble", filter: filter, registers: route.registers, context: calls.pointer, callback: callback)
        try runtime.register(ops)
        if route.beside {
          try runtime.register(
            unsafe TraceOps(
              name: "beside", filter: route.filter == .all ? TraceFilter(trace: ["p*"]) : .all,
              context: calls.pointer, callback: callback))
        }
        let probe = try self.probe(runtime, seen, results, traced: true)
        let drive = try self.driver(runtime, probe, input, output)
        // The first call goes through mcount and the recorder, the next ones through the trampoline.
        for round in 0..<10 {
          if round == 5 { try runtime.forceUpdate() }
          input.values = random(&generator)
          results.values = random(&generator)
          let before = calls.values[0]
          drive()
          #expect(calls.values[0] == before + (route.beside ? 2 : 1))
          let (given, found) = (input.values, seen.values)
          for number in 0..<16 where number != 4 && number != 11 {
            #expect(found[number] == given[number], "\(Reg64(number: UInt8(number))), \(route.name), seed \(seed)")
          }
          for word in Self.vectors..<Self.vectors + 16 {
            #expect(found[word] == given[word], "xmm\((word - Self.vectors) / 2), \(route.name), seed \(seed)")
          }
          for word in Self.stack..<Self.stack + 6 {
            #expect(found[word] == given[word], "stack argument \(word - Self.stack), \(route.name)")
          }
          for register in Self.results.map({ Int($0.number) }) {
            #expect(output.values[register] == results.values[register], "result \(register), \(route.name)")
          }
          for register in Self.preserved.map({ Int($0.number) }) {
            #expect(output.values[register] == given[register], "preserved \(register), \(route.name)")
          }
          for word in Self.vectors..<Self.vectors + 8 { #expect(output.values[word] == results.values[word]) }
          // rsp at the entry: below the stack arguments and the return address, as without tracing.
          #expect(found[4] == output.values[63] - 8)
        }
        #expect(calls.values[1] == 0, "the callback was called with a stack that is not aligned")
        // Off again: the same values pass.
        try runtime.setEnabled(false)
        let before = calls.values[0]
        drive()
        #expect(calls.values[0] == before)
        #expect(seen.values[0..<4] == input.values[0..<4])
      }
    }
  }

  @Test("row 27: the registers that a callback sees are those of the call", arguments: RecordingMode.allCases)
  func registersOfTheCall(mode: RecordingMode) throws {
    var generator = SeededGenerator(seed: 0x2727)
    try withRuntime(mode) { runtime in
      let (input, seen, results, output, found) = (Buffer(), Buffer(), Buffer(), Buffer(), Buffer())
      let ops = unsafe TraceOps(name: "registers", registers: true, context: found.pointer) {
        _, _, context, registers in
        guard let context = unsafe context, let registers = unsafe registers else { return }
        // Safe: the buffer holds 64 words, the registers are 32.
        unsafe context.copyMemory(from: registers, byteCount: MemoryLayout<ftrace_registers>.size)
      }
      try runtime.register(ops)
      let drive = try driver(runtime, try probe(runtime, seen, results, traced: true), input, output)
      for _ in 0..<5 {
        input.values = random(&generator)
        drive()
        for number in 0..<16 where number != 4 && number != 11 {
          #expect(found.values[number] == input.values[number], "\(Reg64(number: UInt8(number)))")
        }
        for word in 16..<32 { #expect(found.values[word] == input.values[word], "xmm\((word - 16) / 2)") }
        #expect(found.values[4] == output.values[63] - 8, "rsp as in the traced function")
        try runtime.forceUpdate()
      }
    }
  }

  @Test(
    "row 27: functions of C with variable arguments get the number of vectors in al", arguments: RecordingMode.allCases)
  func variableArguments(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let calls = Buffer()
      // Safe: as above.
      let callback = unsafe unsafeBitCast(try scrambler(runtime).rawEntry(), to: TraceOps.Callback.self)
      unsafe try runtime.register(TraceOps(name: "scramble", context: calls.pointer, callback: callback))
      // Saves its vector arguments only if al says that there are any, as compilers write it; returns al and xmm1.
      let variadic = try runtime.define("variadic", as: ((Double, Double) -> Double).self) { f in
        let none = f.label("none")
        f.entrySite()
        f.prologue(locals: 32)
        f.test(.al, .al)
        f.j(.e, none)
        f.movups(f.local(0), .xmm0)
        f.movups(f.local(16), .xmm1)
        f.bind(none)
        f.movzx(.eax, .al)
        f.cvtsi2sd(.xmm2, .rax)
        f.movsd(.xmm0, f.local(16))
        f.addsd(.xmm0, .xmm2)
        f.functionReturn()
      }
      for _ in 0..<3 { #expect(variadic(1, 40) == 42) }
      #expect(calls.values[0] == 3)
    }
  }
}
