/// A value on the compiler's stack: where it is when the code runs.
struct Operand: BitwiseCopyable {
  enum Kind: UInt8 {
    /// In the instructions that use it.
    case constant
    /// Wherever the local is.
    case local
    /// In a register that nothing else uses.
    case register
    /// In its own slot of the frame.
    case slot
  }

  var kind: Kind
  var type: ValueType
  /// The number of the register, of the class that the type says.
  var register: UInt8 = 0
  /// Of the local, or of the slot.
  var index: Int32 = 0
  /// A constant's bits; of 32-bit values zero-extended.
  var bits: UInt64 = 0

  static func constant(_ type: ValueType, _ bits: UInt64) -> Operand {
    Operand(kind: .constant, type: type, bits: bits)
  }
  static func local(_ type: ValueType, _ index: Int) -> Operand {
    Operand(kind: .local, type: type, index: Int32(truncatingIfNeeded: index))
  }
  static func register(_ type: ValueType, _ number: UInt8) -> Operand {
    Operand(kind: .register, type: type, register: number)
  }
  static func slot(_ type: ValueType, _ index: Int) -> Operand {
    Operand(kind: .slot, type: type, index: Int32(truncatingIfNeeded: index))
  }

  /// A constant as an immediate that an instruction sign-extends, if it is one.
  var immediate: Int32? {
    guard kind == .constant else { return nil }
    if !type.isWide { return Int32(truncatingIfNeeded: bits) }
    return Int32(exactly: Int64(bitPattern: bits))
  }
}

/// Where a local is for the whole of a function.
struct LocalHome: BitwiseCopyable {
  var type: ValueType
  /// The number of its register; `LocalHome.memory`: it is in its slot.
  var register: UInt8 = LocalHome.memory
  /// How many operands stand for it.
  var aliases: Int32 = 0

  static let memory: UInt8 = 0xFF
  var isInRegister: Bool { register != LocalHome.memory }
}

/// A block that is open.
struct BlockFrame: BitwiseCopyable {
  enum Kind: UInt8 { case function, block, loop, ifThen, ifElse, tryBody, catching, tryTable }

  var kind: Kind
  /// Whether anything branches to `label`.
  var isTarget = false
  /// Whether the code before the block can be reached, and so the block.
  var isReachable = true
  /// Where branches go: the start of a loop, the end of others.
  var label: UInt32
  /// Where an `if` goes that does not hold.
  var otherwise: UInt32 = 0
  /// Where exceptions of a `try`'s body arrive; `noLabel` until something can throw.
  var landing: UInt32 = BlockFrame.noLabel
  /// Where the next clause of a `catch` is; `noLabel`: there is none.
  var next: UInt32 = BlockFrame.noLabel
  /// Where the clauses of a `try_table` are in the module.
  var clauses: Int32 = 0

  static let noLabel = UInt32.max
  /// The height of the stack below the parameters.
  var height: Int32
  var type: BlockSignature
}

/// The type of a block, as ranges of the layout's lists.
struct BlockSignature: BitwiseCopyable {
  var parameterCount: Int32 = 0
  var resultCount: Int32 = 0
  /// The number of the function type; -1: at most one result, of the type `single`.
  var type: Int32 = -1
  var single: ValueType = .i32
}
