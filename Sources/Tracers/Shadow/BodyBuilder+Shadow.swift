import CFtraceShims
import FtraceEngine
import FtraceX86Assembler

/// What bodies with a shadow stack have in common: see `ftrace_shadow.h`.
///
/// Registers, spilled where they are not dead: `block` is the worker's block, `rsi` a frame. Everything up to the busy flag only reads, so that a worker that is not
/// traced, and a call that is deeper than the limit, change nothing.
extension BodyBuilder {
  static let frameBytes = Int32(FTRACE_FRAME_BYTES)

  enum FrameMember {
    case sp, start, what, child

    var displacement: Int32 {
      switch self {
      case .sp: Int32(FTRACE_FRAME_SP)
      case .start: Int32(FTRACE_FRAME_START)
      case .what: Int32(FTRACE_FRAME_WHAT)
      case .child: Int32(FTRACE_FRAME_CHILD)
      }
    }
  }

  /// A member of the frame in `rsi`, or of one of its neighbours.
  func frame(_ member: FrameMember, next: Int32 = 0) -> Mem {
    .base(.rsi, member.displacement + next * Self.frameBytes)
  }

  /// The worker's block.
  var block: Reg64 { dead.contains(.rdi) ? .rdi : .rcx }

  private func beginShadow() {
    spill(block, .rdx, .rax, .rsi)
    loadBlock(block)
  }

  /// Loads the shadow stack into `r11` and its top into `rsi`. If an event is under way already, this is a signal handler that has
  /// interrupted it: it is counted.
  private func loadTop() {
    let a = code
    a.mov(.r11, channel(block, .scratch))
    a.test(.r11, .r11)
    slow(.e)
    a.mov(.rsi, .base(.r11, Int32(FTRACE_SHADOW_TOP)))
  }

  /// Begins an entry: after it `rsi` is the top, `r11` the shadow stack, and the busy flag is set. A call that is to have no frame
  /// does not get there.
  /// - Parameters:
  ///   - isInside: whether a call is wanted only from within another one, unless its function is marked.
  ///   - state: says while none is wanted; nil: always.
  func beginEntry(isInside: Bool = false, unless state: TriggerState? = nil) {
    let a = code
    beginShadow()
    leave(whileOff: state)
    leaveIfBusy()
    loadTop()
    a.cmp(frame(.sp), .rsp)
    slow(.be)
    a.cmp(.rsi, .base(.r11, Int32(FTRACE_SHADOW_LIMIT)))
    unlikely(.ae) { [self] in
      a.inc(.qword, .base(.r11, Int32(FTRACE_SHADOW_PASSED)))
      a.jmp(done)
    }
    if isInside && !isMarked {
      // The frame below all others.
      a.cmp(.qword, frame(.sp), -1)
      a.j(.e, done)
    }
    a.mov(.dword, channel(block, .busy), 1)
  }

  /// Begins an exit: after it `rsi` is the frame of the call, and the busy flag is set. `rax` and `rdx` stay as they are.
  func beginExit() {
    let a = code
    leaveIfBusy()
    loadTop()
    let slowWay = slowWay()
    a.cmp(frame(.sp), .rsp)
    unlikely(.ne) { [self] in
      a.j(.b, slowWay)
      // Not a frame of this stack, if any: a call that has none, unless the stack has frames of another one on top.
      let stray = a.label()
      a.cmp(.qword, frame(.sp), -1)
      a.j(.e, stray)
      a.cmp(.rsi, .base(.r11, Int32(FTRACE_SHADOW_LIMIT)))
      a.j(.b, slowWay)
      a.bind(stray)
      a.inc(.qword, .base(.r11, Int32(FTRACE_SHADOW_STRAYS)))
      a.jmp(done)
    }
    a.mov(.dword, channel(block, .busy), 1)
  }

  /// Loads the worker's block for an exit.
  func loadBlockForExit() { beginShadow() }

  private func leaveIfBusy() {
    let a = code
    a.cmp(.dword, channel(block, .busy), 0)
    unlikely(.ne) { [self] in
      a.inc(.qword, channel(block, .lostNested(end)))
      a.mov(.qword, channel(block, .limit), 0)
      a.jmp(done)
    }
  }

  /// Stores the stack pointer into the frame above `rsi`, and makes that one the top.
  func push() {
    let a = code
    a.mov(frame(.sp, next: 1), .rsp)
    a.add(.rsi, Self.frameBytes)
    storeTop()
  }

  /// Makes the frame below `rsi` the top.
  func pop() {
    code.sub(.rsi, Self.frameBytes)
    storeTop()
  }

  private func storeTop() {
    code.mov(.r11, channel(block, .scratch))
    code.mov(.base(.r11, Int32(FTRACE_SHADOW_TOP)), .rsi)
  }

  func endEvent() { code.mov(.dword, channel(block, .busy), 0) }
}
