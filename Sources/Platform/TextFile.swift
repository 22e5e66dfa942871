import Glibc

/// Small text files of the kernel's (`/proc`), read without Foundation.
package enum TextFile {
  /// The whole file, nil if it cannot be opened or read.
  package static func contents(of path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      // Safe: the buffer is `chunk`'s own, for the time of the call.
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// The first line without its end, nil if the file cannot be read.
  package static func firstLine(of path: String) -> String? {
    contents(of: path).map { String($0.prefix { $0 != "\n" }) }
  }
}
