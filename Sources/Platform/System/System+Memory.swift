import CFtraceShims

extension System {
  /// What may be done with the pages of a mapping. There is no value for writable and executable.
  package enum Protection: Sendable {
    case none, read, readWrite, readExecute

    package var flags: Int32 {
      switch self {
      case .none: PROT_NONE
      case .read: PROT_READ
      case .readWrite: PROT_READ | PROT_WRITE
      case .readExecute: PROT_READ | PROT_EXEC
      }
    }
  }

  /// The flags of mmap(2) that the package uses.
  package struct MappingFlags: OptionSet, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let shared = MappingFlags(rawValue: MAP_SHARED)
    package static let `private` = MappingFlags(rawValue: MAP_PRIVATE)
    package static let anonymous = MappingFlags(rawValue: MAP_ANONYMOUS)
    package static let fixed = MappingFlags(rawValue: MAP_FIXED)
    package static let noReserve = MappingFlags(rawValue: MAP_NORESERVE)

    /// Private memory that takes neither pages nor commit charge until it is used.
    package static let sparse: MappingFlags = [.private, .anonymous, .noReserve]
  }

  /// The advice of madvise(2) that the package uses.
  package enum Advice: Int32, Sendable {
    case dontNeed = 4
    case hugePage = 14
    case dontDump = 16
    case populateWrite = 23
  }

  /// mmap(2). `at` is the exact place if `flags` has `fixed`, else a hint; zero leaves it to the kernel.
  package static func mmap(
    at address: UInt = 0, bytes: Int, _ protection: Protection, _ flags: MappingFlags, descriptor: Int32 = -1,
    offset: Int = 0
  ) throws(SystemError) -> UnsafeMutableRawPointer {
    let given = arguments(
      Int(bitPattern: address), bytes, Int(protection.flags), Int(flags.rawValue), Int(descriptor), offset)
    let result = try perform(.mmap, given) {
      ftrace_sys_mmap(address, bytes, protection.flags, flags.rawValue, descriptor, offset)
    }
    // mmap(2) never answers with address zero unless it was asked to, which nobody here does.
    return unsafe UnsafeMutableRawPointer(bitPattern: result).unsafelyUnwrapped
  }

  /// mmap(2) of sparse inaccessible memory at exactly `address`; nil if something is there, or the kernel refuses.
  package static func reserve(at address: UInt, bytes: Int) -> UInt? {
    let flags = MappingFlags.sparse.rawValue
    let given = arguments(Int(bitPattern: address), bytes, 0, Int(flags), -1, 0)
    let result = try? perform(.mmapHint, given) { ftrace_sys_mmap(address, bytes, Protection.none.flags, flags, -1, 0) }
    guard let result else { return nil }
    let start = UInt(bitPattern: result)
    if start == address { return start }
    // A kernel that had something there has put it elsewhere.
    try? munmap(start, bytes: bytes)
    return nil
  }

  /// munmap(2).
  package static func munmap(_ address: UInt, bytes: Int) throws(SystemError) {
    _ = try perform(.munmap, arguments(Int(bitPattern: address), bytes)) { ftrace_sys_munmap(address, bytes) }
  }

  /// mprotect(2).
  package static func mprotect(_ address: UInt, bytes: Int, _ protection: Protection) throws(SystemError) {
    _ = try perform(.mprotect, arguments(Int(bitPattern: address), bytes, Int(protection.flags))) {
      ftrace_sys_mprotect(address, bytes, protection.flags)
    }
  }

  /// madvise(2).
  package static func madvise(_ address: UInt, bytes: Int, _ advice: Advice) throws(SystemError) {
    _ = try perform(.madvise, arguments(Int(bitPattern: address), bytes, Int(advice.rawValue))) {
      ftrace_sys_madvise(address, bytes, advice.rawValue)
    }
  }

  /// memfd_create(2), closed on exec. `executable` asks for `MFD_EXEC`, which kernels before 6.3 refuse with `EINVAL`.
  package static func memfdCreate(name: StaticString, executable: Bool) throws(SystemError) -> Descriptor {
    let flags = UInt32(FTRACE_MFD_CLOEXEC | (executable ? FTRACE_MFD_EXEC : 0))
    let result = try perform(.memfdCreate, arguments(0, Int(flags))) {
      // A StaticString ends in a zero and lives for ever.
      name.withUTF8Buffer { unsafe ftrace_sys_memfd_create($0.baseAddress, flags) }
    }
    return Descriptor(Int32(result))
  }

  /// ftruncate(2), interruptible.
  package static func ftruncate(_ descriptor: borrowing Descriptor, bytes: Int) throws(SystemError) {
    let number = descriptor.number
    _ = try performInterruptible(.ftruncate, arguments(Int(number), bytes)) { ftrace_sys_ftruncate(number, bytes) }
  }

  /// What ``fallocate(_:_:offset:bytes:)`` does to the range. The size of the file stays.
  package enum Allocation: Sendable {
    /// Gives the range memory now, so that no later access can fail for want of it.
    case reserve
    /// Gives the memory back; the range reads as zeros.
    case punchHole

    var flags: Int32 {
      switch self {
      case .reserve: Int32(FTRACE_FALLOC_FL_KEEP_SIZE)
      case .punchHole: Int32(FTRACE_FALLOC_FL_KEEP_SIZE | FTRACE_FALLOC_FL_PUNCH_HOLE)
      }
    }
  }

  /// fallocate(2), interruptible.
  package static func fallocate(
    _ descriptor: borrowing Descriptor, _ allocation: Allocation, offset: Int, bytes: Int
  ) throws(SystemError) {
    let number = descriptor.number
    _ = try performInterruptible(.fallocate, arguments(Int(number), Int(allocation.flags), offset, bytes)) {
      ftrace_sys_fallocate(number, allocation.flags, offset, bytes)
    }
  }
}
