import FtracePlatform
import Glibc
import Synchronization

/// The standard streams.
enum Terminal {
  // Never closed: a global is not deinitialised.
  private static let output = Descriptor(1)
  private static let errors = Descriptor(2)
  private static let input = Descriptor(0)
  private static let outputError = Mutex<SystemError?>(nil)

  /// Takes the numbers of standard streams that are closed, so that no file that is opened gets one of them. Using such a stream
  /// fails as before: `EBADF`.
  static func fillClosedStreams() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one: those below are open.
      _ = unsafe open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }

  /// Writes to standard output. After an error nothing more is written, and `checkOutput` throws.
  static func write(_ bytes: [UInt8]) {
    outputError.withLock { failed in
      guard failed == nil else { return }
      do throws(SystemError) { try writeAll(bytes, to: output) } catch { failed = error }
    }
  }

  static func print(_ line: String) { write(Array((line + "\n").utf8)) }

  static func writeErrors(_ bytes: [UInt8]) throws(SystemError) { try writeAll(bytes, to: errors) }

  /// One message to standard error. Nobody could be told if that failed.
  static func complain(_ message: String) {
    try? writeAll(Array("ftrace: \(message)\n".utf8), to: errors)
  }

  /// Throws if something could not be written to standard output.
  static func checkOutput() throws(CommandFailure) {
    if let error = outputError.withLock({ $0 }) { throw CommandFailure(error, at: "standard output") }
  }

  /// The next piece of standard input, empty at its end or if it cannot be read.
  static func read() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    // Safe: read(2) writes no more than the buffer's count.
    let count = unsafe bytes.withUnsafeMutableBytes { (try? unsafe System.read(input, into: $0)) ?? 0 }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  static func writeAll(_ bytes: [UInt8], to descriptor: borrowing Descriptor) throws(SystemError) {
    var failure: SystemError?
    // Safe: the buffer lives through the closure, and its count bounds what is read.
    unsafe bytes.withUnsafeBytes { bytes in
      do throws(SystemError) { try unsafe System.writeAll(descriptor, bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
