import Ftrace
import FtraceTestSupport
import FtraceX86Assembler
import Synchronization
import Testing

/// What trampolines save, and what callbacks may change.
@Suite struct SaveSetTests {
  @Test("an ops that writes registers changes arguments and results", arguments: RecordingMode.allCases)
  func argumentsAndResults(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let half = try runtime.define("half", as: ((Double) -> Double).self) { f in
        f.entrySite()
        f.prologue()
        f.addsd(.xmm0, .xmm0)
        f.functionReturn()
      }
      let ops = TraceOps(name: "change", writesRegisters: true, ends: .both) { call in
        guard var registers = call.registers else { return }
        switch call.end {
        case .entry:
          registers.rdi += 100
          registers.xmm.0.low = (2.5).bitPattern
          // Those that belong to others are not taken over.
          (registers.rsp, registers.rbp, registers.rbx, registers.r12) = (1, 2, 3, 4)
        case .exit:
          registers.rax += 1000
          registers.xmm.0.low = (Double(bitPattern: registers.xmm.0.low) + 0.25).bitPattern
        }
        call.setRegisters(registers)
      }
      try runtime.register(ops)
      for _ in 0..<3 {
        #expect(f(1) == 1102)
        #expect(half(1) == 5.25)
        try runtime.forceUpdate()
      }
      try runtime.unregister(ops)
      #expect(f(1) == 2)
      #expect(half(1) == 2)
    }
  }

  @Test(
    "what one callback writes the next one sees, and a reader's copy changes nothing", arguments: RecordingMode.allCases
  )
  func severalOps(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let seen = Mutex<[UInt64]>([])
      // The newest is called first.
      let reader = TraceOps(name: "read", registers: true) { call in
        if let registers = call.registers { seen.withLock { $0.append(registers.rdi) } }
      }
      let writer = TraceOps(name: "write", writesRegisters: true) { call in
        guard var registers = call.registers else { return }
        registers.rdi = 41
        call.setRegisters(registers)
      }
      try runtime.register(reader)
      #expect(f(1) == 2)
      try runtime.register(writer)
      #expect(f(2) == 42)
      try runtime.unregister(writer)
      #expect(f(3) == 4)
      #expect(seen.withLock { $0 } == [1, 41, 3])
    }
  }

  @Test("a call is redirected to the present body of another function", arguments: RecordingMode.allCases)
  func redirection(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let g = try runtime.adder("g", 10)
      let caller = try runtime.forwarder("caller", to: f)
      let log = CallLog()
      try runtime.register(log.ops("log", ends: .both))
      let target = g.handle
      let ops = TraceOps(name: "redirect", filter: TraceFilter(functions: ["f"]), writesRegisters: true) { call in
        call.redirect(to: target)
      }
      try runtime.register(ops)
      for _ in 0..<3 {
        #expect(f(1) == 11)
        #expect(caller(1) == 11)
        try runtime.forceUpdate()
      }
      let names = log.take().map { (runtime.name(of: $0.ip), $0.end == .entry) }
      let call = [("f", true), ("g", true), ("g", false)]
      let through = [("caller", true)] + call + [("caller", false)]
      #expect(names.count == 24)
      for (index, name) in names.enumerated() { #expect(name == (call + through)[index % 8]) }
      try runtime.redefine(g.handle) { $0.addsToArgument(20) }
      #expect(caller(1) == 21)
      try runtime.unregister(ops)
      #expect(caller(1) == 2)
      #expect(runtime.audit().isSound)
    }
  }

  @Test("an ops that did not say that it writes registers cannot")
  func undeclared() async {
    await #expect(processExitsWith: .failure) {
      let runtime = try TraceRuntime()
      let f = try runtime.adder("f", 1)
      try runtime.register(
        TraceOps(name: "read", registers: true) { call in
          if let registers = call.registers { call.setRegisters(registers) }
        })
      _ = f(1)
    }
  }

  @Test("vectors are saved unless every callback of the site preserves them", arguments: RecordingMode.allCases)
  func vectors(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      try runtime.forceUpdate()
      let count = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
      unsafe count.initialize(to: 0)
      defer { unsafe count.deallocate() }
      // Changes what it may: the integers.
      let scrambler = try runtime.define("scrambler") { f in
        f.inc(.qword, .base(.rdx))
        for register in [Reg64.rax, .rcx, .rdx, .rsi, .rdi, .r8, .r9, .r10, .r11] { f.mov(register, -1) }
        f.ret()
      }
      // Safe: a function of the callback's type without a site, which is not redefined.
      let callback = unsafe unsafeBitCast(try scrambler.rawEntry(), to: TraceOps.Callback.self)
      let filter = TraceFilter(functions: ["f"])
      let light = unsafe TraceOps(
        name: "light", filter: filter, preservesVectors: true, context: count, callback: callback)
      try runtime.register(light)
      #expect(try vectorMoves(f.handle) == 0)
      #expect(f(1) == 2)
      #expect(unsafe count.pointee == 1)
      let heavy = unsafe TraceOps(name: "heavy", filter: filter, context: count, callback: callback)
      try runtime.register(heavy)
      #expect(try vectorMoves(f.handle) == 16)
      #expect(f(1) == 2)
      #expect(unsafe count.pointee == 3)
      try runtime.unregister(heavy)
      #expect(try vectorMoves(f.handle) == 0)
      try runtime.unregister(light)
    }
  }

  /// Moves between vectors and the stack in the trampoline that the entry site of a function calls.
  private func vectorMoves(_ function: FunctionHandle) throws -> Int {
    let (address, bytes) = try function.code()
    try #require(bytes[0] == 0xE8)
    let displacement = (1...4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
    let target = address + 5 &+ UInt(bitPattern: Int(Int32(bitPattern: displacement)))
    // Safe: the site calls it, this thread alone changes tracers, and more code than this follows in the arena.
    let code = unsafe Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: target), count: 512))
    // `add rsp, imm32; ret`
    let end = try #require(
      code.indices.dropLast(8).first { code[$0...($0 + 2)] == [0x48, 0x81, 0xC4] && code[$0 + 7] == 0xC3 })
    // `0F 28` and `0F 29` are movaps; `rsp` as the base is a SIB byte of 24.
    return code[..<end].indices.dropLast(3).count {
      code[$0] == 0x0F && code[$0 + 1] & 0xFE == 0x28 && code[$0 + 2] & 7 == 4 && code[$0 + 3] == 0x24
    }
  }
}
