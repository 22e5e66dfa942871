import Ftrace
import FtraceTestSupport
import Testing

@Suite struct GlobTests {
  /// Pattern, names that match, names that do not.
  static let cases: [(String, [String], [String])] = [
    ("*schedule", ["schedule", "reschedule", "__schedule", "scheduleschedule"], ["scheduler", "schedul", ""]),
    ("*sched*", ["sched", "resched", "scheduler", "schesched"], ["sche", "s*ched"]),
    ("sched*", ["sched", "schedule"], ["resched", "sche"]),
    ("*aw*lock", ["raw_lock", "awlock", "_raw_spin_lock", "awawlock_lock"], ["raw_lock_", "lock_aw", "awloc"]),
    ("m*scr*", ["mscr", "mount_script", "mmscrscr"], ["umount_script", "msc", "mcsr"]),
    ("ex*_fault", ["ex_fault", "exc_page_fault", "ex_fault_fault"], ["exfault", "ex_fault_", "_ex_fault"]),
    ("[Ss]y*_rcu", ["sync_rcu", "Synchronize_rcu"], ["tync_rcu", "ssy_rcu", "SYnc_rcu"]),
    ("fu?c", ["func", "fu?c", "fu*c"], ["fuc", "funnc", "fun"]),
    ("?", ["a", "*", "é"], ["", "ab"]),
    ("*", ["", "a", "anything at all"], []),
    ("**", ["", "a"], []),
    ("", [""], ["a"]),
    ("a*b", ["ab", "aab", "a*b", "abb"], ["a", "b", "abc", "ba"]),
    ("[a-c]x", ["ax", "bx", "cx"], ["dx", "-x", "x"]),
    ("[!a-c]x", ["dx", "-x"], ["ax", "cx", "x"]),
    ("[^a]", ["b", "^"], ["a"]),
    ("[]]", ["]"], ["[", "[]]"]),
    ("[a-]", ["a", "-"], ["b"]),
    ("[ab", ["[ab"], ["a", "b"]),
    ("\\*a", ["*a"], ["ba", "\\*a"]),
    ("\\[a]", ["[a]"], ["a"]),
    ("a\\", ["a\\"], ["a"]),
    ("*a*a*a*b", ["aaab", "xaxaxaxb"], ["aab", "aaaaaaaaaaaaaaaaaaaaaaaac"]),
    ("ünï*", ["ünïcode"], ["unicode"]),
  ]

  @Test("globs match whole names, in all positions", arguments: cases)
  func matches(pattern: String, yes: [String], no: [String]) {
    let glob = Glob(pattern)
    for name in yes { #expect(glob.matches(name), "\(pattern) does not match \(name)") }
    for name in no { #expect(!glob.matches(name), "\(pattern) matches \(name)") }
  }

  /// The definition, word for word and slow: what a glob of literals, `*` and `?` matches.
  private func matchesBySearch(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    let rest = pattern.dropFirst()
    if first == "*" {
      return (name.startIndex...name.endIndex).contains { matchesBySearch(rest, name[$0...]) }
    }
    guard let character = name.first else { return false }
    return (first == "?" || first == character) && matchesBySearch(rest, name.dropFirst())
  }

  @Test("globs agree with their definition on random patterns and names")
  func againstDefinition() {
    let seed: UInt64 = 0x610B
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<5_000 {
      let pattern = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
        "ab*?".randomElement(using: &generator)!
      }
      let name = (0..<Int.random(in: 0...7, using: &generator)).map { _ in "ab".randomElement(using: &generator)! }
      #expect(
        Glob(String(pattern)).matches(String(name)) == matchesBySearch(pattern[...], name[...]),
        "\(String(pattern)) and \(String(name)), seed \(seed)")
    }
  }
}
