/// A system call that the kernel refused: which one, and why.
///
/// A plain value without references, so that throwing one allocates nothing and is possible while workers are stopped.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Which call it was.
  package let call: SystemCall
  /// The reason, as in errno(3).
  public let errno: Int32

  package init(_ call: SystemCall, errno: Int32) {
    self.call = call
    self.errno = errno
  }

  /// The call's name in section 2 of the manual, for example `mmap`.
  public var callName: String { call.rawValue }

  /// The reason's name, for example `ENOMEM`, or `errno 200` if it has none here.
  public var errnoName: String { Errno.names[errno] ?? "errno \(errno)" }

  /// One line: the call, the reason's name, and what to do about it.
  public var description: String { "\(callName) failed with \(errnoName): \(remedy)" }
}
