/// An assembler of one function, which owns what the runtime must know of it: sites, frame, polls, returns.
///
/// ```swift
/// let f = FunctionBuilder(name: "sum", layout: layout)
/// f.entrySite()
/// f.prologue(saving: [.rbx])
/// ...
/// f.functionReturn()
/// let image = try f.finish()
/// ```
///
/// Flags and `r11` are dead at every site, poll and stack check, and nothing is kept below `rsp` across them.
public final class FunctionBuilder: Assembler {
  public let name: String
  public let layout: ThreadLayout
  public let abi: CallABI
  /// The widest vectors that the function passes or keeps across its sites.
  public var declaredVectorWidth = VectorWidth.bits128

  private var sites: [(place: Place, kind: SiteKind)] = []
  private var slowPaths: [SlowPath] = []
  private(set) var frame: Frame?

  /// Code that is rarely run, kept behind the function: calls through a slot and goes back.
  private struct SlowPath {
    var start: Label
    var back: Label
    var slot: Symbol
    /// Whether `r11` is set to `rsp` for the call.
    var passesStackPointer: Bool
  }

  /// What the prologue made.
  struct Frame {
    var saved: [Reg64]
    /// Bytes below the saved registers, with those that align the stack.
    var locals: Int32

    var size: Int { 8 + saved.count * 8 + Int(locals) }
  }

  public init(name: String, layout: ThreadLayout, abi: CallABI = .c) {
    self.name = name
    self.layout = layout
    self.abi = abi
    super.init()
  }

  /// Forgets the function's code, for another attempt under the same name.
  public override func reset() {
    super.reset()
    sites.removeAll(keepingCapacity: true)
    slowPaths.removeAll(keepingCapacity: true)
    frame = nil
    declaredVectorWidth = .bits128
  }

  /// The entry site: `call mcount` in the first five bytes. It traps anywhere but at the start.
  public func entrySite() {
    precondition(offset == 0, "the entry site is the first five bytes of the function")
    recordSite(.entry)
    call(.mcount)
  }

  /// The poll of a loop's back-edge: a compare with memory and a branch that is not taken. Flags are lost; nothing else is.
  ///
  /// `rsp` must be a multiple of 16, as `prologue` leaves it.
  public func poll() {
    cmp(.dword, .fs(layout.poll), 0)
    branchToSlowPath(.ne, .pollSlow)
  }

  /// The function: code with its slow paths behind it, sites, relocations.
  ///
  /// Throws as `Assembler.finish` does, and can be called again then.
  public func finish() throws(AssemblerError) -> FunctionImage {
    let (code, layout) = try code()
    return FunctionImage(
      name: name, bytes: code.bytes, sites: sites.map { Site(offset: layout.final($0.place), kind: $0.kind) },
      relocations: code.relocations, rawReturns: code.rawReturns, abi: abi, declaredVectorWidth: declaredVectorWidth,
      frameSize: frame?.size ?? 0, alignment: code.alignment, labelOffsets: code.labelOffsets)
  }

  // MARK: - Parts

  override func emitTail() {
    for path in slowPaths {
      bind(path.start)
      if path.passesStackPointer { mov(.r11, .rsp) }
      call(slot: path.slot)
      jmp(path.back)
    }
    slowPaths.removeAll(keepingCapacity: true)
  }

  func setFrame(_ frame: Frame) {
    precondition(self.frame == nil, "a function has one prologue")
    self.frame = frame
  }

  func recordSite(_ kind: SiteKind) { sites.append((unsafe state.pointee.place, kind)) }

  /// Branches to a call through a slot, out of line, that comes back to the next instruction.
  func branchToSlowPath(_ condition: Condition, _ slot: Symbol, passingStackPointer: Bool = false) {
    let path = SlowPath(
      start: label("slow path"), back: label("after slow path"), slot: slot,
      passesStackPointer: passingStackPointer)
    j(condition, path.start)
    bind(path.back)
    slowPaths.append(path)
  }
}
