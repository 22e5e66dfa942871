/// Frames: every function keeps `rbp`, so that stacks can be walked.
extension FunctionBuilder {
  /// A frame larger than this is compared with the limit by its end, because a guard page could be jumped over.
  private static let smallFrame: Int32 = 1024

  /// Checks the stack, saves `rbp` and the registers in `saving`, and reserves at least `locals` bytes.
  ///
  /// Afterwards `rsp` is a multiple of 16. Code may stand between the entry site and the prologue; it keeps `rsp`.
  /// - Parameters:
  ///   - locals: bytes, 0 to 1 GiB; anything else traps.
  ///   - saving: what the callee must preserve and the function changes: `rbx`, `r12` to `r15`. `rbp` and `rsp` trap.
  ///   - stackCheck: a leaf may leave the check out. Where it stands, `r11` is dead.
  public func prologue(locals: Int = 0, saving: [Reg64] = [], stackCheck: Bool = true) {
    precondition(locals >= 0 && locals <= 1 << 30, "a frame has 0 to 1 GiB of locals")
    precondition(!saving.contains(.rsp) && !saving.contains(.rbp), "rsp and rbp are saved by the frame itself")
    let registers = saving.count * 8
    // At the entry, rsp is 8 below a multiple of 16; rbp makes it one.
    let aligned = (locals + registers + 15) & ~15
    let frame = Frame(saved: saving, locals: Int32(aligned - registers))
    setFrame(frame)
    if stackCheck {
      if frame.size <= Self.smallFrame {
        cmp(.rsp, .fs(layout.stackLimit))
      } else {
        lea(.r11, .base(.rsp, Int32(-frame.size)))
        cmp(.r11, .fs(layout.stackLimit))
      }
      branchToSlowPath(.be, .stackCheckSlow, passingStackPointer: frame.size <= Self.smallFrame)
    }
    push(.rbp)
    mov(.rbp, .rsp)
    for register in saving { push(register) }
    if frame.locals > 0 { sub(.rsp, frame.locals) }
  }

  /// A local: `[rbp - ...]`, `offset` bytes above the lowest one.
  ///
  /// It traps without a prologue, and outside the bytes that the prologue reserved.
  public func local(_ offset: Int = 0) -> Mem {
    guard let frame else { preconditionFailure("locals come with a prologue") }
    precondition(offset >= 0 && offset < Int(frame.locals), "the prologue reserved \(frame.locals) bytes of locals")
    return .base(.rbp, Int32(offset - frame.size + 8))
  }

  /// An argument that the caller passed on the stack, by its offset in `ArgumentLocation.stack`. It traps without a prologue.
  public func stackArgument(_ offset: Int) -> Mem {
    precondition(frame != nil, "rbp is set by the prologue")
    return .base(.rbp, Int32(offset + 16))
  }

  /// Undoes the prologue, wherever `rsp` is; nothing if there was none. Results and arguments are kept.
  public func epilogue() {
    guard let frame else { return }
    if frame.saved.isEmpty {
      leave()
      return
    }
    lea(.rsp, .base(.rbp, Int32(frame.saved.count * -8)))
    for register in frame.saved.reversed() { pop(register) }
    pop(.rbp)
  }

  /// Returns: the epilogue, an exit site and `ret`. Every way out of the function that tracing shall see goes through here or `tailCall`.
  /// - Parameter bytes: arguments on the stack that the function pops.
  public func functionReturn(popping bytes: UInt16 = 0) {
    epilogue()
    exitSite()
    if bytes == 0 { emit(.ret) } else { emit(.retI16, immediate: Int64(bytes)) }
  }

  /// Leaves the frame and jumps to what the slot points to, with the caller's return address on the stack.
  public func tailCall(slot symbol: Symbol) {
    epilogue()
    exitSite()
    emitJump(slot: symbol)
  }

  /// Leaves the frame and jumps to the code at a symbol.
  public func tailCall(_ symbol: Symbol) {
    epilogue()
    exitSite()
    emitJump(symbol)
  }

  /// Leaves the frame and jumps to the address in a register that the epilogue does not restore, nor `r11`, which is dead at the exit site: those
  /// trap.
  public func tailCall(_ target: Reg64) {
    let lost = (frame.map { $0.saved + [.rbp, .rsp] } ?? [.rsp]) + [.r11]
    precondition(
      !lost.contains(target), "the epilogue and the exit site change \(target): pass the target in another register")
    epilogue()
    exitSite()
    jmp(target)
  }
}
