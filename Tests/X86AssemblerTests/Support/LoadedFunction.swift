import FtraceX86Assembler
import Glibc

/// A function image placed in memory with stand-ins for the runtime: each stub counts its calls and how `rsp` was aligned.
///
/// Two pages: code, which is executable and not writable, and data, the other way round.
@safe
final class LoadedFunction {
  private static let page = 4096
  private static let stubs = 2048

  /// Indexes of words in the data page: a slot, a counter and an alignment for each stub.
  enum Stub: Int, CaseIterable {
    case mcount, pollSlow, stackCheckSlow, callee

    var symbol: Symbol {
      switch self {
      case .mcount: .mcount
      case .pollSlow: .pollSlow
      case .stackCheckSlow: .stackCheckSlow
      case .callee: Symbol(rawValue: 1)
      }
    }
  }

  private let memory: UnsafeMutableRawPointer

  init(_ image: FunctionImage) throws {
    precondition(image.bytes.count <= Self.stubs, "the image leaves room for the stubs")
    ExecutedForms.current?.note(image.bytes)
    let mapped = unsafe mmap(nil, 2 * Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe mapped, unsafe memory != MAP_FAILED else { throw MachineError(code: errno) }
    unsafe self.memory = memory
    // Everything below lies in the two pages.
    unsafe memory.copyMemory(from: image.bytes, byteCount: image.bytes.count)
    var stubAddresses: [Symbol: Int] = [:]
    var offset = Self.stubs
    for stub in Stub.allCases {
      let code = try Self.stub(stub, data: Int(bitPattern: memory) + Self.page)
      unsafe (memory + offset).copyMemory(from: code, byteCount: code.count)
      unsafe memory.storeBytes(of: memory + offset, toByteOffset: Self.slot(stub), as: UnsafeMutableRawPointer.self)
      stubAddresses[stub.symbol] = offset
      offset += 128
    }
    for relocation in image.relocations {
      guard let stub = Stub.allCases.first(where: { $0.symbol == relocation.symbol }) else { continue }
      // mcount names code, the others name slots.
      let target = stub == .mcount ? stubAddresses[stub.symbol] ?? 0 : Self.slot(stub)
      let value = Int32(target + Int(relocation.addend) - relocation.offset)
      unsafe memory.storeBytes(of: value, toByteOffset: relocation.offset, as: Int32.self)
    }
    guard unsafe mprotect(memory, Self.page, PROT_READ | PROT_EXEC) == 0 else { throw MachineError(code: errno) }
  }

  deinit { unsafe munmap(memory, 2 * Self.page) }

  func call(_ argument: UInt64) -> UInt64 {
    typealias Code = @convention(c) (UInt64) -> UInt64
    // The first page begins with a function of this type.
    return unsafe unsafeBitCast(memory, to: Code.self)(argument)
  }

  /// The function's first byte.
  var address: UInt64 { unsafe UInt64(UInt(bitPattern: memory)) }

  /// How often a stub was called.
  func count(_ stub: Stub) -> Int {
    unsafe memory.load(fromByteOffset: Self.slot(stub) + 8, as: Int.self)
  }

  /// What `rsp` was modulo 16 at the last entry of a stub.
  func alignment(_ stub: Stub) -> Int {
    unsafe memory.load(fromByteOffset: Self.slot(stub) + 16, as: Int.self)
  }

  private static func slot(_ stub: Stub) -> Int { page + stub.rawValue * 24 }

  /// Counts, notes the alignment, destroys what is dead at a site, and keeps everything else.
  private static func stub(_ stub: Stub, data: Int) throws -> [UInt8] {
    let a = Assembler()
    let words = UInt64(data + stub.rawValue * 24)
    a.push(.rax)
    a.mov(.r11, address: words)
    a.inc(.qword, .base(.r11, 8))
    a.lea(.rax, .base(.rsp, 8))
    a.and(.eax, 15)
    a.mov(.base(.r11, 16), .rax)
    a.pop(.rax)
    a.mov(.r11, -1)
    a.cmp(.rsp, .r11)
    a.ret()
    return try a.finish().bytes
  }
}
