import CFtraceTraceBuffer
import FtracePlatform
import FtraceQuiescence

/// The child of a fork begins with nothing: what the parent recorded is the parent's, and so is its file. Names stay.
///
/// Events of the child are in memory, whatever the buffer's backing. A coarse clock stands still there: nobody refreshes it.
extension TraceBuffer: ForkParticipant {
  package var forkLocks: (outer: [FairLock], short: [FairLock]) { ([reading], [control.lock]) }

  package func restForFork() {}
  package func prepareFork(isAtRest: Bool) {}
  package func forkedInParent() {}

  package func adoptInChild() {
    let isOwn: Bool
    do throws(SystemError) {
      try blocks.replace()
      isOwn = true
    } catch {
      isOwn = false
    }
    // Safe: the mapping is zero, and as large as it was; or nothing is written to it any more.
    unsafe ftrace_buffer_adopt_in_child(buffer, isOwn ? blocks.start : nil)
  }

  package func repairInChild() {
    control.change { control in
      control.ownsFile = false
      writeHead(BlockLayout(configuration), &control)
    }
  }
}
