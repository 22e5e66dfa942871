import CFtraceShims
import CFtraceTestShims
import Ftrace
import FtraceQuiescence
import FtraceTestSupport
import Glibc
import Synchronization
import Testing

/// Workers that neither poll nor park are stopped by signal.
@Suite struct SignalStopTests {
  /// Runs `spin` beside, and `body` once it spins; then lets it return.
  private func beside(_ spin: EmittedFunction<Int, Int>, _ body: (SharedWords) throws -> Void) throws {
    let words = SharedWords(4)
    try FtraceTestSupport.beside {
      _ = spin(Int(bitPattern: unsafe words.base))
    } meanwhile: {
      while words[1] == 0 { sched_yield() }
      defer { words[0] = 1 }
      try body(words)
    }
  }

  @Test("a loop without polls stands still between the begin and the end of a stop")
  func loopWithoutPolls() throws {
    try withRuntime(alone: true) { runtime in
      let spin = try runtime.spinner("spin", counts: true)
      try beside(spin) { words in
        let cells = SharedWords(12)
        var signals = 0
        for _ in 0..<50 {
          let before = words[2]
          // Copies what the loop counts, waits, and copies it again: `watch` reads word 0 of its context and three more.
          let report = unsafe try Quiescence.stop(
            deadline: .seconds(30), observe: ftrace_test_watch_pointer,
            observeContext: UnsafeMutableRawPointer(watching(words, cells)))
          signals += report.signals
          #expect(cells[4] == cells[8])
          #expect(words[2] >= before)
          #expect(report.waitedFor == 1)
        }
        #expect(signals >= 50)
        // And it runs again.
        let count = words[2]
        while words[2] == count { sched_yield() }
      }
    }
  }

  /// Word 0 of `cells` is where the counter is.
  private func watching(_ words: SharedWords, _ cells: SharedWords) -> UnsafeMutablePointer<Int> {
    cells[0] = Int(bitPattern: unsafe words.base + 2)
    return unsafe cells.base
  }

  @Test(
    "attaching unblocks the signal and lends an alternate stack, detaching takes both back; the program's own stack stays"
  )
  func attachment() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      let signal = Quiescence.stopSignal
      #expect(signal >= 32)
      try onThread {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, signal)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        #expect(unsafe ftrace_test_current_alternate_stack() == nil)
        try withWorker { _ in
          _ = f(1)
          #expect(ftrace_test_blocks(signal) == 0)
          #expect(unsafe ftrace_test_current_alternate_stack() != nil)
        }
        #expect(ftrace_test_blocks(signal) == 1)
        #expect(unsafe ftrace_test_current_alternate_stack() == nil)
        let own = unsafe ftrace_test_alternate_stack(64 * 1024)
        try withWorker { _ in
          _ = f(1)
          #expect(unsafe ftrace_test_current_alternate_stack() == own)
        }
        #expect(unsafe ftrace_test_current_alternate_stack() == own)
      }
    }
  }

  @Test("a thread in read() that did not park is stopped, and its call goes on; nanosleep() returns EINTR")
  func systemCalls() throws {
    try withRuntime(alone: true) { runtime in
      var ends: [Int32] = [0, 0]
      #expect(unsafe pipe(&ends) == 0)
      let (input, output) = (ends[0], ends[1])
      defer {
        close(input)
        close(output)
      }
      let (inside, results) = (Flag(), SharedWords(3))
      let block = try runtime.hostFunction("block") { () -> Void in
        var byte: UInt8 = 0
        inside.set()
        errno = 1234
        results[0] = unsafe read(input, &byte, 1)
        results[1] = Int(byte)
        results[2] = Int(errno)
      }
      let f = try runtime.define("f", as: (() -> Void).self) { f in
        f.prologue()
        f.call(block)
        f.functionReturn()
      }
      try FtraceTestSupport.beside({ f() }) {
        inside.wait()
        for round in 0..<20 { try runtime.setEnabled(round % 2 == 0) }
        #expect(runtime.lastStop?.signals ?? 0 > 0)
        var byte: UInt8 = 42
        #expect(unsafe write(output, &byte, 1) == 1)
      }
      #expect((results[0], results[1], results[2]) == (1, 42, 1234), "the call was cut short, or errno changed")

      let (asleep, sleeping) = (Flag(), SharedWords(2))
      let nap = try runtime.hostFunction("nap") { () -> Void in
        asleep.set()
        var time = timespec(tv_sec: 600, tv_nsec: 0)
        sleeping[0] = unsafe Int(nanosleep(&time, nil))
        sleeping[1] = Int(errno)
      }
      let sleeper = try runtime.define("sleeper", as: (() -> Void).self) { f in
        f.prologue()
        f.call(nap)
        f.functionReturn()
      }
      try FtraceTestSupport.beside({ sleeper() }) {
        asleep.wait()
        // Until a stop has found it in the call.
        while sleeping[1] == 0 { try runtime.setEnabled(!runtime.isEnabled) }
      }
      #expect((sleeping[0], sleeping[1]) == (-1, Int(EINTR)))
    }
  }

  @Test("whatever the interrupted code has in its registers and its red zone is there afterwards")
  func registersSurvive() throws {
    try withRuntime(alone: true) { runtime in
      let general: [Reg64] = [.rax, .rbx, .rcx, .rdx, .rsi, .rbp, .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15]
      // Fills every register and the red zone, spins, and answers how many are not as they were.
      let f = try runtime.define("full", as: ((Int) -> Int).self) { f in
        for register in [Reg64.rbx, .rbp, .r12, .r13, .r14, .r15] { f.push(register) }
        f.mov(.qword, .base(.rdi, 8), 1)
        for index in 0..<16 {
          f.mov(.rax, Int64(1_000 + index))
          f.movq(XMM(number: UInt8(index)), .rax)
          f.mov(.base(.rsp, Int32(-8 * (index + 1))), .rax)
        }
        for (index, register) in general.enumerated() { f.mov(register, Int64(2_000 + index)) }
        let loop = f.here("loop")
        f.cmp(.qword, .base(.rdi), 0)
        f.j(.e, loop)
        let bad = f.label("bad")
        for (index, register) in general.enumerated() {
          f.cmp(register, Int32(2_000 + index))
          f.j(.ne, bad)
        }
        for index in 0..<16 {
          f.movq(.rax, XMM(number: UInt8(index)))
          f.cmp(.rax, Int32(1_000 + index))
          f.j(.ne, bad)
          f.cmp(.qword, .base(.rsp, Int32(-8 * (index + 1))), Int32(1_000 + index))
          f.j(.ne, bad)
        }
        let end = f.label("end")
        f.mov(.rax, 0)
        f.jmp(end)
        f.bind(bad)
        f.mov(.rax, 1)
        f.bind(end)
        for register in [Reg64.r15, .r14, .r13, .r12, .rbp, .rbx] { f.pop(register) }
        f.functionReturn()
      }
      let (words, result) = (SharedWords(2), SharedWords(1))
      try FtraceTestSupport.beside({ result[0] = f(Int(bitPattern: unsafe words.base)) }) {
        while words[1] == 0 {}
        for round in 0..<200 { try runtime.setEnabled(round % 2 == 0) }
        words[0] = 1
      }
      #expect(result[0] == 0)
    }
  }

  @Test("all 256 bits of the vector registers are there afterwards", .enabled(if: ftrace_test_has_avx()))
  func vectorsSurvive() throws {
    try withRuntime(alone: true) { runtime in
      // `vmovdqu ymm, [rdi + …]` and back.
      func move(_ f: FunctionBuilder, _ opcode: UInt8, _ register: UInt8, _ displacement: Int32) {
        f.bytes([0xC5, register < 8 ? 0xFE : 0x7E, opcode, 0x87 | (register & 7) << 3])
        f.bytes(displacement)
      }
      let vectors = 8..<8 + 64
      let f = try runtime.define("vectors", as: ((Int) -> Void).self) { f in
        f.prologue()
        for index in 0..<16 { move(f, 0x6F, UInt8(index), Int32(8 * vectors.lowerBound + 32 * index)) }
        f.mov(.qword, .base(.rdi, 8), 1)
        let loop = f.here("loop")
        f.cmp(.qword, .base(.rdi), 0)
        f.j(.e, loop)
        for index in 0..<16 { move(f, 0x7F, UInt8(index), Int32(8 * vectors.upperBound + 32 * index)) }
        f.bytes([0xC5, 0xF8, 0x77])  // vzeroupper
        f.functionReturn()
      }
      let words = SharedWords(8 + 2 * 64)
      for index in vectors { words[index] = 0x1234_5678_0000_0000 + index }
      try FtraceTestSupport.beside({ f(Int(bitPattern: unsafe words.base)) }) {
        while words[1] == 0 {}
        for round in 0..<50 { try runtime.setEnabled(round % 2 == 0) }
        #expect(runtime.lastStop?.signals ?? 0 > 0)
        words[0] = 1
      }
      for index in vectors { #expect(words[index + 64] == words[index], "word \(index - 8) of the registers") }
    }
  }

  @Test("a late worker is named with the function that a signal found it in")
  func lateWorkerIsNamed() throws {
    try withRuntime(alone: true, .set(\.stopDeadline, .milliseconds(100))) { runtime in
      let words = SharedWords(2)
      let hide = try runtime.hostFunction("hide") { (words: Int) -> Void in
        // As if it were in the recorder for ever: the handler refuses to stop it there.
        ftrace_test_set_busy(1)
        let shared = unsafe UnsafePointer<Int>(bitPattern: words).unsafelyUnwrapped
        unsafe ftrace_test_store(UnsafeMutableRawPointer(mutating: shared + 1), 1)
        while unsafe ftrace_test_load(shared) == 0 {}
        ftrace_test_set_busy(0)
      }
      let f = try runtime.define("hiding place", as: ((Int) -> Void).self) { f in
        f.prologue()
        f.call(hide)
        f.functionReturn()
      }
      try FtraceTestSupport.beside({ f(Int(bitPattern: unsafe words.base)) }) {
        while words[1] == 0 {}
        defer { words[0] = 1 }
        var isNamed = false
        for _ in 0..<100 where !isNamed {
          do {
            try runtime.setEnabled(false)
            Issue.record("the stop did not wait")
            return
          } catch {
            guard case FtraceError.quiescence(.timedOut(let late, _, _)) = error else { throw error }
            #expect(late.count == 1)
            // On a machine with much else to do its turn may not have come before the deadline.
            guard let function = late.first?.function else { continue }
            isNamed = true
            #expect(function == "hiding place")
            #expect("\(error)".contains("hiding place"))
          }
        }
        #expect(isNamed)
        #expect(runtime.isEnabled)
      }
      try runtime.setEnabled(false)
    }
  }

  @Test("a signal handler is refused what needs a stop, wherever it interrupts; after it the thread is not")
  func signalHandlers() throws {
    try withRuntime(alone: true) { runtime in
      let errors = Mutex<[QuiesceError?]>([])
      let ask = Asking {
        do throws(FtraceError) {
          try runtime.setEnabled(false)
          errors.withLock { $0.append(nil) }
        } catch {
          guard case .quiescence(let error) = error else { return }
          errors.withLock { $0.append(error) }
        }
      }
      unsafe ftrace_test_handle(
        SIGUSR2,
        { context in
          // Safe: the object outlives the handler's last call.
          unsafe Unmanaged<Asking>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().body()
        }, Unmanaged.passUnretained(ask).toOpaque())
      let raise = try runtime.hostFunction("raise") { () -> Void in ftrace_test_raise(SIGUSR2) }
      let f = try runtime.define("f", as: (() -> Void).self) { f in
        f.prologue()
        f.call(raise)
        f.functionReturn()
      }
      try onThread {
        ftrace_test_unblock(SIGUSR2)
        for _ in 0..<10 { f() }
        try withWorker { _ in ftrace_test_raise(SIGUSR2) }
        // What the handlers left on the stack is not taken for one.
        for _ in 0..<10 { try runtime.setEnabled(!runtime.isEnabled) }
      }
      #expect(errors.withLock { $0 } == [QuiesceError?](repeating: .insideSignalHandler, count: 11))
      withExtendedLifetime(ask) {}
    }
  }

  private final class Asking: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
