import BenchmarkShims
import Foundation
import Ftrace

/// What the workers of a crew do until they are dismissed.
enum CrewWork {
  /// A loop that polls at its back edge.
  case polling
  /// A loop that does not.
  case loop
  /// They wait in read(2), called from emitted code.
  case reading
  /// The same, parked.
  case readingParked
}

/// Threads that stay in one emitted call until they are dismissed. Pinned, each has a CPU of its own, the first one left out.
@safe final class Crew {
  private let flag: UnsafeMutablePointer<UInt64>
  private let pipe = Pipe()
  private let done = DispatchSemaphore(value: 0)
  private let count: Int

  init(_ runtime: TraceRuntime, _ work: CrewWork, workers: Int, pinned: Bool) throws {
    count = workers
    // Read by the workers until they are dismissed; freed after that.
    unsafe flag = .allocate(capacity: 1)
    unsafe flag.initialize(to: 0)
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    // Nothing is ever written: it returns when the other end is closed.
    let wait = { @Sendable in
      var byte: UInt8 = 0
      _ = unsafe read(descriptor, &byte, 1)
    }
    let host = try runtime.hostFunction("wait") { () -> Void in
      if work == .readingParked { parked { wait() } } else { wait() }
    }
    let spin = try runtime.define("spin", as: ((UInt) -> Void).self) { f in
      let again = f.label("again")
      f.prologue(saving: [.rbx])
      f.mov(.rbx, .rdi)
      f.bind(again)
      switch work {
      case .polling: f.poll()
      case .loop: break
      case .reading, .readingParked: f.call(host)
      }
      f.cmp(.qword, .base(.rbx), 0)
      f.j(.e, again)
      f.functionReturn()
    }
    let started = DispatchSemaphore(value: 0)
    let (address, done) = (UInt(bitPattern: unsafe flag), done)
    for worker in 1...workers {
      Thread.detachNewThread {
        // Threads inherit the CPU of the one that starts them. One that it cannot have costs precision, not correctness.
        if pinned { _ = bench_pin(Int32(worker)) } else { bench_unpin() }
        try? withWorker(named: "worker-\(worker)") { _ in
          started.signal()
          spin(address)
        }
        done.signal()
      }
    }
    for _ in 0..<workers { started.wait() }
    Thread.sleep(forTimeInterval: 0.02)
  }

  func dismiss() {
    // The emitted loop reads it at each turn; on this processor a store of eight bytes is one.
    unsafe flag.pointee = 1
    try? pipe.fileHandleForWriting.close()
    for _ in 0..<count { done.wait() }
  }

  deinit { unsafe flag.deallocate() }
}
