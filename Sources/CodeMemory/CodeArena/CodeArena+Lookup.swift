extension CodeArena {
  /// What the arena knows of a block.
  public struct Entry: Equatable, Sendable {
    /// The block at the address.
    public let block: CodeBlock
    /// Whether it is in use.
    public let state: CodeBlock.State
    /// The client's own number for the block; 0 until it is set.
    public let tag: UInt32

    package init(block: CodeBlock, state: CodeBlock.State, tag: UInt32) {
      self.block = block
      self.state = state
      self.tag = tag
    }
  }

  /// The block that holds an executable address, retired ones too. O(1).
  ///
  /// A return address may be one past its block, if a call ends it: look up `address - 1` for those.
  public func entry(containing address: UInt) -> Entry? {
    // An address below the region wraps to an offset beyond it.
    code.entry(atOffset: address &- codeAddresses.lowerBound)
  }

  /// The block that holds an executable address, retired ones too. O(1).
  public func block(containing address: UInt) -> CodeBlock? { entry(containing: address)?.block }

  /// The state of a block, or nil once it is free.
  public func state(of block: CodeBlock) -> CodeBlock.State? {
    guard let entry = code.entry(atOffset: UInt(block.offset)), entry.block == block else { return nil }
    return entry.state
  }

  /// Gives a block the client's own number, by which ``entry(containing:)`` leads from an address to the client's object.
  public func setTag(_ tag: UInt32, of block: CodeBlock) {
    code.blocks.segments[Int(code.record(of: block))].first = tag
  }

  /// Where the block runs: executable addresses.
  public func addresses(of block: CodeBlock) -> Range<UInt> {
    let start = codeAddresses.lowerBound + UInt(block.offset)
    return start..<start + UInt(block.size)
  }

  /// The offset in the code region of an executable address, if it is one.
  public func offset(ofCodeAt address: UInt) -> UInt32? {
    codeAddresses.contains(address) ? UInt32(address - codeAddresses.lowerBound) : nil
  }
}
