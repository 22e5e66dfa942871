import FtracePlatform

extension CodeArena {
  /// Gives out a block, unsealed and filled with `int3`.
  ///
  /// O(1) plus the block's own bytes. In an arena that toggles, the block takes whole pages: a function of 100 bytes wastes 3,996.
  ///
  /// - Parameters:
  ///   - bytes: more than zero.
  ///   - alignment: a power of two from 16 to 4096.
  /// - Throws: ``CodeMemoryError/outOfMemory(requested:available:largest:)`` or ``CodeMemoryError/system(_:)``; no block was taken.
  public func allocate(bytes: Int, alignment: Int = CodeArena.granule) throws(CodeMemoryError) -> CodeBlock {
    Self.check(bytes: bytes, alignment: alignment)
    return try code.allocate(bytes: bytes, alignment: alignment)
  }

  /// Copies bytes into an unsealed block. A memcpy; no system call.
  public func write(_ bytes: Span<UInt8>, to block: CodeBlock, at position: Int = 0) {
    code.write(bytes, to: block, at: position)
  }

  /// Ends the writing of a block: from here on it may run, and its bytes change only in a stop.
  ///
  /// Who publishes the block's address to other threads does so with a release store. No system call unless the arena toggles.
  ///
  /// - Throws: ``CodeMemoryError/system(_:)`` if mprotect(2) fails; the block is unsealed still.
  public func seal(_ block: CodeBlock) throws(CodeMemoryError) {
    do { try code.seal(block) } catch { throw .system(error) }
  }

  /// Frees at once a block that was never sealed, so that nobody can have run it.
  public func discard(_ block: CodeBlock) { code.discard(block) }

  static func check(bytes: Int, alignment: Int) {
    precondition(bytes > 0, "an allocation has at least one byte")
    precondition(
      alignment >= granule && alignment <= System.pageSize && alignment & (alignment - 1) == 0,
      "an alignment is a power of two from 16 to 4096")
  }
}
