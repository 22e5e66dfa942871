import CFtraceShims

/// Which ops with routes of their own want a function; functions that the same ones want share a class.
struct SiteClass: Hashable, Sendable {
  /// Numbers of the ops, as bits.
  var members: UInt32 = 0
  /// Never traced, whatever is registered: its code keeps values where the trampolines do not save them.
  var excluded = false
  /// What kind of function it is, for members whose bodies ask for it; 0 if none does.
  var variant: UInt32 = 0
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
