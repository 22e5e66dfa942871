import FtraceCodeMemory
import FtraceX86Assembler

/// A function over its whole life: a name, a slot that holds the address of its present body, and what refers to it.
///
/// All members are guarded by the engine's lock.
@safe final class FunctionEntity {
  enum State {
    /// Declared, not defined: calls trap.
    case declared
    case live
    /// Calls trap with the name; nothing new can refer to it.
    case freed
  }

  let id: EntityNumber
  var name: String
  var signature: Signature?
  var state: State = .declared
  /// Eight bytes of data that emitted code calls through.
  // Safe: allocated for the entity, freed when nothing refers to it any more.
  let slot: UnsafeMutablePointer<UInt>
  /// Whether the slot goes with the entity; otherwise it is a host's.
  let ownsSlot: Bool
  var body: FunctionBody?
  /// Bodies whose code names the slot, until they are reclaimed.
  var callers: Set<ObjectIdentifier> = []
  /// Handles held by the program.
  var handles = 0
  /// The stub that enters, calls through the slot, and leaves: what outsiders get.
  var gate: CodeBlock?
  /// The stub that the slot holds while there is no body.
  var trap: CodeBlock?

  init(id: EntityNumber, name: String, signature: Signature?, slot: UnsafeMutablePointer<UInt>, ownsSlot: Bool = true) {
    self.ownsSlot = ownsSlot
    self.id = id
    self.name = name
    self.signature = signature
    unsafe self.slot = slot
  }
}

extension FunctionEntity {
  /// The body that calls run.
  /// - Throws: `.functionFreed`, `.functionUndefined`.
  var presentBody: FunctionBody {
    get throws(FtraceError) {
      if let body { return body }
      throw state == .freed ? .functionFreed(name) : .functionUndefined(name)
    }
  }
}

/// One body of a function: code, and the sites in it.
final class FunctionBody {
  /// The name at the time of installation or of the last rename.
  var name: String
  let block: CodeBlock
  let sites: [Site]
  /// Offsets of returns without an exit site.
  let rawReturns: [Int]
  /// Number of the installation in this runtime: two bodies at one address have different ones.
  let generation: UInt32
  /// Functions and host functions that the code refers to: kept while the code can run.
  let callees: [FunctionEntity]
  let hosts: [HostEntity]
  /// Why the body's sites are never traced, if so.
  let exclusion: SiteExclusion?
  /// What the code of compiled bodies depends on; the kind is a number of `EngineState.variants`.
  let traits: FunctionTraits
  /// As declared, if it was.
  let signature: Signature?
  /// Time-stamp counter at installation, or at the last rename.
  var installedAt: UInt64
  /// Number of the function that the body belongs to, and whether its code calls it by its slot.
  let ownerID: EntityNumber
  let callsItself: Bool
  /// Set once the body is no longer a function's present one.
  var isUnlinked = false

  init(
    name: String, block: CodeBlock, sites: [Site], rawReturns: [Int], generation: UInt32, callees: [FunctionEntity],
    hosts: [HostEntity],
    exclusion: SiteExclusion?, traits: FunctionTraits, signature: Signature?, installedAt: UInt64,
    ownerID: EntityNumber,
    callsItself: Bool
  ) {
    self.name = name
    self.block = block
    self.sites = sites
    self.rawReturns = rawReturns
    self.generation = generation
    self.callees = callees
    self.hosts = hosts
    self.exclusion = exclusion
    self.traits = traits
    self.signature = signature
    self.installedAt = installedAt
    self.ownerID = ownerID
    self.callsItself = callsItself
  }

  /// Offsets in the arena of the sites.
  var siteOffsets: [UInt32] { sites.map { block.offset + UInt32($0.offset) } }

  /// Those that can still be traced: of a body that went the exits.
  var tracedSiteOffsets: [UInt32] { isUnlinked ? siteOffsets(of: .exit) : siteOffsets }

  /// Offsets of its sites of one kind.
  func siteOffsets(of kind: SiteKind) -> [UInt32] {
    sites.filter { $0.kind == kind }.map { block.offset + UInt32($0.offset) }
  }
}

/// A Swift closure that emitted code can call, by a thunk.
@safe final class HostEntity {
  let id: EntityNumber
  let name: String
  let signature: Signature
  let thunk: CodeBlock
  /// What the thunk's code holds a pointer to.
  let closure: AnyObject
  let slot: UnsafeMutablePointer<UInt>
  var handles = 0
  var callers: Set<ObjectIdentifier> = []

  init(
    id: EntityNumber, name: String, signature: Signature, thunk: CodeBlock, closure: AnyObject,
    slot: UnsafeMutablePointer<UInt>
  ) {
    self.id = id
    self.name = name
    self.signature = signature
    self.thunk = thunk
    self.closure = closure
    unsafe self.slot = slot
  }
}

/// Why a site is not traced although it was asked for.
public enum SiteExclusion: Hashable, Sendable {
  /// The code keeps values in vectors wider than the trampolines save.
  case wideVectors(bits: Int)
  /// No record was left for it.
  case noRecord
}
