import BenchmarkShims
import Foundation

/// What the figures were taken on.
struct Machine: Encodable {
  var cpu: String
  var cpus: Int
  var kernel: String
  var tscHz: Double
  /// Runnable threads of the last minute when the run began: above 1 something else took time.
  var load: Double
  var quick: Bool
  var date: String

  init(_ clock: Clock, quick: Bool) {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    cpu = model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    cpus = ProcessInfo.processInfo.processorCount
    let release = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
    kernel = release?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
    tscHz = 1e9 / clock.nanosecondsPerTick
    let average = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
    load = average?.split(separator: " ").first.flatMap { Double($0) } ?? 0
    self.quick = quick
    date = ISO8601DateFormatter().string(from: Date())
  }
}
