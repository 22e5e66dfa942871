import Foundation
import Ftrace

/// Events on their way to a file, and back: how many a second a recording keeps up with, what it loses, bytes for each, and how quickly they are
/// read.
func streaming(_ bench: Bench, _ results: inout Results) throws {
  let runtime = try TraceRuntime.forBenchmarks()
  let calls = bench.quick ? 4_000_000 : 10_000_000
  let leaf = try runtime.leaf("streamed", site: true)
  let loop = try runtime.loop("loop over streamed") { $0.call(leaf) }
  let path = "/dev/shm/ftrace-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
  defer { try? FileManager.default.removeItem(atPath: path) }

  var recording = Samples()
  var (lost, bytes, kept) = (0.0, 0.0, 0.0)
  for _ in 0..<bench.fewRounds {
    let recorder = try TraceRecorder(in: runtime, filter: TraceFilter(trace: ["streamed"]), to: path)
    let time = bench.clock.time { _ = loop(calls, 0, 1) }
    let losses = try recorder.finish()
    let recorded = Double(2 * calls) - Double(losses.total)
    recording.add(time / recorded)
    lost += Double(losses.total)
    kept += recorded
    bytes += Double((try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
  }
  results.add(
    Row(
      name: "stream", samples: recording, baseline: nil,
      budget: .nanoseconds(recording.median, atMost: 20, "50 M events/s"),
      extra: [("lost", lost), ("bytes-per-event", bytes / kept)]))
  results.add(
    Row(
      name: "stream-bytes", samples: Samples([bytes / kept]), baseline: nil,
      budget: Budget(text: "8.1 bytes an event, with carries", value: bytes / kept, limit: 8.1)))

  let blocks = GraphTrace(try TraceFile(path: path).contents).blocks.joined()
  var decoding = Samples()
  var sum: UInt64 = 0
  for _ in 0..<bench.fewRounds {
    var records = 0
    let time = bench.clock.time {
      for block in blocks {
        block.decode { record in
          records += 1
          sum &+= record.clock ^ UInt64(record.afterSite)
        }
      }
    }
    decoding.add(time / Double(records))
  }
  // The sum keeps the loop.
  precondition(sum != 0, "clocks are not all zero")
  results.add(
    Row(
      name: "decode", samples: decoding, baseline: nil,
      budget: .nanoseconds(decoding.median, atMost: 10, "100 M records/s")))
}
