import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

/// A clock as compiled bodies read it.
enum BodyClock: Sendable {
  /// `rdtsc`.
  case timestampCounter
  /// A word in memory that somebody else refreshes; its address.
  case word(UInt)
  /// Zero.
  case none
  /// CLOCK_MONOTONIC, by a call.
  case monotonic

  init(_ kind: TraceClockKind) {
    switch kind {
    case .tsc: self = .timestampCounter
    case .coarse: self = .word(CoarseClock.address)
    case .ordinal: self = .none
    case .monotonic: self = .monotonic
    }
  }

  /// Reads all 64 bits into `rax`; `rdx` and `r11` are changed.
  func read(_ body: BodyBuilder) {
    let a = body.code
    switch self {
    case .timestampCounter:
      a.rdtsc()
      a.shl(.rdx, 32)
      a.or(.rax, .rdx)
    case .word(let address):
      a.mov(.r11, Int64(bitPattern: UInt64(address)))
      a.mov(.rax, .base(.r11, 0))
    case .none: a.xor(.eax, .eax)
    case .monotonic:
      body.callMonotonicClock()
      a.mov(.rax, .r11)
    }
  }
}
