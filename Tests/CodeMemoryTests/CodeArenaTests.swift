import FtraceCodeMemory
import FtracePlatform
import Testing

@Suite struct CodeArenaTests {
  @Test(arguments: bothMappings) func emittedCodeRuns(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    #expect(arena.activeMapping == mapping)
    var blocks: [CodeBlock] = []
    for value in 0..<20 { blocks.append(try arena.add(returning(Int32(value) - 10))) }
    for (value, block) in blocks.enumerated() { #expect(arena.run(block) == Int32(value) - 10) }
  }

  @Test(arguments: bothMappings) func regionsAreAdjacentAndInReach(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, dataReservation: 5000, mapping: mapping))
    #expect(arena.codeAddresses.count == 1 << 20)
    #expect(arena.dataAddresses.lowerBound == arena.codeAddresses.upperBound)
    #expect(arena.dataAddresses.count == 8192)
    #expect(try CodeArena(.init(reservation: 1 << 20)).dataAddresses.count == 1 << 17)
  }

  @Test func aByteIsAReservation() throws {
    let arena = try CodeArena(.init(reservation: 1))
    #expect(arena.statistics.codeReserved == 65536)
    #expect(arena.statistics.dataReserved == 4096)
    _ = try arena.add(returning(1))
  }

  @Test func theLargestReservationReachesItself() throws {
    let maximum = Int(Int32.max) & ~4095
    let options = CodeArena.Options(reservation: maximum & ~65535 - 65536, dataReservation: 61440 + 65536)
    let arena = try CodeArena(options)
    #expect(arena.codeAddresses.count + arena.dataAddresses.count == maximum)
    let from = arena.codeAddresses.lowerBound
    let to = arena.dataAddresses.upperBound
    #expect(try CodeArena.rel32(from: from, to: to) == Int32(maximum))
    #expect(try CodeArena.rel32(from: to, to: from) == -Int32(maximum))
    // The end of it can be used: code there reaches the first byte.
    let lead = unsafe try arena.allocateData(bytes: 16)
    #expect(arena.dataAddresses.lowerBound == UInt(bitPattern: lead))
  }

  @Test(
    arguments: [
      // Beside an eighth for data: 0x71C7_0000 bytes, some 1,820 MiB.
      (Int(Int32.max), nil, 0x71C7_0000), (0x71C7_0001, nil, 0x71C7_0000), (Int.max, nil, 0x71C7_0000),
      (1 << 20, Int.max, 0), (Int.max, 1, 0x7FFF_0000), ((1 << 31) - (1 << 16), 65536, 0x7FFE_0000),
    ] as [(Int, Int?, Int)])
  func largerReservationsAreRefused(_ reservation: Int, _ data: Int?, _ maximum: Int) {
    let error = #expect(throws: CodeMemoryError.self) {
      _ = try CodeArena(.init(reservation: reservation, dataReservation: data))
    }
    #expect(error == .reservationTooLarge(requested: reservation, maximum: maximum))
  }

  @Test func relativeDisplacementsAreNeverTruncated() throws {
    #expect(try CodeArena.rel32(from: 0x1000, to: 0x1000) == 0)
    #expect(try CodeArena.rel32(from: 0, to: 0x7FFF_FFFF) == Int32.max)
    #expect(try CodeArena.rel32(from: 0x8000_0000, to: 0) == Int32.min)
    // The processor adds modulo 2⁶⁴.
    #expect(try CodeArena.rel32(from: UInt.max, to: 4) == 5)
    #expect(throws: CodeMemoryError.outOfReach(from: 0, to: 0x8000_0000)) {
      _ = try CodeArena.rel32(from: 0, to: 0x8000_0000)
    }
    #expect(throws: CodeMemoryError.outOfReach(from: 0x8000_0001, to: 0)) {
      _ = try CodeArena.rel32(from: 0x8000_0001, to: 0)
    }
    #expect(throws: CodeMemoryError.self) { _ = try CodeArena.rel32(from: 0x7FFF_FFFF_FFFF, to: 0) }
  }

  @Test func everyErrorNamesARemedy() {
    let system = SystemError(.memfdCreate, errno: 1)
    let errors: [(CodeMemoryError, String)] = [
      (.outOfMemory(requested: 64, available: 32, largest: 16), "reserve a larger arena"),
      (.outOfReach(from: 0x10, to: 0x9_0000_0000), "slot"), (.permissionRefused(system), ".automatic"),
      (.reservationTooLarge(requested: 9, maximum: 8), "reserve less"), (.system(system), "seccomp"),
    ]
    for (error, remedy) in errors { #expect("\(error)".contains(remedy), "\(error)") }
    #expect("\(errors[0].0)".contains("64 bytes (32 free, the largest piece 16)"))
  }
}
