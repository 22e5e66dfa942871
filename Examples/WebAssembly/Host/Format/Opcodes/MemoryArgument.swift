/// The immediate of loads and stores.
package struct MemoryArgument: Hashable, Sendable {
  /// The memory's index: 0, unless the module has several.
  package let memory: Int

  /// Binary logarithm of the alignment that the code promises; it may be wrong at run time.
  package let alignment: UInt8

  /// Added to the address without wrapping around.
  package let offset: UInt32

  package init(memory: Int, alignment: UInt8, offset: UInt32) {
    self.memory = memory
    self.alignment = alignment
    self.offset = offset
  }
}
