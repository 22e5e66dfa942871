import FtracePlatform
import Glibc
import Testing

@Suite struct FaultScriptTests {
  private func map() throws(SystemError) {
    let memory = unsafe try System.mmap(bytes: System.pageSize, .readWrite, .sparse)
    try System.munmap(UInt(bitPattern: memory), bytes: System.pageSize)
  }

  @Test func theNthCallFailsAndNoOther() throws {
    try System.withFaults([.fail(.mmap, nth: 3, errno: ENOMEM)]) { (script: FaultScript) throws in
      try map()
      try map()
      #expect(!script.injectedAny)
      #expect(throws: SystemError(.mmap, errno: ENOMEM)) { try map() }
      try map()
      #expect(script.injectedAny)
      #expect(script.count(.mmap) == 4)
      #expect(script.count(.munmap) == 3)
      #expect(script.callCount == 7)
      #expect(script.records.map(\.injected) == [false, false, false, false, true, false, false])
      #expect(script.records[4].result == -Int(ENOMEM))
      #expect(script.records[0].arguments[1] == System.pageSize)
    }
    try map()
  }

  @Test func conditionsSelectCalls() throws {
    let exec = Fault.Condition.argument(1, has: 0x10)
    try System.withFaults([.failAlways(.memfdCreate, errno: EPERM, where: exec)]) { () throws in
      for _ in 0..<3 {
        _ = try System.memfdCreate(name: "plain", executable: false)
        #expect(throws: SystemError(.memfdCreate, errno: EPERM)) {
          _ = try System.memfdCreate(name: "exec", executable: true)
        }
      }
    }
  }

  @Test func occurrencesCountMatchingCallsOnly() throws {
    let readOnly = Fault.Condition.argument(2, has: Int(PROT_READ))
    try System.withFaults([.failAlways(.mmap, errno: EAGAIN, from: 2, where: readOnly)]) { () throws in
      func reserve() throws(SystemError) {
        let memory = unsafe try System.mmap(bytes: System.pageSize, .none, .sparse)
        try System.munmap(UInt(bitPattern: memory), bytes: System.pageSize)
      }
      try reserve()
      try map()
      try reserve()
      #expect(throws: SystemError.self) { try map() }
      #expect(throws: SystemError.self) { try map() }
      try reserve()
    }
  }

  @Test func aCallCanAnswerWithoutBeingMade() throws {
    try System.withFaults([.answerAlways(.membarrier, result: 0), .answer(.write, nth: 1, result: 1)]) { () throws in
      #expect(try System.membarrier(.query) == 0)
      // A short write is continued.
      let path = "/dev/null"
      let file = try System.open(path, flags: O_WRONLY)
      try unsafe [1, 2, 3].withUnsafeBytes { try unsafe System.writeAll(file, $0) }
    }
    #expect(try System.membarrier(.query) != 0)
  }

  @Test func interruptionsAreRepeated() throws {
    try System.withFaults([.fail(.open, nth: 1, errno: EINTR), .fail(.read, nth: 2, errno: EINTR)]) {
      (script: FaultScript) throws in
      #expect(try !System.readFile("/proc/self/stat").isEmpty)
      #expect(script.count(.open) == 2)
      #expect(script.count(.read) == 3)
      #expect(script.count(.close) == 1)
    }
  }

  @Test func scriptsNestAndEndWithTheirBody() throws {
    try System.withFaults([.failAlways(.mmap, errno: ENOMEM)]) { () throws in
      struct Stop: Error {}
      #expect(throws: Stop.self) {
        try System.withFaults([.failAlways(.mmap, errno: EPERM)]) { () throws in
          #expect(throws: SystemError(.mmap, errno: EPERM)) { try map() }
          throw Stop()
        }
      }
      #expect(throws: SystemError(.mmap, errno: ENOMEM)) { try map() }
    }
    try map()
  }

  @Test func otherThreadsAreNotTouched() throws {
    final class Box { var failure: SystemError? }
    try System.withFaults([.failAlways(.mmap, errno: ENOMEM)]) { (script: FaultScript) throws in
      var thread = pthread_t()
      let box = Box()
      // The box outlives the thread, which is joined below.
      let created = unsafe pthread_create(
        &thread, nil,
        { pointer in
          let box = unsafe Unmanaged<Box>.fromOpaque(pointer!).takeUnretainedValue()
          do throws(SystemError) {
            _ = unsafe try System.mmap(bytes: System.pageSize, .readWrite, .sparse)
          } catch {
            box.failure = error
          }
          return nil
        }, Unmanaged.passUnretained(box).toOpaque())
      try #require(created == 0)
      pthread_join(thread, nil)
      #expect(box.failure == nil)
      #expect(script.callCount == 0)
    }
  }

  @Test func theRecordIsBounded() throws {
    System.withFaults([]) { (script: FaultScript) in
      for _ in 0..<FaultScript.capacity + 10 { _ = try? System.membarrier(.query) }
      #expect(script.records.count == FaultScript.capacity)
      #expect(script.callCount == FaultScript.capacity + 10)
    }
  }
}
