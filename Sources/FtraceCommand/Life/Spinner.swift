import Ftrace
import FtraceEngine
import Glibc
import Synchronization

/// A thread in one emitted call that polls and does not return before it is told to.
@safe final class Spinner {
  // Safe: freed after the thread has ended. The first word tells it to end, the second that it is inside.
  private let words: UnsafeMutablePointer<Atomic<Int>>
  private var thread: pthread_t?

  init(_ runtime: TraceRuntime) throws(FtraceError) {
    let words = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 2)
    for index in 0..<2 { unsafe (words + index).initialize(to: Atomic(0)) }
    unsafe self.words = words
    let spin = try runtime.define("spin", as: ((UInt) -> Void).self) { f in
      f.entrySite()
      f.prologue()
      f.mov(.qword, .base(.rdi, 8), 1)
      let loop = f.here("loop")
      f.poll()
      f.cmp(.qword, .base(.rdi), 0)
      f.j(.e, loop)
      f.functionReturn()
    }
    let address = UInt(bitPattern: words)
    thread = startThread(named: "spinner") { spin(address) }
    // Until it is inside, a stop would find nobody.
    while thread != nil, unsafe words[1].load(ordering: .relaxed) == 0 { usleep(100) }
  }

  func stop() {
    guard let thread else { return }
    unsafe words[0].store(1, ordering: .relaxed)
    join(thread)
    self.thread = nil
  }

  deinit {
    stop()
    unsafe words.deinitialize(count: 2)
    unsafe words.deallocate()
  }
}
