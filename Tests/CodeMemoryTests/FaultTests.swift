import FtraceCodeMemory
import FtracePlatform
import Glibc
import Testing

/// Every system call of the arena, made to fail.
@Suite struct FaultTests {
  /// What a script's calls left behind: mappings and descriptors that were taken and not given back.
  private func leaks(_ script: FaultScript) -> Int {
    var mappings: Set<Int> = []
    var descriptors: Set<Int> = []
    for record in script.records where record.result >= 0 {
      switch record.call {
      // A mapping that replaces another has that one's place in the account.
      case .mmap where record.arguments[3] & Int(MAP_FIXED) == 0: mappings.insert(record.result)
      case .munmap: mappings.remove(record.arguments[0])
      case .memfdCreate: descriptors.insert(record.result)
      case .close: descriptors.remove(record.arguments[0])
      default: break
      }
    }
    return mappings.count + descriptors.count
  }

  @Test(arguments: bothMappings) func nothingIsLeftOfAnArena(_ mapping: CodeArena.Mapping) throws {
    try System.withFaults([]) { (script: FaultScript) throws in
      do {
        let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
        _ = try arena.add(returning(1))
      }
      #expect(script.count(.mmap) > 0)
      #expect(leaks(script) == 0)
    }
  }

  /// Each call of `init` in turn, with an error that is no refusal.
  @Test(arguments: bothMappings, [SystemCall.mmap, .mprotect, .memfdCreate, .ftruncate, .fallocate])
  func initFailsWithoutALeak(_ mapping: CodeArena.Mapping, _ call: SystemCall) throws {
    var nth = 0
    var injected = true
    while injected {
      nth += 1
      try System.withFaults([.fail(call, nth: nth, errno: ENOMEM)]) { (script: FaultScript) throws in
        do throws(CodeMemoryError) {
          _ = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
          #expect(!script.injectedAny, "the failure of \(call) \(nth) was swallowed")
        } catch {
          #expect(error == .system(SystemError(call, errno: ENOMEM)))
        }
        #expect(leaks(script) == 0, "after the failure of \(call) \(nth)")
        injected = script.injectedAny
      }
    }
    let expected: [SystemCall: Int] =
      mapping == .dual
      ? [.mmap: 12, .mprotect: 2, .memfdCreate: 1, .ftruncate: 1, .fallocate: 1] : [.mmap: 10, .mprotect: 4]
    #expect(nth - 1 == expected[call] ?? 0)
  }

  /// What a system that forbids executable memfds does, and each other way to refuse.
  private static let refusals: [Fault] = [EPERM, EACCES, EINVAL, ENOSYS].flatMap { errno -> [Fault] in
    [
      .failAlways(.memfdCreate, errno: errno),
      .failAlways(.mmap, errno: errno, where: .argument(3, has: Int(MAP_SHARED))),
      .failAlways(.fallocate, errno: errno),
    ]
  }

  @Test(arguments: refusals.indices) func aRefusedDualMappingFallsBackToToggling(_ index: Int) throws {
    try System.withFaults([Self.refusals[index]]) { (script: FaultScript) throws in
      do {
        let arena = try CodeArena(.init(reservation: 1 << 20))
        #expect(arena.activeMapping == .toggling)
        let block = try arena.add(returning(5))
        #expect(arena.run(block) == 5)
        #expect(script.injectedAny)
      }
      #expect(leaks(script) == 0)
      let error = #expect(throws: CodeMemoryError.self) {
        _ = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
      }
      guard case .permissionRefused = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(leaks(script) == 0)
    }
  }

  @Test func aSystemWithoutExecutableMemoryIsAnError() throws {
    for mapping in [CodeArena.Mapping.automatic, .dual, .toggling] {
      try System.withFaults([.failAlways(.mprotect, errno: EACCES, where: .argument(2, has: Int(PROT_EXEC)))]) {
        (script: FaultScript) throws in
        #expect(throws: CodeMemoryError.permissionRefused(SystemError(.mprotect, errno: EACCES))) {
          _ = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
        }
        #expect(leaks(script) == 0)
      }
    }
  }

  @Test func anOldKernelDoesNotKnowTheFlag() throws {
    let exec = Fault.Condition.argument(1, has: 0x10)
    try System.withFaults([.failAlways(.memfdCreate, errno: EINVAL, where: exec)]) { (script: FaultScript) throws in
      #expect(try CodeArena(.init(reservation: 1 << 20)).activeMapping == .dual)
      #expect(script.count(.memfdCreate) == 2)
    }
  }

  @Test(arguments: [SystemCall.fallocate, .mprotect]) func growthThatFailsChangesNothing(_ call: SystemCall) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
    let first = try arena.add(returning(1))
    let before = arena.statistics
    try System.withFaults([.fail(call, nth: 1, errno: ENOMEM)]) { (script: FaultScript) throws in
      #expect(throws: CodeMemoryError.system(SystemError(call, errno: ENOMEM))) { try arena.allocate(bytes: 200_000) }
      #expect(script.injectedAny)
      #expect(arena.statistics.liveBytes == before.liveBytes)
      #expect(arena.statistics.freeBytes == before.freeBytes)
      #expect(arena.statistics.largestFreeBytes == before.largestFreeBytes)
      #expect(arena.block(containing: arena.addresses(of: first).upperBound + 1000) == nil)
      #expect(try arena.violations(blocks: [first]) == [])
      let second = try arena.add([UInt8](repeating: 0xC3, count: 200_000))
      #expect(second.offset == first.offset + first.size)
      #expect(try arena.violations(blocks: [first, second]) == [])
    }
    #expect(arena.run(first) == 1)
  }

  @Test(arguments: [SystemCall.mprotect, .fallocate]) func memoryThatCannotGoBackIsUsedAgain(_ call: SystemCall) throws
  {
    let arena = try CodeArena(.init(reservation: 4 << 20, mapping: .dual))
    let block = try arena.add([UInt8](repeating: 0xC3, count: 1 << 20))
    try System.withFaults([.failAlways(call, errno: ENOMEM)]) { () throws in
      #expect(arena.free([block]).blocks == 1)
      #expect(arena.statistics.failedTrims == 1)
      #expect(try arena.violations(blocks: []) == [])
    }
    let again = try arena.allocate(bytes: 1 << 20)
    #expect(again.offset == block.offset)
    #expect(allBytes(at: arena.addresses(of: again).lowerBound, count: 1 << 20, are: 0xCC))
    arena.discard(again)
    #expect(arena.statistics.failedTrims == 1)
    #expect(arena.statistics.committedBytes <= 65536)
  }

  @Test func togglingAllocationThatFailsChangesNothing() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let before = arena.statistics
    try System.withFaults([.fail(.mprotect, nth: 1, errno: ENOMEM)]) { () throws in
      #expect(throws: CodeMemoryError.system(SystemError(.mprotect, errno: ENOMEM))) { try arena.allocate(bytes: 10) }
      var after = arena.statistics
      after.metadataBytes = before.metadataBytes
      #expect(after == before)
      #expect(arena.run(try arena.add(returning(3))) == 3)
    }
  }

  @Test func sealingThatFailsCanBeRepeated() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let block = try arena.allocate(bytes: 10)
    try System.withFaults([.fail(.mprotect, nth: 1, errno: ENOMEM)]) { () throws in
      #expect(throws: CodeMemoryError.system(SystemError(.mprotect, errno: ENOMEM))) { try arena.seal(block) }
      #expect(arena.state(of: block) == .unsealed)
      arena.write(returning(8).span, to: block)
      try arena.seal(block)
    }
    #expect(arena.run(block) == 8)
  }

  @Test func aRefusedReclamationCanBeRepeated() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let blocks = try (0..<3).map { try arena.add(returning($0)) }
    try System.withFaults([.fail(.mprotect, nth: 2, errno: ENOMEM)]) { () throws in
      let report = arena.free(blocks)
      #expect(report.blocks == 2)
      #expect(report.refused == 1)
    }
    #expect(arena.state(of: blocks[1]) == .retired)
    #expect(arena.run(blocks[1]) == 1)
    #expect(try arena.violations(blocks: [blocks[1]]) == [])
    #expect(arena.reclaimAll().blocks == 1)
    #expect(try arena.violations(blocks: []) == [])
  }

  @Test func discardingWorksWhateverFails() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
    let block = try arena.allocate(bytes: 10)
    try System.withFaults([.fail(.mprotect, nth: 1, errno: ENOMEM), .fail(.madvise, nth: 1, errno: EINVAL)]) {
      () throws in
      arena.discard(block)
      #expect(arena.statistics.failedTrims == 1)
      let again = try arena.allocate(bytes: 10)
      #expect(allBytes(at: arena.addresses(of: again).lowerBound, count: 4096, are: 0xCC))
      arena.discard(again)
      #expect(arena.statistics.failedTrims == 2)
    }
    #expect(try arena.violations(blocks: []) == [])
    #expect(arena.run(try arena.add(returning(3))) == 3)
  }

  @Test func dataReadsAsZeroWhateverFails() throws {
    let arena = try CodeArena(.init(reservation: 8 << 20))
    let pointer = unsafe try arena.allocateData(bytes: 200_000)
    unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 200_000)
    System.withFaults([.fail(.madvise, nth: 1, errno: EINVAL)]) { unsafe arena.freeData(pointer) }
    #expect(allBytes(at: UInt(bitPattern: pointer), count: 200_000, are: 0))
    #expect(arena.statistics.failedTrims == 1)
  }
}
