/// The parts that an operand was built from, for printing and for comparing with a disassembler.
extension Mem {
  /// What a rip-relative operand refers to.
  public enum Reference: Hashable, Sendable {
    case label(Label)
    case symbol(Symbol)
  }

  /// The base register, if there is one.
  public var base: Reg64? {
    if reference != nil { return nil }
    if !hasSIB { return Reg64(number: UInt8(modRM & 7) | rexB << 3) }
    if sib & 7 == 5 && modRM >> 6 == 0 { return nil }
    return Reg64(number: UInt8(sib & 7) | rexB << 3)
  }

  /// The index register, if there is one.
  public var index: IndexRegister? {
    guard hasSIB else { return nil }
    let number = UInt8(sib >> 3 & 7) | rexX << 3
    return number == 4 ? nil : IndexRegister(Reg64(number: number))
  }

  /// What the index is multiplied by; `.x1` without an index.
  public var scale: Scale {
    guard index != nil else { return .x1 }
    return Scale.allCases[Int(sib >> 6)]
  }

  /// The displacement, or the addend of a rip-relative operand.
  public var displacement: Int32 { Int32(truncatingIfNeeded: bits) }

  public var segment: Segment? { Segment(rawValue: UInt8(bits >> 54 & 3)) }

  /// The label or symbol of a rip-relative operand.
  public var reference: Reference? {
    switch bits >> 56 & 3 {
    case 1: .label(Label(id: UInt32(truncatingIfNeeded: target), owner: UInt32(target >> 32)))
    case 2: .symbol(Symbol(rawValue: target))
    default: nil
    }
  }

  private var modRM: UInt64 { bits >> 32 & 0xFF }
  private var sib: UInt64 { bits >> 40 & 0xFF }
  private var hasSIB: Bool { bits >> 48 & 1 != 0 }
  private var rexB: UInt8 { UInt8(bits >> 49 & 1) }
  private var rexX: UInt8 { UInt8(bits >> 50 & 1) }
}

extension Mem: CustomStringConvertible {
  public var description: String {
    var terms: [String] = []
    switch reference {
    case .label(let label): terms.append("rip + \(label)")
    case .symbol(let symbol): terms.append("rip + \(symbol)")
    case nil: break
    }
    if let base { terms.append("\(base)") }
    if let index { terms.append("\(index)*\(1 << Int(scale.rawValue))") }
    if displacement != 0 || terms.isEmpty { terms.append("\(displacement)") }
    return "\(segment.map { "\($0):" } ?? "")[\(terms.joined(separator: " + "))]"
  }
}
