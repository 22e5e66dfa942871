import CFtraceShims
import FtraceX86Assembler

/// The stubs of a runtime: one block of code, whose two inner calls are the only bytes in it that are ever patched.
struct EngineStubs {
  /// A bare `ret`.
  var stub: UInt32 = 0
  /// What an unconverted site calls, and its inner call: to `stub`, or to `recordIP` while recording is on.
  var mcount: UInt32 = 0
  var mcountCall: UInt32 = 0
  var recordIP: UInt32 = 0
  /// What sites call that only shared ops want, and its inner call: to `stub`, to the thunk of an ops, or to several.
  var caller: UInt32 = 0
  var callerCall: UInt32 = 0
  /// Slow paths of gates and back-edges.
  var enterSlow: UInt32 = 0
  var nestedSlow: UInt32 = 0
  var leaveSlow: UInt32 = 0
  var pollSlow: UInt32 = 0
  var stackCheckSlow: UInt32 = 0
  /// What compiled bodies call that find no room. In `r11` the sink, and in its lowest bit the end; afterwards whether to try again.
  var appendSlow: UInt32 = 0
  /// What compiled bodies call to read CLOCK_MONOTONIC into `r11`.
  var readMonotonic: UInt32 = 0
  /// What a freed function's slot holds if there was no memory for a stub with its name.
  var namelessTrap: UInt32 = 0

  /// Assembles the stubs; the members of the result are offsets in the code.
  static func assemble(recorder: UInt) throws(AssemblerError) -> (AssembledCode, EngineStubs) {
    let a = Assembler()
    let stub = a.here("ftrace_stub")
    a.ret()

    a.align(16)
    let recordIP = a.here("ftrace_record_ip")
    a.mov(.r11, Int64(bitPattern: UInt64(ftrace_address_of_record_ip())))
    a.jmp(.r11)

    a.align(16)
    let (mcount, mcountCall) = a.mcount(recorder: recorder, stub: stub)
    a.align(16)
    let caller = a.here("ftrace_caller")
    let callerCall = a.label("ftrace_call")
    a.callerTrampoline(.shared) {
      a.align(8)  // the call lies in one aligned word
      a.bind(callerCall)
      a.call(stub)
    }

    // What workers run while they enter, leave and wait during a stop is on another page than the two inner calls: without a writable
    // alias, the page of those is not executable while the world is stopped.
    a.align(4096)
    let enterSlow = a.here("enter_slow")
    a.preservingCall { a.callAbsolute(ftrace_address_of_enter_slow()) }
    a.align(16)
    let nestedSlow = a.here("nested_slow")
    a.preservingCall { a.callAbsolute(ftrace_address_of_nested_slow()) }
    a.align(16)
    let leaveSlow = a.here("leave_slow")
    a.preservingCall { a.callAbsolute(ftrace_address_of_leave_slow()) }
    a.align(16)
    let pollSlow = a.here("poll_slow")
    let exhausted = a.label("stack exhausted")
    a.preservingCall {
      a.mov(.rdi, .rbx)
      a.mov(.rsi, -1)
      a.callAbsolute(ftrace_address_of_poll_slow())
    }
    a.align(16)
    let stackCheckSlow = a.here("stack_check_slow")
    a.preservingCall {
      a.mov(.rdi, .rbx)
      a.mov(.rsi, .r11)  // how far down the function wants to go
      a.callAbsolute(ftrace_address_of_poll_slow())
      a.test(.al, .al)
      a.j(.e, exhausted)
    }
    a.bind(exhausted)
    a.mov(.rdi, .base(.rbp, 8))
    a.callAbsolute(ftrace_address_of_trap_stack())
    a.align(16)
    let appendSlow = a.here("append_slow")
    a.preservingCall(resultInR11: true) {
      // Above the frame: the way back to the ops's slow code, that to the trampoline, what the trampoline skipped, and its own frame.
      a.sub(.rsp, 32)
      a.lea(.rax, .base(.rbp, 24 + BodyBuilder.redZone))
      a.mov(.base(.rsp, 0), .rax)
      a.mov(.rax, .base(.rbp, 0))
      a.mov(.base(.rsp, 8), .rax)
      a.mov(.rdi, .r11)
      a.and(.r11d, 1)
      a.mov(.base(.rsp, 16), .r11d)
      a.and(.rdi, -2)
      a.mov(.rsi, .rsp)
      a.callAbsolute(ftrace_address_of_append_slow())
      a.mov(.r11d, .eax)
    }
    a.align(16)
    let readMonotonic = a.here("read_monotonic")
    a.preservingCall(resultInR11: true) {
      a.callAbsolute(ftrace_address_of_monotonic())
      a.mov(.r11, .rax)
    }
    a.align(16)
    let namelessTrap = a.here("freed")
    a.trapCall(name: [], reason: "has been freed")

    let code = try a.finish()
    func offset(_ label: Label) -> UInt32 { UInt32(code.offset(of: label)) }
    return (
      code,
      EngineStubs(
        stub: offset(stub), mcount: offset(mcount), mcountCall: offset(mcountCall), recordIP: offset(recordIP),
        caller: offset(caller), callerCall: offset(callerCall), enterSlow: offset(enterSlow),
        nestedSlow: offset(nestedSlow), leaveSlow: offset(leaveSlow), pollSlow: offset(pollSlow),
        stackCheckSlow: offset(stackCheckSlow), appendSlow: offset(appendSlow),
        readMonotonic: offset(readMonotonic),
        namelessTrap: offset(namelessTrap))
    )
  }

  /// The same stubs at the place where they were installed.
  func placed(at block: UInt32) -> EngineStubs {
    var placed = self
    for member in [
      \EngineStubs.stub, \.mcount, \.mcountCall, \.recordIP, \.caller, \.callerCall, \.enterSlow, \.nestedSlow,
      \.leaveSlow,
      \.pollSlow, \.stackCheckSlow, \.appendSlow, \.readMonotonic, \.namelessTrap,
    ] { placed[keyPath: member] += block }
    return placed
  }

  /// The name of the stub that holds an offset, for traces and listings.
  func name(at offset: UInt32) -> String? {
    let starts = [
      (stub, "ftrace_stub"), (recordIP, "ftrace_record_ip"), (mcount, "mcount"), (caller, "ftrace_caller"),
      (enterSlow, "ftrace_enter_slow"), (nestedSlow, "ftrace_nested_slow"), (leaveSlow, "ftrace_leave_slow"),
      (pollSlow, "ftrace_poll_slow"),
      (stackCheckSlow, "ftrace_stack_check_slow"), (appendSlow, "ftrace_append_slow"),
      (readMonotonic, "ftrace_read_monotonic"),
    ]
    return starts.filter { $0.0 <= offset }.max { $0.0 < $1.0 }?.1
  }
}

extension Assembler {
  /// Says which function was called and why that cannot be, and traps.
  func trapCall(name: [UInt8], reason: StaticString) {
    let (text, why) = (label(), label())
    and(.rsp, -16)
    lea(.rdi, .rip(text))
    lea(.rsi, .rip(why))
    callAbsolute(ftrace_address_of_trap_call())
    ud2()
    bind(text)
    bytes(name + [0])
    bind(why)
    bytes(Array("\(reason)".utf8) + [0])
  }

  /// `mcount`: at entry `[rsp]` is the address after the site. Saves what the recorder clobbers, lets it choose the address to
  /// go on at, and goes on there as if the site had called it.
  fileprivate func mcount(recorder: UInt, stub: Label) -> (entry: Label, innerCall: Label) {
    let saved: [Reg64] = [.rax, .rcx, .rdx, .rsi, .rdi, .r8, .r9, .r10]
    let entry = here("mcount")
    push(.rbp)
    mov(.rbp, .rsp)
    for register in saved { push(register) }
    sub(.rsp, 8)  // 16-byte aligned, as it was at the site
    mov(.rdi, Int64(bitPattern: UInt64(recorder)))
    mov(.rsi, .base(.rbp, 8))
    lea(.rax, .rip(stub))  // where to go on if nothing is recorded
    align(8)
    let innerCall = here("mcount_call")
    call(stub)
    mov(.r11, .rax)
    add(.rsp, 8)
    for register in saved.reversed() { pop(register) }
    pop(.rbp)
    jmp(.r11)
    return (entry, innerCall)
  }

  /// A call from any place in emitted code that changes no register, and no vector. Flags are dead there.
  ///
  /// `body` runs with `rbx` the lowest address of what was saved, `rbp` the frame, and an aligned stack.
  /// - Parameter resultInR11: whether `r11` is what `body` leaves in it.
  fileprivate func preservingCall(resultInR11: Bool = false, _ body: () -> Void) {
    let saved: [Reg64] =
      [.rax, .rcx, .rdx, .rbx, .rsi, .rdi, .r8, .r9, .r10, .r12, .r13, .r14, .r15] + (resultInR11 ? [] : [.r11])
    push(.rbp)
    mov(.rbp, .rsp)
    for register in saved { push(register) }
    sub(.rsp, 256)
    mov(.rbx, .rsp)
    for index in 0..<16 { movups(.base(.rbx, Int32(index * 16)), XMM(number: UInt8(index))) }
    and(.rsp, -16)
    cld()
    body()
    for index in 0..<16 { movups(XMM(number: UInt8(index)), .base(.rbx, Int32(index * 16))) }
    lea(.rsp, .base(.rbx, 256))
    for register in saved.reversed() { pop(register) }
    pop(.rbp)
    ret()
  }
}
