import FtraceX86Assembler
import Glibc

/// Emitted code that runs on an array of 64-bit slots: `rdi` points to the first.
///
/// The memory is never writable and executable at once.
@safe
final class Machine {
  private let memory: UnsafeMutableRawPointer
  private let size: Int

  /// Emits code between nothing and a final `ret`. Code keeps what the C convention says, and `rdi` where it needs it.
  init(_ emit: (Assembler) throws -> Void) throws {
    let assembler = Assembler()
    try emit(assembler)
    assembler.ret()
    let code = try assembler.finish()
    precondition(code.relocations.isEmpty, "a machine has no symbols")
    ExecutedForms.current?.note(code.bytes)
    let size = (code.bytes.count + 4095) & ~4095
    let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe mapped, unsafe memory != MAP_FAILED else { throw MachineError(code: errno) }
    // The mapping has at least as many bytes as the code.
    unsafe memory.copyMemory(from: code.bytes, byteCount: code.bytes.count)
    guard unsafe mprotect(memory, size, PROT_READ | PROT_EXEC) == 0 else { throw MachineError(code: errno) }
    unsafe self.memory = memory
    self.size = size
  }

  deinit { unsafe munmap(memory, size) }

  /// Runs the code on the slots and gives back what it left in them.
  func run(_ slots: [UInt64]) -> [UInt64] {
    var slots = slots
    run(&slots)
    return slots
  }

  func run(_ slots: inout [UInt64]) {
    typealias Code = @convention(c) (UnsafeMutablePointer<UInt64>?) -> Void
    // The mapping holds a function of this type; the slots outlive the call.
    let code = unsafe unsafeBitCast(memory, to: Code.self)
    unsafe slots.withUnsafeMutableBufferPointer { unsafe code($0.baseAddress) }
  }
}

struct MachineError: Error {
  let code: Int32
}

/// The flags, as `pushfq` stores them.
struct Flags: OptionSet, Hashable, CustomStringConvertible {
  let rawValue: UInt64

  static let carry = Flags(rawValue: 1 << 0)
  static let parity = Flags(rawValue: 1 << 2)
  static let zero = Flags(rawValue: 1 << 6)
  static let sign = Flags(rawValue: 1 << 7)
  static let overflow = Flags(rawValue: 1 << 11)
  static let arithmetic: Flags = [.carry, .parity, .zero, .sign, .overflow]

  /// Zero, sign and parity of a result.
  static func of<T: FixedWidthInteger>(_ result: T) -> Flags {
    var flags: Flags = []
    if result == 0 { flags.insert(.zero) }
    if result >> (T.bitWidth - 1) & 1 != 0 { flags.insert(.sign) }
    if UInt8(truncatingIfNeeded: result).nonzeroBitCount % 2 == 0 { flags.insert(.parity) }
    return flags
  }

  var description: String {
    let names: [(Flags, String)] = [
      (.carry, "C"), (.parity, "P"), (.zero, "Z"), (.sign, "S"), (.overflow, "O"),
    ]
    return names.filter { contains($0.0) }.map(\.1).joined()
  }
}

extension Assembler {
  /// Stores the flags in a slot. Destroys `rcx`.
  func storeFlags(_ slot: Int) {
    pushfq()
    pop(.rcx)
    mov(.slot(slot), .rcx)
  }

  /// Loads the flags from a slot.
  func loadFlags(_ slot: Int) {
    push(.slot(slot))
    popfq()
  }
}

extension Mem {
  /// A slot of a `Machine`.
  static func slot(_ index: Int) -> Mem { .base(.rdi, Int32(index * 8)) }
}

/// Integers to try an operation with: the edges of their width, and random ones.
func operands<T: FixedWidthInteger & UnsignedInteger>(_: T.Type, seed: UInt64, random count: Int = 12) -> [T] {
  var generator = SeededGenerator(seed: seed)
  let edges: [T] = [0, 1, 2, 0x7F, 0x80, .max, .max - 1, .max >> 1, (.max >> 1) + 1]
  return edges + (0..<count).map { _ in T(truncatingIfNeeded: generator.next() >> (generator.next() % 64)) }
}
