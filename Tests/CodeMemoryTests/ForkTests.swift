import FtraceCodeMemory
import FtracePlatform
import Glibc
import Testing

@Suite struct ForkTests {
  /// Adopting in the same process shows what a child would see: the code of the moment at which the image was made.
  @Test func theImageIsIndependentOfTheOriginal() throws {
    let arena = try CodeArena(.init(reservation: 8 << 20, mapping: .dual))
    let blocks = try (0..<5).map { try arena.add(returning($0)) }
    let large = try arena.add([UInt8](repeating: 0xC3, count: 1 << 20))
    let last = try arena.add(returning(77))
    // A hole between committed chunks.
    arena.free([large])
    let image = try arena.prepareFork()
    try arena.patch(blocks, to: 1000)
    #expect(blocks.map { arena.run($0) } == [1000, 1000, 1000, 1000, 1000])
    try arena.adopt(image)
    #expect(blocks.map { arena.run($0) } == [0, 1, 2, 3, 4])
    #expect(arena.run(last) == 77)
    #expect(try arena.violations(blocks: blocks + [last]) == [])
    // And it is a whole arena.
    try arena.patch(blocks, to: -5)
    #expect(blocks.map { arena.run($0) } == [-5, -5, -5, -5, -5])
    let more = try arena.add([UInt8](repeating: 0xC3, count: 2 << 20))
    #expect(try arena.violations(blocks: (blocks + [last, more]).sorted { $0.offset < $1.offset }) == [])
    arena.free(blocks + [more])
    #expect(arena.statistics.failedTrims == 0)
    #expect(try arena.violations(blocks: [last]) == [])
  }

  @Test(arguments: [SystemCall.memfdCreate, .ftruncate, .pwrite]) func preparingFailsWithoutChange(_ call: SystemCall)
    throws
  {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let block = try arena.add(returning(1))
    try System.withFaults([.fail(call, nth: 1, errno: ENOSPC)]) { (script: FaultScript) throws in
      #expect(throws: CodeMemoryError.system(SystemError(call, errno: ENOSPC))) { _ = try arena.prepareFork() }
      #expect(script.count(.close) == (call == .memfdCreate ? 0 : 1))
    }
    #expect(arena.run(block) == 1)
    #expect(try arena.violations(blocks: [block]) == [])
  }

  @Test func shortWritesAreContinued() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let block = try arena.add(returning(6))
    // The call says that it wrote four bytes, and wrote none: what follows must begin at the fifth.
    let image = try System.withFaults([.answer(.pwrite, nth: 1, result: 4)]) { (script: FaultScript) throws in
      let image = try arena.prepareFork()
      #expect(script.records.last?.arguments[3] == 4)
      return image
    }
    try arena.adopt(image)
    #expect(bytes(at: arena.addresses(of: block).lowerBound, count: 6) == [0, 0, 0, 0] + returning(6)[4...])
  }

  @Test(arguments: [(SystemCall.mmap, 1), (.mmap, 2), (.mprotect, 1)])
  func adoptionReportsFailure(_ call: SystemCall, _ nth: Int) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let error = System.withFaults([.fail(call, nth: nth, errno: ENOMEM)]) { () -> CodeMemoryError? in
      do throws(CodeMemoryError) { try arena.adopt(try arena.prepareFork()) } catch { return error }
      return nil
    }
    #expect(error == .system(SystemError(call, errno: ENOMEM)))
  }

  @Test func privatePagesNeedNoImage() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let block = try arena.add(returning(1))
    try System.withFaults([]) { (script: FaultScript) throws in
      try arena.adopt(try arena.prepareFork())
      #expect(script.callCount == 0)
    }
    #expect(arena.run(block) == 1)
  }

  @Test func whatAChildWithoutACopyDoesDoesNotReachTheParent() async {
    await #expect(processExitsWith: .success) {
      for fails in [nil, SystemCall.mmap] {
        let arena = try CodeArena(.init(reservation: 8 << 20, mapping: .dual))
        let block = try arena.add(returning(3))
        let large = try arena.add([UInt8](repeating: 0xC3, count: 2 << 20))
        let other = try arena.add(returning(5))
        let child = fork()
        if child == 0 {
          // Not even if the memory cannot be replaced, though the child may fault then.
          System.withFaults(fails.map { [.fail($0, nth: 1, errno: ENOMEM), .fail($0, nth: 2, errno: ENOMEM)] } ?? []) {
            (_: FaultScript) in arena.deny()
          }
          if fails != nil { _exit(0) }
          arena.free([block, large])  // fills with `int3`, and gives memory back
          guard (try? arena.patch([other], to: 4)) != nil else { _exit(12) }
          // There is no memory for new code, not even where there was some.
          _exit((try? arena.add(returning(6))) == nil ? 0 : 13)
        }
        var status: Int32 = 0
        guard unsafe waitpid(child, &status, 0) == child, status == 0 else { exit(14) }
        guard arena.run(block) == 3, arena.run(other) == 5 else { exit(15) }
        guard bytes(at: arena.addresses(of: large).lowerBound, count: 2 << 20).allSatisfy({ $0 == 0xC3 }) else {
          exit(16)
        }
      }
    }
  }

  @Test func aChildKeepsItsCodeWhenTheParentPatches() async {
    await #expect(processExitsWith: .success) {
      for mapping in bothMappings {
        let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
        let block = try arena.add(returning(3))
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { exit(10) }
        let image = try arena.prepareFork()
        let child = fork()
        if child == 0 {
          guard (try? arena.adopt(image)) != nil else { _exit(11) }
          // The parent has patched when it closes its end.
          close(ends[1])
          var byte: UInt8 = 0
          _ = unsafe read(ends[0], &byte, 1)
          let before = arena.run(block)
          guard (try? arena.patch([block], to: 4)) != nil else { _exit(12) }
          _exit(before == 3 && arena.run(block) == 4 ? 0 : 13)
        }
        try arena.patch([block], to: 9)
        close(ends[1])
        var status: Int32 = 0
        guard unsafe waitpid(child, &status, 0) == child, status == 0, arena.run(block) == 9 else { exit(14) }
        close(ends[0])
      }
    }
  }
}
