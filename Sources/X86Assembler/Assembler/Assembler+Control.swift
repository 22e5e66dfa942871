/// Calls, jumps and returns through registers and memory; instructions without operands.
extension Assembler {
  /// Calls the address in a register.
  @inlinable
  public final func call(_ target: Reg64) { emit(.callRm, .qword, reg: 0, rm: target.number) }

  /// Calls the address in memory.
  @inlinable
  public final func call(_ target: Mem) { emit(.callRm, .qword, reg: 0, memory: target) }

  /// Jumps to the address in a register.
  @inlinable
  public final func jmp(_ target: Reg64) { emit(.jmpRm, .qword, reg: 0, rm: target.number) }

  /// Jumps to the address in memory.
  @inlinable
  public final func jmp(_ target: Mem) { emit(.jmpRm, .qword, reg: 0, memory: target) }

  /// Returns. It is counted as a raw return: one that has no exit site.
  public final func ret() { emitRawReturn(popping: nil) }

  /// Returns and pops so many bytes of arguments. It is counted as a raw return: one that has no exit site.
  public final func ret(popping bytes: UInt16) { emitRawReturn(popping: bytes) }

  /// Sets `rsp` to `rbp` and pops `rbp`.
  @inlinable
  public final func leave() { emit(.leave) }

  /// Breakpoint.
  @inlinable
  public final func int3() { emit(.int3) }

  /// Raises an invalid-opcode exception.
  @inlinable
  public final func ud2() { emit(.ud2) }

  /// Halts: faults outside the kernel.
  @inlinable
  public final func hlt() { emit(.hlt) }

  /// One byte that does nothing.
  @inlinable
  public final func nop() { emit(.nop) }

  /// Tells the processor that this is a spin loop.
  @inlinable
  public final func pause() { emit(.pause) }

  /// Sign-extends `al` to `ax`.
  @inlinable
  public final func cbw() { emit(.cbw, .word) }

  /// Sign-extends `ax` to `eax`.
  @inlinable
  public final func cwde() { emit(.cwde) }

  /// Sign-extends `eax` to `rax`.
  @inlinable
  public final func cdqe() { emit(.cdqe, .qword) }

  /// Sign-extends `ax` to `dx:ax`.
  @inlinable
  public final func cwd() { emit(.cwd, .word) }

  /// Sign-extends `eax` to `edx:eax`.
  @inlinable
  public final func cdq() { emit(.cdq) }

  /// Sign-extends `rax` to `rdx:rax`.
  @inlinable
  public final func cqo() { emit(.cqo, .qword) }

  /// Pushes the flags.
  @inlinable
  public final func pushfq() { emit(.pushfq) }

  /// Pops the flags.
  @inlinable
  public final func popfq() { emit(.popfq) }

  /// Loads `ah` from the low flags.
  @inlinable
  public final func lahf() { emit(.lahf) }

  /// Sets the low flags from `ah`.
  @inlinable
  public final func sahf() { emit(.sahf) }

  /// Clears the carry.
  @inlinable
  public final func clc() { emit(.clc) }

  /// Sets the carry.
  @inlinable
  public final func stc() { emit(.stc) }

  /// Inverts the carry.
  @inlinable
  public final func cmc() { emit(.cmc) }

  /// Clears the direction flag.
  @inlinable
  public final func cld() { emit(.cld) }

  /// Sets the direction flag.
  @inlinable
  public final func std() { emit(.std) }

  /// Reads the time-stamp counter into `edx:eax`. Not ordered with what surrounds it.
  @inlinable
  public final func rdtsc() { emit(.rdtsc) }

  /// Reads the time-stamp counter into `edx:eax` and the processor's number into `ecx`, after all earlier instructions.
  @inlinable
  public final func rdtscp() { emit(.rdtscp) }

  /// Identifies the processor; serialises.
  @inlinable
  public final func cpuid() { emit(.cpuid) }

  /// Reads an extended control register into `edx:eax`.
  @inlinable
  public final func xgetbv() { emit(.xgetbv) }

  /// Waits for all earlier instructions.
  @inlinable
  public final func lfence() { emit(.lfence) }

  /// Orders all memory accesses.
  @inlinable
  public final func mfence() { emit(.mfence) }

  /// Orders stores.
  @inlinable
  public final func sfence() { emit(.sfence) }

  /// Calls the kernel; destroys `rcx` and `r11`.
  @inlinable
  public final func syscall() { emit(.syscall) }

  /// Returns from an interrupt frame; serialises.
  @inlinable
  public final func iretq() { emit(.iretq, .qword) }

  /// `rep movsb`: copies `rcx` bytes from `rsi` to `rdi`.
  @inlinable
  public final func repMovsb() { emit(.repMovsb) }

  /// `rep movsq`: copies `rcx` times eight bytes from `rsi` to `rdi`.
  @inlinable
  public final func repMovsq() { emit(.repMovsq, .qword) }

  /// `rep stosb`: stores `al` `rcx` times at `rdi`.
  @inlinable
  public final func repStosb() { emit(.repStosb) }

  /// `rep stosq`: stores `rax` `rcx` times at `rdi`.
  @inlinable
  public final func repStosq() { emit(.repStosq, .qword) }

  /// Saves the x87 and SSE state to 512 aligned bytes.
  @inlinable
  public final func fxsave(_ operand: Mem) { emit(.fxsaveM, .dword, reg: 0, memory: operand) }

  /// Restores the x87 and SSE state from 512 aligned bytes.
  @inlinable
  public final func fxrstor(_ operand: Mem) { emit(.fxrstorM, .dword, reg: 0, memory: operand) }

  /// Loads MXCSR.
  @inlinable
  public final func ldmxcsr(_ operand: Mem) { emit(.ldmxcsrM, .dword, reg: 0, memory: operand) }

  /// Stores MXCSR.
  @inlinable
  public final func stmxcsr(_ operand: Mem) { emit(.stmxcsrM, .dword, reg: 0, memory: operand) }

  /// Saves the state components in `edx:eax` to 64-byte aligned memory.
  @inlinable
  public final func xsave64(_ operand: Mem) { emit(.xsave64M, .qword, reg: 0, memory: operand) }

  /// Saves the state components in `edx:eax` to 64-byte aligned memory, compacted.
  @inlinable
  public final func xsavec64(_ operand: Mem) { emit(.xsavec64M, .qword, reg: 0, memory: operand) }

  /// Restores the state components in `edx:eax` from 64-byte aligned memory.
  @inlinable
  public final func xrstor64(_ operand: Mem) { emit(.xrstor64M, .qword, reg: 0, memory: operand) }

  /// Fetches a cache line that is used once.
  @inlinable
  public final func prefetchnta(_ operand: Mem) { emit(.prefetchntaM, .dword, reg: 0, memory: operand) }

  /// Fetches a cache line into all levels.
  @inlinable
  public final func prefetcht0(_ operand: Mem) { emit(.prefetcht0M, .dword, reg: 0, memory: operand) }

  /// Writes back and drops a cache line.
  @inlinable
  public final func clflush(_ operand: Mem) { emit(.clflushM, .dword, reg: 0, memory: operand) }
}
