import Ftrace
import FtraceTorture
import Testing

/// The books of compiled tracers: what is due of passes, and that an event which is missing, or there twice, is found.
@Suite struct EventDuesTests {
  /// A worker of four functions, of which one is called 10 times and open at the end once more, and one was left twice.
  private func sound() -> (EventDues, EventAccount) {
    var due = EventDues()
    due.entries = [0x10: 10, 0x20: 5, 0x30: 2]
    due.exits = [0x1A: 9, 0x2A: 4, 0x3A: 1]
    (due.untracedExits, due.landed, due.openAtEnd) = (2, 2, 1)
    var account = EventAccount()
    (account.entries, account.exits) = (due.entries, due.exits)
    account.counts = GraphTrace.Counts(entries: 17, exits: 14, unwound: 2, openAtEnd: 1)
    return (due, account)
  }

  /// The same with most of it lost.
  private func lossy() -> (EventDues, EventAccount) {
    let (due, _) = sound()
    var account = EventAccount()
    (account.entries, account.exits) = ([0x20: 1], [0x2A: 1])
    account.counts = GraphTrace.Counts(
      entries: 1, exits: 1, lostEntries: 16, lostExits: 13, unwound: 2, openAtEnd: 1)
    return (due, account)
  }

  @Test func booksThatAgree() {
    for (due, account) in [sound(), lossy()] { #expect(due.discrepancies(account, .both) == []) }
    let (due, account) = sound()
    var entries = account
    (entries.exits, entries.counts) = ([:], GraphTrace.Counts(entries: 17, openAtEnd: 17))
    #expect(due.discrepancies(entries, .entry) == [])
  }

  private static let faults: [(name: String, change: @Sendable (inout EventAccount) -> Void)] = [
    (
      "an entry is missing",
      {
        $0.counts.entries -= 1; $0.counts.unwound -= 1; $0.entries[0x20]? -= 1
      }
    ),
    (
      "an entry is there twice",
      {
        $0.counts.entries += 1; $0.counts.openAtEnd += 1; $0.entries[0x20]? += 1
      }
    ),
    (
      "an exit is missing",
      {
        $0.counts.exits -= 1; $0.counts.unwound += 1; $0.exits[0x1A]? -= 1
      }
    ),
    (
      "an exit is there twice",
      {
        $0.counts.exits += 1; $0.counts.openAtStart += 1; $0.exits[0x1A]? += 1
      }
    ),
    (
      "one is missing of one function, and twice of another",
      {
        $0.entries[0x20]? -= 1; $0.entries[0x10]? += 1
      }
    ),
    (
      "an exit at a place that had none",
      {
        $0.exits[0x1A]? -= 1; $0.exits[0x77] = 1
      }
    ),
    (
      "calls that were left are still open, and not the last alone",
      {
        $0.counts.unwound -= 2; $0.counts.openAtEnd += 2
      }
    ),
    (
      "a call is taken for unwound that was not",
      {
        $0.counts.unwound += 1; $0.counts.openAtEnd -= 1
      }
    ),
    (
      "a call is taken for one from before",
      {
        $0.counts.openAtStart += 1; $0.counts.unwound += 1
      }
    ),
    ("the identity does not hold", { $0.counts.openAtEnd += 1 }),
  ]

  @Test("a wrong book is found", arguments: faults.indices)
  func aWrongBookIsFound(_ index: Int) {
    var (due, account) = sound()
    Self.faults[index].change(&account)
    #expect(due.discrepancies(account, .both) != [], "\(Self.faults[index].name)")
    // It is the account that is wrong, and not the test.
    (due, account) = sound()
    #expect(due.discrepancies(account, .both) == [])
  }

  @Test("losses are counted, to the last event")
  func losses() {
    let changes: [(inout GraphTrace.Counts) -> Void] = [
      {
        $0.lostEntries += 1; $0.openAtEnd += 1
      },
      {
        $0.lostEntries -= 1; $0.unwound -= 1
      },
      {
        $0.lostExits += 1; $0.openAtStart += 1
      },
      {
        $0.lostExits -= 1; $0.unwound += 1
      },
    ]
    for change in changes {
      var (due, account) = lossy()
      change(&account.counts)
      #expect(account.counts.isBalanced)
      #expect(due.discrepancies(account, .both).count == 1)
    }
  }

  private func passes(
    _ entries: [UInt64], _ exits: [UInt64], untraced: [Int] = [],
    from before: Passes.InFlight = .init(), to now: Passes.InFlight = .init()
  ) -> [Passes.Body] {
    Passes(
      width: entries.count, entries: { entries[$0] }, exits: { exits[$0] }, untracedEntries: untraced, before: before,
      now: now
    ).bodies
  }

  @Test func aCallInFlightHasPassedItsSite() {
    #expect(passes([3, 0], [2, 0]) == [.init(cell: 0, entries: 3, exits: 2)])
    // It passed the site in this interval, and is counted in a later one.
    #expect(passes([0, 0], [0, 0], to: .init(entry: 1)) == [.init(cell: 1, entries: 1)])
    #expect(passes([0, 0], [0, 0], from: .init(entry: 1), to: .init(entry: 1)) == [])
    #expect(passes([0, 1], [0, 0], from: .init(entry: 1)) == [])
    #expect(passes([0, 2], [0, 0], from: .init(entry: 1), to: .init(entry: 1)) == [.init(cell: 1, entries: 2)])
    #expect(passes([0, 0], [1, 0], from: .init(exit: 0), to: .init(entry: 1)) == [.init(cell: 1, entries: 1)])
    #expect(passes([0, 0], [0, 0], to: .init(exit: 0)) == [.init(cell: 0, exits: 1)])
    // Of a body that went.
    #expect(
      passes([2, 0], [2, 0], untraced: [0]) == [.init(cell: 0, entries: 2, exits: 2, untracedEntries: 1)])
  }
}
