/// The code of an assembler.
public struct AssembledCode: Hashable, Sendable {
  public var bytes: [UInt8]
  /// In order of offset.
  public var relocations: [Relocation]
  /// The offset of each label, by `Label.id`; nil for a label that was never bound.
  public var labelOffsets: [Int?]
  /// The offsets of the returns that were emitted by `ret`.
  public var rawReturns: [Int]
  /// What the address of the first byte must be a multiple of.
  public var alignment: Int

  /// The offset of a label that was bound; any other traps.
  public func offset(of label: Label) -> Int {
    guard let offset = labelOffsets[Int(label.id)] else { preconditionFailure("label \(label) was never bound") }
    return offset
  }
}

extension Assembler {
  /// The code, with every branch in its shortest form and every label filled in.
  ///
  /// The assembler itself is not changed: it can go on, and finish again, also after an error. Linear in the size of the code,
  /// times the few passes in which branches grow.
  /// - Throws: `unboundLabel` for the first reference to a label that is not bound; `outOfReach` if a label is further away
  ///   than a fixed field can say.
  // Disfavoured, so that `FunctionBuilder.finish()`, which differs in its result alone, is what a builder's caller gets.
  @_disfavoredOverload
  public final func finish() throws(AssemblerError) -> AssembledCode { try code().code }

  final func code() throws(AssemblerError) -> (code: AssembledCode, layout: Layout) {
    emitTail()
    // The state is only read, and nothing else has it meanwhile.
    let state = unsafe self.state.pointee
    let layout = try Layout(state, name: name(of:))
    let code = AssembledCode(
      bytes: try layout.bytes(state, name: name(of:)),
      relocations: state.relocations.map {
        Relocation(offset: layout.final($0.place), symbol: $0.symbol, addend: $0.addend, kind: $0.kind)
      },
      labelOffsets: state.labels.map { $0.place.map(layout.final) },
      rawReturns: state.rawReturns.map(layout.final),
      alignment: state.alignment)
    return (code, layout)
  }
}
