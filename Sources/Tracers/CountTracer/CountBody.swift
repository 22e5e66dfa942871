import CFtraceTracers
import CFtraceShims
import FtraceEngine
import FtraceX86Assembler

/// One `inc` in the worker's own counters, indexed by the place of the site.
@safe package final class CountBody: TraceBody {
  package let ends = TraceEnds.entry
  // Safe: allocated with the body and freed with it, when none of its code can run. What changes in it is atomic.
  nonisolated(unsafe) let counts: UnsafeMutablePointer<ftrace_counts>

  package init(codeBytes: Int) {
    unsafe counts = .allocate(capacity: 1)
    unsafe counts.initialize(to: ftrace_counts())
    unsafe ftrace_counts_init(counts, UInt64(codeBytes))
  }

  deinit {
    unsafe ftrace_counts_free(counts)
    unsafe counts.deallocate()
  }

  // Safe: the sink is the first member.
  package var sink: UnsafeMutablePointer<ftrace_sink> {
    unsafe UnsafeMutableRawPointer(counts).assumingMemoryBound(to: ftrace_sink.self)
  }

  package func emit(_ end: TraceEnd, into body: BodyBuilder) {
    let a = body.code
    body.loadBlock(.r11)
    a.mov(.r11, body.channel(.r11, .scratch))
    a.test(.r11, .r11)
    body.slow(.e)
    body.spill(.rax)
    body.loadSite(.eax)
    // Entries lie at multiples of 16, and the address after one is five more.
    a.shr(.eax, 4)
    a.inc(.qword, .base(.r11, index: .rax, scale: .x8))
  }

  /// Calls that passed an entry.
  package func count(ofSite site: UInt32) -> Int { unsafe Int(ftrace_counts_read(counts, site)) }

  /// Calls that were not counted, for want of memory.
  package var lost: Int { unsafe Int(ftrace_counts_lost(counts)) }
}
