import CFtraceShims

/// What the code of compiled bodies depends on, of a function.
struct FunctionTraits {
  /// What kind of function it is, for bodies that ask where values are; 0: nobody knows.
  var variant: UInt32 = 0
  /// Whether more than results may be live at an exit: arguments before a tail jump, or what a convention of the program's own returns.
  var keepsRegisters = false
}

/// Which ops with routes of their own want a function; functions that the same ones want share a class.
struct SiteClass: Hashable, Sendable {
  /// Numbers of the ops, as bits.
  var members: UInt32 = 0
  /// Those of them that mark the function: their bodies differ there.
  var marked: UInt32 = 0
  /// Never traced, whatever is registered: its code keeps values where the trampolines do not save them.
  var excluded = false
  /// What kind of function it is, for members whose bodies ask for it; 0 if none does.
  var variant: UInt32 = 0
  /// Whether more than results may be live at its exits, for any member.
  var keepsRegisters = false
}

extension SiteClass {
  /// Enters an ops, if its filter wants a function of that name, or removes it.
  mutating func set(_ ops: RegisteredOps, filter: TraceFilter?, of name: String) {
    let bit = UInt32(1) << ops.number
    (members, marked) = (members & ~bit, marked & ~bit)
    guard let filter, filter.matches(name) else { return }
    members |= bit
    if let marks = ops.ops.marks, marks.matches(name) { marked |= bit }
  }

  /// Enters what members need to know of the function.
  /// - Parameter asking: those that ask for its kind.
  mutating func distinguish(_ traits: FunctionTraits, for asking: UInt32) {
    variant = members & asking != 0 ? traits.variant : 0
    keepsRegisters = members != 0 && traits.keepsRegisters
  }
}

/// The classes in use, by number. Class 0 is that of functions which only shared ops want.
struct SiteClasses {
  static let numbers = 1 << 16
  /// How many there may be.
  var limit = SiteClasses.numbers

  private(set) var list: [SiteClass] = [SiteClass()]
  private var numberOf: [SiteClass: UInt16] = [SiteClass(): 0]

  subscript(number: UInt16) -> SiteClass { list[Int(number)] }

  /// The number of a class, a new one if need be.
  /// - Throws: `.tooManySiteClasses`.
  mutating func number(of siteClass: SiteClass) throws(FtraceError) -> UInt16 {
    if let number = numberOf[siteClass] { return number }
    guard list.count < limit else { throw .tooManySiteClasses(limit: limit) }
    let number = UInt16(list.count)
    list.append(siteClass)
    numberOf[siteClass] = number
    return number
  }
}
