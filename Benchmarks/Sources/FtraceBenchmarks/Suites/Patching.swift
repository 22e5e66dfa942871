import BenchmarkShims
import Ftrace

/// What it costs to install many functions, and to write their sites in a stop.
func patching(_ bench: Bench, _ results: inout Results) throws {
  let runtime = try TraceRuntime.forBenchmarks(reservation: 256 << 20)
  let ops = unsafe TraceOps(name: "empty", callback: { _, _, _, _ in })
  var handles: [FunctionHandle] = []
  let (resident, liveBefore) = (bench_resident_bytes(), runtime.statistics.liveCodeBytes)
  var (installing, assembling) = (Samples(), Samples())
  for (name, count) in [("patch-1k", 1_000), ("patch-100k", 100_000), ("patch-1m", 1_000_000)] {
    handles.reserveCapacity(count)
    while handles.count < count {
      let batch = min(1000, count - handles.count)
      installing.add(
        try bench.clock.time { () throws in
          for _ in 0..<batch { handles.append(try runtime.define("f\(handles.count)", smallFunction)) }
        } / Double(batch))
      assembling.add(
        try bench.clock.time { () throws in
          for index in 0..<batch {
            let builder = FunctionBuilder(name: "f\(index)", layout: TraceRuntime.threadLayout)
            smallFunction(builder)
            _ = try builder.finish() as FunctionImage
          }
        } / Double(batch))
    }
    let bytesEach = Double(bench_resident_bytes() - resident) / Double(count)
    let row = try patch(name, count, runtime, ops, bench)
    results.add(row)
    if count == 1_000_000 {
      let live = runtime.statistics.liveCodeBytes - liveBefore
      results.add(
        Row(
          name: "install", samples: installing, baseline: .init(name: "assembling it", samples: assembling),
          extra: [
            ("functions", Double(count)), ("resident bytes each", bytesEach),
            ("of which code", Double(live) / Double(count)),
          ]))
    }
  }
}

/// Switches all sites on and off, and holds what a site cost in the stops against the same replacement in ordinary memory.
private func patch(
  _ name: String, _ count: Int, _ runtime: TraceRuntime, _ ops: TraceOps, _ bench: Bench
) throws -> Row {
  let words = Words(count: count)
  var (written, bare, toStop, whole) = (Samples(), Samples(), Samples(), Samples())
  let rounds = count > 10_000 ? bench.fewRounds : bench.rounds
  for _ in 0..<rounds {
    for on in [true, false] {
      let preemptions = bench_preemptions()
      let time = try bench.clock.time { () throws in
        if on { try runtime.register(ops) } else { try runtime.unregister(ops) }
      }
      guard let stop = runtime.lastStop, stop.sitesWritten >= count else {
        preconditionFailure("every site was to be written")
      }
      // What another thread did meanwhile is not the stop's; a machine that is never quiet is measured as it is.
      if bench_preemptions() != preemptions && !written.values.isEmpty { continue }
      written.add(stop.timeStopped.nanoseconds / Double(stop.sitesWritten))
      toStop.add(stop.timeToStop.nanoseconds)
      whole.add(time / Double(count))
      bare.add(bench.clock.time { words.flip() } / Double(count))
    }
  }
  return Row(
    name: name, samples: written, baseline: .init(name: "the same in data", samples: bare),
    budget: .nanoseconds(written.median, atMost: 3, "3 ns a site"),
    extra: [("ns a site with planning", whole.median), ("ns to stop", toStop.median)])
}

/// Ordinary memory with five bytes to replace in each place of a function's size, as sites are.
@safe private final class Words {
  private let base: UnsafeMutableRawPointer
  private let count: Int
  private var isOn = false
  private static let stride = 32
  private static let (off, on): (UInt64, UInt64) = (0x00_0044_1F0F, 0x12_3456_78E8)

  init(count: Int) {
    self.count = count
    // All words are initialised, and freed with this object.
    unsafe base = .allocate(byteCount: count * Self.stride, alignment: 4096)
    for index in 0..<count * Self.stride / 8 {
      unsafe base.storeBytes(of: Self.off, toByteOffset: index * 8, as: UInt64.self)
    }
  }

  deinit { unsafe base.deallocate() }

  func flip() {
    let (from, to) = isOn ? (Self.on, Self.off) : (Self.off, Self.on)
    let replaced = unsafe bench_replace_words(base, count, Self.stride, from, to)
    precondition(replaced == count)
    isOn.toggle()
  }
}

/// A function of 24 bytes with both its sites, in a block of 32, with a frame.
private func smallFunction(_ f: FunctionBuilder) {
  f.entrySite()
  f.prologue(stackCheck: false)
  f.lea(.rax, .base(.rdi, 1))
  f.functionReturn()
}

extension Duration {
  var nanoseconds: Double { self / .nanoseconds(1) }
}
