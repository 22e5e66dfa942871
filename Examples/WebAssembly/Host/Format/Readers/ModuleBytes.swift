/// A module's bytes, at an address that stays the same as long as this object lives.
///
/// Behind the last byte stand `padding` zeros, so that code which was validated can be read a word at a time.
@safe package final class ModuleBytes: Sendable {
  static let padding = 16

  // Written in the initialiser only, freed in the deinitialiser only: read by any thread in between.
  nonisolated(unsafe) private let storage: UnsafeMutableRawBufferPointer

  package let count: Int

  package convenience init(_ bytes: [UInt8]) {
    // The buffer is read within the call only.
    unsafe self.init(count: bytes.count) { target in
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }

  /// Lets `fill` write `count` bytes, all zero before.
  package init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    let size = count + Self.padding
    // The module's part is lent for the call only; the padding is never lent.
    unsafe storage = .allocate(byteCount: size, alignment: 16)
    unsafe storage.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe fill(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
    self.count = count
  }

  deinit {
    // Readers hold this object, so none is left.
    unsafe storage.deallocate()
  }

  /// The first byte. Valid while this object lives; `count + padding` bytes may be read.
  @unsafe package var start: UnsafeRawPointer {
    // A buffer that was allocated has a base address.
    unsafe UnsafeRawPointer(storage.baseAddress.unsafelyUnwrapped)
  }

  /// The bytes of a range, copied.
  package subscript(range: Range<Int>) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range within the module")
    // Within the module by the line above.
    return unsafe Array(UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
  }
}
