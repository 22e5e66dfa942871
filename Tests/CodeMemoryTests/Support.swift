import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import Glibc

let bothMappings: [CodeArena.Mapping] = [.dual, .toggling]

/// SplitMix64: a sequence that its seed alone decides.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

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

/// True if `count` bytes at a readable address all have one value.
func allBytes(at address: UInt, count: Int, are value: UInt8) -> Bool {
  guard count > 0, let start = unsafe UnsafeRawPointer(bitPattern: address) else { return true }
  // Comparing the range with itself moved by one byte is one call also in a debug build.
  return unsafe start.load(as: UInt8.self) == value && memcmp(start, start + 1, count - 1) == 0
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
  @discardableResult
  func free(_ blocks: [CodeBlock]) -> Reclamation {
    for block in blocks { retire(block) }
    return reclaimAll()
  }

  /// Reclaims whatever is retired.
  @discardableResult
  func reclaimAll() -> Reclamation {
    _ = unsafe prepareReclamation()
    return reclaim()
  }

  /// Runs the code of a block from its first byte.
  func run(_ block: CodeBlock) -> Int32 { call(addresses(of: block).lowerBound) }

  /// Checks what must hold between any two calls against the kernel's own list of mappings; answers what does not hold.
  ///
  /// `blocks` are all that are given out, by ascending offset.
  func violations(blocks: [CodeBlock]) throws -> [String] {
    let map = try MemoryMap.current()
    // Of any arena; what other libraries of the process map is theirs to answer for.
    let ours = map.writableAndExecutable.filter {
      $0.name.contains("swift-ftrace") || $0.range.overlaps(codeAddresses) || $0.range.overlaps(dataAddresses)
    }
    var found = ours.map { "writable and executable: \($0)" }
    for entry in map.entries(overlapping: dataAddresses) where entry.range.lowerBound >= dataAddresses.lowerBound {
      if entry.isExecutable { found.append("executable data: \(entry)") }
    }
    // Every byte that can be executed belongs to a block or is int3, and no unsealed block of a toggling arena can be executed.
    for entry in map.entries(overlapping: codeAddresses) where entry.isExecutable {
      var next = max(entry.range.lowerBound, codeAddresses.lowerBound)
      let end = min(entry.range.upperBound, codeAddresses.upperBound)
      for block in blocks {
        let range = addresses(of: block)
        guard range.upperBound > next && range.lowerBound < end else { continue }
        if range.lowerBound > next, !allBytes(at: next, count: Int(range.lowerBound - next), are: 0xCC) {
          found.append("free memory before \(block) is executable and not int3")
        }
        if activeMapping == .toggling && state(of: block) == .unsealed {
          found.append("executable while written: \(block)")
        }
        next = range.upperBound
      }
      if next < end, !allBytes(at: next, count: Int(end - next), are: 0xCC) {
        found.append("free memory from offset \(next - codeAddresses.lowerBound) is executable and not int3")
      }
    }
    // And every block that may run can be executed.
    for block in blocks where state(of: block) != .unsealed {
      for address in stride(from: addresses(of: block).lowerBound, to: addresses(of: block).upperBound, by: 4096)
      where map.entry(containing: address)?.isExecutable != true {
        found.append("not executable: \(block)")
      }
    }
    return found
  }
}
