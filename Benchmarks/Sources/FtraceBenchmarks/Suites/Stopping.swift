import Foundation
import Ftrace

/// How long stops take while workers do different things, and how long without any.
func stopping(_ bench: Bench, _ results: inout Results) throws {
  let cpus = ProcessInfo.processInfo.activeProcessorCount
  let alone = try Stops.measure(bench, deadline: .seconds(10)) { _ in nil }
  guard case .done(let alone) = alone else { return }
  func row(
    _ name: String, _ work: CrewWork, workers: Int, pinned: Bool = false, deadline: Duration = .seconds(10)
  ) throws -> Stops.Figures? {
    let outcome = try Stops.measure(bench, deadline: deadline) { runtime in
      try Crew(runtime, work, workers: workers, pinned: pinned)
    }
    switch outcome {
    case .late(let reason):
      results.skip(name, reason)
      return nil
    case .done(let figures):
      results.add(
        Row(
          name: name, samples: figures.whole, baseline: .init(name: "a stop without workers", samples: alone.whole),
          budget: work == .polling && pinned
            ? .nanoseconds(figures.whole.median, atMost: 30_000, "p50 30 us")
            : work == .loop ? .nanoseconds(figures.whole.percentile(99), atMost: 2_000_000, "p99 2 ms") : nil,
          extra: [("workers", Double(workers)), ("p50 to stop", figures.toStop.median)],
          lastWorker: figures.lastWorker))
      return figures
    }
  }

  if cpus > 1 {
    if let polling = try row("stop", .polling, workers: cpus - 1, pinned: true) {
      results.add(
        Row(
          name: "stop-p99", samples: Samples([polling.whole.percentile(99)]),
          baseline: .init(name: "stop", samples: polling.whole),
          budget: .nanoseconds(polling.whole.percentile(99), atMost: 100_000, "p99 100 us")))
    }
  } else {
    results.skip("stop", "it needs a second CPU")
  }
  // These depend on the stop signal: where there is none the first stop is late.
  _ = try row("stop-loop", .loop, workers: max(1, cpus - 1), pinned: cpus > 1, deadline: .milliseconds(500))
  _ = try row("stop-read", .reading, workers: 4, deadline: .milliseconds(500))
  _ = try row("stop-read-parked", .readingParked, workers: 4)
  _ = try row("stop-oversubscribed", .polling, workers: 2 * cpus)
  _ = try row("stop-64", .polling, workers: 64)
}

/// Stops that write one instruction each: those of a change of tracer.
private enum Stops {
  struct Figures {
    var whole = Samples()
    var toStop = Samples()
    /// Who was last to arrive most often.
    var lastWorker = "nobody"
  }

  case done(Figures)
  /// A worker did not arrive before the deadline.
  case late(String)

  /// Runs stops of a runtime of its own under a crew, at most so many, and for at most so long.
  static func measure(
    _ bench: Bench, deadline: Duration, crew make: (TraceRuntime) throws -> Crew?
  ) throws -> Stops {
    var configuration = Configuration()
    configuration.recording = .atEmission
    configuration.daemonClock = .manual
    configuration.reservation = 64 << 20
    configuration.stopDeadline = deadline
    let runtime = try TraceRuntime(configuration)
    let crew = try make(runtime)
    defer { crew?.dismiss() }
    let ops = unsafe TraceOps(name: "empty", callback: { _, _, _, _ in })
    var figures = Figures()
    let (begin, limit) = (ContinuousClock.now, Duration.milliseconds(bench.quick ? 500 : 4000))
    for turn in 0..<(bench.quick ? 400 : 4000) where turn < 20 || begin.duration(to: .now) < limit {
      do {
        if turn % 2 == 0 { try runtime.register(ops) } else { try runtime.unregister(ops) }
      } catch {
        guard case .quiescence(.timedOut) = error else { throw error }
        return .late("a worker did not arrive within \(deadline)")
      }
      guard let stop = runtime.lastStop else { preconditionFailure("a stop was run") }
      figures.toStop.add(stop.timeToStop.nanoseconds)
      figures.whole.add((stop.timeToStop + stop.timeStopped).nanoseconds)
    }
    if let last = runtime.stopStatistics.lastWorkers.first { figures.lastWorker = "\(last.name) (\(last.stops))" }
    return .done(figures)
  }
}
