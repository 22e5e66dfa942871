/// What follows an opcode in the code.
package enum Immediates: Hashable, Sendable {
  case none
  case blockType
  /// One index: of a label, function, local, global, table, tag, or of a memory.
  case index
  /// A vector of labels, and the default one.
  case labels
  /// A type, then a table.
  case typeAndTable
  /// A vector of value types.
  case valueTypes
  /// A block type, then a vector of catch clauses.
  case tryTable
  case memoryArgument
  case i32
  case i64
  case f32
  case f64
  /// One byte that names a reference type.
  case referenceType
  /// A `BulkOpcode`, and what that needs.
  case bulk
}

extension Opcode {
  package var immediates: Immediates {
    switch self {
    case .block, .loop, .if, .try: .blockType
    case .tryTable: .tryTable
    case .catch, .throw, .rethrow, .br, .brIf, .call, .returnCall, .delegate: .index
    case .localGet, .localSet, .localTee, .globalGet, .globalSet, .tableGet, .tableSet: .index
    case .memorySize, .memoryGrow, .refFunc: .index
    case .brTable: .labels
    case .callIndirect, .returnCallIndirect: .typeAndTable
    case .selectTyped: .valueTypes
    case .refNull: .referenceType
    case .i32Const: .i32
    case .i64Const: .i64
    case .f32Const: .f32
    case .f64Const: .f64
    case .bulk: .bulk
    default: Opcode.i32Load.rawValue...Opcode.i64Store32.rawValue ~= rawValue ? .memoryArgument : .none
    }
  }
}

extension BulkOpcode {
  /// How many indices follow.
  package var indices: Int {
    switch self {
    case .i32TruncSatF32S, .i32TruncSatF32U, .i32TruncSatF64S, .i32TruncSatF64U: 0
    case .i64TruncSatF32S, .i64TruncSatF32U, .i64TruncSatF64S, .i64TruncSatF64U: 0
    case .dataDrop, .memoryFill, .elemDrop, .tableGrow, .tableSize, .tableFill: 1
    case .memoryInit, .memoryCopy, .tableInit, .tableCopy: 2
    }
  }
}
