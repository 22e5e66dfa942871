/// What a module wants from others. Imports are numbered before what the module itself defines.
package struct Import: Hashable, Sendable {
  package let module: WasmName
  package let name: WasmName
  package let type: ImportType
  package let offset: Int
}

package struct Export: Hashable, Sendable {
  package let name: WasmName
  package let kind: ExportKind
  package let offset: Int
}

/// A table, with what its elements are at first: null unless `initial` says otherwise.
package struct Table: Hashable, Sendable {
  package let type: TableType
  package let initial: ConstantExpression?
  package let offset: Int
}

package struct Memory: Hashable, Sendable {
  package let type: MemoryType
  package let offset: Int
}

package struct Global: Hashable, Sendable {
  package let type: GlobalType
  /// Nil if it is imported.
  package let initial: ConstantExpression?
  package let offset: Int
}

/// A tag of exceptions. Its type has no results.
package struct Tag: Hashable, Sendable {
  package let type: Int
  package let offset: Int
}

/// A custom section; its contents are the bytes of the range.
package struct CustomSection: Hashable, Sendable {
  package let name: WasmName
  package let contents: Range<Int>
}
