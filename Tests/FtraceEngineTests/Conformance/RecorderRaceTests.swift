import CFtraceTestShims
import Ftrace
import FtraceTestSupport
import Testing

/// Another thread gives a command while this one is at each instruction of the recorder in turn: the plan of that command is made before
/// the record is complete, and written after it.
@Suite struct RecorderRaceTests {
  enum Command: String, CaseIterable { case update, register, free, redefine }

  /// Words that the handler and the other thread share.
  private enum Word { static let interrupted = 0, finished = 1 }

  /// Calls `f` in steps. At one step the other thread is let go, and waited for until its stop waits for this thread.
  private func call(_ f: FunctionHandle, interruptedAt step: UInt64, _ words: SharedWords) throws -> ftrace_test_steps {
    typealias Function = @convention(c) (UInt64) -> UInt64
    // Safe: the gate of a function of this type, whose handle the caller holds; the words live as long as the caller.
    let outer = unsafe unsafeBitCast(try f.gate(), to: Function.self)
    var steps = unsafe ftrace_test_steps()
    unsafe steps.at = step
    unsafe steps.context = UnsafeMutableRawPointer(words.base)
    unsafe steps.action = { context in
      guard let words = unsafe context?.assumingMemoryBound(to: Int.self) else { return }
      unsafe words[Word.interrupted] = 1
      while unsafe !ftrace_test_armed() && ftrace_test_load(words + Word.finished) == 0 {}
    }
    let result = unsafe ftrace_test_call_in_steps(outer, 41, &steps)
    #expect(result == 42, "step \(step)")
    return unsafe steps
  }

  @Test(
    "rows 7, 35, 37: a command beside the recorder, at each of its instructions, loses nothing and doubles nothing",
    arguments: Command.allCases)
  func everyInstruction(command: Command) throws {
    let length: UInt64 = try {
      var length: UInt64 = 0
      try withRuntime { runtime in
        length = unsafe try call(try runtime.adder("f", 1).handle, interruptedAt: .max, SharedWords(2)).steps
      }
      return length
    }()
    #expect(length > 20)
    try withRuntime(alone: true) { runtime in
      let warm = try runtime.adder("warm", 1)
      _ = unsafe try call(warm.handle, interruptedAt: .max, SharedWords(2))
      try runtime.free(warm.handle)
      let log = CallLog()
      for step in 0..<length {
        let words = SharedWords(2)
        let f = try runtime.adder("f", 1)
        let ops = log.ops("ops")
        beside(
          {
            while words[Word.interrupted] == 0 {}
            do {
              switch command {
              case .update: try runtime.forceUpdate()
              case .register: try runtime.register(ops)
              case .free: try runtime.free(f.handle)
              case .redefine:
                try runtime.redefine(f.handle) { $0.addsToArgument(2) }
                try runtime.reclaim()
              }
            } catch { Issue.record("\(error)") }
            words[Word.finished] = 1
          },
          meanwhile: {
            do {
              let steps = unsafe try call(f.handle, interruptedAt: step, words)
              #expect(unsafe steps.acted)
            } catch {
              words[Word.interrupted] = 1
              Issue.record("\(error)")
            }
          })
        // Once more, with everything complete.
        try runtime.forceUpdate()
        let records = runtime.statistics.records
        #expect(runtime.statistics.pending == 0, "step \(step)")
        switch command {
        case .update:
          #expect(try f.handle.site == .nop, "step \(step)")
          #expect(records == 1)
          try runtime.free(f.handle)
        case .register:
          #expect(try f.handle.site == .call(runtime.stubAddresses.caller), "step \(step)")
          #expect(records == 1)
          _ = log.take()
          #expect(f(1) == 2)
          #expect(log.take().count == 1)
          try runtime.unregister(ops)
          try runtime.free(f.handle)
        case .free:
          #expect(records == 0, "step \(step)")
        case .redefine:
          #expect(records == 0, "step \(step)")
          #expect(f(1) == 3)
          try runtime.free(f.handle)
        }
        // The records are whole: as many as ever, each given out once.
        let others = try runtime.adders(5, prefix: "step\(step)-")
        for other in others { _ = other(1) }
        #expect(runtime.statistics.pending == 5, "step \(step)")
        #expect(runtime.statistics.records == 5, "step \(step)")
        let total = runtime.statistics.updateTotal
        try runtime.forceUpdate()
        #expect(runtime.statistics.updateTotal == total + 5, "step \(step)")
        for other in others {
          #expect(try other.handle.site == .nop, "step \(step)")
          try runtime.free(other.handle)
        }
        #expect(runtime.statistics.records == 0, "step \(step)")
        #expect(runtime.statistics.pending == 0, "step \(step)")
        try runtime.reclaim()
      }
      #expect(runtime.quarantinedSites.isEmpty)
      #expect(runtime.audit().isSound)
    }
  }
}
