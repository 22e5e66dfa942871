import CFtraceShims
import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

/// Appends one event to the worker's stream at each site: 8 bytes, or 16 with the caller and the processor, and the values of the function's
/// signature if they are asked for.
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
  public let wantsValues: Bool
  private let buffer: TraceBuffer
  private let state: TriggerState?

  /// - Parameters:
  ///   - ends: where events come from.
  ///   - parents: whether entries bear the return address in the caller, and the processor. Exits never do.
  ///   - values: whether entries are followed by the arguments, and exits by the result, of functions whose signature was declared. Of more
  ///     arguments than `TraceBuffer.valuesInAppend` the first are kept.
  ///   - buffer: where they go, by the buffer's clock; kept as long as code of this body can run.
  public convenience init(ends: TraceEnds, parents: Bool = false, values: Bool = false, into buffer: TraceBuffer) {
    self.init(ends: ends, parents: parents, values: values, into: buffer, unless: nil)
  }

  /// - Parameter state: says while nothing is to be recorded; nil: everything is.
  init(ends: TraceEnds, parents: Bool, values: Bool, into buffer: TraceBuffer, unless state: TriggerState?) {
    self.ends = ends
    self.state = state
    clock =
      switch buffer.clock {
      case .tsc: .timestampCounter
      case .coarse: .word(CoarseClock.address)
      case .ordinal: .none
      case .monotonic: .monotonic
      }
    writesParents = parents
    wantsValues = values
    unsafe sink = UnsafeMutablePointer(bitPattern: buffer.sink).unsafelyUnwrapped
    self.buffer = buffer
  }

  public func emit(_ end: TraceEnd, into body: BodyBuilder) {
    let a = body.code
    // What is dead costs no spill. `rdtsc` takes `rax` and `rdx`, and leaves `rdx` when its half has been compared.
    let block = body.dead.first ?? .rcx
    let place: Reg64
    switch clock {
    case .timestampCounter:
      place = .rdx
      body.spill(block, .rdx, .rax)
    case .word, .none, .monotonic:
      place = body.dead.dropFirst().first ?? .rax
      body.spill(block, place)
    }
    body.leave(whileOff: state)
    begin(end, body, block)
    switch clock {
    case .timestampCounter:
      a.rdtsc()
      a.cmp(body.channel(block, .high), .edx)
      body.slow(.ne)
    case .word(let address):
      a.mov(.r11, Int64(bitPattern: UInt64(address)))
      a.mov(.r11d, .base(.r11, 0))
    case .none: break
    case .monotonic:
      body.callMonotonicClock()
      a.mov(place, .r11)
      a.shr(place, 32)
      a.cmp(body.channel(block, .high), Reg32(number: place.number))
      body.slow(.ne)
    }
    a.mov(place, body.channel(block, .cursor))
    a.cmp(place, body.channel(block, .limit))
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
      loadProcessor(a)
      a.shl(.r11, 48)
      // Addresses of a process end below 2⁴⁷ (Documentation/arch/x86/x86_64/mm.rst of the kernel).
      a.or(.r11, .base(.rsp, 8))
      a.mov(.base(place, 8), .r11)
    }
    let size = body.appendValues(at: place, behind: withParent ? 16 : 8)
    a.add(place, size)
    // Publishes the event: whoever reads the cursor sees what was stored before it (stores are not reordered, Intel SDM volume 3, 9.2.2).
    a.mov(body.channel(block, .cursor), place)
    a.mov(.dword, body.channel(block, .busy), 0)
  }

  /// Loads the worker's block and marks the channel busy, unless it is: then this is a signal handler that has interrupted an append, and the
  /// event is counted, and the stream told with the next one.
  private func begin(_ end: TraceEnd, _ body: BodyBuilder, _ block: Reg64) {
    let a = body.code
    body.loadBlock(block)
    a.cmp(.dword, body.channel(block, .busy), 0)
    body.unlikely(.ne) {
      a.inc(.qword, body.channel(block, .lostNested(end)))
      a.mov(.qword, body.channel(block, .limit), 0)
      a.jmp(body.done)
    }
    a.mov(.dword, body.channel(block, .busy), 1)
  }

  /// The number of the processor, in the lowest 16 bits of `r11`: 65534 or 65535 if the kernel does not tell.
  private func loadProcessor(_ a: Assembler) {
    let displacement = ftrace_processor_displacement()
    if displacement == FTRACE_PROCESSOR_NOWHERE {
      a.mov(.r11d, -1)
    } else {
      // A thread that the kernel does not tell finds -1 or -2 (RSEQ_CPU_ID_… of <linux/rseq.h>).
      a.mov(.r11d, .fs(displacement))
    }
  }
}
