import CFtraceShims
import FtracePlatform

/// The address space of an arena: made in one go or not at all, given back in one go.
///
/// ```
/// executable ─►│ code: never writable here if dual │ data: never executable │   one reservation, at most 2 GiB
/// writable ───►│ code, the same memory, never executable │                      elsewhere, if dual
/// ```
struct CodeMapping: ~Copyable {
  /// Bytes that become executable together; the unit in which memory is taken and given back if dual.
  static let chunkBytes = 64 << 10
  /// Code and data together: from any byte to any other in 31 bits and a sign.
  static let maximumBytes = Int(Int32.max) & ~(System.pageSize - 1)

  let codeBytes, dataBytes: Int
  /// Addresses of the first byte of code. Equal if the mapping toggles.
  let executable, writable: UInt
  /// The memory behind both aliases; -1 if the mapping toggles.
  var descriptor: Descriptor

  var isDual: Bool { writable != executable }
  var data: UInt { executable + UInt(codeBytes) }

  /// Reserves, with an alias to write through: the way that needs no change of protection to patch.
  init(dualCode codeBytes: Int, data dataBytes: Int) throws(SystemError) {
    let reservation = try AddressRange(reserving: codeBytes + dataBytes)
    try System.mprotect(reservation.start + UInt(codeBytes), bytes: dataBytes, .readWrite)
    let descriptor = try Self.executableMemory()
    try System.ftruncate(descriptor, bytes: codeBytes)
    // Over a part of our own reservation, which nothing uses yet.
    _ = unsafe try System.mmap(
      at: reservation.start, bytes: codeBytes, .none, [.shared, .fixed], descriptor: descriptor.number)
    let alias = unsafe try System.mmap(
      bytes: codeBytes, .readWrite, .shared, descriptor: descriptor.number)
    self.codeBytes = codeBytes
    self.dataBytes = dataBytes
    executable = reservation.release()
    writable = UInt(bitPattern: alias)
    self.descriptor = descriptor
  }

  /// Reserves with one alias, whose pages are writable or executable in turn. Tries the turn once, to fail here if it is refused.
  init(togglingCode codeBytes: Int, data dataBytes: Int) throws(SystemError) {
    let reservation = try AddressRange(reserving: codeBytes + dataBytes)
    try System.mprotect(reservation.start + UInt(codeBytes), bytes: dataBytes, .readWrite)
    try System.mprotect(reservation.start, bytes: System.pageSize, .readWrite)
    try System.mprotect(reservation.start, bytes: System.pageSize, .readExecute)
    try System.mprotect(reservation.start, bytes: System.pageSize, .none)
    self.codeBytes = codeBytes
    self.dataBytes = dataBytes
    executable = reservation.release()
    writable = executable
    descriptor = Descriptor(-1)
  }

  deinit {
    // Whoever lets go of an arena has made sure that nobody runs in it.
    try? System.munmap(executable, bytes: codeBytes + dataBytes)
    if isDual { try? System.munmap(writable, bytes: codeBytes) }
  }

  static func executableMemory() throws(SystemError) -> Descriptor {
    do {
      return try System.memfdCreate(name: "swift-ftrace code", executable: true)
    } catch {
      // Kernels before 6.3 do not know the flag and make every memfd executable.
      guard error.errno == EINVAL else { throw error }
      return try System.memfdCreate(name: "swift-ftrace code", executable: false)
    }
  }
}

/// Addresses without memory, given back unless released.
private struct AddressRange: ~Copyable {
  let start: UInt
  private let bytes: Int

  /// Reserves from a multiple of 4 GiB on, if there is one free: then the lower half of an address is the offset, and traced code need
  /// not subtract.
  init(reserving bytes: Int) throws(SystemError) {
    var start = UInt(bitPattern: unsafe try System.mmap(bytes: bytes, .none, .sparse))
    let unit = UInt(1) << 32
    // Downwards from where the kernel would put it: mappings lie above more often than below.
    var candidate = start & ~(unit - 1)
    for _ in 0..<Self.tries where candidate > unit && start % unit != 0 {
      if let other = System.reserve(at: candidate, bytes: bytes) {
        try? System.munmap(start, bytes: bytes)
        start = other
      }
      candidate -= unit
    }
    self.start = start
    self.bytes = bytes
  }

  private static let tries = 64

  consuming func release() -> UInt {
    let start = self.start
    discard self
    return start
  }

  deinit { try? System.munmap(start, bytes: bytes) }
}
