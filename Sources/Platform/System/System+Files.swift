import CFtraceShims

extension System {
  static func closeUnchecked(_ number: Int32) -> Int { ftrace_sys_close(number) }

  /// open(2), interruptible, always with `O_CLOEXEC`.
  package static func open(_ path: String, flags: Int32) throws(SystemError) -> Descriptor {
    let mode: UInt32 = 0o666  // what the umask leaves of it
    let result = try performInterruptible(.open, arguments(0, Int(flags), Int(mode))) {
      // The string's bytes live through the closure, and the kernel copies them.
      unsafe path.withCString { unsafe ftrace_sys_open($0, flags | O_CLOEXEC, mode) }
    }
    return Descriptor(Int32(result))
  }

  // The buffers below live through the call, and their counts bound what the kernel touches.

  /// read(2), interruptible. Zero is the end of the file.
  package static func read(
    _ descriptor: borrowing Descriptor, into buffer: UnsafeMutableRawBufferPointer
  ) throws(SystemError) -> Int {
    let number = descriptor.number
    return try performInterruptible(.read, arguments(Int(number), 0, buffer.count)) {
      unsafe ftrace_sys_read(number, buffer.baseAddress, buffer.count)
    }
  }

  /// write(2), interruptible. May write less than it was given.
  package static func write(
    _ descriptor: borrowing Descriptor, _ bytes: UnsafeRawBufferPointer
  ) throws(SystemError) -> Int {
    let number = descriptor.number
    return try performInterruptible(.write, arguments(Int(number), 0, bytes.count)) {
      unsafe ftrace_sys_write(number, bytes.baseAddress, bytes.count)
    }
  }

  /// Writes all of it, with as many write(2) as that takes. On an error a part may have been written.
  package static func writeAll(
    _ descriptor: borrowing Descriptor, _ bytes: UnsafeRawBufferPointer
  ) throws(SystemError) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let written = try unsafe write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
      unsafe rest = rest.dropFirst(written)
    }
  }

  /// pread(2), interruptible. Zero is the end of the file.
  package static func pread(
    _ descriptor: borrowing Descriptor, into buffer: UnsafeMutableRawBufferPointer, offset: Int
  ) throws(SystemError) -> Int {
    let number = descriptor.number
    return try performInterruptible(.pread, arguments(Int(number), 0, buffer.count, offset)) {
      unsafe ftrace_sys_pread(number, buffer.baseAddress, buffer.count, offset)
    }
  }

  /// pwrite(2), interruptible. May write less than it was given.
  package static func pwrite(
    _ descriptor: borrowing Descriptor, _ bytes: UnsafeRawBufferPointer, offset: Int
  ) throws(SystemError) -> Int {
    let number = descriptor.number
    return try performInterruptible(.pwrite, arguments(Int(number), 0, bytes.count, offset)) {
      unsafe ftrace_sys_pwrite(number, bytes.baseAddress, bytes.count, offset)
    }
  }

  /// fsync(2), interruptible.
  package static func fsync(_ descriptor: borrowing Descriptor) throws(SystemError) {
    let number = descriptor.number
    _ = try performInterruptible(.fsync, arguments(Int(number))) { ftrace_sys_fsync(number) }
  }

  /// unlink(2).
  package static func unlink(_ path: String) throws(SystemError) {
    _ = try perform(.unlink) { unsafe path.withCString { unsafe ftrace_sys_unlink($0) } }
  }

  /// rename(2): replaces `to` in one step.
  package static func rename(_ from: String, to: String) throws(SystemError) {
    _ = try perform(.rename) {
      unsafe from.withCString { from in unsafe to.withCString { to in unsafe ftrace_sys_rename(from, to) } }
    }
  }
}
