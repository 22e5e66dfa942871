import CFtraceShims
import FtracePlatform

/// The records of exit sites: the engine's alone, for no running code asks for them. Exits are born as NOPs, so they never wait for a
/// conversion, and are none of the recorder's limits.
@safe final class ExitTable {
  /// Set in the numbers of these records, which keeps them apart from those of entries.
  static let bit: UInt32 = 1 << 30

  // Safe: all point into mappings that this object owns until `deinit`.
  private let index: UnsafeMutablePointer<UInt32>
  private let records: UnsafeMutablePointer<ftrace_record>
  private let mappings: [SparseMemory]
  private var free: [UInt32] = []
  /// Records that were ever used, those that came back included.
  private(set) var count = 0
  /// Those that are in use.
  var used: Int { count - free.count }
  private let capacity: Int

  /// Reserves tables for an arena: one site in each aligned word of eight bytes.
  /// - Throws: `SystemError`; what was mapped is unmapped again.
  init(arenaBytes: Int) throws(SystemError) {
    capacity = min(arenaBytes / 8, Int(Self.bit) - 1)
    let index = try SparseMemory(bytes: arenaBytes / 8 * 4)
    let records = try SparseMemory(bytes: capacity * 16)
    mappings = [index, records]
    unsafe self.index = index.start.bindMemory(to: UInt32.self, capacity: arenaBytes / 8)
    unsafe self.records = records.start.bindMemory(to: ftrace_record.self, capacity: capacity)
  }

  /// Whether a site is one of these.
  static func holds(site: UInt32) -> Bool { site & 15 != 0 }

  func record(_ number: UInt32) -> UnsafeMutablePointer<ftrace_record> { unsafe records + Int(number & ~Self.bit) - 1 }

  /// The number of the record of a site, nil if it has none.
  func number(ofSite site: UInt32) -> UInt32? {
    let number = unsafe index[Int(site >> 3)]
    return number == 0 ? nil : number
  }

  /// Makes the record of a site whose bytes are those of a target; nil if there is no address space left for it.
  func add(site: UInt32, target: SiteTarget) -> UInt32? {
    let number: UInt32
    if let last = free.popLast() {
      number = last
    } else if count < capacity {
      count += 1
      number = UInt32(count) | Self.bit
    } else {
      return nil
    }
    unsafe record(number).pointee = ftrace_record(site: site, next: 0, target: target.encoded, flags: 0)
    unsafe index[Int(site >> 3)] = number
    return number
  }

  /// Gives a record back.
  func remove(_ number: UInt32) {
    unsafe index[Int(record(number).pointee.site >> 3)] = 0
    // What a walk over all records passes over.
    unsafe record(number).pointee = ftrace_record(
      site: 0, next: 0, target: SiteTarget.mcount.encoded, flags: UInt32(FTRACE_RECORD_DEAD))
    free.append(number)
  }
}
