import CFtraceShims

/// A tracer as the engine sees it: what to call, for which functions, and what it needs to know.
///
/// An ops is a value of identity: it can be registered once at a time in each runtime, and its callback is called for all that it is in. It and its
/// context are kept until no call of the callback is on any stack.
@safe public final class TraceOps: Sendable {
  /// The fast path: a C function. Arguments are the address of the site, the return address in the real caller, `context`, and the
  /// registers, which are nil unless the ops asks for them.
  ///
  /// It runs inside traced calls, on the thread of the call. It may clobber what the C convention lets it clobber, must return, and
  /// must not unregister or register ops (`.insideCallback`). What it calls is not handed to it again.
  public typealias Callback =
    @convention(c) (UInt, UInt, UnsafeMutableRawPointer?, UnsafePointer<ftrace_registers>?) -> Void

  /// Shown in errors and statistics.
  public let name: String
  /// The functions wanted at registration; `TraceRuntime.setFilter` changes them later.
  public let filter: TraceFilter
  /// Whether the callback receives the registers. Such an ops has a trampoline of its own.
  public let wantsRegisters: Bool
  /// Whether the callback may change the registers that it receives: arguments, results, and where the function goes on.
  public let writesRegisters: Bool
  /// Whether the callback leaves all vector registers as they are, so that nobody need save them. Such an ops has a trampoline of its own.
  public let preservesVectors: Bool
  /// The ends of functions at which it is called. One that wants exits has a trampoline of its own.
  public let ends: TraceEnds
  /// What runs instead of a callback, if it is compiled.
  let body: (any TraceBody)?
  /// The functions for whose entries a compiled body is emitted as that of a marked one.
  let marks: TraceFilter?

  /// Whether its sites cannot call `ftrace_caller`, whatever its filter.
  var hasRouteOfItsOwn: Bool { saves != .shared || body != nil || ends != .entry }

  // Safe to share: never changed; the callback's author answers for what it does with the context.
  nonisolated(unsafe) let callback: Callback
  nonisolated(unsafe) let context: UnsafeMutableRawPointer?
  private let retained: ClosureBox?

  /// An ops that calls a C function.
  /// - Parameters:
  ///   - name: shown in errors and statistics.
  ///   - filter: the functions wanted.
  ///   - registers: whether the callback receives the registers.
  ///   - writesRegisters: whether it also changes them: then they are those that the traced function, or at an exit its caller, goes on with.
  ///     Of the integers `rax`, `rcx`, `rdx`, `rsi`, `rdi`, `r8` to `r10`, of the vectors all, and `rip`, are taken over; what is written to others is
  ///     ignored. Another `rip` at an entry redirects the call, to a function of the same signature.
  ///   - preservesVectors: whether the callback changes no vector register, because it was compiled so (`-mgeneral-regs-only`): its calls are cheaper
  ///     by what saving eight of them costs. Ignored if it receives the registers.
  ///   - ends: at which ends of a function it is called. At an exit the first argument is the address of the exit site, which is never a
  ///     multiple of 16, as entry sites are.
  ///   - context: handed to each call; it must stay valid until `unregister` has returned.
  ///   - callback: the C function.
  public init(
    name: String, filter: TraceFilter = .all, registers: Bool = false, writesRegisters: Bool = false,
    preservesVectors: Bool = false, ends: TraceEnds = .entry,
    context: UnsafeMutableRawPointer? = nil, callback: @escaping Callback
  ) {
    self.name = name
    self.filter = filter
    self.wantsRegisters = registers || writesRegisters
    self.writesRegisters = writesRegisters
    self.preservesVectors = preservesVectors
    self.ends = ends
    self.body = nil
    self.marks = nil
    unsafe self.callback = callback
    unsafe self.context = context
    self.retained = nil
  }

  /// An ops that calls a Swift closure, which may capture. It costs some nanoseconds more than a C function.
  ///
  /// With `writesRegisters` it can change arguments, results and where the call goes: `TracedCall.setRegisters`, `TracedCall.redirect`.
  public init(
    name: String, filter: TraceFilter = .all, registers: Bool = false, writesRegisters: Bool = false,
    ends: TraceEnds = .entry,
    _ body: @escaping @Sendable (borrowing TracedCall) -> Void
  ) {
    let box = ClosureBox(body, writesRegisters: writesRegisters)
    self.name = name
    self.filter = filter
    self.wantsRegisters = registers || writesRegisters
    self.writesRegisters = writesRegisters
    self.preservesVectors = false
    self.ends = ends
    self.body = nil
    self.marks = nil
    self.retained = box
    // Safe: the ops owns the box, and the engine owns the ops while the callback can run.
    unsafe self.context = Unmanaged.passUnretained(box).toOpaque()
    unsafe self.callback = { ip, parent, context, registers in
      guard let context = unsafe context else { return }
      unsafe Unmanaged<ClosureBox>.fromOpaque(context)._withUnsafeGuaranteedRef { box in
        unsafe box.body(
          TracedCall(ip: ip, parentIP: parent, registers: registers, isWritable: box.writesRegisters))
      }
    }
  }

  /// An ops whose body is machine code in the trampolines of its sites: the cheapest there is. It is registered once at a time.
  /// - Parameters:
  ///   - name: shown in errors and statistics.
  ///   - filter: the functions wanted.
  ///   - marks: functions, of those that the filter wants, at whose entries the body is emitted with `BodyBuilder.isMarked`. It
  ///     goes by the name, as the filter does, and holds for functions that are defined later.
  ///   - body: what is emitted.
  public init(name: String, filter: TraceFilter = .all, marks: TraceFilter? = nil, body: any TraceBody) {
    self.marks = marks
    self.name = name
    self.filter = filter
    self.wantsRegisters = false
    self.writesRegisters = false
    self.preservesVectors = true
    self.ends = body.ends
    self.body = body
    self.retained = nil
    unsafe self.context = nil
    unsafe self.callback = { _, _, _, _ in }
  }

  private final class ClosureBox: Sendable {
    let body: @Sendable (borrowing TracedCall) -> Void
    let writesRegisters: Bool

    init(_ body: @escaping @Sendable (borrowing TracedCall) -> Void, writesRegisters: Bool) {
      (self.body, self.writesRegisters) = (body, writesRegisters)
    }
  }
}

/// What a callback learns of a call. It cannot be kept beyond the callback; what is read from it can.
@safe public struct TracedCall: ~Copyable {
  /// Address of the site: at an entry the first byte of the traced function.
  public let ip: UInt
  /// At which end of the function.
  public var end: TraceEnd { ip & 15 == 0 ? .entry : .exit }
  /// The return address in the real caller.
  public let parentIP: UInt
  // Safe: what it points to is in the frame of the trampoline, and this value cannot leave the callback.
  private let saved: UnsafePointer<ftrace_registers>?
  private let isWritable: Bool

  init(ip: UInt, parentIP: UInt, registers: UnsafePointer<ftrace_registers>?, isWritable: Bool) {
    self.ip = ip
    self.parentIP = parentIP
    unsafe saved = registers
    self.isWritable = isWritable
  }

  /// The registers at the site, if the ops asks for them.
  public var registers: ftrace_registers? { unsafe saved?.pointee }

  /// Changes the registers that the function goes on with, or at an exit its caller: see `TraceOps.writesRegisters`. Ops that are called after this one see them.
  ///
  /// It traps if the ops did not say that it writes them.
  public func setRegisters(_ registers: ftrace_registers) {
    precondition(isWritable, "an ops that changes registers says so: writesRegisters: true")
    // Safe: the trampoline's frame is writable, and nobody else uses it during the call.
    if let saved = unsafe saved { unsafe UnsafeMutablePointer(mutating: saved).pointee = registers }
  }

  /// Sends the call to the present body of another function instead, with the arguments as they are. At an entry only.
  ///
  /// The other function must have the same signature, and is traced as any call of it is. The one that was called has no exit then. If the other was freed, the call traps
  /// with its name.
  public func redirect(to function: FunctionHandle) {
    precondition(end == .entry, "a call is redirected at its entry")
    guard var registers = registers else {
      preconditionFailure("an ops that redirects calls says so: writesRegisters: true")
    }
    // The handle keeps its slot, which always holds the address of a body or of a trap. Bodies are reclaimed only when no stack names them.
    registers.rip = UInt64(ftrace_load_word(function.slotAddress))
    setRegisters(registers)
  }
}

extension TraceOps: CustomStringConvertible {
  public var description: String { name }
}
