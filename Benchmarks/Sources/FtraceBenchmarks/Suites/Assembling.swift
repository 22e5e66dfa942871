import AsmJitStream
import Ftrace

/// What an instruction costs to emit, against asmjit's assembler on the same stream.
func assembling(_ bench: Bench, _ results: inout Results) throws {
  let functions = 100
  let instructions = Double(functions * AssemblerStream.instructions)
  let capacity = functions * 512
  let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  // Written by asmjit within its capacity, freed at the end.
  defer { unsafe buffer.deallocate() }

  var bytes = 0
  let ours = Variant(name: "ours", operations: instructions) { iterations in
    for _ in 0..<iterations { bytes = AssemblerStream.emit(functions: functions) }
  }
  guard let version = unsafe asmjit_stream_version().map({ unsafe String(cString: $0) }) else {
    let times = bench.interleave([ours])
    results.add(Row(name: "assembler-alone", samples: times["ours"] ?? Samples(), baseline: nil))
    results.skip("assembler", "asmjit is not installed (Debian: libasmjit-dev)")
    return
  }
  var theirBytes = 0
  let theirs = Variant(name: "asmjit", operations: instructions) { iterations in
    for _ in 0..<iterations { theirBytes = unsafe asmjit_stream_emit(functions, buffer, capacity) }
  }
  let times = bench.interleave([ours, theirs])
  guard let our = times["ours"], let their = times["asmjit"] else { return }
  results.add(
    Row(
      name: "assembler", samples: our, baseline: .init(name: "asmjit \(version)", samples: their),
      budget: .ratio(our, to: their, "asmjit's time", atMost: 2),
      extra: [
        ("bytes an instruction", Double(bytes) / instructions),
        ("of asmjit", Double(theirBytes) / instructions),
      ]))
}

/// The stream: a function such as a baseline compiler makes, many times over. `stream.cpp` has the same instructions.
enum AssemblerStream {
  static let instructions = 44

  /// Returns the size of the code.
  static func emit(functions: Int) -> Int {
    let a = Assembler()
    for _ in 0..<functions { emitFunction(a) }
    guard let code: AssembledCode = try? a.finish() else { return 0 }
    return code.bytes.count
  }

  @inline(never)
  private static func emitFunction(_ a: Assembler) {
    let (loop, skip, done) = (a.label(), a.label(), a.label())
    a.push(.rbp)
    a.mov(.rbp, .rsp)
    a.push(.rbx)
    a.push(.r12)
    a.sub(.rsp, 32)
    a.mov(.rbx, .rdi)
    a.xor(.eax, .eax)
    a.mov(.r12, 0x123_4567_89AB)
    a.bind(loop)
    a.mov(.rcx, .base(.rbx, 8))
    a.mov(.edx, .base(.rsi, index: .rcx, scale: .x4, 16))
    a.movzx(.r8d, .byte, .base(.rbx, 1))
    a.movsxd(.r9, .edx)
    a.add(.rax, .rcx)
    a.add(.r9, 1000)
    a.lea(.rdx, .base(.rax, index: .rcx, scale: .x2, 5))
    a.imul(.rdx, .rax)
    a.shl(.rdx, 3)
    a.and(.r8d, 15)
    a.xor(.rdx, .r12)
    a.cmp(.rax, 100_000)
    a.j(.l, skip)
    a.movsd(.xmm0, .base(.rbx, 16))
    a.addsd(.xmm0, .xmm1)
    a.mulsd(.xmm0, .base(.rsi))
    a.cvttsd2si(.rcx, .xmm0)
    a.mov(.base(.rsp, 8), .rcx)
    a.bind(skip)
    a.cmov(.l, .rax, .rdx)
    a.mov(.base(.rbx, 8), .rax)
    a.inc(.qword, .base(.rbx, 24))
    a.test(.rdi, .rdi)
    a.j(.e, done)
    a.mov(.rdi, .rax)
    a.call(.r12)
    a.sub(.rbx, 64)
    a.j(.ne, loop)
    a.bind(done)
    a.set(.g, .al)
    a.movzx(.eax, .al)
    a.add(.rsp, 32)
    a.pop(.r12)
    a.pop(.rbx)
    a.pop(.rbp)
    a.ret()
  }
}
