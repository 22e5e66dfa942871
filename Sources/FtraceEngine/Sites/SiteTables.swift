import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import FtraceQuiescence

/// The tables that the recorder reads without a lock: sparse memory, reserved for the whole arena and used as sites appear.
///
/// Each is indexed by the aligned word of eight bytes that holds a site. The engine writes them under its lock; cells that running
/// code can read are changed in a stop, as part of a plan.
@safe final class SiteTables {
  // Safe: all point into mappings that this object owns until `deinit`, as long as the arena is.
  let recorder: UnsafeMutablePointer<ftrace_recorder>
  /// The classes that the sites will have after the next stop.
  let desiredClass: UnsafeMutablePointer<UInt16>
  let exits: ExitTable
  private let mappings: [SparseMemory]
  // Both are kept until the territory is withdrawn: whoever gets the addresses, or the slot, declares his own.
  private let arena: CodeArena
  private let slot: RuntimeSlot

  /// Reserves tables for an arena.
  /// - Throws: `SystemError`; what was mapped is unmapped again.
  /// - Parameter slot: the runtime's place in the thread block, by which signal handlers find where nobody may be stopped.
  init(slot: RuntimeSlot, arena: CodeArena, limits: RecordLimits, classLimit: Int) throws(SystemError) {
    let (base, arenaBytes) = (arena.codeAddresses.lowerBound, arena.codeAddresses.count)
    let words = arenaBytes / 8
    // A function takes 16 bytes at least, an imported one may hold a site in each word.
    let records = min(words, limits.capacity == .max ? words : Int(UInt32.max) - 16)
    let sizes = [
      words * 4, words * 2, words * 2, classLimit * 8, records * 16, arenaBytes / Int(FTRACE_TERRITORY_GRANULE) / 8,
    ]
    var mappings: [SparseMemory] = []
    for size in sizes { mappings.append(try SparseMemory(bytes: size)) }
    self.mappings = mappings
    exits = try ExitTable(arenaBytes: arenaBytes)
    unsafe recorder = .allocate(capacity: 1)
    unsafe recorder.initialize(to: ftrace_recorder())
    unsafe recorder.pointee.base = UInt64(base)
    unsafe ftrace_recorder_set_tables(
      recorder, mappings[0].start, mappings[1].start, mappings[3].start, mappings[4].start)
    unsafe desiredClass = mappings[2].start.bindMemory(to: UInt16.self, capacity: words)
    unsafe ftrace_recorder_set_capacity(recorder, UInt32(min(records, limits.capacity)))
    capacityLimit = records
    (self.arena, self.slot) = (arena, slot)
    unsafe ftrace_territory_set(slot.index, UInt64(base), UInt64(base) + UInt64(arenaBytes), mappings[5].start)
  }

  deinit {
    ftrace_territory_clear(slot.index)
    unsafe recorder.deallocate()
  }

  /// Records that there is address space for.
  let capacityLimit: Int

  var capacity: Int { unsafe Int(ftrace_recorder_capacity(recorder)) }
  var count: Int { unsafe Int(ftrace_recorder_count(recorder)) }

  /// Allows `additional` records more, up to the limit of the address space.
  func grow(by additional: Int) {
    unsafe ftrace_recorder_set_capacity(recorder, UInt32(capacity + min(additional, capacityLimit - capacity)))
  }

  /// Says whether a block holds code of the engine's own, where no worker is stopped by signal. Before anything can call it.
  func mark(_ block: CodeBlock, isEngineCode: Bool) {
    let base = unsafe recorder.pointee.base
    ftrace_territory_mark(slot.index, base + UInt64(block.offset), UInt64(block.size), isEngineCode)
  }

  /// The record of a number, which counts from 1, of an entry or an exit.
  func record(_ number: UInt32) -> UnsafeMutablePointer<ftrace_record> {
    if number & ExitTable.bit != 0 { return unsafe exits.record(number) }
    return unsafe recorder.pointee.records + Int(number - 1)
  }

  /// Number of the record of a site, nil if it has none.
  func number(ofSite site: UInt32) -> UInt32? {
    if ExitTable.holds(site: site) { return exits.number(ofSite: site) }
    let number = unsafe ftrace_recorder_index(recorder, site)
    return number == 0 || number >= UInt32(FTRACE_INDEX_DEAD) ? nil : number
  }

  /// Gives the record of a site back that is gone.
  func give(_ number: UInt32) {
    if number & ExitTable.bit != 0 {
      exits.remove(number)
    } else {
      unsafe ftrace_recorder_give(recorder, number)
    }
  }

  /// The numbers of all records of converted sites: entries, then exits. Linear.
  var converted: [UInt32] {
    let entries = (0..<count).map { UInt32($0 + 1) }
    let exits = (0..<exits.count).map { UInt32($0 + 1) | ExitTable.bit }
    return (entries + exits).filter { unsafe record($0).pointee.target != UInt32(FTRACE_TARGET_MCOUNT) }
  }
}
