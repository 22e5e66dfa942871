import CFtraceShims
import FtraceQuiescence
import FtraceX86Assembler

/// Displacements of the thread block's members from `fs:0`.
enum ThreadBlock {
  // Safe to truncate: the initial-exec block lies a little below the thread pointer.
  private static let base = Int32(truncatingIfNeeded: ftrace_thread_displacement())
  static let depth = base + Int32(FTRACE_THREAD_DEPTH)
  static let poll = base + Int32(FTRACE_THREAD_POLL)
  static let stackLimit = base + Int32(FTRACE_THREAD_STACK_LIMIT)

  /// The worker's channels in a runtime.
  static func runtime(slot: UInt32) -> Int32 { base + Int32(FTRACE_THREAD_RUNTIME) + Int32(slot) * 8 }

  /// The flag that is set while the callback of an ops runs.
  static func opsActive(slot: UInt32, ops: Int) -> Int32 {
    base + Int32(FTRACE_THREAD_OPS_ACTIVE) + Int32(slot) * Int32(FTRACE_OPS_SLOTS) + Int32(ops)
  }

  static let layout = ThreadLayout(depth: depth, poll: poll, stackLimit: stackLimit)
}

extension Assembler {
  /// Enters: after this the thread is inside, and no stop is under way. Clobbers flags. `slow` is bound by `enterSlowPath`.
  func enter(nested: Label, slow: Label, entered: Label) {
    cmp(.dword, .fs(ThreadBlock.depth), 0)
    j(.ne, nested)
    mov(.dword, .fs(ThreadBlock.depth), 1)
    readerFence()
    cmp(.dword, .fs(ThreadBlock.poll), 0)
    j(.ne, slow)
    bind(entered)
  }

  /// The out-of-line parts of `enter`.
  func enterSlowPaths(nested: Label, slow: Label, entered: Label, stub: Symbol, nestedStub: Symbol) {
    bind(nested)
    add(.dword, .fs(ThreadBlock.depth), 1)
    // A signal handler can be here while the gate that it interrupted has stored its depth and not yet looked: that gate's thread may
    // have been counted as outside.
    test(.dword, .fs(ThreadBlock.poll), Int32(FTRACE_POLL_AT_NESTED))
    j(.e, entered)
    call(nestedStub)
    jmp(entered)
    bind(slow)
    call(stub)
    jmp(entered)
  }

  /// Leaves what `enter` entered. Clobbers flags.
  func leave(nested: Label, slow: Label, left: Label) {
    cmp(.dword, .fs(ThreadBlock.depth), 1)
    j(.ne, nested)
    mov(.dword, .fs(ThreadBlock.depth), 0)
    readerFence()
    test(.dword, .fs(ThreadBlock.poll), Int32(FTRACE_POLL_AT_LEAVE))
    j(.ne, slow)
    bind(left)
  }

  /// The out-of-line parts of `leave`.
  func leaveSlowPaths(nested: Label, slow: Label, left: Label, stub: Symbol) {
    bind(nested)
    sub(.dword, .fs(ThreadBlock.depth), 1)
    jmp(left)
    bind(slow)
    call(stub)
    jmp(left)
  }

  /// Orders the store to `depth` before the load of the poll word, where no stopper's membarrier does. Clobbers flags.
  private func readerFence() {
    // A locked operation on the stack is a full fence (Intel SDM volume 3, 9.2.3.9), and cheaper than `mfence`.
    if Quiescence.mode == .fences { lock.or(.dword, .base(.rsp), 0) }
  }

  /// A call of an absolute address, by way of `rax`.
  func callAbsolute(_ address: UInt) {
    mov(.rax, Int64(bitPattern: UInt64(address)))
    call(.rax)
  }
}
