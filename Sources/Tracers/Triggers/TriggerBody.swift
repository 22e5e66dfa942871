import CFtraceShims
import CFtraceTraceBuffer
import CFtraceTracers
import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

/// Looks whether a trigger has anything left to do, and has it done out of line.
@safe final class TriggerBody: TraceBody {
  let ends = TraceEnds.entry
  // Safe: allocated with the body and freed with it, when none of its code can run. What changes in it is atomic.
  nonisolated(unsafe) private let trigger: UnsafeMutablePointer<ftrace_trigger>
  private let action: TraceTrigger.Action
  private let state: TriggerState
  private let buffer: TraceBuffer

  init(_ specification: TraceTrigger, _ state: TriggerState, of buffer: TraceBuffer) {
    (action, self.state, self.buffer) = (specification.action, state, buffer)
    let kind =
      switch specification.action {
      case .traceOn: FTRACE_TRIGGER_ON
      case .traceOff: FTRACE_TRIGGER_OFF
      case .snapshot: FTRACE_TRIGGER_SNAPSHOT
      case .stackTrace: FTRACE_TRIGGER_STACK
      }
    unsafe trigger = .allocate(capacity: 1)
    unsafe trigger.initialize(to: ftrace_trigger())
    // Safe: the buffer and the state are kept.
    unsafe ftrace_trigger_init(
      trigger, UInt32(kind), specification.count.map { UInt64(max(0, $0)) } ?? .max, buffer.handle,
      state.memory)
  }

  deinit { unsafe trigger.deallocate() }

  // Safe: the sink is the first member.
  var sink: UnsafeMutablePointer<ftrace_sink> {
    unsafe UnsafeMutableRawPointer(trigger).assumingMemoryBound(to: ftrace_sink.self)
  }

  func emit(_ end: TraceEnd, into body: BodyBuilder) {
    let a = body.code
    let left = unsafe UInt(bitPattern: trigger) + UInt(FTRACE_TRIGGER_LEFT)
    a.mov(.r11, Int64(bitPattern: UInt64(left)))
    a.cmp(.qword, .base(.r11, 0), 0)
    a.j(.e, body.done)
    switch action {
    case .traceOn, .traceOff:
      a.mov(.r11, Int64(bitPattern: UInt64(state.address)))
      a.cmp(.dword, .base(.r11, 0), Int32(action == .traceOff ? 0 : 1))
      body.slow(.e)
    case .snapshot, .stackTrace:
      body.slow(.ne)
    }
  }

  /// How often it should have acted and could not: stacks that found no room, and signal handlers in the middle of an append.
  var missed: Int { unsafe Int(ftrace_trigger_missed(trigger)) }
}
