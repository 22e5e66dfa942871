/// What a trampoline that calls out does beyond saving the integers that a C function may clobber.
///
/// A trampoline for several ops has what any of them needs. Compiled bodies save for themselves what they use.
struct SaveSet: OptionSet, Hashable {
  let rawValue: UInt8

  /// Saves the vectors that are live at a site.
  static let vectors = SaveSet(rawValue: 1)
  /// Fills in all members of `ftrace_registers`.
  static let registers = SaveSet(rawValue: 2)
  /// Goes on where the callback said.
  static let redirection = SaveSet(rawValue: 4)

  /// What `ftrace_caller` does.
  static let shared = SaveSet.vectors
}

extension TraceOps {
  /// What the trampoline must do for the callback.
  var saves: SaveSet {
    var saves: SaveSet = preservesVectors ? [] : .vectors
    // The vectors are among the registers.
    if wantsRegisters { saves.formUnion([.vectors, .registers]) }
    if writesRegisters { saves.insert(.redirection) }
    return saves
  }
}
