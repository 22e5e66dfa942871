/// How often a worker passed the sites of bodies between two boundaries, and where it stands.
///
/// Compiled tracers come before callbacks, and no stop finds a worker in one of them: whoever has passed a site has been through all of
/// them. So a call in flight is one of theirs already, whichever callback it is in.
package struct Passes {
  /// A body that was passed, and how often.
  package struct Body: Hashable {
    package var cell: Int
    package var entries = 0
    package var exits = 0
    /// Those of the entries that met a NOP because the body was out of use. Its exits are traced until nobody is in it.
    package var untracedEntries = 0

    package init(cell: Int, entries: Int = 0, exits: Int = 0, untracedEntries: Int = 0) {
      (self.cell, self.entries, self.exits, self.untracedEntries) = (cell, entries, exits, untracedEntries)
    }
  }

  /// Where a stop found the worker: the body whose site it has passed, and whose counter has not counted that.
  package struct InFlight: Hashable {
    package var entry: Int?
    package var exit: Int?

    package init(entry: Int? = nil, exit: Int? = nil) { (self.entry, self.exit) = (entry, exit) }
  }

  /// Those with passes.
  package private(set) var bodies: [Body] = []

  /// - Parameters:
  ///   - width: number of cells.
  ///   - entries: what each body counted, by cell.
  ///   - exits: the same of exits.
  ///   - untracedEntries: bodies that were passed by a NOP, one for each pass.
  ///   - before: where the interval began.
  ///   - now: where it ends.
  package init(
    width: Int, entries: (Int) -> UInt64, exits: (Int) -> UInt64, untracedEntries: [Int], before: InFlight,
    now: InFlight
  ) {
    for cell in 0..<width {
      var body = Body(cell: cell)
      body.entries = Int(truncatingIfNeeded: entries(cell))
      body.exits = Int(truncatingIfNeeded: exits(cell))
      if before.entry == cell { body.entries -= 1 }
      if now.entry == cell { body.entries += 1 }
      if before.exit == cell { body.exits -= 1 }
      if now.exit == cell { body.exits += 1 }
      if body.entries == 0, body.exits == 0 { continue }
      if !untracedEntries.isEmpty { body.untracedEntries = untracedEntries.count { $0 == cell } }
      bodies.append(body)
    }
  }
}
