import CFtraceShims
import Testing

/// What compiled bodies call is a part of them: a worker that is stopped there would be held between its site and its tracer.
@Suite struct BodyTerritoryTests {
  @Test func noWorkerIsStoppedWhereBodiesCall() {
    #expect(ftrace_territory_refuses(UInt64(ftrace_address_of_append_slow())))
    #expect(ftrace_territory_refuses(UInt64(ftrace_address_of_monotonic())))
  }
}
