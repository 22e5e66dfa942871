internal import CCapstone
import Synchronization

/// Why a disassembler could not be made.
public enum DisassemblyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Capstone refused, with its own error code: the library was built without x86, or memory ran out.
  case unavailable(code: UInt32, message: String)

  public var description: String {
    switch self {
    case .unavailable(let code, let message):
      "capstone cannot decode x86-64 (error \(code): \(message)): install a capstone that is built with x86"
    }
  }
}

/// Decodes x86-64 machine code with capstone, as structured operands and as text.
///
/// ```swift
/// let disassembler = try Disassembler()
/// for instruction in disassembler.decode(bytes, at: 0x1000) { print(instruction) }
/// ```
///
/// One disassembler belongs to one thread at a time. Works with capstone 4 and 5.
@safe
public final class Disassembler {
  /// Open from `init` to `deinit`.
  private let handle: csh
  /// Capstone's own allocation for one instruction and its details; freed in `deinit`, and reused by each decoding.
  private let scratch: UnsafeMutablePointer<cs_insn>

  /// Whether an instruction has been decoded in this process.
  ///
  /// Capstone 4 sorts a table of registers when the first one is, in place and without a lock: threads that decode their first together
  /// read it unsorted, or leave it so for good, and operands are missing from then on.
  private static let isSorted = Mutex(false)

  /// - Throws: `unavailable` if capstone lacks x86 or memory. Nothing is left open then.
  public init() throws(DisassemblyError) {
    var handle: csh = 0
    // The handle is written here, and closed on every way out but the last.
    let opened = unsafe cs_open(CS_ARCH_X86, CS_MODE_64, &handle)
    guard opened == CS_ERR_OK else { throw Self.error(opened) }
    let detailed = cs_option(handle, CS_OPT_DETAIL, Int(CS_OPT_ON.rawValue))
    guard detailed == CS_ERR_OK, let scratch = unsafe cs_malloc(handle) else {
      _ = unsafe cs_close(&handle)
      throw Self.error(detailed == CS_ERR_OK ? CS_ERR_MEM : detailed)
    }
    self.handle = handle
    unsafe self.scratch = scratch
    Self.isSorted.withLock { isSorted in
      if !isSorted { isSorted = decodeFirst([0x48, 0x91]) != nil }
    }
  }

  deinit {
    unsafe cs_free(scratch, 1)
    var handle = handle
    _ = unsafe cs_close(&handle)
  }

  /// The instructions in `bytes`, which stand at `address`.
  ///
  /// A byte that begins no instruction becomes an instruction `.byte`, and decoding goes on behind it, so that the result always
  /// covers all bytes. Linear in their number.
  public func decode(_ bytes: [UInt8], at address: UInt64 = 0) -> [Instruction] {
    unsafe bytes.withUnsafeBytes { unsafe decode($0, at: address) }
  }

  /// The instructions in the memory `bytes`, which is decoded as if it stood at `address`.
  public func decode(_ bytes: UnsafeRawBufferPointer, at address: UInt64) -> [Instruction] {
    var instructions: [Instruction] = []
    guard let start = bytes.baseAddress else { return [] }
    // Capstone moves the pointer and the rest together, and reads no more than the rest.
    var code = unsafe Optional(start.assumingMemoryBound(to: UInt8.self))
    var rest = bytes.count
    var address = address
    while rest > 0, let byte = unsafe code {
      if unsafe cs_disasm_iter(handle, &code, &rest, &address, scratch) {
        instructions.append(current())
      } else {
        instructions.append(Self.data(unsafe byte.pointee, at: address))
        unsafe code = byte + 1
        rest -= 1
        address &+= 1
      }
    }
    return instructions
  }

  /// The first instruction in `bytes`; nil if they begin with none.
  public func decodeFirst(_ bytes: [UInt8], at address: UInt64 = 0) -> Instruction? {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      var code = bytes.baseAddress
      var rest = bytes.count
      var address = address
      // Capstone reads no more than the rest.
      guard unsafe cs_disasm_iter(handle, &code, &rest, &address, scratch) else { return nil }
      return current()
    }
  }

  private static func data(_ byte: UInt8, at address: UInt64) -> Instruction {
    let hex = String(byte, radix: 16)
    return Instruction(
      address: address, bytes: [byte], mnemonic: ".byte", operands: [], operandText: "0x\(hex)", groups: [])
  }

  private static func error(_ code: cs_err) -> DisassemblyError {
    // The message is a C string that the library never frees.
    let message = unsafe cs_strerror(code).map { unsafe String(cString: $0) }
    return .unavailable(code: UInt32(code.rawValue), message: message ?? "unknown")
  }
}

extension Disassembler {
  /// What capstone left in the scratch instruction, as a value.
  private func current() -> Instruction {
    // The scratch instruction has just been filled, and `detail` is on; tuples are C arrays of the sizes used here.
    let instruction = unsafe scratch.pointee
    let bytes = unsafe withUnsafeBytes(of: instruction.bytes) { unsafe [UInt8]($0.prefix(Int(instruction.size))) }
    var operands: [Operand] = []
    var groups = Instruction.Groups()
    if let detail = unsafe instruction.detail {
      let count = unsafe Int(detail.pointee.groups_count)
      unsafe withUnsafeBytes(of: detail.pointee.groups) { list in
        for index in 0..<count {
          let group = unsafe list[index]
          if group < 16 { groups.insert(Instruction.Groups(rawValue: 1 << UInt16(group))) }
        }
      }
      unsafe withUnsafeBytes(of: detail.pointee.x86.operands) { list in
        let list = unsafe list.bindMemory(to: cs_x86_op.self)
        operands = unsafe list.prefix(Int(detail.pointee.x86.op_count)).map { Operand($0) }
      }
    }
    return Instruction(
      address: unsafe instruction.address, bytes: bytes,
      mnemonic: unsafe withUnsafeBytes(of: instruction.mnemonic) { unsafe Self.string($0) }, operands: operands,
      operandText: unsafe withUnsafeBytes(of: instruction.op_str) { unsafe Self.string($0) }, groups: groups)
  }

  /// The text up to the first zero.
  private static func string(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

extension Operand {
  fileprivate init(_ operand: cs_x86_op) {
    // `type` says which member of the union capstone wrote; any other value is an immediate.
    switch operand.type {
    case X86_OP_REG: kind = .register(Register(operand.reg))
    case X86_OP_MEM: kind = .memory(MemoryOperand(operand.mem))
    default: kind = .immediate(operand.imm)
    }
    size = Int(operand.size)
    isRead = UInt32(operand.access) & CS_AC_READ.rawValue != 0
    isWritten = UInt32(operand.access) & CS_AC_WRITE.rawValue != 0
  }
}

extension MemoryOperand {
  fileprivate init(_ memory: x86_op_mem) {
    func register(_ id: x86_reg) -> Register? { id == X86_REG_INVALID ? nil : Register(id) }
    segment = register(memory.segment)
    base = register(memory.base)
    index = register(memory.index)
    scale = Int(memory.scale)
    displacement = memory.disp
  }
}
