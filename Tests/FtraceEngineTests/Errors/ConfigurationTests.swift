import Ftrace
import FtraceTestSupport
import Testing

/// What a runtime cannot be made with.
@Suite struct ConfigurationTests {
  private static let wrong: [(member: String, change: @Sendable (inout Configuration) -> Void)] = [
    ("reservation", { $0.reservation = 0 }), ("reservation", { $0.reservation = -1 }),
    ("limits.capacity", { $0.limits.capacity = -1 }), ("limits.replenish", { $0.limits.replenish = 0 }),
    ("limits.overflow", { $0.limits.overflow = -1 }), ("daemonPeriod", { $0.daemonPeriod = .zero }),
    ("daemonPeriod", { $0.daemonPeriod = .seconds(-1) }), ("stopDeadline", { $0.stopDeadline = .zero }),
    ("stopGrace", { $0.stopGrace = .nanoseconds(-1) }),
  ]

  @Test("a member out of its range is named", arguments: wrong.indices)
  func outOfRange(index: Int) throws {
    var configuration = testConfiguration()
    let (member, change) = Self.wrong[index]
    change(&configuration)
    #expect {
      _ = try TraceRuntime(configuration)
    } throws: {
      if case FtraceError.invalidConfiguration(member, _) = $0 { "\($0)".contains(member) } else { false }
    }
  }

  @Test("a reservation beyond the reach of 32 bits is refused with the largest that is within")
  func largest() throws {
    try withRuntime(alone: true) { _ in
      var configuration = testConfiguration()
      configuration.reservation = .max
      var maximum = 0
      #expect {
        _ = try TraceRuntime(configuration)
      } throws: {
        guard case FtraceError.memory(.reservationTooLarge(.max, let bytes)) = $0 else { return false }
        maximum = bytes
        return true
      }
      configuration.reservation = maximum
      let f = try TraceRuntime(configuration).adder("f", 1)
      #expect(f(1) == 2)
    }
  }

  @Test("bounds at their ends: no records at first, and as many more at each tick as there are numbers")
  func ends() throws {
    try withRuntime(alone: true) { _ in
      var configuration = testConfiguration(.atEmission)
      configuration.limits = RecordLimits(capacity: 0, replenish: .max)
      let runtime = try TraceRuntime(configuration)
      let calls = Counter()
      try runtime.register(TraceOps(name: "ops") { _ in calls.add() })
      let without = try runtime.adder("without", 1)
      #expect(without(1) == 2)
      #expect(calls.count == 0 && runtime.statistics.exhausted == 1)
      try runtime.advanceDaemonClock(by: .seconds(2))
      let with = try runtime.adder("with", 1)
      #expect(with(1) == 2)
      #expect(calls.count == 1)
    }
  }
}
