/// What one stop is to bring about: the desired state after all requests that are served together, one applied after the other.
struct Batch {
  var next: DesiredState
  /// Ops that go: their thunks pass calls over from now on.
  var leaving: [RegisteredOps] = []
  /// Whether the code is to be looked at. Without it nobody asked for anything that could change it.
  var wantsCommit = false
  /// Whether there is to be a stop, and in it a look for what can be reclaimed, even if nothing is to be written.
  var wantsStop = false
  /// Whether sites that were never called become NOPs as well, for good: tracing is about to end.
  var endsRecording = false
  /// Whether a second stop is to reclaim what the first one made free.
  var wantsReclamation = false
  /// Whether this is a turn of the daemon, or a commit: then what was put off is tried as well.
  var servesRetirements = false
  private(set) var classChanges: [ClassChange] = []
  /// Classes that became others with all their sites, and what they were.
  private var redefinitions: [(number: UInt16, old: SiteClass)] = []

  init(_ desired: DesiredState) { next = desired }

  /// Asks for a stop for the sake of what waits to be reclaimed.
  mutating func wantsUpkeep() { (wantsCommit, wantsStop) = (true, true) }

  /// Moves sites to other classes. The table shows it at once, so that later requests build on it.
  mutating func change(_ changes: [ClassChange], in tables: SiteTables) {
    for change in changes { unsafe tables.desiredClass[Int(change.site >> 3)] = change.new }
    classChanges += changes
  }

  /// Makes another class of one, with all its sites.
  mutating func redefine(_ number: UInt16, as siteClass: SiteClass, in classes: inout SiteClasses) {
    redefinitions.append((number, classes[number]))
    classes.redefine(number, as: siteClass)
  }

  /// Gives the sites their classes back.
  func revertClasses(in tables: SiteTables, _ classes: inout SiteClasses) {
    for change in classChanges.reversed() { unsafe tables.desiredClass[Int(change.site >> 3)] = change.old }
    for (number, old) in redefinitions.reversed() { classes.redefine(number, as: old) }
  }
}
