/// A file descriptor that is closed when its owner goes.
package struct Descriptor: ~Copyable, Sendable {
  /// The kernel's number.
  package let number: Int32

  /// Takes ownership of an open descriptor.
  package init(_ number: Int32) { self.number = number }

  deinit {
    // close(2) releases the number even when it reports an error, and there is nobody to tell.
    _ = try? System.perform(.close, System.arguments(Int(number))) { System.closeUnchecked(number) }
  }

  /// Closes now and reports what close(2) says; the number is released in any case.
  package consuming func close() throws(SystemError) {
    let number = self.number
    discard self
    _ = try System.perform(.close, System.arguments(Int(number))) { System.closeUnchecked(number) }
  }

  /// Gives the number up to the caller, who closes it.
  package consuming func release() -> Int32 {
    let number = self.number
    discard self
    return number
  }
}
