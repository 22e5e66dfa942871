/// References for tables.
package struct ElementSegment: Hashable, Sendable {
  package enum Mode: Hashable, Sendable {
    /// For `table.init`.
    case passive
    /// Copied to a table when the module is instantiated, then dropped.
    case active(table: Int, offset: ConstantExpression)
    /// Dropped at once: it declares functions for `ref.func`.
    case declarative
  }

  package enum Items: Hashable, Sendable {
    case functions([Int])
    case expressions([ConstantExpression])

    package var count: Int {
      switch self {
      case .functions(let functions): functions.count
      case .expressions(let expressions): expressions.count
      }
    }
  }

  package let type: ValueType
  package let mode: Mode
  package let items: Items
  package let offset: Int
}

/// Bytes for memories.
package struct DataSegment: Hashable, Sendable {
  package enum Mode: Hashable, Sendable {
    /// For `memory.init`.
    case passive
    /// Copied to a memory when the module is instantiated, then dropped.
    case active(memory: Int, offset: ConstantExpression)
  }

  package let mode: Mode
  /// Where in the module the bytes stand.
  package let bytes: Range<Int>
  package let offset: Int
}
