import FtraceCodeMemory
import FtracePlatform
import Testing

@Suite struct DataTests {
  @Test func dataIsZeroAlignedAndReusedAsZero() throws {
    let arena = try CodeArena(.init(reservation: 8 << 20))
    for size in [1, 16, 100, 4096, 70000, 300_000] {
      for alignment in [16, 64, 4096] {
        let pointer = unsafe try arena.allocateData(bytes: size, alignment: alignment)
        let address = UInt(bitPattern: pointer)
        #expect(address % UInt(alignment) == 0)
        #expect(arena.dataAddresses.contains(address))
        #expect(allBytes(at: address, count: size, are: 0))
        unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0xA5, count: size)
        unsafe arena.freeData(pointer)
        #expect(allBytes(at: address, count: size, are: 0))
      }
    }
    #expect(arena.statistics.dataBytes == 0)
    #expect(arena.statistics.peakDataBytes == 300_000)
  }

  @Test func dataIsNeverExecutable() throws {
    for mapping in bothMappings {
      let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
      _ = unsafe try arena.allocateData(bytes: 100)
      #expect(try arena.violations(blocks: []) == [])
      let entry = try #require(try MemoryMap.current().entry(containing: arena.dataAddresses.lowerBound))
      #expect(entry.isReadable && entry.isWritable && !entry.isExecutable)
    }
  }

  @Test func exhaustedDataIsAnErrorAndRecovers() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, dataReservation: 8192))
    let first = unsafe try arena.allocateData(bytes: 5000)
    #expect(throws: CodeMemoryError.outOfMemory(requested: 4000, available: 3184, largest: 3184)) {
      _ = unsafe try arena.allocateData(bytes: 4000)
    }
    #expect(throws: CodeMemoryError.outOfMemory(requested: 4096, available: 3184, largest: 3184)) {
      _ = unsafe try arena.allocateSlot()
    }
    unsafe arena.freeData(first)
    _ = unsafe try arena.allocateData(bytes: 8192)
  }

  @Test func slotsAreDistinctZeroAndReused() throws {
    let arena = try CodeArena(.init(reservation: 1 << 20))
    var slots: [UnsafeMutablePointer<UInt>] = unsafe []
    for index in 0..<2000 {
      let slot = unsafe try arena.allocateSlot()
      #expect(unsafe slot.pointee == 0)
      #expect(UInt(bitPattern: slot) % 8 == 0)
      unsafe slot.pointee = UInt(index) + 1
      unsafe slots.append(slot)
    }
    #expect(unsafe Set(slots).count == 2000)
    for index in unsafe slots.indices { #expect(unsafe slots[index].pointee == UInt(index) + 1) }
    #expect(arena.statistics.slots == 2000)
    #expect(arena.statistics.dataBytes == 4 * 4096)
    unsafe arena.freeSlot(slots[7])
    #expect(unsafe slots[7].pointee == 0)
    #expect(unsafe try arena.allocateSlot() == slots[7])
  }

  @Test func codeReachesASlot() throws {
    let arena = try CodeArena()
    let slot = unsafe try arena.allocateSlot()
    unsafe slot.pointee = 0x1234
    // mov eax, [rip + slot]; ret
    let block = try arena.allocate(bytes: 7)
    let end = arena.addresses(of: block).lowerBound + 6
    let displacement = UInt32(bitPattern: try CodeArena.rel32(from: end, to: UInt(bitPattern: slot)))
    let code: [UInt8] = [0x8B, 0x05] + (0..<4).map { UInt8(truncatingIfNeeded: displacement >> (8 * $0)) } + [0xC3]
    arena.write(code.span, to: block)
    try arena.seal(block)
    #expect(arena.run(block) == 0x1234)
  }
}
