/// What one stop is to bring about: the desired state after all requests that are served together, one applied after the other.
struct Batch {
  var next: DesiredState
  /// Ops that go: their thunks pass calls over from now on.
  var leaving: [RegisteredOps] = []
  /// Whether the code is to be looked at. Without it nobody asked for anything that could change it.
  var wantsCommit = false
  /// Whether a second stop is to reclaim what the first one made free.
  var wantsReclamation = false
  /// Whether this is a turn of the daemon, or a commit: then what was put off is tried as well.
  var servesRetirements = false
  private(set) var classChanges: [ClassChange] = []

  init(_ desired: DesiredState) { next = desired }

  /// Moves sites to other classes. The table shows it at once, so that later requests build on it.
  mutating func change(_ changes: [ClassChange], in tables: SiteTables) {
    for change in changes { unsafe tables.desiredClass[Int(change.site >> 3)] = change.new }
    classChanges += changes
  }

  /// Gives the sites their classes back.
  func revertClasses(in tables: SiteTables) {
    for change in classChanges.reversed() { unsafe tables.desiredClass[Int(change.site >> 3)] = change.old }
  }
}
