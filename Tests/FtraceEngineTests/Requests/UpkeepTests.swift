import Ftrace
import FtraceTestSupport
import Testing

/// What was retired comes back without anybody asking for it.
@Suite struct UpkeepTests {
  /// So many that they do not fit into the memory at once.
  private static let many = 6_000

  @Test("a tick reclaims what was retired, although nothing is to be written", arguments: [true, false])
  func tick(enabled: Bool) throws {
    try withRuntime { runtime in
      let before = runtime.statistics.retiredCodeBytes
      let handles = try (0..<2_000).map { number in try runtime.hostFunction("host \(number)") { () -> Int in number } }
      try runtime.setEnabled(enabled)
      withExtendedLifetime(handles) {}
      _ = consume handles
      #expect(runtime.statistics.retiredCodeBytes > before)
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.retiredCodeBytes == 0)
    }
  }

  @Test("a tick reclaims after a kill, too")
  func killed() throws {
    try withRuntime { runtime in
      let handles = try (0..<2_000).map { number in try runtime.hostFunction("host \(number)") { () -> Int in number } }
      try runtime.kill()
      _ = consume handles
      try runtime.advanceDaemonClock(by: .seconds(1))
      #expect(runtime.statistics.retiredCodeBytes == 0)
    }
  }

  @Test("closures without end take no memory")
  func hosts() throws {
    try withRuntime(.onFirstCall, .set(\.reservation, 1 << 18)) { runtime in
      for number in 0..<Self.many { _ = try runtime.hostFunction("host") { () -> Int in number } }
      #expect(runtime.statistics.stops > 0)
    }
  }

  @Test("functions that are declared, given a gate and freed without end take no memory")
  func declared() throws {
    try withRuntime(.onFirstCall, .set(\.reservation, 1 << 18)) { runtime in
      for _ in 0..<Self.many {
        let f = try runtime.declare("f")
        _ = try f.gate()
        try runtime.free(f)
      }
    }
  }

  @Test("where there is no memory, what waits for a stop is reclaimed first")
  func retry() throws {
    try withRuntime(.onFirstCall, .set(\.reservation, 1 << 16)) { runtime in
      // They fill the memory before there are enough of them for a stop of their own.
      for number in 0..<Self.many { _ = try runtime.hostFunction("host") { () -> Int in number } }
      // What is in use is not: then it is an error, and nothing goes on waiting.
      var kept: [HostHandle] = []
      #expect(throws: FtraceError.self) {
        while true { kept.append(try runtime.hostFunction("host") { () -> Int in 0 }) }
      }
      #expect(kept.count > 10)
      kept.removeAll()
      _ = try runtime.hostFunction("host") { () -> Int in 0 }
    }
  }

  @Test("beside a late worker each closure does not wait for a stop of its own")
  func late() throws {
    try withRuntime(.onFirstCall, alone: true, .set(\.stopDeadline, .milliseconds(2)), .set(\.stopGrace, nil)) {
      runtime in
      try besideLateWorker {
        for number in 0..<Self.many { _ = try runtime.hostFunction("host") { () -> Int in number } }
      }
      // One each time that twice as much waits.
      #expect((1...4).contains(runtime.statistics.timeouts))
      try runtime.reclaim()
      #expect(runtime.statistics.retiredCodeBytes == 0)
    }
  }
}
