import CFtraceShims
import FtraceX86Assembler

extension Assembler {
  /// A trampoline that a site calls: saves what is live at an entry and what a C callback clobbers, calls, and returns to the site.
  ///
  /// Two frame records are pushed, (parent ip, the caller's rbp) and (ip, link to it), so that a walk along `rbp` from the callback
  /// meets the traced function and its caller. `body` emits the call; before it `rdi` is the address of the site, `rsi` the return
  /// address in the caller, `rcx` the registers.
  func callerTrampoline(_ saves: SaveSet, _ body: () -> Void) {
    let volatile: [(Reg64, Int)] = [
      (.rax, 0), (.rcx, 1), (.rdx, 2), (.rsi, 6), (.rdi, 7), (.r8, 8), (.r9, 9), (.r10, 10),
    ]
    let preserved: [(Reg64, Int)] = [(.rbx, 3), (.r12, 12), (.r13, 13), (.r14, 14), (.r15, 15)]
    let vectors: [(XMM, Int)] =
      saves.contains(.vectors) ? (0..<8).map { (XMM(number: UInt8($0)), 128 + $0 * 16) } : []
    let size = Int32(MemoryLayout<ftrace_registers>.size)
    let continuation = Mem.base(.rsp, Int32(256))  // the member `rip`
    // [rsp] is the address after the site, [rsp + 8] the return address; rsp is 16-byte aligned.
    push(.base(.rsp, 8))
    push(.rbp)
    mov(.rbp, .rsp)
    push(.base(.rsp, 16))
    push(.rbp)
    mov(.rbp, .rsp)
    sub(.rsp, size)
    for (register, index) in volatile { mov(.base(.rsp, Int32(index * 8)), register) }
    for (register, offset) in vectors { movaps(.base(.rsp, Int32(offset)), register) }
    if saves.contains(.registers) {
      for (register, index) in preserved { mov(.base(.rsp, Int32(index * 8)), register) }
      lea(.rax, .base(.rbp, 40))
      mov(.base(.rsp, 4 * 8), .rax)  // rsp in the traced function: at its return address
      mov(.rax, .base(.rbp, 16))
      mov(.base(.rsp, 5 * 8), .rax)
      mov(.base(.rsp, 11 * 8), .r11)
      mov(.rax, .base(.rbp, 32))
      mov(continuation, .rax)
    }
    mov(.rdi, .base(.rbp, 8))
    mov(.rsi, .base(.rbp, 24))
    sub(.rdi, 5)
    mov(.rcx, .rsp)
    body()
    if saves.contains(.redirection) {
      // By the return below: the pairs of calls and returns stay in order.
      mov(.rax, continuation)
      mov(.base(.rbp, 32), .rax)
    }
    for (register, offset) in vectors { movaps(register, .base(.rsp, Int32(offset))) }
    for (register, index) in volatile { mov(register, .base(.rsp, Int32(index * 8))) }
    mov(.rbp, .base(.rsp, size + 16))
    add(.rsp, size + 32)
    ret()
  }

  /// The thunk of an ops: what `ftrace_call` is patched to. Function and context are part of its code, so they change together.
  ///
  /// At entry `rdi` is ip, `rsi` the parent, `rcx` the registers. Calls from within the callback are counted, not delivered.
  /// - Returns: the five bytes that become a jump when the ops goes, and where that leads.
  func opsThunk(ops: TraceOps, activeFlag: Int32, recursions: UInt) -> (gate: Label, passedOver: Label) {
    let (recursed, gate, passedOver) = (label("recursed"), label("gate"), label("passed over"))
    cmp(.byte, .fs(activeFlag), 0)
    j(.ne, recursed)
    mov(.byte, .fs(activeFlag), 1)
    // Becomes a jump when the ops goes: a worker that is in the callback of another ops of the same call, and comes here later, passes it
    // over. The flag is set before: in a handler of the program that has interrupted this code a worker can be stopped at any
    // instruction, and whoever waits for the callback's end sees each worker that is past the gate.
    align(8)  // the five bytes lie in one aligned word
    bind(gate)
    nop(5)
    sub(.rsp, 8)
    // Safe: the ops answers for its context, and is kept while this thunk can run.
    mov(.rdx, Int64(Int(bitPattern: unsafe ops.context)))
    if !ops.wantsRegisters { xor(.ecx, .ecx) }
    callAbsolute(unsafe unsafeBitCast(ops.callback, to: UInt.self))
    add(.rsp, 8)
    bind(passedOver)
    mov(.byte, .fs(activeFlag), 0)
    ret()
    bind(recursed)
    mov(.rax, Int64(bitPattern: UInt64(recursions)))
    lock.inc(.qword, .base(.rax))
    ret()
    return (gate, passedOver)
  }

  /// Calls several thunks one after the other with the same arguments: what takes the place of the kernel's list walker.
  func multiCall(_ thunks: [UInt32]) {
    sub(.rsp, 24)  // 16-byte aligned at the calls
    mov(.base(.rsp, 0), .rdi)
    mov(.base(.rsp, 8), .rsi)
    mov(.base(.rsp, 16), .rcx)
    for (index, thunk) in thunks.enumerated() {
      if index > 0 {
        mov(.rdi, .base(.rsp, 0))
        mov(.rsi, .base(.rsp, 8))
        mov(.rcx, .base(.rsp, 16))
      }
      call(EngineSymbol.code(thunk).symbol)
    }
    add(.rsp, 24)
    ret()
  }
}
