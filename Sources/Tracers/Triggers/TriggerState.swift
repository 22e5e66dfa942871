import CFtraceShims
import CFtraceTraceBuffer
import CFtraceTracers
import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

/// What the triggers of a tracer share with its own body: whether it records, and how many snapshots were asked for.
@safe package final class TriggerState: Sendable {
  // Safe: allocated with this and freed with it, and every body that refers to it keeps it. Both words are atomic.
  nonisolated(unsafe) let memory: UnsafeMutablePointer<ftrace_trigger_state>

  init(isOn: Bool) {
    unsafe memory = .allocate(capacity: 1)
    unsafe memory.initialize(to: ftrace_trigger_state())
    unsafe ftrace_trigger_state_init(memory, isOn)
  }

  deinit { unsafe memory.deallocate() }

  /// Of the word that bodies test: not 0 while nothing is recorded.
  var address: UInt { UInt(bitPattern: unsafe memory) }

  /// Switches the recording of a buffer. Any thread outside of callbacks.
  func switchRecording(_ isOn: Bool, of buffer: TraceBuffer) {
    unsafe ftrace_trigger_switch(buffer.handle, memory, isOn)
  }

  /// Waits until more snapshots than `seen` were asked for, or `end` is called: how many were, and whether it was.
  func wait(_ seen: UInt32) -> (asked: UInt32, ended: Bool) {
    let word = unsafe ftrace_trigger_wait(memory, seen)
    let ended = UInt32(1) << 31
    return (word & ~ended, word & ended != 0)
  }

  /// Nobody asks for snapshots any more.
  func end() { unsafe ftrace_trigger_end(memory) }
}

extension BodyBuilder {
  /// Leaves the body while nothing is to be recorded. After `spill`; `r11` and the flags are changed.
  func leave(whileOff state: TriggerState?) {
    guard let state else { return }
    code.mov(.r11, Int64(bitPattern: UInt64(state.address)))
    code.cmp(.dword, .base(.r11, 0), 0)
    code.j(.ne, done)
  }
}
