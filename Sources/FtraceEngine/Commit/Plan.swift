import CFtraceShims

/// A plan under construction: what one stop will write.
@safe struct Plan {
  /// Tags of the patches that are not sites.
  enum Tag {
    static let mcountCall: UInt32 = 0xFFFF_FFFF
    static let callerCall: UInt32 = 0xFFFF_FFFE
    static let thunk: UInt32 = 0xFFFF_FFFD
    /// A site that was never converted, of a body that went.
    static let dropped: UInt32 = 0xFFFF_FFFC
    static let firstSpecial: UInt32 = 0xFFFF_FFF0
  }

  var patches: [ftrace_patch] = unsafe []
  var words: [ftrace_word_store] = unsafe []
  var cells: [ftrace_cell_store] = unsafe []
  /// New target of each patched record, in the order of the patches with a record's tag.
  var sites: Int { unsafe patches.count }

  var isEmpty: Bool { unsafe patches.isEmpty && words.isEmpty && cells.isEmpty }

  /// Adds the replacement of one instruction.
  // Safe: the address is used only while the plan is applied, when the block is still allocated.
  mutating func patch(
    at write: UnsafeMutableRawPointer, from expected: SiteBytes, to replacement: SiteBytes, tag: UInt32,
    critical: Bool = false
  ) {
    unsafe patches.append(
      ftrace_patch(
        write: write.assumingMemoryBound(to: UInt8.self), expected_low: expected.low,
        replacement_low: replacement.low, expected_high: expected.high, replacement_high: replacement.high, status: 0,
        critical: critical ? 1 : 0, tag: tag))
  }

  /// Adds the store of a word that emitted code or the recorder reads.
  mutating func store(_ value: UInt64, to address: UnsafeMutablePointer<UInt64>) {
    unsafe words.append(ftrace_word_store(address: address, value: value))
  }

  /// Adds the store of a cell of one of the recorder's tables.
  mutating func store(_ value: UInt32, toCell address: UnsafeMutableRawPointer, width: UInt32, tag: UInt32 = 0) {
    unsafe cells.append(ftrace_cell_store(address: address, value: value, old: 0, width: width, tag: tag))
  }
}
