/// The calling convention of a function, which says what is live at its entry and exits.
public enum CallABI: UInt8, CaseIterable, Hashable, Sendable {
  /// System V: arguments in integer and vector registers and `rax`; results in `rax`, `rdx`, `xmm0`, `xmm1`.
  case c
  /// Swift: as C, and results in `rcx`, `r8`, `xmm2`, `xmm3`; context and error in `r13`, `r12`; async context in `r14`.
  case swift
  /// Functions of a WebAssembly module among themselves.
  case wasm
}

/// The widest vectors that a function passes or keeps across its sites.
public enum VectorWidth: UInt16, CaseIterable, Comparable, Hashable, Sendable {
  case bits128 = 128
  case bits256 = 256
  case bits512 = 512

  public static func < (left: VectorWidth, right: VectorWidth) -> Bool { left.rawValue < right.rawValue }
}

/// Displacements from `fs:` of the words that emitted code reads in the thread's block.
public struct ThreadLayout: Hashable, Sendable {
  /// 8 bytes: how deep the thread is in emitted code.
  public var depth: Int32
  /// 4 bytes: not zero when the thread is asked to stop.
  public var poll: Int32
  /// 8 bytes: the lowest allowed `rsp`, or the highest address when the thread is asked to stop.
  public var stackLimit: Int32

  public init(depth: Int32, poll: Int32, stackLimit: Int32) {
    self.depth = depth
    self.poll = poll
    self.stackLimit = stackLimit
  }
}

/// A finished function, as the runtime takes it: made by `FunctionBuilder`, or described by whoever assembled it elsewhere.
public struct FunctionImage: Hashable, Sendable {
  public var name: String
  /// The code. The first byte is the entry.
  public var bytes: [UInt8]
  /// In order of offset.
  public var sites: [Site]
  /// In order of offset.
  public var relocations: [Relocation]
  /// The offsets of returns that have no exit site and will not get one.
  public var rawReturns: [Int]
  public var abi: CallABI
  public var declaredVectorWidth: VectorWidth
  /// The bytes that the prologue takes of the stack, with the saved `rbp` and without the return address; 0 without a frame.
  public var frameSize: Int
  /// What the address of the first byte must be a multiple of, a power of two up to 4096, 16 at least is used.
  public var alignment: Int
  /// The offset of each label of the builder, by `Label.id`; nil for a label that was never bound.
  public var labelOffsets: [Int?]

  public init(
    name: String, bytes: [UInt8], sites: [Site], relocations: [Relocation] = [], rawReturns: [Int] = [],
    abi: CallABI = .c, declaredVectorWidth: VectorWidth = .bits128, frameSize: Int = 0, alignment: Int = 16,
    labelOffsets: [Int?] = []
  ) {
    self.name = name
    self.bytes = bytes
    self.sites = sites
    self.relocations = relocations
    self.rawReturns = rawReturns
    self.abi = abi
    self.declaredVectorWidth = declaredVectorWidth
    self.frameSize = frameSize
    self.alignment = alignment
    self.labelOffsets = labelOffsets
  }

  /// The offset of a label of the builder that was bound; any other traps.
  public func offset(of label: Label) -> Int {
    guard let offset = labelOffsets[Int(label.id)] else { preconditionFailure("label \(label) was never bound") }
    return offset
  }
}
