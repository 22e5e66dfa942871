import CFtraceShims
import FtracePlatform

/// Executable memory for generated code, and the data that rip-relative operands in it reach.
///
/// One reservation holds a code region and, directly after it, a data region. No page is ever writable and executable through the
/// same mapping. Blocks of code go *unsealed → sealed → retired → free*; what each step promises, and who may take it when, is in
/// the contract: ``FtraceCodeMemory``.
///
/// **Threads.** Externally synchronised: every call is made under one lock, the engine's. The arena is not `Sendable`, so that it
/// lives inside the state which that lock protects. What is called while workers are stopped says so.
///
/// **Life.** `deinit` unmaps everything. No worker may be inside the arena's code by then; whoever owns the arena sees to that.
@safe public final class CodeArena {
  /// How code can be written although no mapping is both writable and executable.
  public enum Mapping: Sendable {
    /// ``dual``, or ``toggling`` where the system refuses it.
    case automatic
    /// The memory is mapped twice, once to run and once to write.
    case dual
    /// Pages change between writable and executable. A block then has pages of its own.
    case toggling
  }

  /// What an arena is made with.
  public struct Options: Sendable {
    /// Bytes of the code region, rounded up to 64 KiB. Takes address space; memory follows use.
    public var reservation: Int
    /// Bytes of the data region, rounded up to pages. Nil is an eighth of `reservation`.
    public var dataReservation: Int?
    public var mapping: Mapping

    public init(reservation: Int = 256 << 20, dataReservation: Int? = nil, mapping: Mapping = .automatic) {
      self.reservation = reservation
      self.dataReservation = dataReservation
      self.mapping = mapping
    }
  }

  /// Unit of allocation and alignment, bytes.
  public static var granule: Int { 16 }

  private let codeCell: Cell<CodeRegion>
  private let dataCell: Cell<DataRegion>
  var retirement = Retirement()

  /// Reserves an arena.
  ///
  /// - Throws: ``CodeMemoryError/reservationTooLarge(requested:maximum:)``; ``CodeMemoryError/permissionRefused(_:)`` if no
  ///   mapping that `options` allow is permitted; ``CodeMemoryError/system(_:)`` for any other failure of mmap(2),
  ///   mprotect(2), memfd_create(2), ftruncate(2) or fallocate(2). Nothing is left behind.
  public init(_ options: Options = Options()) throws(CodeMemoryError) {
    precondition(options.reservation > 0 && options.dataReservation ?? 1 > 0, "a reservation has at least one byte")
    let sizes = try Self.sizes(options)
    // All of it first: a class whose fields own memory is set in one piece or not at all.
    let code = try Self.codeRegion(code: sizes.code, data: sizes.data, options.mapping)
    let end = code.mapping.data + UInt(sizes.data)
    let data: DataRegion
    do { data = try DataRegion(code.mapping.data..<end) } catch { throw .system(error) }
    codeAddresses = code.mapping.executable..<code.mapping.data
    dataAddresses = code.mapping.data..<end
    activeMapping = code.mapping.isDual ? .dual : .toggling
    codeCell = Cell(code)
    dataCell = Cell(data)
  }

  var code: CodeRegion {
    @inline(__always) _read { yield codeCell.value }
    @inline(__always) _modify { yield &codeCell.value }
  }

  var data: DataRegion {
    @inline(__always) _read { yield dataCell.value }
    @inline(__always) _modify { yield &dataCell.value }
  }

  /// The mapping in use: never ``Mapping/automatic``.
  public let activeMapping: Mapping

  /// Executable addresses of the code region.
  public let codeAddresses: Range<UInt>

  /// Addresses of the data region, which begins where the code region ends.
  public let dataAddresses: Range<UInt>

  private static func sizes(_ options: Options) throws(CodeMemoryError) -> (code: Int, data: Int) {
    let data = options.dataReservation ?? max(options.reservation / 8, 1)
    let (all, chunk) = (CodeMapping.maximumBytes, CodeMapping.chunkBytes)
    // What is left beside the data that was asked for, or beside an eighth.
    let room = options.dataReservation.map { $0 <= all ? all - System.roundedToPages($0) : 0 } ?? all / 9 * 8
    let maximum = room & ~(chunk - 1)
    // Compared before it is rounded, which could overflow.
    guard options.reservation <= maximum else {
      throw .reservationTooLarge(requested: options.reservation, maximum: maximum)
    }
    return ((options.reservation + chunk - 1) & ~(chunk - 1), System.roundedToPages(data))
  }

  private static func codeRegion(code: Int, data: Int, _ wanted: Mapping) throws(CodeMemoryError) -> CodeRegion {
    if wanted != .toggling {
      do {
        return try CodeRegion(CodeMapping(dualCode: code, data: data))
      } catch {
        guard isRefusal(error) else { throw .system(error) }
        if wanted == .dual { throw .permissionRefused(error) }
      }
    }
    do {
      return try CodeRegion(CodeMapping(togglingCode: code, data: data))
    } catch {
      throw isRefusal(error) ? .permissionRefused(error) : .system(error)
    }
  }

  private static func isRefusal(_ error: SystemError) -> Bool {
    [EPERM, EACCES, EINVAL, ENOSYS].contains(error.errno)
  }
}
