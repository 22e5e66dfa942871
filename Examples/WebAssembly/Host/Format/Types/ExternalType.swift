/// Bounds of a table (elements) or a memory (pages).
package struct Limits: Hashable, Sendable {
  package let minimum: UInt64
  package let maximum: UInt64?

  package init(minimum: UInt64, maximum: UInt64? = nil) {
    self.minimum = minimum
    self.maximum = maximum
  }
}

/// A table's element type, always a reference, and its bounds.
package struct TableType: Hashable, Sendable {
  package let element: ValueType
  package let limits: Limits

  package init(element: ValueType, limits: Limits) {
    self.element = element
    self.limits = limits
  }
}

/// A memory's bounds, in pages of 64 KiB.
package struct MemoryType: Hashable, Sendable {
  package let limits: Limits

  package init(limits: Limits) {
    self.limits = limits
  }
}

package struct GlobalType: Hashable, Sendable {
  package let value: ValueType
  package let isMutable: Bool

  package init(value: ValueType, isMutable: Bool) {
    self.value = value
    self.isMutable = isMutable
  }
}

/// What an import asks for.
package enum ImportType: Hashable, Sendable {
  /// A function of the type at this index.
  case function(type: Int)
  case table(TableType)
  case memory(MemoryType)
  case global(GlobalType)
  /// A tag whose parameters are those of the type at this index.
  case tag(type: Int)
}

/// What an export names: an index in the space of its kind, where imports come first.
package enum ExportKind: Hashable, Sendable {
  case function(Int)
  case table(Int)
  case memory(Int)
  case global(Int)
  case tag(Int)
}
