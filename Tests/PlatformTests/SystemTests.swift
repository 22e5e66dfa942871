import FtracePlatform
import Glibc
import Testing

@Suite struct SystemTests {
  @Test func pagesAreWhatTheKernelSays() {
    #expect(System.pageSize == sysconf(Int32(_SC_PAGESIZE)))
    #expect([0, 1, 4096, 4097].map(System.roundedToPages) == [0, 4096, 4096, 8192])
  }

  @Test func memoryIsMappedProtectedAndUnmapped() throws {
    let memory = unsafe try System.mmap(bytes: 8192, .readWrite, .sparse)
    let address = UInt(bitPattern: memory)
    unsafe memory.storeBytes(of: 42, as: Int.self)
    try System.mprotect(address, bytes: 4096, .read)
    #expect(unsafe memory.load(as: Int.self) == 42)
    #expect(try MemoryMap.current().entry(containing: address)?.isWritable == false)
    try System.mprotect(address, bytes: 4096, .readWrite)
    try System.madvise(address, bytes: 4096, .dontNeed)
    #expect(unsafe memory.load(as: Int.self) == 0)
    try System.munmap(address, bytes: 8192)
  }

  @Test func filesAreWrittenReadAndReplaced() throws {
    let path = "/tmp/swift-ftrace-\(System.processID)-\(System.monotonicNanoseconds)"
    let text = Array("one two three".utf8)
    do {
      let file = try System.open(path, flags: O_CREAT | O_EXCL | O_RDWR)
      try unsafe text.withUnsafeBytes { try unsafe System.writeAll(file, $0) }
      try unsafe Array("TWO".utf8).withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws in
        #expect(try unsafe System.pwrite(file, bytes, offset: 4) == 3)
      }
      try System.fsync(file)
      var piece = [UInt8](repeating: 0, count: 3)
      let count = try unsafe piece.withUnsafeMutableBytes { try unsafe System.pread(file, into: $0, offset: 4) }
      #expect(count == 3 && piece == Array("TWO".utf8))
      try System.ftruncate(file, bytes: 7)
      try file.close()
    }
    try System.rename(path, to: path + ".done")
    #expect(try System.readFile(path + ".done") == Array("one TWO".utf8))
    try System.unlink(path + ".done")
    #expect(throws: SystemError(.unlink, errno: ENOENT)) { try System.unlink(path + ".done") }
  }

  @Test func descriptorsAreClosedOnce() throws {
    try System.withFaults([]) { (script: FaultScript) throws in
      do { _ = try System.open("/dev/null", flags: O_RDONLY) }
      #expect(script.count(.close) == 1)
      try System.open("/dev/null", flags: O_RDONLY).close()
      #expect(script.count(.close) == 2)
      let number = try System.open("/dev/null", flags: O_RDONLY).release()
      #expect(script.count(.close) == 2)
      try Descriptor(number).close()
    }
  }

  @Test func aHoleInAMemfdReadsAsZeros() throws {
    let file = try System.memfdCreate(name: "hole", executable: false)
    try System.ftruncate(file, bytes: 8192)
    try System.fallocate(file, .reserve, offset: 0, bytes: 8192)
    try unsafe [1, 2].withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws in
      _ = try unsafe System.pwrite(file, bytes, offset: 0)
    }
    try System.fallocate(file, .punchHole, offset: 0, bytes: 4096)
    var piece = [UInt8](repeating: 9, count: 8192)
    let count = try unsafe piece.withUnsafeMutableBytes { try unsafe System.pread(file, into: $0, offset: 0) }
    #expect(count == 8192 && piece.allSatisfy { $0 == 0 })
  }

  @Test func waitsOnAWordEnd() throws {
    var word: UInt32 = 5
    #expect(try unsafe System.futexWait(&word, expected: 4) == .valueChanged)
    #expect(try unsafe System.futexWait(&word, expected: 5, nanoseconds: 1000) == .timedOut)
    #expect(try unsafe System.futexWait(&word, expected: 5, nanoseconds: -7) == .timedOut)
    #expect(try unsafe System.futexWake(&word) == 0)
  }

  @Test func threadsHaveNames() throws {
    #expect(System.processID == getpid())
    #expect(System.threadID > 0)
    try System.tgkill(process: System.processID, thread: System.threadID, signal: 0)
    let known = try System.membarrier(.query)
    #expect(known & Int(System.Membarrier.privateExpedited.rawValue) != 0)
  }

  @Test func signalsAreBlockedAndRestored() throws {
    var set = sigset_t()
    var old = sigset_t()
    var now = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGUSR2)
    try unsafe System.sigmask(SIG_BLOCK, &set, old: &old)
    try unsafe System.sigmask(SIG_BLOCK, nil, old: &now)
    #expect(unsafe sigismember(&now, SIGUSR2) == 1)
    try unsafe System.sigmask(SIG_SETMASK, &old)
    try unsafe System.sigmask(SIG_BLOCK, nil, old: &now)
    #expect(unsafe sigismember(&now, SIGUSR2) == sigismember(&old, SIGUSR2))
    #expect(throws: SystemError(.sigmask, errno: EINVAL)) { try unsafe System.sigmask(99, &set) }
    var stack = unsafe stack_t()
    try unsafe System.sigaltstack(nil, old: &stack)
    var action = sigaction()
    try unsafe System.sigaction(SIGUSR2, nil, old: &action)
    #expect(throws: SystemError(.sigaction, errno: EINVAL)) { try unsafe System.sigaction(SIGKILL, &action) }
  }

  @Test func clocksGoForward() {
    let clocks: [() -> UInt64] = [
      { System.monotonicNanoseconds }, { System.rawMonotonicNanoseconds }, { System.threadCPUNanoseconds },
    ]
    for clock in clocks {
      let first = clock()
      #expect(first > 0 && clock() >= first)
    }
    #expect(System.realtimeNanoseconds > 1_600_000_000_000_000_000)
  }
}
