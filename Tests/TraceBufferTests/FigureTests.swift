import CFtraceTraceBufferTests
import FtracePlatform
import FtraceTraceBuffer
import Testing

/// Printed, and never judged: `FTRACE_TEST_FIGURES=1 swift test -c release --filter FigureTests`.
@Suite(.serialized, .enabled(if: Environment["FTRACE_TEST_FIGURES"] != nil)) struct FigureTests {
  private func best(_ body: () -> Void) -> Double {
    (0..<7).map { _ in
      let start = System.monotonicNanoseconds
      body()
      return Double(System.monotonicNanoseconds - start)
    }.min() ?? 0
  }

  @Test(arguments: TraceClockKind.allCases) func appending(clock: TraceClockKind) throws {
    var configuration = TraceBuffer.Configuration()
    configuration.clock = clock
    configuration.code = ftrace_test_code_start()..<ftrace_test_code_end()
    for (name, total) in [("fits the cache", 1 << 20), ("64 MiB", 64 << 20)] {
      configuration.totalBytes = total
      let buffer = try TraceBuffer(configuration)
      let writer = Writer(buffer)
      writer.spin(5_000_000)
      let time = best { writer.spin(5_000_000) }
      print("append, \(clock), overwriting, \(name): \(time / 1e7) ns an event")
      writer.close()
    }
  }

  @Test func decoding() throws {
    var configuration = TraceBuffer.Configuration()
    configuration.mode = .discard
    configuration.code = ftrace_test_code_start()..<ftrace_test_code_end()
    let buffer = try TraceBuffer(configuration)
    let writer = Writer(buffer)
    writer.spin(4_000_000)
    writer.close()
    let blocks = buffer.consume()
    var count = 0
    var sum: UInt64 = 0
    let decode = best {
      count = 0
      for block in blocks {
        block.decode { record in
          count += 1
          sum &+= record.clock ^ UInt64(record.afterSite)
        }
      }
    }
    print("decode: \(Double(count) / decode * 1000) M records/s (\(count), \(sum))")
    let sequence = best {
      for block in blocks { for record in block { sum &+= record.clock } }
    }
    print("as a sequence: \(Double(count) / sequence * 1000) M records/s")
    let merge = best {
      for merged in TraceMerge(Array(blocks.prefix(100))) { sum &+= merged.record.clock }
    }
    print("merged, one worker: \(Double(count) * 100 / Double(blocks.count) / merge * 1000) M records/s (\(sum))")
  }
}
