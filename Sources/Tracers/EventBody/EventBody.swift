import CFtraceShims
import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

/// Appends one event to the worker's stream at each site: 8 bytes, or 16 with the caller.
///
/// The words are those of the article "The stream of events" of the trace buffer: the clock in the lower half, the place of the site in the upper one.
@safe public final class EventBody: TraceBody {
  /// Where the lower half of an event comes from.
  private enum Clock: Sendable {
    /// `rdtsc`: the upper half is compared with that of the last event.
    case timestampCounter
    /// A word in memory that somebody else refreshes; its address.
    case word(UInt)
    /// Zero: the order is that of the stream.
    case none
    /// CLOCK_MONOTONIC, by a call.
    case monotonic
  }

  public let ends: TraceEnds
  // Safe: the buffer, which this keeps, has it; what changes in it is atomic, or written before it is registered.
  public nonisolated(unsafe) let sink: UnsafeMutablePointer<ftrace_sink>
  private let clock: Clock
  private let writesParents: Bool
  private let buffer: TraceBuffer

  /// - Parameters:
  ///   - ends: where events come from.
  ///   - parents: whether entries bear the return address in the caller. Exits never do.
  ///   - buffer: where they go, by the buffer's clock; kept as long as code of this body can run.
  public init(ends: TraceEnds, parents: Bool = false, into buffer: TraceBuffer) {
    self.ends = ends
    clock =
      switch buffer.clock {
      case .tsc: .timestampCounter
      case .coarse: .word(CoarseClock.address)
      case .ordinal: .none
      case .monotonic: .monotonic
      }
    writesParents = parents
    unsafe sink = UnsafeMutablePointer(bitPattern: buffer.sink).unsafelyUnwrapped
    self.buffer = buffer
  }

  public func emit(_ end: TraceEnd, into body: BodyBuilder) {
    let a = body.code
    // The place of the event, and what the clock leaves free to hold it in.
    let place: Reg64
    switch clock {
    case .timestampCounter:
      body.spill(.rcx, .rdx, .rax)
      place = .rdx
    case .word, .none, .monotonic:
      body.spill(.rcx, .rax)
      place = .rax
    }
    begin(end, body)
    switch clock {
    case .timestampCounter:
      a.rdtsc()
      a.cmp(body.channel(.rcx, .high), .edx)
      body.slow(.ne)
    case .word(let address):
      a.mov(.r11, Int64(bitPattern: UInt64(address)))
      a.mov(.r11d, .base(.r11, 0))
    case .none: break
    case .monotonic:
      body.callMonotonicClock()
      a.mov(.rax, .r11)
      a.shr(.rax, 32)
      a.cmp(body.channel(.rcx, .high), .eax)
      body.slow(.ne)
    }
    a.mov(place, body.channel(.rcx, .cursor))
    a.cmp(place, body.channel(.rcx, .limit))
    body.slow(.ae)
    switch clock {
    case .timestampCounter: a.mov(.base(place, 0), .eax)
    case .word, .monotonic: a.mov(.base(place, 0), .r11d)
    case .none: a.mov(.dword, .base(place, 0), 0)
    }
    body.loadSite(.r11d)
    let withParent = writesParents && end == .entry
    if withParent { a.sub(.r11d, 1) }
    a.mov(.base(place, 4), .r11d)
    if withParent {
      a.mov(.r11, .base(.rsp, 8))
      a.mov(.base(place, 8), .r11)
    }
    a.add(place, withParent ? 16 : 8)
    // Publishes the event: whoever reads the cursor sees what was stored before it (stores are not reordered, Intel SDM volume 3, 9.2.2).
    a.mov(body.channel(.rcx, .cursor), place)
    a.mov(.dword, body.channel(.rcx, .busy), 0)
  }

  /// Loads the channel's block into `rcx` and marks it busy, unless it is: then this is a signal handler that has interrupted an append, and the
  /// event is counted, and the stream told with the next one.
  private func begin(_ end: TraceEnd, _ body: BodyBuilder) {
    let a = body.code
    body.loadBlock(.rcx)
    a.cmp(.dword, body.channel(.rcx, .busy), 0)
    body.unlikely(.ne) {
      a.inc(.qword, body.channel(.rcx, .lostNested(end)))
      a.mov(.qword, body.channel(.rcx, .limit), 0)
      a.jmp(body.done)
    }
    a.mov(.dword, body.channel(.rcx, .busy), 1)
  }
}
