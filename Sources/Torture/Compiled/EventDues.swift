import Ftrace

/// What a compiled tracer owes of one worker: the ends of calls that it had to see, by the place of their sites.
package struct EventDues: Hashable {
  package var entries: [UInt: Int] = [:]
  package var exits: [UInt: Int] = [:]
  /// Calls that were open when it began, and when it ended, whoever traced them.
  package var openAtStart = 0
  package var openAtEnd = 0
  /// Ends that it was not to see.
  package var untracedEntries = 0
  package var untracedExits = 0
  /// Those of the exits that never came, because the call was left by longjmp after its entry was seen: the tracer was told.
  package var landed = 0

  package init() {}

  package var entrySum: Int { entries.values.reduce(0, +) }
  package var exitSum: Int { exits.values.reduce(0, +) }

  static func + (left: EventDues, right: EventDues) -> EventDues {
    var sum = left
    sum.entries.merge(right.entries, uniquingKeysWith: +)
    sum.exits.merge(right.exits, uniquingKeysWith: +)
    sum.openAtStart += right.openAtStart
    sum.openAtEnd += right.openAtEnd
    sum.untracedEntries += right.untracedEntries
    sum.untracedExits += right.untracedExits
    sum.landed += right.landed
    return sum
  }
}

/// What a trace has of one worker.
package struct EventAccount: Hashable {
  package var counts = GraphTrace.Counts()
  /// Events by the place of their site; of a stream without losses it has to be that of the dues.
  package var entries: [UInt: Int] = [:]
  package var exits: [UInt: Int] = [:]

  package init() {}

  package mutating func add(_ other: GraphTrace.Counts) {
    counts.entries += other.entries
    counts.exits += other.exits
    counts.lostEntries += other.lostEntries
    counts.lostExits += other.lostExits
    counts.unwound += other.unwound
    counts.openAtStart += other.openAtStart
    counts.openAtEnd += other.openAtEnd
  }
}

/// Something that a trace has, or has not, against its dues.
package struct EventDiscrepancy: Hashable, CustomStringConvertible {
  package var what: String
  package var expected: Int
  package var found: Int

  package var description: String { "\(what): expected \(expected), found \(found)" }
}

extension EventDues {
  /// What does not agree; nothing, if all does.
  /// - Parameters:
  ///   - account: the worker's.
  ///   - ends: those that the tracer records.
  ///   - followsCalls: whether it records the exits of those calls alone whose entries it has seen.
  ///   - withPlaces: whether the account has the places of events.
  package func discrepancies(
    _ account: EventAccount, _ ends: TraceEnds, followsCalls: Bool = false, withPlaces: Bool = true
  ) -> [EventDiscrepancy] {
    var found: [EventDiscrepancy] = []
    func equal(_ what: String, _ expected: Int, _ value: Int) {
      if expected != value { found.append(EventDiscrepancy(what: what, expected: expected, found: value)) }
    }
    func most(_ what: String, _ limit: Int, _ value: Int) {
      if value > limit { found.append(EventDiscrepancy(what: "\(what), at most", expected: limit, found: value)) }
    }
    let counts = account.counts
    equal("entries + lost entries", ends.contains(.entry) ? entrySum : 0, counts.entries + counts.lostEntries)
    if followsCalls {
      // Not of those that were open at the start, or whose entry was not to be seen.
      most("exits + lost exits", exitSum, counts.exits + counts.lostExits)
      most("exits missing", openAtStart + untracedEntries, exitSum - counts.exits - counts.lostExits)
    } else {
      equal("exits + lost exits", ends.contains(.exit) ? exitSum : 0, counts.exits + counts.lostExits)
    }
    equal(
      "entries + lost entries + open at start = exits + lost exits + unwound + open at end",
      counts.entries + counts.lostEntries + counts.openAtStart,
      counts.exits + counts.lostExits + counts.unwound + counts.openAtEnd)
    guard counts.lost == 0 else { return found }
    if withPlaces, ends.contains(.entry) { found += Self.discrepancies("entries", entries, account.entries) }
    if withPlaces, ends.contains(.exit), !followsCalls { found += Self.discrepancies("exits", exits, account.exits) }
    guard ends == .both else { return found }
    // A call that ends without an exit in the stream had one that was not to be seen: of a body that was deselected meanwhile.
    most("unwound + open at end", untracedExits + openAtEnd, counts.unwound + counts.openAtEnd)
    most("unwound", untracedExits, counts.unwound)
    // A landing is in the stream with the next event, which of the last one the tracer may not have lived to see.
    let said = counts.unwound + min(1, max(0, counts.openAtEnd - openAtEnd))
    if said < landed {
      found.append(EventDiscrepancy(what: "unwound, at least", expected: landed, found: said))
    }
    most("open at start", untracedEntries + openAtStart, counts.openAtStart)
    return found
  }

  private static func discrepancies(_ what: String, _ due: [UInt: Int], _ seen: [UInt: Int]) -> [EventDiscrepancy] {
    Set(due.keys).union(seen.keys).sorted().compactMap { place in
      let (expected, found) = (due[place] ?? 0, seen[place] ?? 0)
      guard expected != found else { return nil }
      return EventDiscrepancy(
        what: "\(what) at 0x\(String(place, radix: 16))", expected: expected, found: found)
    }
  }
}
