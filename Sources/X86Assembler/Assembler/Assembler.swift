import Synchronization

/// Turns typed instructions into x86-64 machine code.
///
/// Every instruction is a method; its operands' widths are part of their types, so that an impossible combination does not
/// compile. Emission never fails: what only the whole code can show (an unbound label, a branch out of reach) is thrown by
/// `finish()`. Branches to labels take their short form wherever it reaches, in both directions; labels, relocations and all
/// recorded offsets follow.
///
/// ```swift
/// let a = Assembler()
/// let loop = a.label("loop")
/// a.xor(.eax, .eax)
/// a.bind(loop)
/// a.add(.rax, .rdi)
/// a.dec(.rdi)
/// a.j(.ne, loop)
/// a.ret()
/// let code = try a.finish()
/// ```
///
/// An assembler belongs to one thread at a time. An instruction costs amortised constant time.
@safe
public class Assembler {
  /// The mutable state, behind a pointer that never changes, so that an emission has no exclusivity checks.
  ///
  /// It is allocated and initialised in `init`, and freed in `deinit`; nothing else keeps the pointer.
  let state: UnsafeMutablePointer<AssemblerState>

  public init() {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: AssemblerState(capacity: 1024))
  }

  deinit {
    unsafe state.pointee.base.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// The offset of the next byte, before branches are shortened; `finish()` gives final offsets.
  public final var offset: Int { unsafe state.pointee.count }

  /// Emits what stands behind the code, once; called by `finish`.
  func emitTail() {}

  /// Forgets all code, labels and relocations, and keeps the memory, for the next piece of code. A label made before it traps when it
  /// is used again.
  public func reset() {
    unsafe state.pointee.reset()
  }
}

/// What an assembler has emitted so far.
@safe
struct AssemblerState {
  /// The most bytes that one emission writes past the cursor: a longest instruction, and stores that overlap its end.
  static let headroom = 32

  /// Invariants: `base` is an allocation of `capacity` bytes; `base <= cursor <= limit` whenever an emitter starts or ends, and
  /// `limit + headroom` is the allocation's end, so that there is room for any one instruction.
  var base: UnsafeMutablePointer<UInt8>
  var cursor: UnsafeMutablePointer<UInt8>
  var limit: UnsafeMutablePointer<UInt8>
  var capacity: Int
  let words: UnsafePointer<UInt64>

  /// Places whose size `finish` decides: branches and alignments, in order of offset.
  var fragments: [Fragment] = []
  /// Fields of a fixed size that depend on a label, in order of offset.
  var references: [LabelReference] = []
  var relocations: [PendingRelocation] = []
  var labels: [LabelRecord] = []
  /// What its labels carry. 2³² pieces of code later the number comes again.
  var owner = AssemblerState.nextOwner()
  var rawReturns: [Place] = []
  /// The largest alignment asked for.
  var alignment = 16

  init(capacity: Int) {
    self.capacity = capacity
    unsafe base = .allocate(capacity: capacity)
    unsafe cursor = base
    unsafe limit = base + (capacity - Self.headroom)
    unsafe words = EncodingWords.shared.base
  }

  private static let owners = Atomic<UInt32>(0)

  /// Relaxed: nothing is published by it, the numbers only have to differ.
  private static func nextOwner() -> UInt32 { owners.add(1, ordering: .relaxed).newValue }

  var count: Int { unsafe cursor - base }

  /// The place of the next byte.
  var place: Place { Place(offset: Int32(truncatingIfNeeded: count), fragment: UInt32(fragments.count)) }

  mutating func reset() {
    unsafe cursor = base
    fragments.removeAll(keepingCapacity: true)
    references.removeAll(keepingCapacity: true)
    relocations.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    owner = Self.nextOwner()
    rawReturns.removeAll(keepingCapacity: true)
    alignment = 16
  }

  /// Makes room for `bytes` and the headroom. What is behind the cursor is lost.
  @inline(never)
  mutating func grow(_ bytes: Int) {
    let used = count
    let wanted = max(capacity * 2, used + bytes + Self.headroom)
    precondition(wanted <= Int(Int32.max), "one piece of code is smaller than 2 GiB: displacements have 32 bits")
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    // `used` bytes are initialised, and fit in both allocations.
    unsafe larger.update(from: base, count: used)
    unsafe base.deallocate()
    unsafe base = larger
    unsafe cursor = larger + used
    unsafe limit = larger + (wanted - Self.headroom)
    capacity = wanted
  }
}

/// An offset before relaxation, and how many fragments lie before it: two places at one offset can move apart.
struct Place: Hashable {
  var offset: Int32
  var fragment: UInt32
}

/// A place whose size is decided by `finish`.
struct Fragment {
  enum Kind: UInt8 {
    case jump, conditionalJump, alignment
    /// Padding that puts the next five bytes where an exit site may be.
    case exitSite
  }
  /// The offset at which it was emitted, in its longest form.
  var offset: Int32
  /// The bytes that were emitted.
  var size: Int32
  var kind: Kind
  var condition: UInt8
  /// The label's number, or the alignment in bytes.
  var operand: UInt32

  var isPadding: Bool { kind == .alignment || kind == .exitSite }
}

/// A field that holds the distance to a label.
struct LabelReference {
  enum Base: Hashable {
    /// From `bytes` after the field's first byte, which is the end of the instruction.
    case end(bytes: Int32)
    case label(UInt32)
  }
  var place: Place
  var label: UInt32
  var base: Base
  var addend: Int32
  /// One byte instead of four.
  var isByte = false
}

struct PendingRelocation {
  var place: Place
  var symbol: Symbol
  var addend: Int32
  var kind: Relocation.Kind
}

struct LabelRecord {
  var name: String
  /// Nil until the label is bound.
  var place: Place?
}
