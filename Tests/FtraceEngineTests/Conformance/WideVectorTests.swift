import Foundation
import Ftrace
import FtraceTestSupport
import Testing

/// Functions that keep values in vectors wider than the trampolines save are not traced, and say so.
@Suite struct WideVectorTests {
  private static let nop: [UInt8] = [0x0F, 0x1F, 0x44, 0x00, 0x00]
  private static let hasWideVectors: Bool = {
    let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    return text?.split(whereSeparator: \.isWhitespace).contains("avx2") ?? false
  }()

  /// Adds the four words behind those that its argument points at to these. A sum is in `ymm0` when the exit site is passed.
  private static func image(_ width: VectorWidth) -> FunctionImage {
    let bytes: [[UInt8]] = [
      nop,
      [0xC5, 0xFE, 0x6F, 0x07],  // vmovdqu ymm0, [rdi]
      [0xC5, 0xFE, 0x6F, 0x4F, 0x20],  // vmovdqu ymm1, [rdi + 32]
      [0xC5, 0xF5, 0xD4, 0xC0],  // vpaddq ymm0, ymm1, ymm0
      nop,  // at 18
      [0xC5, 0xFE, 0x7F, 0x07],  // vmovdqu [rdi], ymm0
      [0xC5, 0xF8, 0x77],  // vzeroupper
      [0xB8, 7, 0, 0, 0, 0xC3],  // mov eax, 7; ret
    ]
    return FunctionImage(
      name: "wide", bytes: Array(bytes.joined()),
      sites: [Site(offset: 0, kind: .entry), Site(offset: 18, kind: .exit)], declaredVectorWidth: width)
  }

  @Test(
    "their sites are reported as excluded, no tracer sees them, and no vector is lost",
    arguments: RecordingMode.allCases)
  func excluded(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let handle = try runtime.define(
        Self.image(.bits256), signature: Signature([.int64], returning: .int64))
      let f = try runtime.typed(handle, as: ((Int) -> Int).self)
      let log = CallLog()
      let shared = log.ops("shared", ends: .both)
      let own = log.ops("own", filter: TraceFilter(trace: ["wide"]), registers: true, ends: .both)
      func check(_ when: Comment) throws {
        var words: [UInt64] = [1, 2, 3, 4, 10, 20, 30, 40]
        if Self.hasWideVectors {
          // Safe: the function uses the words while the closure runs.
          let result = unsafe words.withUnsafeMutableBytes { f(Int(bitPattern: $0.baseAddress)) }
          #expect(result == 7, when)
          #expect(words == [11, 22, 33, 44, 10, 20, 30, 40], when)
        }
        try runtime.forceUpdate()
        let sites = runtime.sites.filter { $0.function == "wide" }
        #expect(sites.map(\.kind) == [.entry, .exit], when)
        for site in sites where site.kind == .exit || Self.hasWideVectors || mode == .atEmission {
          #expect(site.state == .excluded(.wideVectors(bits: 256)), when)
          #expect(site.bytes == Self.nop && site.isSound, when)
        }
        #expect(log.take().isEmpty, when)
        #expect(runtime.audit().isSound, when)
      }
      try check("before any tracer")
      for ops in [shared, own] {
        try runtime.register(ops)
        try check("traced")
      }
      // Filters, names and the switch do not bring it back.
      try runtime.setFilter(.all, of: own)
      try check("filtered otherwise")
      try runtime.setEnabled(false)
      try runtime.setEnabled(true)
      try check("switched")
      // Another body can be traced.
      try runtime.redefine(handle) { $0.addsToArgument(1) }
      #expect(f(1) == 2)
      #expect(!log.take().isEmpty)
      for ops in [shared, own] { try runtime.unregister(ops) }
    }
  }
}
