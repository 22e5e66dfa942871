/// Why code could not be finished. The assembler keeps its state, so the cause can be removed and `finish` called again.
///
/// An `offset` is that of the field or branch that names the label, as `Assembler.offset` counted when it was emitted.
public enum AssemblerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A label is referred to at `offset`, and was never bound.
  case unboundLabel(name: String, offset: Int)
  /// The field at `offset` cannot hold the `distance` to a label in bytes; it holds `bits` bits, signed.
  case outOfReach(name: String, offset: Int, distance: Int, bits: Int)

  public var description: String {
    switch self {
    case .unboundLabel(let name, let offset):
      "label '\(name)', used at offset \(offset), is not bound: call bind(_:) before finish()"
    case .outOfReach(let name, let offset, let distance, let bits):
      "label '\(name)' is \(distance) bytes away from its use at offset \(offset), out of reach of a \(bits)-bit "
        + "displacement: move it nearer, or go by way of a jump or a register"
    }
  }
}
