/// Counts outcomes and prints those that need a look.
struct SpecReport {
  /// Why a command was not tried.
  enum SkipReason: Hashable {
    /// A feature that a module or value needs.
    case feature(String)
    /// The module is text, and this is no assembler.
    case text
    /// There is nothing to run it with.
    case noEngine

    var description: String {
      switch self {
      case .feature(let name): "needs \(name)"
      case .text: "a module in text format"
      case .noEngine: "no engine"
      }
    }
  }

  private(set) var passed = 0
  private(set) var failed = 0
  private(set) var skipped: [SkipReason: Int] = [:]
  private(set) var passedByKind: [String: Int] = [:]
  let listsAllSkips: Bool

  init(listsAllSkips: Bool) {
    self.listsAllSkips = listsAllSkips
  }

  mutating func pass(_ command: SpecCommand) {
    passed += 1
    passedByKind[command.type.rawValue, default: 0] += 1
  }

  mutating func fail(_ place: String, _ command: SpecCommand, _ reason: String) {
    failed += 1
    print("FAIL \(place): \(command.type.rawValue): \(reason)")
  }

  mutating func skip(_ place: String, _ command: SpecCommand, _ reason: SkipReason) {
    skipped[reason, default: 0] += 1
    // The other two are thousands, and say nothing that their number does not.
    if case .feature = reason {
      print("skip \(place): \(command.type.rawValue): \(reason.description)")
    } else if listsAllSkips {
      print("skip \(place): \(command.type.rawValue): \(reason.description)")
    }
  }

  func summarize() {
    for (kind, count) in passedByKind.sorted(by: { $0.key < $1.key }) { print("passed: \(count) \(kind)") }
    for (reason, count) in skipped.sorted(by: { $0.value > $1.value }) {
      print("skipped: \(count), \(reason.description)")
    }
    print("\(passed) passed, \(failed) failed, \(skipped.values.reduce(0, +)) skipped")
  }
}
