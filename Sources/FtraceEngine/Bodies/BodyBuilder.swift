import CFtraceShims
import FtraceX86Assembler

/// Emits the body of a compiled tracer into a trampoline.
///
/// At its start `[rsp]` is the address after the site, `[rsp + 8]` the return address in the caller, and `rsp` a multiple of 16. `r11` and the
/// flags are free, and what `dead` lists.
public final class BodyBuilder {
  /// Where instructions go.
  public let code: Assembler
  /// At which end of functions the body is emitted.
  public let end: TraceEnd
  /// Whether this is the entry of a function that the ops marks.
  public let isMarked: Bool
  /// Where the body begins, and where a slow path that made room goes back to.
  public let again: Label
  /// The end of the body, where what was spilled is restored.
  public let done: Label
  /// Where the values of the functions are whose sites run this code: nil if their signature was not declared, or the body did not ask.
  public let values: ValueLocations?

  /// Registers that hold nothing at the sites that run this code, which the body may change: before a return those that neither C's convention
  /// nor Swift's returns or preserves; none at entries, before tail jumps, and where a callback is shown all registers.
  public let dead: [Reg64]

  private let slot: UInt32
  private let ops: Int
  private let slowCode: Symbol
  private let clockCode: UInt32
  private let baseLow: UInt32
  private var spilled: [Reg64] = []
  private var outOfLine: [() -> Void] = []

  init(
    _ code: Assembler, _ end: TraceEnd, isMarked: Bool, slot: UInt32, ops: Int, slowCode: Symbol, clockCode: UInt32,
    base: UInt, keepsRegisters: Bool, values: ValueLocations?
  ) {
    self.values = values
    dead = keepsRegisters ? [] : [.rsi, .rdi, .r9, .r10]
    self.code = code
    self.end = end
    self.isMarked = isMarked
    self.slot = slot
    self.ops = ops
    self.slowCode = slowCode
    self.clockCode = clockCode
    baseLow = UInt32(truncatingIfNeeded: base)
    again = code.here()
    done = code.label()
  }

  /// Keeps registers below `rsp` until the end of the body, but for those that are dead. Once, before anything changes them.
  public func spill(_ registers: Reg64...) {
    precondition(
      spilled.isEmpty && registers.count <= 8 && !registers.contains(.rsp), "a body spills once, up to 8 registers")
    spilled = registers.filter { !dead.contains($0) }
    for (index, register) in spilled.enumerated() { code.mov(.base(.rsp, Self.place(index)), register) }
  }

  /// Where a register is kept that the body has spilled; nil: it has its value.
  public func place(of register: Reg64) -> Mem? {
    spilled.firstIndex(of: register).map { .base(.rsp, Self.place($0)) }
  }

  /// Loads the address of the worker's block. Without one the body goes the slow way.
  public func loadBlock(_ register: Reg64) {
    code.mov(register, .fs(ThreadBlock.runtime(slot: slot)))
    code.test(register, register)
    slow(.e)
  }

  /// A member of this ops's channel, of the block that `loadBlock` loaded.
  public func channel(_ block: Reg64, _ member: ChannelMember) -> Mem {
    .base(block, Int32(ops) * Int32(FTRACE_CHANNEL_BYTES) + member.displacement)
  }

  /// Loads the place of the site: the offset in the arena of the address after it, in 32 bits.
  public func loadSite(_ register: Reg32) {
    code.mov(register, .base(.rsp, 0))
    // An arena that begins at a multiple of 4 GiB, which is all but always so, needs no subtraction.
    if baseLow != 0 { code.sub(register, Int32(bitPattern: baseLow)) }
  }

  /// Reads CLOCK_MONOTONIC, in nanoseconds, into `r11`: some 40 ns.
  public func callMonotonicClock() {
    code.lea(.rsp, .base(.rsp, -Self.redZone))
    code.call(EngineSymbol.code(clockCode).symbol)
    code.lea(.rsp, .base(.rsp, Self.redZone))
  }

  /// Goes the slow way if a condition holds: the sink is asked for room, and the body runs again from `again`, or ends.
  public func slow(_ condition: Condition) { code.j(condition, slowWay()) }

  /// Where the slow way begins, for branches to it out of `unlikely` code: asked for before, with everything spilled.
  public func slowWay() -> Label {
    let start = code.label()
    let spilled = spilled
    outOfLine.append { [self] in
      code.bind(start)
      restore(spilled)
      code.lea(.rsp, .base(.rsp, -Self.redZone))
      code.call(slowCode)
      code.lea(.rsp, .base(.rsp, Self.redZone))
      code.test(.r11, .r11)
      code.j(.ne, again)
      code.jmp(finished)
    }
    return start
  }

  /// Code that stands behind the body and is rarely run: reached by a branch if a condition holds. It ends with a jump of its own.
  public func unlikely(_ condition: Condition, _ emit: @escaping () -> Void) {
    let start = code.label()
    code.j(condition, start)
    outOfLine.append { [code] in
      code.bind(start)
      emit()
    }
  }

  // MARK: - The engine's side

  /// The end, with everything restored.
  private lazy var finished = code.label()

  func finish() {
    code.bind(done)
    restore(spilled)
    code.bind(finished)
  }

  /// What is behind the trampoline's last instruction.
  func finishOutOfLine() {
    for emit in outOfLine { emit() }
    outOfLine = []
  }

  private func restore(_ registers: [Reg64]) {
    for (index, register) in registers.enumerated().reversed() { code.mov(register, .base(.rsp, Self.place(index))) }
  }

  private static func place(_ index: Int) -> Int32 { Int32(index + 1) * -8 }
  static let redZone: Int32 = 128
}

/// The members of a channel that bodies use.
public enum ChannelMember: Sendable {
  /// Eight bytes: where the next word goes.
  case cursor
  /// Eight bytes: an append that finds the cursor not below it goes the slow way.
  case limit
  /// Four bytes: whether an append is under way.
  case busy
  /// Four bytes: the upper half of the clock of the last event.
  case high
  /// Eight bytes: events of signal handlers during an append.
  case lostNested(TraceEnd)
  /// Eight bytes: the body's own.
  case scratch

  var displacement: Int32 {
    switch self {
    case .cursor: Int32(FTRACE_CHANNEL_CURSOR)
    case .limit: Int32(FTRACE_CHANNEL_LIMIT)
    case .busy: Int32(FTRACE_CHANNEL_BUSY)
    case .high: Int32(FTRACE_CHANNEL_HIGH)
    case .lostNested(let end): Int32(FTRACE_CHANNEL_LOST_NESTED) + (end == .entry ? 0 : 8)
    case .scratch: Int32(FTRACE_CHANNEL_SCRATCH)
    }
  }
}

extension Assembler {
  /// The out-of-line code of a compiled ops, which its bodies call when they go the slow way, for entries and, 32 bytes on, for exits.
  func slowCode(sink: UInt, appendSlow: UInt32) {
    for end in [UInt(FTRACE_END_ENTRY), UInt(FTRACE_END_EXIT)] {
      align(Int(Self.slowCodeStride))
      mov(.r11, Int64(bitPattern: UInt64(sink | end)))
      call(EngineSymbol.code(appendSlow).symbol)
      ret()
    }
  }

  static var slowCodeStride: UInt32 { 32 }
}
