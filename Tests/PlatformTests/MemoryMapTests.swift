import FtracePlatform
import Testing

@Suite struct MemoryMapTests {
  private let text = """
    55d0c0000000-55d0c0002000 r--p 00000000 fe:00 1234                       /usr/bin/with spaces (deleted)
    55d0c0002000-55d0c0003000 r-xp 00002000 fe:00 1234                       /usr/bin/x
    7f0000000000-7f0000001000 rw-p 00000000 00:00 0
    7f0000001000-7f0000002000 rwxs 00000000 00:01 42                         /memfd:code (deleted)
    garbage
    7f0000002000-7f0000003000 ---p 00000000 00:00 0\u{20}
    zz-7f r--p 0 00:00 0
    ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]

    """

  @Test func linesAreParsed() throws {
    let map = MemoryMap(parsing: Array(text.utf8))
    #expect(
      map.entries.map(\.range.lowerBound) == [
        0x55d0_c000_0000, 0x55d0_c000_2000, 0x7f00_0000_0000, 0x7f00_0000_1000, 0x7f00_0000_2000, 0xffff_ffff_ff60_0000,
      ])
    #expect(
      map.entries.map(\.name) == [
        "/usr/bin/with spaces (deleted)", "/usr/bin/x", "", "/memfd:code (deleted)", "", "[vsyscall]",
      ])
    #expect(map.entries.map(\.isReadable) == [true, true, true, true, false, false])
    #expect(map.entries.map(\.isWritable) == [false, false, true, true, false, false])
    #expect(map.entries.map(\.isExecutable) == [false, true, false, true, false, true])
    #expect(map.entries.map(\.isShared) == [false, false, false, true, false, false])
    #expect(map.entries[1].offset == 0x2000)
    #expect(map.entries[1].inode == 1234)
    #expect(map.writableAndExecutable == [map.entries[3]])
  }

  @Test func addressesAreFound() {
    let map = MemoryMap(parsing: Array(text.utf8))
    #expect(map.entry(containing: 0) == nil)
    #expect(map.entry(containing: 0x55d0_c000_1fff) == map.entries[0])
    #expect(map.entry(containing: 0x55d0_c000_2000) == map.entries[1])
    #expect(map.entry(containing: 0x55d0_c000_3000) == nil)
    #expect(map.entry(containing: .max) == nil)
    #expect(map.entries(overlapping: 0x7f00_0000_0fff..<0x7f00_0000_1001) == Array(map.entries[2...3]))
    #expect(MemoryMap(parsing: []).entry(containing: 5) == nil)
  }

  @Test func theProcessIsInIt() throws {
    let map = try MemoryMap.current()
    let function: @convention(c) () -> Int32 = { 1 }
    // Only the address is looked at.
    let code = unsafe unsafeBitCast(function, to: UInt.self)
    #expect(map.entry(containing: code)?.isExecutable == true)
    var local = 0
    unsafe withUnsafePointer(to: &local) {
      #expect(map.entry(containing: UInt(bitPattern: $0))?.isWritable == true)
    }
  }

  @Test func readingItCanFail() {
    System.withFaults([.fail(.open, nth: 1, errno: 2)]) {
      #expect(throws: SystemError(.open, errno: 2)) { _ = try MemoryMap.current() }
    }
    System.withFaults([.fail(.read, nth: 2, errno: 5)]) { (script: FaultScript) in
      #expect(throws: SystemError(.read, errno: 5)) { _ = try MemoryMap.current() }
      #expect(script.count(.close) == 1)
    }
  }
}
