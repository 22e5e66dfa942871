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

  /// By number; nil: a number that was given back.
  private(set) var list: [SiteClass?] = [SiteClass()]
  private var numberOf: [SiteClass: UInt16] = [SiteClass(): 0]
  private var free: [UInt16] = []
  /// Given out since the last commit: without targets yet.
  private var new: Set<UInt16> = []
  /// Numbers in use at which it is worth looking which of them have sites.
  private var sweepAt = SiteClasses.firstSweep
  private static let firstSweep = 64

  /// Numbers in use.
  var count: Int { numberOf.count }

  /// The class of a number that some site has.
  subscript(number: UInt16) -> SiteClass {
    guard let siteClass = list[Int(number)] else { preconditionFailure("a site is of a class that was given back") }
    return siteClass
  }

  /// The number of a class, a new one if need be.
  /// - Throws: `.tooManySiteClasses`.
  mutating func number(of siteClass: SiteClass) throws(FtraceError) -> UInt16 {
    if let number = numberOf[siteClass] { return number }
    let number: UInt16
    if let freed = free.popLast() {
      number = freed
      list[Int(number)] = siteClass
    } else {
      guard list.count < limit else { throw .tooManySiteClasses(limit: limit) }
      number = UInt16(list.count)
      list.append(siteClass)
    }
    numberOf[siteClass] = number
    new.insert(number)
    return number
  }

  /// Whether the class of a number has targets: those of the last commit, or its own since.
  func hasTargets(_ number: UInt16) -> Bool { !new.contains(number) }

  /// Has got its targets.
  mutating func admitted(_ number: UInt16) { new.remove(number) }

  /// All have got their targets, in a commit.
  mutating func allAdmitted() { new.removeAll() }

  /// Makes another class of one, with all its sites: there is none of that kind yet, and perhaps no number left for it.
  mutating func redefine(_ number: UInt16, as siteClass: SiteClass) {
    if let old = list[Int(number)] { numberOf[old] = nil }
    list[Int(number)] = siteClass
    numberOf[siteClass] = number
  }

  /// Whether enough numbers are in use to look for those without sites. Amortised over the numbers that were given out since the last
  /// time.
  var isWorthSweeping: Bool { numberOf.count >= sweepAt }

  /// Gives back the numbers that no site has. Class 0 stays.
  mutating func sweep(used: Set<UInt16>) {
    for (siteClass, number) in numberOf where number != 0 && !used.contains(number) {
      numberOf[siteClass] = nil
      list[Int(number)] = nil
      new.remove(number)
      free.append(number)
    }
    // Ascending at the end: the next numbers are the same in each run.
    free.sort(by: >)
    let left = numberOf.count
    sweepAt = max(Self.firstSweep, min(2 * left, (left + limit) / 2))
  }
}
