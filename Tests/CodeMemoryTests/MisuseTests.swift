import FtraceCodeMemory
import Testing

/// Mistakes of the caller's trap; they never damage the arena.
@Suite struct MisuseTests {
  @Test func aBlockIsRetiredOnce() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20))
      let block = try arena.add(returning(1))
      arena.retire(block)
      arena.retire(block)
    }
  }

  @Test func anUnsealedBlockIsNotRetired() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20))
      arena.retire(try arena.allocate(bytes: 1))
    }
  }

  @Test func aSealedBlockIsNotWritten() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20))
      arena.write(returning(2).span, to: try arena.add(returning(1)))
    }
  }

  @Test func aWriteStaysInItsBlock() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
      arena.write(returning(2).span, to: try arena.allocate(bytes: 16), at: 11)
    }
  }

  @Test func aStaleNameIsToldFromTheBlockInItsPlace() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20))
      let block = try arena.add(returning(1))
      arena.free([block])
      guard try arena.add(returning(2)).offset == block.offset else { return }
      arena.retire(block)
    }
  }

  /// SIGTRAP: the bytes are `int3`.
  @Test func freedCodeTraps() async {
    await #expect(processExitsWith: .signal(5)) {
      let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .dual))
      let block = try arena.add(returning(1))
      arena.free([block])
      _ = arena.run(block)
    }
  }

  /// SIGSEGV: the page is nobody's.
  @Test func freedPagesFault() async {
    await #expect(processExitsWith: .signal(11)) {
      let arena = try CodeArena(.init(reservation: 1 << 20, mapping: .toggling))
      let block = try arena.add(returning(1))
      arena.free([block])
      _ = arena.run(block)
    }
  }

  @Test func aSlotIsFreedOnce() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20))
      let slot = unsafe try arena.allocateSlot()
      unsafe arena.freeSlot(slot)
      unsafe arena.freeSlot(slot)
    }
  }

  @Test func dataIsFreedFromItsStart() async {
    await #expect(processExitsWith: .failure) {
      let arena = try CodeArena(.init(reservation: 1 << 20))
      unsafe arena.freeData(try arena.allocateData(bytes: 64) + 16)
    }
  }
}
