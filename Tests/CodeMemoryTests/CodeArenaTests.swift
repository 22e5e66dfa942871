import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import Testing

/// `mov eax, imm32; ret`.
func returning(_ value: Int32) -> [UInt8] {
  let bits = UInt32(bitPattern: value)
  return [0xB8] + (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) } + [0xC3]
}

/// Calls emitted code without arguments.
func call(_ address: UInt) -> Int32 {
  typealias Function = @convention(c) () -> Int32
  // The address is that of a sealed block which holds a whole function of this type.
  return unsafe unsafeBitCast(address, to: Function.self)()
}

/// Bytes at an address that is mapped readable.
func bytes(at address: UInt, count: Int) -> [UInt8] {
  unsafe Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
}

extension CodeArena {
  /// Gives out, writes and seals a block.
  func add(_ code: [UInt8], alignment: Int = 16) throws(CodeMemoryError) -> CodeBlock {
    let block = try allocate(bytes: code.count, alignment: alignment)
    write(code.span, to: block)
    try seal(block)
    return block
  }

  /// Retires and reclaims without a scan, as after a stop that found no reference.
  func free(_ block: CodeBlock) {
    retire(block)
    _ = unsafe prepareReclamation()
    _ = reclaim()
  }
}

let bothMappings: [CodeArena.Mapping] = [.dual, .toggling]

@Suite struct CodeArenaTests {
  @Test(arguments: bothMappings) func emittedCodeRuns(_ mapping: CodeArena.Mapping) throws {
    let arena = try CodeArena(.init(reservation: 1 << 20, mapping: mapping))
    #expect(arena.activeMapping == mapping)
    var blocks: [CodeBlock] = []
    for value in 0..<20 { blocks.append(try arena.add(returning(Int32(value) - 10))) }
    for (value, block) in blocks.enumerated() {
      #expect(call(arena.addresses(of: block).lowerBound) == Int32(value) - 10)
    }
  }
}
