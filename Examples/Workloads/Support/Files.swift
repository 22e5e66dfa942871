import Glibc

/// The bytes of a file.
func readFile(_ path: String) throws(WorkloadError) -> [UInt8] {
  func failure() -> WorkloadError { .unreadable(path: path, errno: errno) }
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw failure() }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    // Safe: read(2) writes no more than the count that it is given.
    let count = unsafe piece.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw failure() }
    guard count > 0 else { return bytes }
    bytes += piece[..<count]
  }
}
