import CFtraceShims
import CFtraceTracers
import FtraceEngine
import FtraceX86Assembler

/// Compares `rsp` with the worker's lowest, and goes out of line when it is lower.
@safe final class StackBody: TraceBody {
  let ends = TraceEnds.entry
  // Safe: allocated with the body and freed with it, when none of its code can run. Areas are read when their workers run no body any more.
  private nonisolated(unsafe) let stacks: UnsafeMutablePointer<ftrace_stacks>

  init() {
    unsafe stacks = .allocate(capacity: 1)
    unsafe stacks.initialize(to: ftrace_stacks())
    unsafe ftrace_stacks_init(stacks)
  }

  deinit {
    unsafe ftrace_stacks_free(stacks)
    unsafe stacks.deallocate()
  }

  // Safe: the sink is the first member.
  var sink: UnsafeMutablePointer<ftrace_sink> {
    unsafe UnsafeMutableRawPointer(stacks).assumingMemoryBound(to: ftrace_sink.self)
  }

  func emit(_ end: TraceEnd, into body: BodyBuilder) {
    let a = body.code
    body.loadBlock(.r11)
    a.mov(.r11, body.channel(.r11, .scratch))
    a.test(.r11, .r11)
    body.slow(.e)
    a.cmp(.rsp, .base(.r11, 0))
    body.slow(.b)
  }

  /// The deepest stack of each worker. Only when none of the body's code can run.
  var deepest: [StackTrace.Stack] {
    var result: [StackTrace.Stack] = []
    var next = unsafe ftrace_stacks_first(stacks)
    while let area = unsafe next {
      unsafe next = UnsafePointer(area.pointee.next)
      if unsafe area.pointee.count > 0 { result.append(unsafe StackTrace.Stack(area.pointee)) }
    }
    return result.sorted { ($1.depth, $0.threadID) < ($0.depth, $1.threadID) }
  }

  /// Calls that were not looked at, for want of memory; and those on stacks that are not their thread's own.
  var lost: (memory: Int, elsewhere: Int) {
    unsafe (Int(ftrace_stacks_lost(stacks)), Int(ftrace_stacks_elsewhere(stacks)))
  }
}

extension StackTrace.Stack {
  fileprivate init(_ area: ftrace_stack_area) {
    // Safe: only the tuples' own bytes are read, and as many frames as are written.
    let name = unsafe withUnsafeBytes(of: area.name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let raw = unsafe withUnsafeBytes(of: area.frame) { bytes in
      unsafe Array(bytes.bindMemory(to: ftrace_stack_frame.self).prefix(Int(area.count)))
    }
    let places = raw.map { unsafe Int(area.top - $0.place) }
    // How large the last is that is known says the one that is not kept.
    let frames = unsafe raw.indices.dropLast(area.more != 0 ? 1 : 0).map { index in
      StackTrace.Frame(
        address: UInt(raw[index].address), depth: places[index],
        size: places[index] - (index + 1 < places.count ? places[index + 1] : 0))
    }
    unsafe self.init(name: name, threadID: Int(area.tid), frames: frames, isCut: area.more != 0)
  }
}
