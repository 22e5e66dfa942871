import CFtraceShims
import CFtraceTracers
import FtraceEngine
import FtraceQuiescence
import FtraceX86Assembler

/// Adds the time of each call to the worker's own record of the function, when the call ends.
@safe final class ProfileBody: TraceBody {
  let ends = TraceEnds.both
  // Safe: allocated with the body and freed with it, when none of its code can run. What changes in it is atomic.
  nonisolated(unsafe) let profile: UnsafeMutablePointer<ftrace_profile>
  private let clock: BodyClock
  private let threads: ThreadList

  init(code: Range<UInt>, clock: BodyClock, threads: [Int32]) {
    self.clock = clock
    self.threads = ThreadList(threads)
    unsafe profile = .allocate(capacity: 1)
    unsafe profile.initialize(to: ftrace_profile())
    // Safe: the list of threads lives as long as this object.
    unsafe ftrace_profile_init(
      profile, UInt64(code.lowerBound), UInt64(code.count), self.threads.start, self.threads.count)
    switch clock {
    case .timestampCounter: unsafe profile.pointee.clock = ftrace_profile_read_tsc
    case .monotonic: unsafe profile.pointee.clock = ftrace_profile_read_monotonic
    case .none: unsafe profile.pointee.clock = { _ in 0 }
    case .word(let address):
      unsafe profile.pointee.clock = ftrace_profile_read_word
      unsafe profile.pointee.clock_context = UnsafeMutableRawPointer(bitPattern: address)
    }
  }

  deinit {
    unsafe ftrace_profile_free(profile)
    unsafe profile.deallocate()
  }

  // Safe: the sink is the first member.
  var sink: UnsafeMutablePointer<ftrace_sink> {
    unsafe UnsafeMutableRawPointer(profile).assumingMemoryBound(to: ftrace_sink.self)
  }

  func emit(_ end: TraceEnd, into body: BodyBuilder) {
    switch end {
    case .entry: emitEntry(body)
    case .exit: emitExit(body)
    }
  }

  /// The clock is read last, so that what the entry costs is the caller's.
  private func emitEntry(_ body: BodyBuilder) {
    let a = body.code
    body.beginEntry()
    body.loadSite(.eax)
    a.shr(.eax, 4)
    // Safe: written once, before the body was registered.
    a.mov(.eax, .base(.r11, index: .rax, scale: .x4, unsafe Int32(profile.pointee.index)))
    a.test(.eax, .eax)
    body.slow(.e)
    a.add(.rax, .r11)
    a.mov(body.frame(.what, next: 1), .rax)
    a.mov(.qword, body.frame(.child, next: 1), 0)
    body.push()
    clock.read(body)
    a.mov(body.frame(.start), .rax)
    body.endEvent()
  }

  private func emitExit(_ body: BodyBuilder) {
    let a = body.code
    body.loadBlockForExit()
    clock.read(body)
    body.beginExit()
    a.sub(.rax, body.frame(.start))
    // Counters of two processors may differ by some ticks.
    let known = a.label()
    body.unlikely(.b) {
      a.xor(.eax, .eax)
      a.jmp(known)
    }
    a.bind(known)
    a.mov(.r11, body.frame(.what))
    func record(_ member: Int) -> Mem { .base(.r11, Int32(member)) }
    a.inc(.qword, record(FTRACE_PROFILE_CALLS))
    a.add(record(FTRACE_PROFILE_TOTAL), .rax)
    a.add(body.frame(.child, next: -1), .rax)
    let (notLess, notMore) = (a.label(), a.label())
    a.cmp(.rax, record(FTRACE_PROFILE_MIN))
    a.j(.ae, notLess)
    a.mov(record(FTRACE_PROFILE_MIN), .rax)
    a.bind(notLess)
    a.cmp(.rax, record(FTRACE_PROFILE_MAX))
    a.j(.be, notMore)
    a.mov(record(FTRACE_PROFILE_MAX), .rax)
    a.bind(notMore)
    a.mov(.rdx, .rax)
    a.or(.rdx, 1)
    a.bsr(.rdx, .rdx)
    a.inc(.dword, .base(.r11, index: .rdx, scale: .x4, Int32(FTRACE_PROFILE_BUCKET)))
    a.sub(.rax, body.frame(.child))
    a.add(record(FTRACE_PROFILE_SELF), .rax)
    body.pop()
    body.endEvent()
  }

  /// The records of all workers, added up by place.
  func records() -> [UInt32: ProfileRecord] {
    final class Sums { var byPlace: [UInt32: ProfileRecord] = [:] }
    let sums = Sums()
    // Safe: the visitor runs within the call, and reads records that workers add to.
    unsafe ftrace_profile_visit(
      profile,
      { record, context in
        guard let record = unsafe record, let context = unsafe context else { return }
        let sums = unsafe Unmanaged<Sums>.fromOpaque(context).takeUnretainedValue()
        unsafe sums.byPlace[UInt32(truncatingIfNeeded: record.pointee.place), default: ProfileRecord()].add(record)
      }, Unmanaged.passUnretained(sums).toOpaque())
    return sums.byPlace
  }

  /// Entries that signal handlers made during another event of their thread.
  func nested() -> Int {
    var sum = unsafe Int(ftrace_profile_nested(profile))
    // Safe: the variable lives through the call; the sink has been registered.
    unsafe withUnsafeMutablePointer(to: &sum) { sum in
      unsafe Quiescence.visitChannels(
        slot: sink.pointee.slot, ops: sink.pointee.ops,
        { channel, _, context in
          unsafe context?.assumingMemoryBound(to: Int.self).pointee += Int(channel?.pointee.lost_nested.0 ?? 0)
        }, sum)
    }
    return sum
  }

  var sums: ftrace_shadow_sums { unsafe ftrace_shadows_sums(&profile.pointee.shadows) }
  /// Calls that have no record, for want of memory.
  var lost: Int { unsafe Int(ftrace_profile_lost(profile)) }
}
